"""Similar users."""

from typing import Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from sociogram.server.access import needs
from sociogram.server.examples import SIMILAR, answers
from sociogram.server.fields import Body, Conditions, Count, Key, Keys, Text, Vectorlike, examples, jsonable, one_of
from sociogram.server.routes import Asked

router = APIRouter(prefix="/v1", tags=["similar"], dependencies=[needs("read")])


class SimilarTo(Body):
    """Whom to compare with: exactly one of `user`, `text` and `vector`."""

    model_config = ConfigDict(
        json_schema_extra=one_of("user", "text", "vector")
        | examples(
            {"user": "u0412", "k": 5},
            {"text": "climbers who bake", "where": {"city": ["Lyon", "Oslo"], "tag": "climbing"}},
        )
    )

    user: Key | None = Field(None, examples=["u0412"], description="Key or exact name.")
    text: Text | None = Field(None, description="Words such as: climbers who bake.")
    vector: Vectorlike | None = Field(None, description="As long as the published embeddings.")
    k: Count = 10
    where: Conditions | None = Field(
        None, description='Such as {"city": ["Lyon", "Oslo"], "age": {"gte": 18}, "tag": "climbing"}.'
    )
    exclude: Keys = Field([], description="Users to leave out.")
    explain: bool = Field(False, description="Say how they were found, and how fast.")


@router.post("/similar", responses=answers(SIMILAR))
async def similar(engine: Asked, asked: SimilarTo) -> dict[str, Any]:
    """The users most alike a user, a text or a vector (give exactly one), with reasons: `k` of them wherever so many satisfy `where`."""
    rows = None
    if asked.user is not None and not (asked.text or asked.vector or asked.where or asked.exclude or asked.explain):
        rows = await engine.similar_soon(asked.user, asked.k)
    if rows is None:
        rows = await run_in_threadpool(
            engine.similar, asked.user, asked.k, asked.where, text=asked.text, vector=asked.vector,
            exclude=asked.exclude, explain=asked.explain,
        )  # fmt: skip
    answer = {"rows": [row.to_dict() for row in rows], "note": rows.note}
    return dict(jsonable(answer | ({"plan": rows.explained.to_dict()} if rows.explained else {})))
