"""Rows of a laid-out table to clean keys and properties."""

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from sociogram.loaders.clean import (
    MAX_TEXT,
    Key,
    Refused,
    clean_key,
    clean_number,
    clean_text,
    clean_time,
    clean_weight,
    cut_text,
    is_missing,
    looks_like_html,
    strip_html,
)
from sociogram.loaders.columns import Column, Layout, Role
from sociogram.loaders.source import Quarantine

_SEPARATORS = ("|", ";", ",")
_PROPERTIES: tuple[Role, ...] = ("name", "text", "time", "numeric", "categorical", "property", "private")


class Rejected(Exception):
    """A row that must not enter: which column, and why."""

    def __init__(self, column: Column, reason: str) -> None:
        super().__init__(f"{column.name}: {reason}")
        self.column, self.reason = column.name, reason


class Cells:
    """Reads the cells of one layout's rows; what is left out of a row that is kept is noted in the quarantine."""

    def __init__(self, layout: Layout, quarantine: Quarantine, now: int) -> None:
        self._layout, self._quarantine, self._now = layout, quarantine, now
        self._properties = layout.all(*_PROPERTIES)
        self._strict = tuple(filter(None, (layout.one("weight"), layout.one("event"))))
        self._private = {c.position for c in layout.all("private")}

    def key(self, cells: list[Any], column: Column) -> Key:
        """A clean key; raises Rejected."""
        try:
            return clean_key(cells[column.position])
        except Refused as refused:
            raise Rejected(column, refused.reason) from None

    def node(self, cells: list[Any]) -> dict[str, Any]:
        """Properties of a node; a time or number that cannot be is left out and noted."""
        row = {}
        for column in self._properties:
            try:
                value = self._value(column, cells[column.position])
            except Refused as refused:
                self._quarantine.note(f"{column.name}: {refused.reason} (left out)")
                continue
            if value is not None:
                row[column.property] = value
        return row

    def relationship(self, cells: list[Any]) -> dict[str, Any]:
        """Properties of a relationship; a weight or a time that cannot be raises Rejected."""
        row: dict[str, Any] = {}
        for column in (*self._strict, *self._properties):
            cell = cells[column.position]
            value: Any
            try:
                if column.role == "weight":
                    value = None if _no_weight(cell) else clean_weight(cell)
                elif column.role == "event":
                    value = None if is_missing(cell) else clean_key(cell)
                else:
                    value = self._value(column, cell)
            except Refused as refused:
                if column.role == "numeric":
                    self._quarantine.note(f"{column.name}: {refused.reason} (left out)")
                    continue
                raise Rejected(column, refused.reason) from None
            if value is not None:
                row[column.property] = value
        return row

    def topics(self, cells: list[Any], column: Column) -> list[str]:
        """The topics of a cell, each once: a list, or text parted by | or ; (or by commas where neither is there)."""
        parts = _parts(cells[column.position])
        names = (clean_text(str(part)) for part in parts if not is_missing(part))
        return list(dict.fromkeys(name for name in names if name))

    def record(self, cells: list[Any]) -> dict[str, Any]:
        """The row for the quarantine, without private columns."""
        return {c.name: cells[c.position] for c in self._layout.columns if c.position not in self._private}

    def _value(self, column: Column, cell: Any) -> Any:
        if cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell)):
            return None
        if column.many:
            return _array(column, cell)
        if column.role in ("name", "text", "private"):
            return self._text(column, cell)
        if is_missing(cell):
            return None
        if column.role == "time":
            return datetime.fromtimestamp(clean_time(cell, now=self._now) / 1000, UTC)
        if column.role == "numeric":
            return _number(cell)
        return _scalar(cell) if column.type is None else _SCALARS.get(column.type, _scalar)(cell)

    def _text(self, column: Column, cell: Any) -> str | None:
        text = cell if isinstance(cell, str) else str(cell)
        if column.role == "text" and looks_like_html(text):
            text = strip_html(text)
            self._quarantine.note(f"{column.name}: HTML stripped")
        text = clean_text(text)
        if len(text) > MAX_TEXT:
            self._quarantine.note(f"{column.name}: text cut at {MAX_TEXT:,} characters")
            text = cut_text(text)
        return text or None


def _no_weight(cell: Any) -> bool:
    """Missing as such; a NaN that stands in the file is refused instead."""
    return cell is None or (
        isinstance(cell, str) and (not cell.strip() or (is_missing(cell) and cell.lower() != "nan"))
    )


def _parts(cell: Any) -> list[Any]:
    if cell is None:
        return []
    if isinstance(cell, list | tuple | set):
        return list(cell)
    text = str(cell).strip()
    if text.startswith("[") and text.endswith("]"):
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = [part.strip().strip("'\"") for part in text[1:-1].split(",")]
        return parsed if isinstance(parsed, list) else [parsed]
    separator = next((s for s in _SEPARATORS if s in text), "|")
    return text.split(separator)


def _number(cell: Any) -> float | int:
    if isinstance(cell, bool | int):
        return int(cell)
    number = clean_number(cell)
    if isinstance(cell, str) and cell.strip().lstrip("+-").isdigit() and abs(number) < 2**53:
        return int(number)
    return number


def _boolean(cell: Any) -> bool:
    return cell if isinstance(cell, bool) else str(cell).strip().lower() in ("true", "1", "yes")


def _scalar(cell: Any) -> Any:
    """A value that Neo4j can hold."""
    if isinstance(cell, str):
        return cut_text(clean_text(cell)) or None
    if isinstance(cell, bool | float | date):
        return cell
    if isinstance(cell, int):
        return cell if -(2**63) <= cell < 2**63 else str(cell)
    if isinstance(cell, list | tuple) and all(isinstance(v, str) for v in cell):
        return [clean_text(v) for v in cell]
    if isinstance(cell, list | tuple | dict):
        return json.dumps(cell, ensure_ascii=False, default=str)
    return clean_text(str(cell))


_INTEGERS = ("int", "long", "byte", "short")
_SCALARS: dict[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    **dict.fromkeys((*_INTEGERS, "float", "double"), _number),
}


def _array(column: Column, cell: Any) -> list[Any] | None:
    """A neo4j-admin array: parted by ;."""
    parts = cell if isinstance(cell, list) else str(cell).split(";")
    convert = _SCALARS.get(column.type or "", _scalar)
    values = [convert(part) for part in parts if not is_missing(part)]
    return values or None
