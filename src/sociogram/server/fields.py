"""Fields of requests and answers that several routes share."""

import datetime as dt
import math
from collections.abc import Mapping
from typing import Annotated, Any

import neo4j.graph
import neo4j.spatial
import neo4j.time
from fastapi import Path, Query
from neo4j.vector import Vector
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

MOST = 1000  # rows of one answer
WIDEST = 8192  # numbers of a vector
DEEPEST = 20  # nesting of a condition
INT64 = 1 << 63


def sendable(text: str) -> str:
    if "\0" in text:
        raise ValueError("text without the character NUL")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("text of whole Unicode characters") from None
    return text


def _plain(value: Any, depth: int = 0) -> Any:
    """Conditions as JSON has them, as deep and as large as Neo4j takes."""
    if depth > DEEPEST:
        raise ValueError(f"conditions nested {DEEPEST} deep at most")
    if isinstance(value, str):
        return sendable(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int) and not -INT64 <= value < INT64:
        raise ValueError("whole numbers of 64 bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("finite numbers")
    if isinstance(value, dict):
        return {sendable(k): _plain(v, depth + 1) for k, v in value.items()}
    return [_plain(v, depth + 1) for v in value] if isinstance(value, list) else value


def _whole(value: Any) -> Any:
    """JSON knows one kind of number: 7.0 is 7."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
Text = Annotated[str, Field(min_length=1, max_length=10_000, pattern=r"\S"), AfterValidator(sendable)]
Name = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(sendable)]
Key = Annotated[StrictInt, Field(ge=-INT64, le=INT64 - 1), WHOLE] | Name  # a node's key, or its exact name
Conditions = Annotated[dict[str, Any], AfterValidator(_plain)]
Vectorlike = Annotated[list[float], Field(min_length=1, max_length=WIDEST)]
Count = Annotated[StrictInt, Field(ge=1, le=MOST, description="How many."), WHOLE]
Skip = Annotated[StrictInt, Field(ge=0, le=1_000_000, description="Rows to leave out first."), WHOLE]
Seed = Annotated[StrictInt, Field(ge=0, lt=1 << 31, description="Of the random numbers."), WHOLE]
Simulations = Annotated[StrictInt, Field(ge=100, le=100_000, description="Cascades to simulate."), WHOLE]
Keys = Annotated[list[Key], Field(max_length=MOST)]

UserPath = Annotated[
    str, Path(min_length=1, max_length=500, description="Key or exact name."), AfterValidator(sendable)
]
QueryName = Annotated[
    str, Path(min_length=1, max_length=100, description="As `sociogram queries` lists it."), AfterValidator(sendable)
]
RunId = Annotated[
    str, Path(min_length=1, max_length=100, description="As `GET /v1/runs` lists it."), AfterValidator(sendable)
]
LabelPath = Annotated[
    str, Path(min_length=1, max_length=200, description="Such as User or Item."), AfterValidator(sendable)
]
CountQuery = Annotated[int, Query(ge=1, le=MOST, description="How many.")]
NameQuery = Annotated[Annotated[str, Field(min_length=1, max_length=500), AfterValidator(sendable)] | None, Query()]


class Body(BaseModel):
    """A request's body: nothing that is not named is taken."""

    model_config = ConfigDict(extra="forbid")


def examples(*bodies: dict[str, Any]) -> dict[str, Any]:
    """For the description of a body: how it may look."""
    return {"examples": list(bodies)}


def one_of(*names: str) -> dict[str, Any]:
    """For the description of a body: exactly one of these is given."""
    return {
        "oneOf": [{"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in names],
    }


def jsonable(value: Any) -> Any:
    """What Neo4j and pandas give, as JSON has it: times as ISO text, nodes as their properties, numbers that are none as null."""
    if isinstance(value, Mapping):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, neo4j.graph.Entity):
        return {k: jsonable(v) for k, v in value.items()}
    if isinstance(value, neo4j.spatial.Point):
        return {"srid": value.srid, "coordinates": list(value)}
    if isinstance(value, neo4j.graph.Path):
        return {"nodes": jsonable(list(value.nodes)), "relationships": [r.type for r in value.relationships]}
    if isinstance(value, Vector):
        return list(value.to_native())
    if isinstance(value, dt.date | dt.time | neo4j.time.Date | neo4j.time.DateTime | neo4j.time.Time):
        return value.isoformat() if not hasattr(value, "iso_format") else value.iso_format()
    if isinstance(value, list | tuple | set):
        return [jsonable(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return jsonable(value.item()) if hasattr(value, "item") else str(value)
