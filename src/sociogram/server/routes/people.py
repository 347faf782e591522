"""Users by name and by what they are; audiences: groups of them that were saved."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from fastapi.responses import PlainTextResponse
from pydantic import AfterValidator, ConfigDict, Field

from sociogram.server.access import needs
from sociogram.server.fields import Body, Conditions, Count, Key, Name, Skip, Text, examples, jsonable, sendable
from sociogram.server.routes import Asked

router = APIRouter(prefix="/v1", tags=["people"])
AudienceName = Annotated[
    str, Path(min_length=1, max_length=80, description="Of a saved audience."), AfterValidator(sendable)
]


TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


class Search(Body):
    """Whom to list."""

    model_config = ConfigDict(json_schema_extra=examples({"where": {"tag": "climbing"}, "k": 5, "facets": True}))

    name: Annotated[str, Field(max_length=500), AfterValidator(sendable)] = Field(
        "", description="A part of a name or key."
    )
    where: Conditions | None = Field(None, description='As for similar, such as {"tag": "climbing", "city": "Lyon"}.')
    k: Count = 50
    skip: Skip = 0
    facets: bool = Field(False, description="With how many there are of each tag, segment and value of an attribute.")


class NewAudience(Body):
    """A name, and who is meant: `users`, or those nearest to a `text`, or all who are `called` so; `where` narrows the last two."""

    model_config = ConfigDict(
        json_schema_extra=examples({"name": "climbers who bake", "text": "climbers who bake", "k": 20})
    )

    name: Annotated[str, Field(min_length=1, max_length=80, description="Of the audience."), AfterValidator(sendable)]
    users: Annotated[list[Key], Field(max_length=1_000_000)] | None = Field(None, description="Their keys.")
    text: Text | None = Field(None, description="Those nearest to these words.")
    called: Name | None = Field(None, description="All whose name or key has this part.")
    where: Conditions | None = Field(None, description="Narrows `text` and `called`, as for similar.")
    k: Count = 100


@router.post("/people", dependencies=[needs("read")])
def people(engine: Asked, asked: Search) -> dict[str, Any]:
    """One page of the users who match, the most influential first, and how many there are in all."""
    found = engine.people(**asked.model_dump())
    return dict(
        jsonable(
            {
                "rows": found.to_dicts(),
                "total": found.total,
                "facets": {n: [vars(f) for f in fs] for n, fs in found.facets.items()},
            }
        )
    )


@router.get("/audiences", dependencies=[needs("read")])
def audiences(engine: Asked) -> list[dict[str, Any]]:
    """All saved audiences, without their users."""
    return [{**a.to_dict(), "users": len(a.users)} for a in engine.audiences.all()]


@router.post("/audiences", dependencies=[needs("write")], status_code=201)
def save(engine: Asked, asked: NewAudience) -> dict[str, Any]:
    """Save an audience; one of the same name is replaced. Name its `users`, or say whom you mean by `text` or `called`."""
    made = engine.save_audience(
        asked.name, asked.users, text=asked.text, called=asked.called or "", where=asked.where, k=asked.k
    )
    return made.to_dict()


@router.get("/audiences/{name}", dependencies=[needs("read")], response_model=None, responses=TEXT)
def audience(engine: Asked, name: AudienceName, form: Literal["json", "csv", "cypher"] = "json") -> Any:
    """One audience, as JSON, as CSV, or as a Cypher query that finds its users in any client."""
    found = engine.audiences.get(name)
    if form == "json":
        return found.to_dict()
    return PlainTextResponse(found.csv() if form == "csv" else found.cypher(engine.mapping))


@router.delete("/audiences/{name}", dependencies=[needs("write")], status_code=204)
def remove(engine: Asked, name: AudienceName) -> None:
    """Forget an audience; its users stay as they are."""
    engine.audiences.remove(name)
