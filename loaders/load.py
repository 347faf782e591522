"""A source into the database: schema first, then batch after batch, and a report of what became of every row."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sociogram.config import Home
from sociogram.errors import InputError
from sociogram.graph.publish import unpublish
from sociogram.graph.publish_runs import published_runs
from sociogram.graph.schema import ensure_schema, quote
from sociogram.graph.store import Store
from sociogram.graph.stored_mapping import (
    forget_mapping,
    join_mappings,
    save_mapping,
    stored_mapping,
    stored_sources,
)
from sociogram.loaders.clean import Key
from sociogram.loaders.jargon import plain_name
from sociogram.loaders.source import NodeBatch, Quarantine, RelationshipBatch, Source
from sociogram.loaders.write import NodeWriter, RelationshipWriter
from sociogram.progress import SILENT, Progress, Stage
from sociogram.said import Joined, Said

DEMO = "demo"
_DELETE = 5_000  # nodes a transaction


@dataclass(frozen=True)
class LoadReport:
    """What became of the rows of one source."""

    source: str
    provenance: str
    read: int
    kept: int
    merged: int
    rejected: dict[str, int]  # by reason
    notes: dict[str, int]  # kept, but changed or noteworthy
    nodes: dict[str, int]  # by label
    relationships: dict[str, int]  # by type
    quarantine: Path | None  # Parquet with every rejected row, None where there is none
    seconds: float
    removed: str | None = None  # what was removed first

    def rows(self) -> list[dict[str, Any]]:
        """One row a figure: what, name, count."""
        total = [("read", self.read), ("kept", self.kept), ("merged", self.merged)]
        rows = [{"what": "rows", "name": name, "count": count} for name, count in total]
        rows.append({"what": "rows", "name": "rejected", "count": sum(self.rejected.values())})
        for what, counts in (
            ("nodes", self.nodes),
            ("relationships", self.relationships),
            ("rejected", self.rejected),
            ("note", self.notes),
        ):
            rows += [{"what": what, "name": name, "count": count} for name, count in counts.items()]
        return rows

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "quarantine": str(self.quarantine) if self.quarantine else None}


def existing_sources(store: Store) -> set[str]:
    """Names of the sources in the database."""
    return stored_sources(store)


def load(
    source: Source,
    store: Store,
    home: Home,
    progress: Progress = SILENT,
    *,
    keep_private: bool = False,
    replace: bool = False,
) -> LoadReport:
    """Load a source; running it again, or after a kill, ends in the same graph.

    `keep_private` loads properties that the source marks private (e-mail, IP); `replace` empties the database first. A demo
    community makes way for real data; demo data on top of real data raises InputError, as does a mapping that contradicts
    the one of the data loaded before. The runs of a demo go with it.
    """
    started = time.monotonic()
    removed = _make_room(source, store, progress, replace=replace)
    before = stored_mapping(store)
    ensure_schema(store, join_mappings(before, source.mapping) if before else source.mapping)
    save_mapping(store, source.mapping, source.name)  # a killed load is known by its source
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    quarantine = Quarantine(home.quarantine / f"{source.name}-{stamp}.parquet")
    loading = _Loading(source, store, quarantine, keep_private=keep_private)
    with quarantine, progress.stage(f"load {source.name}", None, "rows") as stage:
        loading.run(stage)
    save_mapping(store, source.mapping, source.name)  # again: a source may meet types on the way
    read = quarantine.read or loading.rows
    report = LoadReport(
        source=source.name,
        provenance=source.provenance,
        read=read,
        kept=read - quarantine.rejected - quarantine.merged,
        merged=quarantine.merged,
        rejected=dict(quarantine.counts.most_common()),
        notes=dict(quarantine.notes.most_common()),
        nodes=loading.nodes,
        relationships=loading.relationships,
        quarantine=quarantine.path if quarantine.rejected else None,
        seconds=round(time.monotonic() - started, 3),
        removed=removed,
    )
    progress.say(f"load {source.name}", _line(report))
    return report


def _line(report: LoadReport) -> str:
    parts = [f"{count:,} {name}" for counts in (report.nodes, report.relationships) for name, count in counts.items()]
    rejected = sum(report.rejected.values())
    return " · ".join([*parts, f"{rejected:,} rejected", f"{report.seconds:.1f} s"])


@dataclass
class _Loading:
    source: Source
    store: Store
    quarantine: Quarantine
    keep_private: bool
    rows: int = 0
    _nodes: dict[str, NodeWriter] = field(default_factory=dict)
    _relationships: dict[tuple[str, str, str], RelationshipWriter] = field(default_factory=dict)
    _existing: dict[str, set[Key]] = field(default_factory=dict)

    def run(self, stage: Stage) -> None:
        self.quarantine.existing_keys = self._existing_keys
        for batch in self.source.batches(self.quarantine):
            self.rows += len(batch.rows)
            if isinstance(batch, NodeBatch):
                self._take_nodes(batch, stage)
            else:
                self._take_relationships(batch, stage)
        for writer in self._nodes.values():
            writer.flush(self.store, stage)
        for relationships in self._relationships.values():
            relationships.flush(self.store, stage, self.quarantine)

    @property
    def nodes(self) -> dict[str, int]:
        return {label: len(writer.keys) for label, writer in self._nodes.items()}

    @property
    def relationships(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for writer in self._relationships.values():
            counts[writer.type] = counts.get(writer.type, 0) + writer.count
        return counts

    def _take_nodes(self, batch: NodeBatch, stage: Stage) -> None:
        writer = self._nodes.get(batch.label)
        if writer is None:
            origin = {"source": self.source.name, "provenance": self.source.provenance}
            writer = NodeWriter(batch.label, self.source.mapping, origin, self._any_node(batch.label))
            self._nodes[batch.label] = writer
        writer.add(batch.rows, self.quarantine, self._private(self.source.mapping.node(batch.label).private))
        if writer.full:
            writer.flush(self.store, stage)

    def _take_relationships(self, batch: RelationshipBatch, stage: Stage) -> None:
        key = (batch.source, batch.type, batch.target)
        writer = self._relationships.get(key)
        if writer is None:
            writer = RelationshipWriter(batch, self.source.mapping, self._any_relationship(batch.type))
            self._relationships[key] = writer
        mapped = next((r.private for r in self.source.mapping.relationships if r.key == key), ())
        writer.add(self._with_ends(batch), self.quarantine, self._private(mapped))
        if writer.full:
            for label in dict.fromkeys((batch.source, batch.target)):
                if label in self._nodes:
                    self._nodes[label].flush(self.store, stage)
            writer.flush(self.store, stage, self.quarantine)

    def _with_ends(self, batch: RelationshipBatch) -> list[dict[str, Any]]:
        """Rows whose ends are in this load or in the database; the others go to the quarantine."""
        kept = []
        sources, targets = self._met(batch.source), self._met(batch.target)
        for row in batch.rows:
            for end, label, met in (("source", batch.source, sources), ("target", batch.target, targets)):
                if row[end] not in met and row[end] not in self._existing_keys(label):
                    role = self.source.mapping.node(label).role
                    self.quarantine.reject(self.source.name, None, end, f"unknown {role}", {"type": batch.type, **row})
                    break
            else:
                kept.append(row)
        return kept

    def _met(self, label: str) -> set[Key]:
        return self._nodes[label].keys if label in self._nodes else set()

    def _existing_keys(self, label: str) -> set[Key]:
        """Keys in the database before this load; read once, and only when a row names an end that this load has not met."""
        if label not in self._existing:
            key = quote(next((n.key for n in self.source.mapping.nodes if n.label == label), "id"))
            rows = self.store.read(f"MATCH (n:{quote(label)}) WHERE n.{key} IS NOT NULL RETURN n.{key} AS key")
            self._existing[label] = {row["key"] for row in rows}
        return self._existing[label]

    def _private(self, names: tuple[str, ...]) -> frozenset[str]:
        return frozenset() if self.keep_private else frozenset(names)

    def _any_node(self, label: str) -> Callable[[], bool]:
        return lambda: bool(self.store.read(f"MATCH (n:{quote(label)}) RETURN 1 AS one LIMIT 1"))

    def _any_relationship(self, kind: str) -> Callable[[], bool]:
        return lambda: bool(self.store.read(f"MATCH ()-[x:{quote(kind)}]->() RETURN 1 AS one LIMIT 1"))


def _make_room(source: Source, store: Store, progress: Progress, *, replace: bool) -> str | None:
    """Empty the database, or take a demo community out of the way of other data; says what was removed."""
    if replace:
        count = _delete(store, "MATCH (n)")
        return f"everything in the database ({count:,} nodes)" if count else None
    sources = stored_sources(store)
    others = sources - {source.name}
    demos = {name for name in sources if _is_demo(name)}
    if _is_demo(source.name) and sources - demos:
        raise InputError(
            Said(
                "the database holds data of {sources}; a demo community does not go on top. "
                "Empty it first with --replace, or name another SOCIOGRAM_HOME.",
                sources=Joined(", ", sorted(sources - demos)),
            )
        )
    if others and others == demos:  # of another size or seed, in plain words, in jargon
        if published_runs(store):  # else one could roll back to profiles of people who are there no more
            unpublish(store, progress)
        mapping = stored_mapping(store)
        count = sum(
            _delete(store, f"MATCH (n:{quote(n.label)}) WHERE n.source IN $sources", {"sources": sorted(demos)})
            for n in (mapping.nodes if mapping else ())
        )
        forget_mapping(store)
        return f"the demo community ({count:,} nodes)"
    alike = sorted(name for name in others if plain_name(name) == plain_name(source.name))
    if alike:
        raise InputError(
            Said(
                "the database holds {sources}: {name} is the same data in other words, and both in one graph would mix "
                "the two. Empty it first with --replace, or name another SOCIOGRAM_HOME.",
                sources=Joined(", ", alike),
                name=source.name,
            )
        )
    return None


def _is_demo(name: str) -> bool:
    """Whether a source is a demo community, of whatever size and seed."""
    return plain_name(name).partition("-")[0] == DEMO


def _delete(store: Store, match: str, parameters: dict[str, Any] | None = None) -> int:
    """Delete matched nodes and their relationships in transactions of a bounded size."""
    query = f"{match} WITH n LIMIT {_DELETE} DETACH DELETE n"
    total = 0
    while count := store.write(query, parameters or {}).nodes_deleted:
        total += count
    return total
