"""The value of a condition in the type that its property has in the graph."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sociogram.errors import InputError
from sociogram.graph.schema import quote
from sociogram.queries.kinds import PropertyKind
from sociogram.queries.parameters import moment
from sociogram.queries.similar.where import OPERATORS, Condition, Text
from sociogram.said import Said

LIST = "LIST<"


@dataclass(frozen=True)
class Typed:
    """A condition whose value fits the property; `exactly` where the property has one scalar type and the value is of it."""

    condition: Condition
    of_list: bool = False
    exactly: bool = False

    def test(self, variable: str, parameter: str) -> str:
        """As Cypher on a node `variable`, its value in `parameter`."""
        name, operator = f"{variable}.{quote(self.condition.property)}", self.condition.operator
        if not self.of_list:
            return f"{name} {OPERATORS[operator]} ${parameter}"
        if operator == "in":
            return f"any(one IN ${parameter} WHERE one IN {name})"
        return f"{'NOT ' if operator == 'ne' else ''}${parameter} IN {name}"


def typed(condition: Condition, kind: PropertyKind) -> Typed:
    """Raises InputError that says what the property holds and what was given."""
    value = condition.value
    for name in kind.types:
        of_list = name.startswith(LIST)
        inner = name.removeprefix(LIST).removesuffix(">") if of_list else name
        if of_list and condition.operator not in ("eq", "ne", "in"):
            continue
        convert = CONVERT.get(inner)
        if convert is None or (inner == "BOOLEAN" and condition.operator not in ("eq", "ne", "in")):
            continue
        try:
            found = [convert(v) for v in value] if condition.operator == "in" else convert(value)
        except (ValueError, TypeError, OverflowError):
            continue
        alone = len(kind.types) == 1 and not of_list and condition.operator != "in" and _same(found, inner)
        return Typed(replace(condition, property=kind.property, value=found), of_list, alone)
    shown = value if condition.operator != "in" else list(value)
    raise InputError(
        Said(
            "{kind}: {property} cannot be compared by {operator} with {value!r}.",
            kind=kind.told(),
            property=condition.property,
            operator=condition.operator,
            value=shown,
        )
    )


def _same(value: Any, name: str) -> bool:
    return {"STRING": str, "INTEGER": int, "FLOAT": float, "BOOLEAN": bool}.get(name) is type(value)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return str(value)


def _number(value: Any) -> int | float:
    if isinstance(value, Text):
        value = json.loads(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return value


def _integer(value: Any) -> int | float:
    number = _number(value)
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if isinstance(number, int) and not -(2**63) <= number < 2**63:
        raise OverflowError
    return number  # 17.5 can be compared with whole numbers


def _boolean(value: Any) -> bool:
    if isinstance(value, Text):
        value = {"true": True, "false": False}.get(value.lower())
    if not isinstance(value, bool):
        raise TypeError
    return value


def _date(value: Any) -> date:
    found = _native(value)
    if isinstance(found, str):
        return date.fromisoformat(found)
    if isinstance(found, datetime) or not isinstance(found, date):
        raise TypeError
    return found


def _native(value: Any) -> Any:
    return value.to_native() if hasattr(value, "to_native") else value  # neo4j.time


CONVERT: dict[str, Callable[[Any], Any]] = {
    "STRING": _string,
    "INTEGER": _integer,
    "FLOAT": lambda value: float(_number(value)),
    "BOOLEAN": _boolean,
    "DATE": _date,
    "ZONED DATETIME": lambda value: moment(_native(value)),
    "LOCAL DATETIME": lambda value: moment(_native(value)).replace(tzinfo=None),
}
