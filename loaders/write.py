"""Rows to the database: buffered, one row an identity, created where the type is new and merged where it is not.

A relationship's identity is (start, type, end, `eventId` or `at`). Repeats of an undated one within a load add up to one
weight before it is written, and the sum is set, so that loading the same again changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sociogram.graph.mapping import GraphMapping
from sociogram.graph.schema import quote
from sociogram.graph.store import Store
from sociogram.loaders.clean import Key
from sociogram.loaders.source import Quarantine, RelationshipBatch
from sociogram.progress import Stage

FLUSH = 60_000  # rows of one label or type held before they are written
SIZE = 10_000  # rows a transaction
SESSIONS = 2

Identity = tuple[Key, Key, Any]


@dataclass
class _Columns:
    """The property names met, and which of them hold times."""

    names: dict[str, None] = field(default_factory=dict)
    times: set[str] = field(default_factory=set)

    def add(self, row: dict[str, Any]) -> None:
        """Note a row's names; times become epoch milliseconds in place."""
        self.names.update(dict.fromkeys(row))
        for name, value in row.items():
            if isinstance(value, date):
                self.times.add(name)
                row[name] = _milliseconds(value)

    def expression(self, name: str, position: int) -> str:
        """Cypher of one cell."""
        cell = f"r[{position}]"
        if name in self.times:
            return f"CASE WHEN {cell} IS NULL THEN NULL ELSE datetime({{epochMillis: {cell}}}) END"
        return cell


def _milliseconds(value: date) -> int:
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    value = value if value.tzinfo else value.replace(tzinfo=UTC)
    return (value - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution * 1000)


class NodeWriter:
    """Nodes of one label."""

    def __init__(
        self, label: str, mapping: GraphMapping, origin: Mapping[str, str], existing: Callable[[], bool]
    ) -> None:
        node = mapping.node(label)
        self.label, self.key = label, node.key
        self.keys: set[Key] = set()  # all that this load has met
        self._origin = origin
        self._existing = existing
        self._merge: bool | None = None
        self._columns = _Columns(times={node.time} if node.time else set())
        self._rows: dict[Key, dict[str, Any]] = {}

    def add(self, rows: Iterable[dict[str, Any]], quarantine: Quarantine, private: frozenset[str]) -> None:
        """Take rows; a key met before is merged: its later values win where they are not missing."""
        for raw in rows:
            row = {name: value for name, value in raw.items() if value is not None and name not in private}
            key = row.pop(self.key)
            self._columns.add(row)
            if key in self.keys:
                quarantine.merged += 1
                self._rows.setdefault(key, {}).update(row)
            else:
                self.keys.add(key)
                self._rows[key] = row

    @property
    def full(self) -> bool:
        return len(self._rows) >= FLUSH

    def flush(self, store: Store, stage: Stage) -> None:
        """Write what is held."""
        if not self._rows:
            return
        if self._merge is None:
            self._merge = self._existing()
        names = list(self._columns.names)
        rows: list[Any] = [[key, *map(row.get, names)] for key, row in self._rows.items()]
        store.write_batches(self._query(names), rows, SIZE, SESSIONS, {"origin": dict(self._origin)}, stage)
        self._rows.clear()
        self._merge = True  # a key may come again

    def _query(self, names: list[str]) -> str:
        cells = {quote(name): self._columns.expression(name, i) for i, name in enumerate(names, 1)}
        label, key = quote(self.label), quote(self.key)
        if not self._merge:
            properties = ", ".join([f"{key}: r[0]", *(f"{name}: {cell}" for name, cell in cells.items())])
            return f"UNWIND $rows AS r CREATE (n:{label} {{{properties}}}) SET n += $origin"
        sets = "".join(f", n.{name} = coalesce({cell}, n.{name})" for name, cell in cells.items())
        return f"UNWIND $rows AS r MERGE (n:{label} {{{key}: r[0]}}) SET n += $origin{sets}"


class RelationshipWriter:
    """Relationships of one type between two labels; the ends must be in the database."""

    def __init__(self, batch: RelationshipBatch, mapping: GraphMapping, existing: Callable[[], bool]) -> None:
        self.type, self.source, self.target = batch.type, batch.source, batch.target
        self.count = 0
        self._ends = (mapping.node(batch.source).key, mapping.node(batch.target).key)
        mapped = next((r for r in mapping.relationships if r.key == (self.source, self.type, self.target)), None)
        self._columns = _Columns(times={"at", *filter(None, [mapped.time if mapped else None])})
        self._existing = existing
        self._merge: bool | None = None
        self._rows: dict[Identity, dict[str, Any]] = {}
        self._written: NDArray[np.int64] = np.empty(0, np.int64)  # sorted hashes of the identities written

    def add(self, rows: Iterable[dict[str, Any]], quarantine: Quarantine, private: frozenset[str]) -> None:
        """Take rows; a repeat of an undated identity adds its weight, of a dated one replaces it."""
        for raw in rows:
            row = {name: value for name, value in raw.items() if value is not None and name not in private}
            source, target = row.pop("source"), row.pop("target")
            self._columns.add(row)
            event = row.get("eventId", row.get("at"))
            identity = (source, target, event)
            before = self._rows.get(identity)
            if before is None:
                self._rows[identity] = row
                continue
            quarantine.merged += 1
            if event is None:
                row["weight"] = before.get("weight", 1.0) + row.get("weight", 1.0)
                self._columns.names.setdefault("weight")
            before.update(row)

    @property
    def full(self) -> bool:
        return len(self._rows) >= FLUSH

    def flush(self, store: Store, stage: Stage, quarantine: Quarantine) -> None:
        """Write what is held: new identities, then those of this load that are in the database already."""
        if not self._rows:
            return
        if self._merge is None:
            self._merge = self._existing()
        hashes = np.fromiter(map(hash, self._rows), np.int64, len(self._rows))
        known = np.isin(hashes, self._written, kind="sort") if len(self._written) else np.zeros(len(hashes), bool)
        groups: dict[tuple[bool, str | None], list[Any]] = {}
        if self._merge or known.any():
            self._columns.names.setdefault("weight")  # an undated weight is set or added to even where no row gives one
        names = list(self._columns.names)
        for (identity, row), again in zip(self._rows.items(), known.tolist(), strict=True):
            by = "eventId" if "eventId" in row else "at" if "at" in row else None
            groups.setdefault((again, by), []).append([identity[0], identity[1], *map(row.get, names)])
        for again in (False, True):
            for by in ("eventId", "at", None):
                if rows := groups.get((again, by)):
                    store.write_batches(self._query(names, by, again=again), rows, SIZE, SESSIONS, None, stage)
        quarantine.merged += int(known.sum())
        self.count += int((~known).sum())
        self._written = np.union1d(self._written, hashes)
        self._rows.clear()

    def _query(self, names: list[str], by: str | None, *, again: bool) -> str:
        cells = {name: self._columns.expression(name, i) for i, name in enumerate(names, 2)}
        kind = quote(self.type)
        start = (
            f"UNWIND $rows AS r MATCH (a:{quote(self.source)} {{{quote(self._ends[0])}: r[0]}}) "
            f"MATCH (b:{quote(self.target)} {{{quote(self._ends[1])}: r[1]}}) "
        )
        properties = ", ".join(f"{quote(name)}: {cell}" for name, cell in cells.items())
        create = f"CREATE (a)-[:{kind} {{{properties}}}]->(b)" if cells else f"CREATE (a)-[:{kind}]->(b)"
        if not (self._merge or again):
            return start + create
        if by is not None:
            sets = ", ".join(f"x.{quote(n)} = coalesce({cell}, x.{quote(n)})" for n, cell in cells.items() if n != by)
            merge = f"MERGE (a)-[x:{kind} {{{quote(by)}: {cells[by]}}}]->(b)"
            return f"{start}{merge} SET {sets}" if sets else start + merge
        sets = ", ".join(f"x.{quote(n)} = {_undated(n, cell, again=again)}" for n, cell in cells.items())
        update = f" SET {sets}" if sets else ""  # on a missing x, SET does nothing
        return (
            f"{start}OPTIONAL MATCH (a)-[x:{kind}]->(b) WHERE x.at IS NULL AND x.eventId IS NULL WITH a, b, r, x "
            f"FOREACH (_ IN CASE WHEN x IS NULL THEN [1] ELSE [] END | {create}){update}"
        )


def _undated(name: str, cell: str, *, again: bool) -> str:
    """What an undated relationship's property becomes; a weight that is no longer given was a sum of repeats: back to 1."""
    if name != "weight":
        return f"coalesce({cell}, x.{quote(name)})"
    if again:
        return f"coalesce(x.weight, 1.0) + coalesce({cell}, 1.0)"
    return f"coalesce({cell}, CASE WHEN x.weight IS NULL THEN NULL ELSE 1.0 END)"
