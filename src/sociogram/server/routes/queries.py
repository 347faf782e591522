"""Queries of the library by name."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from sociogram.server.access import needs
from sociogram.server.examples import QUERIED, answers
from sociogram.server.fields import Body, Conditions, Count, QueryName, Skip, jsonable
from sociogram.server.routes import Asked

router = APIRouter(prefix="/v1/queries", tags=["queries"], dependencies=[needs("read")])


class Parameters(Body):
    """Of one query; `rows` are skipped and taken of its answer."""

    parameters: Conditions = Field(
        {}, examples=[{"topic": "climbing", "k": 5}], description="Those of the query, by name."
    )
    skip: Skip = 0
    limit: Count = 100


@router.get("")
def names(engine: Asked) -> list[dict[str, Any]]:
    """All queries: topic, name, what each answers and its parameters."""
    return [jsonable(row) for row in engine.queries()]


@router.post("/{name}", responses=answers(QUERIED))
def query(engine: Asked, name: QueryName, asked: Parameters) -> dict[str, Any]:
    """The rows that one query answers."""
    rows = engine.query(name, **asked.parameters)
    page = rows[asked.skip : asked.skip + asked.limit]
    return {"rows": [jsonable(row) for row in page], "total": len(rows)}
