"""Items, people and topics for a user."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from sociogram.server.access import needs
from sociogram.server.examples import RECOMMENDED, answers
from sociogram.server.fields import Body, Conditions, Count, Key, Name, examples, jsonable
from sociogram.server.routes import Asked

router = APIRouter(prefix="/v1", tags=["recommend"], dependencies=[needs("read")])


class RecommendTo(Body):
    """A user, and what is wanted."""

    model_config = ConfigDict(
        json_schema_extra=examples({"user": "u0412", "k": 5, "diversity": 0.3}, {"user": "u0412", "what": "people"})
    )

    user: Key = Field(examples=["u0412"])
    k: Count = 10
    what: Literal["items", "people", "topics"] = "items"
    where: Conditions | None = Field(None, description='Such as {"year": {"gte": 2020}}.')
    topic: Name | None = None
    diversity: float = Field(0.0, ge=0, le=1)
    popularity: float = Field(0.0, ge=-1, le=1, description="-1: rare first; 1: well known first.")
    include_seen: bool = False
    include_new: bool = False


@router.post("/recommend", responses=answers(RECOMMENDED))
def recommend(engine: Asked, asked: RecommendTo) -> list[dict[str, Any]]:
    """The best ones with reasons, and where each comes from."""
    rows = engine.recommend(**asked.model_dump())
    return [jsonable(row.to_dict()) for row in rows]
