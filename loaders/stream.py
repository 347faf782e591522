"""The batches of laid-out tables, in one pass over each table."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from sociogram.graph.mapping import RelationshipRole
from sociogram.loaders.cells import Cells, Rejected
from sociogram.loaders.clean import Key, now_ms
from sociogram.loaders.columns import Column, Layout
from sociogram.loaders.ends import Ends
from sociogram.loaders.roles import NODE_KINDS, NodeKind
from sociogram.loaders.source import Batch, NodeBatch, Quarantine, RelationshipBatch
from sociogram.loaders.types import PARENT, RelationshipKey, check_types, first_label, type_name

if TYPE_CHECKING:
    from sociogram.loaders.tables import TableSource

_SIZE = 5_000  # rows a batch


class TableStream:
    """One pass over the tables of a source."""

    def __init__(self, source: "TableSource", quarantine: Quarantine) -> None:
        self._source, self._quarantine = source, quarantine
        self._ends = Ends(quarantine)
        self._topic_names: dict[str, Key] = {}  # of topic tables, folded
        self._now = now_ms()

    def batches(self) -> Iterator[Batch]:
        """Topics with their parents, users, items (each with its links to topics), then ties and events."""
        layouts = self._source.layouts
        yield from self._topics(layouts["topics"])
        for layout in layouts["users"]:
            yield from self._nodes(layout, "users")
        for layout in layouts["items"]:
            yield from self._nodes(layout, "items")
        users, items = self._source.labels("users"), self._source.labels("items")
        for layout in layouts["ties"]:
            yield from self._links(layout, users, users, "tie")
        for layout in layouts["events"]:
            yield from self._links(layout, users, items, "behaviour")

    def _reject(self, layout: Layout, line: int, why: Rejected, record: Any) -> None:
        self._quarantine.reject(layout.table.name, line, why.column, why.reason, record)

    def _topics(self, layouts: list[Layout]) -> Iterator[Batch]:
        label = self._source.labels("topics")[0]
        parents: list[tuple[Key, str]] = []
        for layout in layouts:
            cells_of = Cells(layout, self._quarantine, self._now)
            key_column, parent = layout.one("id"), layout.one("parent")
            for part in _cut(self._keyed(layout, cells_of)):
                rows = []
                for key, cells in part:
                    row = {"name": str(key), **cells_of.node(cells)}
                    self._ends.add(label, key, key_column.group if key_column else None)
                    self._topic_names.setdefault(str(row["name"]).casefold(), key)
                    rows.append({self._key_name(label): key, **row})
                    parents += [(key, name) for name in cells_of.topics(cells, parent)] if parent else []
                yield NodeBatch(label, rows)
        links = []
        for child, name in parents:
            broader = self._topic(label, name)
            if broader is None or broader == child:
                self._quarantine.note("parent topic unknown or the topic itself (left out)")
            else:
                links.append({"source": child, "target": broader})
        if links:
            yield RelationshipBatch(PARENT, label, label, links)

    def _topic(self, label: str, name: str) -> Key | None:
        """A topic by key, else by name as the topic tables spell it."""
        found = self._ends.find(name, (label,))
        return found[1] if found else self._topic_names.get(name.casefold())

    def _keyed(self, layout: Layout, cells_of: Cells) -> Iterator[tuple[Key, list[Any]]]:
        """Rows with a usable key; the others are rejected."""
        column = layout.one("id")
        for line, cells in layout.table.rows(self._quarantine):
            try:
                if column is not None:
                    yield cells_of.key(cells, column), cells
            except Rejected as why:
                self._reject(layout, line, why, cells_of.record(cells))

    def _nodes(self, layout: Layout, kind: NodeKind) -> Iterator[Batch]:
        """Nodes of users or items, and what their topic columns say."""
        link: tuple[str, RelationshipRole] = ("TAGGED", "interest") if kind == "users" else ("ABOUT", "about")
        cells_of = Cells(layout, self._quarantine, self._now)
        key_column = layout.one("id")
        group = key_column.group if key_column else None
        topic_columns = layout.all("topics")
        for part in _cut(self._keyed(layout, cells_of)):
            rows: dict[str, list[dict[str, Any]]] = {}
            told: dict[str, list[tuple[Key, str, Column]]] = {}
            for key, cells in part:
                label = self._label(layout, cells)
                self._ends.add(label, key, group)
                rows.setdefault(label, []).append({self._key_name(label): key, **cells_of.node(cells)})
                for column in topic_columns:
                    told.setdefault(label, []).extend((key, name, column) for name in cells_of.topics(cells, column))
            for label, nodes in rows.items():
                yield NodeBatch(label, nodes)
            for label, links in told.items():
                yield from self._about(label, links, *link)

    def _label(self, layout: Layout, cells: list[Any]) -> str:
        column = layout.one("label")
        if column is None:
            return layout.labels[0]
        label = first_label(cells[column.position])
        if ";" in str(cells[column.position] or ""):
            self._quarantine.note("labels after the first of a :LABEL cell (left out)")
        return label if label in layout.labels else layout.labels[0]

    def _key_name(self, label: str) -> str:
        return self._source.key_of(label)

    def _about(
        self, label: str, told: list[tuple[Key, str, Column]], kind: str, role: RelationshipRole
    ) -> Iterator[Batch]:
        """Links to topics; a topic that no table has is made. The column is the link's identity: a repeat adds no weight."""
        topic = self._source.labels("topics")[0]
        new, rows = [], []
        for key, name, column in told:
            target = self._topic(topic, name)
            if target is None:
                target = name
                self._ends.add(topic, name)
                new.append({self._key_name(topic): name, "name": name})
            rows.append({"source": key, "target": target, "eventId": f"column {column.name}"})
        if new:
            yield NodeBatch(topic, new)
        self._source.expect((label, kind, topic), role, None)
        yield RelationshipBatch(kind, label, topic, rows)

    def _links(
        self, layout: Layout, sources: tuple[str, ...], targets: tuple[str, ...], role: RelationshipRole
    ) -> Iterator[Batch]:
        """Ties or events, row by row."""
        read = _Links(layout, self._source, self._ends, Cells(layout, self._quarantine, self._now))
        known: dict[RelationshipKey, None] = {}
        for part in _cut(layout.table.rows(self._quarantine)):
            rows: dict[RelationshipKey, list[dict[str, Any]]] = {}
            for line, cells in part:
                try:
                    key, row = read.row(cells, sources, targets, role)
                except Rejected as why:
                    self._reject(layout, line, why, read.cells_of.record(cells))
                    continue
                rows.setdefault(key, []).append(row)
            for label, nodes in read.take_made().items():
                self._quarantine.note(f"{label} made from the end of a tie or event", len(nodes))
                yield NodeBatch(label, nodes)
            for key, links in rows.items():
                if key not in known:
                    known[key] = None
                    check_types(layout, dict.fromkeys(kind for _, kind, _ in known))
                    self._source.expect(key, role, layout)
                yield RelationshipBatch(key[1], key[0], key[2], links)


class _Links:
    """Rows of one table of ties or events, ends resolved; where no table gives the nodes of an end, they are made."""

    def __init__(self, layout: Layout, source: "TableSource", ends: Ends, cells_of: Cells) -> None:
        self.cells_of = cells_of
        self._layout, self._source, self._ends = layout, source, ends
        self._columns = (layout.all("source")[0], layout.all("target")[0])
        self._type = layout.one("type")
        self._given = {label for kind in NODE_KINDS if source.layouts[kind] for label in source.labels(kind)}
        self._made: dict[str, list[dict[str, Any]]] = {}

    def row(
        self, cells: list[Any], sources: Sequence[str], targets: Sequence[str], role: RelationshipRole
    ) -> tuple[RelationshipKey, dict[str, Any]]:
        """The type and the row of a relationship; raises Rejected."""
        properties = self.cells_of.relationship(cells)
        wanted = zip(self._columns, (sources, targets), strict=True)
        keys = [(column, self.cells_of.key(cells, column), labels) for column, labels in wanted]
        if role == "tie" and keys[0][1] == keys[1][1]:
            raise Rejected(self._columns[1], "tie to oneself")
        source, target = (self._end(column, key, labels) for column, key, labels in keys)
        kind = type_name(self._layout, cells[self._type.position] if self._type else None)
        return (source[0], kind, target[0]), {"source": source[1], "target": target[1], **properties}

    def take_made(self) -> dict[str, list[dict[str, Any]]]:
        """Nodes made since the last call, by label."""
        made, self._made = self._made, {}
        return made

    def _end(self, column: Column, key: Key, labels: Sequence[str]) -> tuple[str, Key]:
        found = self._ends.find(key, labels, column.group)
        if found is not None:
            return found
        label = labels[0]
        if label in self._given:
            role = next(n.role for n in self._source.mapping.nodes if n.label == label)
            raise Rejected(column, f"unknown {role}")
        self._ends.add(label, key)
        self._made.setdefault(label, []).append({self._source.key_of(label): key})
        return label, key


def _cut(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while part := list(islice(iterator, _SIZE)):
        yield part
