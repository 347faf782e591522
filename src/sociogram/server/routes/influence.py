"""Whom to win first, and how far given users reach."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from sociogram.server.access import needs
from sociogram.server.examples import MAXIMISED, SIMULATED, answers
from sociogram.server.fields import Body, Count, Keys, Name, Seed, Simulations, examples, jsonable
from sociogram.server.routes import Cascades

router = APIRouter(prefix="/v1/influence", tags=["influence"], dependencies=[needs("read")])


class Cascade(Body):
    """How influence is taken to spread."""

    model: Literal["ic", "wc", "lt"] = Field("wc", description="Independent or weighted cascade, or linear threshold.")
    topic: Name | None = Field(None, description="Ties count by both ends' interest in it.")
    seed: Seed = 0


class Maximise(Cascade):
    """How many to choose."""

    model_config = ConfigDict(json_schema_extra=examples({"k": 5}, {"k": 3, "topic": "climbing"}))

    k: Count = 10
    exclude: Keys = Field([], description="Users who are not to be chosen.")


class Simulate(Cascade):
    """Whose reach is asked for."""

    model_config = ConfigDict(json_schema_extra=examples({"seeds": ["u0412", "u0182"], "runs": 1000}))

    seeds: Keys = Field(min_length=1, description="Users with whom it starts.")
    runs: Simulations = 10_000


@router.post("/maximise", responses=answers(MAXIMISED))
def maximise(cascades: Cascades, asked: Maximise) -> dict[str, Any]:
    """The users who together reach most, with a certificate of how close to the best possible choice they are."""
    found = cascades().maximise(asked.k, model=asked.model, topic=asked.topic, exclude=asked.exclude, seed=asked.seed)
    return dict(jsonable(found.to_dict() | {"certificate": found.certificate}))


@router.post("/simulate", responses=answers(SIMULATED))
def simulate(cascades: Cascades, asked: Simulate) -> dict[str, Any]:
    """How many users the given ones are expected to reach, with intervals, for the first of them, the first two, and so on."""
    found = cascades().simulate(asked.seeds, model=asked.model, topic=asked.topic, runs=asked.runs, seed=asked.seed)
    return dict(jsonable(found.to_dict()))
