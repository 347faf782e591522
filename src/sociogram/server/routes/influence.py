"""Whom to win first, and how far given users reach."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from sociogram.server.access import needs
from sociogram.server.fields import Body, Count, Keys, Name, Whole, jsonable
from sociogram.server.routes import Cascades

router = APIRouter(prefix="/v1/influence", tags=["influence"], dependencies=[needs("read")])


class Cascade(Body):
    """How influence is taken to spread."""

    model: Literal["ic", "wc", "lt"] = "wc"
    topic: Name | None = Field(None, description="Ties count by both ends' interest in it.")
    seed: Whole = Field(0, ge=0, lt=1 << 31)


class Maximise(Cascade):
    """How many to choose."""

    k: Count = 10
    exclude: Keys = Field([], description="Users who are not to be chosen.")


class Simulate(Cascade):
    """Whose reach is asked for."""

    seeds: Keys = Field(min_length=1)
    runs: Whole = Field(10_000, ge=100, le=100_000)


@router.post("/maximise")
def maximise(cascades: Cascades, asked: Maximise) -> dict[str, Any]:
    """The k users who together reach most, with a certificate of how near the best they are."""
    found = cascades().maximise(asked.k, model=asked.model, topic=asked.topic, exclude=asked.exclude, seed=asked.seed)
    return dict(jsonable(found.to_dict() | {"certificate": found.certificate}))


@router.post("/simulate")
def simulate(cascades: Cascades, asked: Simulate) -> dict[str, Any]:
    """Expected spread of given users, with its interval, for each prefix of them."""
    found = cascades().simulate(asked.seeds, model=asked.model, topic=asked.topic, runs=asked.runs, seed=asked.seed)
    return dict(jsonable(found.to_dict()))
