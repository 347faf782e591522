"""Users by name and by what they are; audiences: groups of them that were saved."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from fastapi.responses import PlainTextResponse
from pydantic import AfterValidator, ConfigDict, Field

from sociogram.server.access import needs
from sociogram.server.fields import Body, Conditions, Count, Key, Name, Skip, Text, examples, jsonable, sendable
from sociogram.server.routes import Asked

router = APIRouter(prefix="/v1", tags=["people"])
AudienceName = Annotated[str, Path(min_length=1, max_length=80), AfterValidator(sendable)]


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

    name: Annotated[str, Field(min_length=1, max_length=80), AfterValidator(sendable)]
    users: Annotated[list[Key], Field(max_length=1_000_000)] | None = None
    text: Text | None = None
    called: Name | None = None
    where: Conditions | None = None
    k: Count = 100


@router.post("/people", dependencies=[needs("read")])
def people(engine: Asked, asked: Search) -> dict[str, Any]:
    """A page of the users who are found, the most influential first, and how many there are."""
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
    """All that are saved, without their users."""
    return [{**a.to_dict(), "users": len(a.users)} for a in engine.audiences.all()]


@router.post("/audiences", dependencies=[needs("write")], status_code=201)
def save(engine: Asked, asked: NewAudience) -> dict[str, Any]:
    """Save one, in place of one that has the name."""
    made = engine.save_audience(
        asked.name, asked.users, text=asked.text, called=asked.called or "", where=asked.where, k=asked.k
    )
    return made.to_dict()


@router.get("/audiences/{name}", dependencies=[needs("read")], response_model=None, responses=TEXT)
def audience(engine: Asked, name: AudienceName, form: Literal["json", "csv", "cypher"] = "json") -> Any:
    """One, as JSON, as CSV, or as a query that finds the users in any client."""
    found = engine.audiences.get(name)
    if form == "json":
        return found.to_dict()
    return PlainTextResponse(found.csv() if form == "csv" else found.cypher(engine.mapping))


@router.delete("/audiences/{name}", dependencies=[needs("write")], status_code=204)
def remove(engine: Asked, name: AudienceName) -> None:
    """Forget one; the users stay as they are."""
    engine.audiences.remove(name)
