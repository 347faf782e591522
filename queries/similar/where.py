"""What similar users must satisfy: parsed and checked before the database is asked anything."""

import math
import numbers
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any

from sociogram.errors import InputError
from sociogram.queries.similar.predicate import Predicate, check

OPERATORS = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "in": "IN"}
LOWER, UPPER = ("gt", "gte"), ("lt", "lte")
EXAMPLE = 'for instance {"country": "DE", "age": {"gte": 18}, "city": ["Bern", "Basel"], "tag": "climbing"}'


class Text(str):
    """A value as it was typed: read as whatever type the property has."""

    __slots__ = ()


@dataclass(frozen=True)
class Condition:
    """A property against a value, or against a list where the operator is `in`."""

    property: str
    operator: str  # a key of OPERATORS
    value: Any

    def __str__(self) -> str:
        return f"{self.property} {OPERATORS[self.operator]} {self.value!r}"


@dataclass(frozen=True)
class TagCondition:
    """A published interest, with the score it must at least have."""

    topic: str
    least: float = 0.0

    def __str__(self) -> str:
        return f"tag {self.topic!r}" + (f" >= {self.least:g}" if self.least else "")


@dataclass(frozen=True)
class Filter:
    """All of these must hold."""

    conditions: tuple[Condition, ...] = ()
    tags: tuple[TagCondition, ...] = ()
    predicates: tuple[Predicate, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.conditions or self.tags or self.predicates)

    def __str__(self) -> str:
        return " and ".join(map(str, (*self.conditions, *self.tags, *self.predicates)))


def parse(where: Any) -> Filter:
    """From a mapping of property to value, list or {operator: value}; `tag` and `cypher` are their own kinds.

    Raises InputError. A property that is called tag or cypher is asked for by Cypher: {"cypher": "u.tag = 'x'"}.
    """
    if where is None:
        return Filter()
    if not isinstance(where, Mapping):
        raise InputError(f"where must be a mapping, {EXAMPLE}; got {type(where).__name__}.")
    conditions: list[Condition] = []
    tags: list[TagCondition] = []
    predicates: list[Predicate] = []
    for name, value in where.items():
        if not isinstance(name, str) or not name.strip() or "\x00" in name:
            raise InputError(f"where takes property names, {EXAMPLE}; got {name!r}.")
        if name == "tag":
            tags += [_tag(one) for one in _each(value)]
        elif name == "cypher":
            predicates += [_predicate(one) for one in _each(value)]
        else:
            conditions += conditions_on(name, value, f' For users without it: {{"cypher": "u.{name} IS NULL"}}.')
    return Filter(tuple(conditions), tuple(tags), tuple(predicates))


def _each(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _tag(value: Any) -> TagCondition:
    if isinstance(value, str) and value.strip():
        return TagCondition(str(value))
    if isinstance(value, Mapping) and isinstance(value.get("name"), str) and set(value) <= {"name", "min"}:
        least = value.get("min", 0.0)
        if isinstance(least, numbers.Real) and not isinstance(least, bool) and 0 <= float(least) <= 1:
            return TagCondition(value["name"], float(least))
        raise InputError(f"the least score of the tag {value['name']!r} must be a number from 0 to 1, got {least!r}.")
    raise InputError(
        f'a tag is the name of a topic, or {{"name": "climbing", "min": 0.5}} for a least score; got {value!r}.'
    )


def _predicate(value: Any) -> Predicate:
    if isinstance(value, str):
        return check(value, {})
    if isinstance(value, Mapping) and set(value) <= {"text", "parameters"} and isinstance(value.get("text"), str):
        parameters = value.get("parameters", {})
        if isinstance(parameters, Mapping):
            return check(value["text"], parameters)
    raise InputError(
        f'cypher takes a condition on u, "u.age > 30", or {{"text": "u.age > $age", "parameters": {{"age": 30}}}}; got {value!r}.'
    )


def _operators(name: str, value: Any) -> Mapping[str, Any]:
    """{operator: value} of what a mapping says of one property: a value alone is equality, a list membership; raises InputError."""
    if isinstance(value, list | tuple | set | frozenset):
        tests: Mapping[str, Any] = {"in": value}
    else:
        tests = value if isinstance(value, Mapping) else {"eq": value}
    if not tests:
        raise InputError(f"{name}: expected at least one of {', '.join(OPERATORS)} with a value, got {{}}.")
    for operator in tests:
        if operator not in OPERATORS:
            near = get_close_matches(str(operator), OPERATORS, 1)
            raise InputError(
                f"{name}: unknown operator {operator!r} (known: {', '.join(OPERATORS)}).{f' Did you mean {near[0]}?' if near else ''}"
            )
    return tests


def conditions_on(name: str, value: Any, without: str = "") -> Iterator[Condition]:
    """From a value, list or {operator: value} of one property; raises InputError, for None with how else to ask (`without`)."""
    wanted = _operators(name, value)
    for pair in (LOWER, UPPER):
        if set(pair) <= set(wanted):
            raise InputError(f"{name}: give {pair[0]} or {pair[1]}, not both.")
    for operator, against in wanted.items():
        yield Condition(
            name, operator, _list(name, against, without) if operator == "in" else _scalar(name, against, without)
        )


def _list(name: str, values: Any, without: str) -> list[Any]:
    if not isinstance(values, list | tuple | set | frozenset):
        raise InputError(f"{name}: `in` takes a list of values, got {values!r}.")
    if not values:
        raise InputError(f"{name}: the list is empty, so nobody could satisfy it. Name at least one value.")
    return [_scalar(name, value, without) for value in values]


def _scalar(name: str, value: Any, without: str) -> Any:
    """A value that a property can be compared with, NumPy's as Python's."""
    if value is None:
        raise InputError(f"{name}: None is no value.{without}")
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()  # NumPy
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{name}: expected a finite number, got {value!r}.")
    if isinstance(value, str | bool | int | float | date) or hasattr(value, "iso_format"):
        return value
    raise InputError(
        f"{name}: expected text, a number, true or false, a time, or a list of these; got {type(value).__name__}."
    )
