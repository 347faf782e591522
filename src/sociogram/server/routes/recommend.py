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

    user: Key = Field(examples=["u0412"], description="Key or exact name.")
    k: Count = 10
    what: Literal["items", "people", "topics"] = "items"
    where: Conditions | None = Field(None, description='Such as {"year": {"gte": 2020}}.')
    topic: Name | None = Field(None, description="Only items about this topic, or people with it.")
    diversity: float = Field(0.0, ge=0, le=1, description="How much to avoid items that resemble each other.")
    popularity: float = Field(0.0, ge=-1, le=1, description="-1: rare first; 1: well known first.")
    include_seen: bool = Field(False, description="With items that the user already has.")
    include_new: bool = Field(False, description="With items that came after training, judged by their text.")


@router.post("/recommend", responses=answers(RECOMMENDED))
def recommend(engine: Asked, asked: RecommendTo) -> list[dict[str, Any]]:
    """The best items, people or topics for a user, with reasons and with the source of each."""
    rows = engine.recommend(**asked.model_dump())
    return [jsonable(row.to_dict()) for row in rows]
