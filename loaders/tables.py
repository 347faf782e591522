"""Tables of users, items, topics, ties and events as a source: what CSV, Parquet, pandas and networkx have in common."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from sociogram.errors import InputError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipRole
from sociogram.loaders.columns import SAMPLE, Column, Kind, Layout, Overrides, check_complete, check_overrides, lay_out
from sociogram.loaders.readers import Discard, Table
from sociogram.loaders.roles import DEFAULT_LABEL, NODE_KINDS, NodeKind, node_mapping, relationship_mapping
from sociogram.loaders.source import Batch, Provenance, Quarantine
from sociogram.loaders.stream import TableStream
from sociogram.loaders.types import PARENT, RelationshipKey, check_types, default_type, first_label, type_name

Layouts = dict[Kind, list[Layout]]


def lay_out_all(tables: Mapping[Kind, Iterable[Table]], columns: Overrides | None) -> Layouts:
    """What each column of each table is, complete or not; InputError for overrides that cannot be."""
    check_overrides(columns or {})
    kinds: tuple[Kind, ...] = ("topics", "users", "items", "ties", "events")
    return {kind: [lay_out(kind, table, columns or {}) for table in tables.get(kind, ())] for kind in kinds}


def plan(layouts: Layouts) -> list[dict[str, str]]:
    """One row a column: table, file, column, role, property; for showing before loading."""
    return [
        {"table": kind, "file": layout.table.name, "column": c.name, "role": c.role, "property": _shown(kind, c)}
        for kind, of_kind in layouts.items()
        for layout in of_kind
        for c in layout.columns
    ]


class TableSource:
    """Tables as a source. `plan` shows what each column was taken for; `columns` overrides it (`{"users.id": "uid"}`).

    Ties and events with an end that is neither in the tables nor in the database are rejected; where no table of users (or of
    items) is given, unknown ends become nodes and are counted.
    """

    def __init__(
        self,
        tables: Mapping[Kind, Iterable[Table]],
        *,
        name: str,
        provenance: Provenance,
        columns: Overrides | None = None,
    ) -> None:
        self._name, self._provenance = name, provenance
        self.layouts = lay_out_all(tables, columns)
        for layouts in self.layouts.values():
            for layout in layouts:
                check_complete(layout)
        if not any(self.layouts.values()):
            raise InputError("nothing to load: give at least one table of users, items, ties, events or topics.")
        for kind in NODE_KINDS:
            self.layouts[kind] = [replace(layout, labels=_labels(kind, layout)) for layout in self.layouts[kind]]
        self._keys = {n.label: n.key for n in self._nodes()}
        self._relationships: dict[RelationshipKey, tuple[RelationshipRole, list[Layout]]] = {}
        self._expect()

    @property
    def name(self) -> str:
        return self._name

    @property
    def provenance(self) -> Provenance:
        return self._provenance

    def plan(self) -> list[dict[str, str]]:
        """One row a column: table, file, column, role, property; for showing before loading."""
        return plan(self.layouts)

    @property
    def mapping(self) -> GraphMapping:
        """Roles of all columns; a relationship type that is first met far down a file joins while loading."""
        relationships = [relationship_mapping(k, role, layouts) for k, (role, layouts) in self._relationships.items()]
        return GraphMapping(tuple(self._nodes()), tuple(relationships))

    def batches(self, quarantine: Quarantine) -> Iterator[Batch]:
        """Topics, users, items, ties, events."""
        return TableStream(self, quarantine).batches()

    def labels(self, kind: NodeKind) -> tuple[str, ...]:
        """The labels of a kind of node: those of its tables, else the default."""
        found = tuple(dict.fromkeys(label for layout in self.layouts[kind] for label in layout.labels))
        if kind == "users" and len(found) > 1:
            raise InputError(
                f"the user tables have different labels ({', '.join(found)}); expected one label of users."
            )
        return found or (DEFAULT_LABEL[kind],)

    def key_of(self, label: str) -> str:
        """The key property of a label."""
        return self._keys[label]

    def expect(self, key: RelationshipKey, role: RelationshipRole, layout: Layout | None) -> None:
        """Note that relationships of this type come from this table."""
        layouts = self._relationships.setdefault(key, (role, []))[1]
        if layout is not None and not any(layout is known for known in layouts):
            layouts.append(layout)

    def _nodes(self) -> list[NodeMapping]:
        return [
            node_mapping(kind, label, [x for x in self.layouts[kind] if label in x.labels])
            for kind in NODE_KINDS
            for label in self.labels(kind)
        ]

    def _expect(self) -> None:
        """The types that the tables' first rows announce."""
        user, topic = self.labels("users")[0], self.labels("topics")[0]
        for layout in self.layouts["topics"]:
            if layout.one("parent"):
                self.expect((topic, PARENT, topic), "parent", None)
        if any(layout.all("topics") for layout in self.layouts["users"]):
            self.expect((user, "TAGGED", topic), "interest", None)
        for layout in self.layouts["items"]:
            for label in layout.labels if layout.all("topics") else ():
                self.expect((label, "ABOUT", topic), "about", None)
        for layout in self.layouts["ties"]:
            for kind in _types(layout):
                self.expect((user, kind, user), "tie", layout)
        items = self.labels("items")
        if len(items) == 1:  # else which item label a type leads to shows row by row
            for layout in self.layouts["events"]:
                for kind in _types(layout):
                    self.expect((user, kind, items[0]), "behaviour", layout)


def _types(layout: Layout) -> list[str]:
    column = layout.one("type")
    if column is None:
        return [default_type(layout)]
    rows = islice(layout.table.rows(Discard()), SAMPLE)
    kinds = list(dict.fromkeys(type_name(layout, cells[column.position]) for _, cells in rows))
    check_types(layout, kinds)
    return kinds or [default_type(layout)]


def _labels(kind: NodeKind, layout: Layout) -> tuple[str, ...]:
    column = layout.one("label")
    if column is None:
        return (DEFAULT_LABEL[kind],)
    counts = Counter(first_label(cells[column.position]) for _, cells in layout.table.rows(Discard()))
    labels = [label for label, _ in counts.most_common() if label] or [DEFAULT_LABEL[kind]]
    return tuple(labels) if kind == "items" else (labels[0],)


def _shown(kind: Kind, column: Column) -> str:
    """What a plan says of where a column goes."""
    if column.role == "topics":
        return "TAGGED topics" if kind == "users" else "ABOUT topics"
    places = {"ignore": "", "label": "label", "type": "relationship type", "source": "start", "target": "end"}
    places |= {"parent": PARENT, "private": f"{column.property} (not loaded unless asked)"}
    return places.get(column.role, column.property)
