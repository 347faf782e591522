"""`--where` as it is typed."""

import re
from collections.abc import Iterable
from typing import Any

import typer

from sociogram.cli.common import guessed

CONDITION = re.compile(r"^\s*(.+?)\s*(<=|>=|!=|<>|=|<|>)\s*(.*?)\s*$", re.DOTALL)
OPERATORS = {"=": "eq", "!=": "ne", "<>": "ne", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


def read_where(given: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Conditions such as country=DE, 'age>=18' or 'city=["Oslo", "Lyon"]' as the mapping that `where` takes; raises BadParameter.

    Values stay text, read as whatever type the property has; members of a JSON list are as they are written there.
    """
    from sociogram.queries.similar.where import Text

    wanted: dict[str, dict[str, Any]] = {}
    for text in given:
        match = CONDITION.match(text)
        if not match:
            raise typer.BadParameter(f"--where: expected for instance country=DE or 'age>=18', got {text!r}")
        name, operator, value = match[1], OPERATORS[match[2]], match[3]
        listed = _list(value) if operator == "eq" else None
        key = "in" if listed is not None else operator
        tests = wanted.setdefault(name, {})
        if key in tests:
            raise typer.BadParameter(
                f"--where: {name!r} is tested twice by {match[2]}; for one of several: {name}=[...]"
            )
        tests[key] = listed if listed is not None else Text(value)
    return wanted


def _list(value: str) -> list[Any] | None:
    """Of a JSON list: numbers and the like as they are."""
    if not value.startswith("["):
        return None
    found = guessed(value)
    return found if isinstance(found, list) else None
