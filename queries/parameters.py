"""Parameters of a query: from the command line's text or Python values to what the header declares."""

import ast
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any

from sociogram.errors import InputError
from sociogram.queries.header import Parameter, Query

_DATETIME = re.compile(r"^datetime\('([^']+)'\)$")
_WORDS = {"true": True, "false": False, "null": None}
_SEVERAL = "LIST<"


def typed(query: Query, given: Mapping[str, Any]) -> dict[str, Any]:
    """A value for each parameter; raises InputError that names an unknown, missing or ill-typed one."""
    known = {p.name: p for p in query.parameters}
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1)
            has = f"it has: {', '.join(known)}" if known else "it takes none"
            raise InputError(
                f"{query.name} has no parameter {name!r} ({has}).{f' Did you mean {near[0]}?' if near else ''}"
            )
    missing = [p for p in query.parameters if p.required and given.get(p.name) is None]
    if missing:
        p = missing[0]
        raise InputError(f"{query.name} needs {p.name}: {p.meaning} ({p.type}). {_example(query, p)}")
    return {p.name: convert(query, p, given[p.name]) if p.name in given else default(p) for p in query.parameters}


def default(parameter: Parameter) -> Any:
    """The value that the header gives, as Python has it; raises InputError for an expression that is no plain value."""
    text = parameter.value
    if text in _WORDS:
        return _WORDS[text]
    if match := _DATETIME.match(text):
        return moment(match[1])
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise InputError(f"the value of the parameter {parameter.name} is no plain value: {text}") from None


def convert(query: Query, parameter: Parameter, value: Any) -> Any:
    """A given value in the declared type; raises InputError."""
    if value is None or (value == "null" and parameter.value == "null"):
        return default(parameter)
    kind = parameter.type
    try:
        if kind.startswith(_SEVERAL):
            found = [_one(kind[len(_SEVERAL) : -1], v, "") for v in _several(value)]
            if not found:
                raise ValueError
            return found
        return _one(kind, value, parameter.limits)
    except (ValueError, TypeError, OverflowError):
        raise InputError(
            f"{query.name}: {parameter.name} must be {_expected(parameter)}, got {_short(value)}. {_example(query, parameter)}"
        ) from None


def _several(value: Any) -> list[Any]:
    """A list as it is, or from text: JSON, or values with commas between."""
    if isinstance(value, list | tuple):
        return list(value)
    if not isinstance(value, str):
        if hasattr(value, "tolist"):  # NumPy, pandas
            return list(value.tolist())
        raise ValueError
    if value.startswith("["):
        return list(json.loads(value))
    return [part.strip() for part in value.split(",") if part.strip()]


def _one(kind: str, value: Any, limits: str) -> Any:
    if kind == "ANY":
        return _guessed(value)
    if kind == "VECTOR":
        return _vector(value)
    if kind == "BOOLEAN":
        return _boolean(value)
    if kind == "DATETIME":
        return moment(value)
    if kind in ("INTEGER", "FLOAT"):
        return _within(_number(kind, value), limits)
    if kind.startswith("KEY("):
        return _key(value)
    if not isinstance(value, str) or not value.strip():  # STRING, NAME(Topic)
        raise ValueError
    return value


def _number(kind: str, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    if kind == "INTEGER":
        if isinstance(value, float) and not value.is_integer():
            raise ValueError
        return int(value)
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _within(number: int | float, limits: str) -> int | float:
    if limits.startswith(">="):
        low, high = float(limits[2:]), math.inf
    elif limits:
        low, high = map(float, limits.split(".."))
    else:
        return number
    if not low <= number <= high:
        raise ValueError
    return number


def _boolean(value: Any) -> bool:
    found = {"true": True, "yes": True, "false": False, "no": False}.get(str(value).lower())
    if found is None:
        raise ValueError
    return found


def moment(value: Any) -> datetime:
    """A time, or its ISO text, in UTC where it names no zone; raises ValueError."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise ValueError
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _key(value: Any) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise ValueError
    return value


def _vector(value: Any) -> list[float] | str:
    """Numbers, or the words that somebody else makes numbers of."""
    if isinstance(value, str) and not value.startswith("["):
        if not value.strip():
            raise ValueError
        return value
    numbers = [float(x) for x in _several(value)]
    if not numbers or not all(map(math.isfinite, numbers)) or not any(numbers):
        raise ValueError
    return numbers


def _guessed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _expected(p: Parameter) -> str:
    plain = {
        "STRING": "text",
        "INTEGER": "a whole number",
        "FLOAT": "a number",
        "BOOLEAN": "true or false",
        "DATETIME": "a time such as 2026-01-31 or 2026-01-31T12:00:00Z",
        "VECTOR": "words or a list of finite numbers, not all of them zero",
    }
    if p.type.startswith(_SEVERAL):
        return f"a list of at least one ({p.type})"
    limits = f" {p.limits.replace('>=', 'of at least')}" if p.limits.startswith(">=") else ""
    limits = f" from {p.limits.replace('..', ' to ')}" if ".." in p.limits else limits
    return plain.get(p.type, f"one value ({p.type})") + limits


def _example(query: Query, p: Parameter) -> str:
    try:
        value = default(p)
    except InputError:
        value = "words"
    value = ",".join(map(str, value)) if isinstance(value, list) else value
    value = value.isoformat() if isinstance(value, datetime) else value
    shown = f'"{value}"' if " " in str(value) else value
    return f"For example: sociogram query {query.name} --param {p.name}={shown}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
