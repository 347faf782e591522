"""A networkx graph as a source, through the same tables as CSV."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sociogram.errors import InputError
from sociogram.loaders.columns import Kind, Overrides
from sociogram.loaders.readers import Row, Table
from sociogram.loaders.source import Provenance, Quarantine
from sociogram.loaders.tables import TableSource

if TYPE_CHECKING:
    import networkx as nx

_KIND_ATTRIBUTES = ("label", "type", "kind", "bipartite")
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("item", "items", "post", "product", "movie", "artist", "book", "article", "1"), "items"),
    **dict.fromkeys(("topic", "topics", "tag", "tags", "category", "genre"), "topics"),
}


_EDGES: dict[tuple[Kind, Kind], str] = {
    ("users", "users"): "ties",
    ("users", "items"): "events",
    ("users", "topics"): "topics",
    ("items", "topics"): "topics",
    ("topics", "topics"): "topics",
}
_NODES: tuple[Kind, ...] = ("users", "items", "topics")
_LINKS: tuple[Kind, ...] = ("ties", "events")

Edge = tuple[Hashable, Hashable, Mapping[str, Any]]


def networkx(
    graph: "nx.Graph", *, columns: Overrides | None = None, provenance: Provenance = "internal"
) -> TableSource:
    """A Graph, DiGraph or their multigraphs; node and edge attributes are understood as columns of a CSV are.

    A node's `label`, `type`, `kind` or `bipartite` says whether it is an item (`item`, `product`, ..., 1) or a topic (`topic`,
    `tag`, ...); every other node is a user. An edge between users is a tie (in both directions where the graph is
    undirected), user-item a behaviour, item-topic ABOUT, user-topic TAGGED, topic-topic the first one's parent; edges between
    items are put aside. Keys are integers or text as in the graph, anything else becomes text.
    """
    kinds = {node: _kind(attributes) for node, attributes in graph.nodes(data=True)}
    if not kinds:
        raise InputError("the networkx graph has no nodes; expected at least one.")
    edges: dict[str, list[Edge]] = {"ties": [], "events": [], "topics": [], "aside": []}
    for source, target, attributes in graph.edges(data=True):
        ends: tuple[Hashable, Hashable] = (source, target)
        if (kinds[source], kinds[target]) in (("items", "users"), ("topics", "users"), ("topics", "items")):
            ends = (target, source)
        kind = _EDGES.get((kinds[ends[0]], kinds[ends[1]]), "aside")
        edges[kind].append((*ends, attributes))
        if kind == "ties" and not graph.is_directed() and source != target:
            edges[kind].append((target, source, attributes))
    told: dict[Hashable, list[str]] = {}
    for node, topic, _ in edges["topics"]:
        told.setdefault(node, []).append(str(_key(topic)))
    tables: dict[Kind, list[Table]] = {}
    for of in _NODES:
        rows = [_node_row(node, a, told, of) for node, a in graph.nodes(data=True) if kinds[node] == of]
        if rows:
            tables[of] = [MappingTable(f"networkx {of}", rows)]
    for which in _LINKS:
        rows = [{"source": _key(s), "target": _key(t), **_attributes(a)} for s, t, a in edges[which]]
        aside = [{"source": _key(s), "target": _key(t)} for s, t, _ in edges["aside"]] if which == "events" else []
        if rows or aside:
            tables[which] = [MappingTable(f"networkx {which}", rows, aside)]
    return TableSource(tables, name="networkx", provenance=provenance, columns=columns)


def read_graph(path: Path | str) -> "nx.Graph":
    """A GraphML, GEXF or edge list file (by its suffix) as a networkx graph; InputError where it is not one."""
    import networkx as nx

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected GraphML, GEXF or an edge list.")
    try:
        if path.suffix.lower() == ".graphml":
            return nx.read_graphml(path)
        if path.suffix.lower() == ".gexf":
            return nx.read_gexf(path)
        return nx.read_edgelist(path, delimiter="," if path.suffix.lower() == ".csv" else None)
    except (nx.NetworkXException, ValueError, TypeError, SyntaxError, KeyError) as error:
        raise InputError(
            f"{path} is not a readable graph file ({error}); expected GraphML, GEXF or an edge list."
        ) from None


@dataclass(frozen=True)
class MappingTable:
    """Rows as dicts; `aside` are rows that are rejected as such."""

    name: str
    records: list[dict[str, Any]]
    aside: Sequence[dict[str, Any]] = ()

    @property
    def columns(self) -> list[str]:
        named = dict.fromkeys(name for record in (*self.records, *self.aside) for name in record)
        return list(named)

    def rows(self, quarantine: Quarantine) -> Iterator[Row]:
        """Cells in the order of the columns, None where a record lacks one."""
        columns = self.columns
        quarantine.read += len(self.records) + len(self.aside)
        for record in self.aside:
            quarantine.reject(self.name, None, None, "edge between two items", record)
        for line, record in enumerate(self.records, 1):
            yield line, [record.get(name) for name in columns]


def _kind(attributes: Mapping[str, Any]) -> Kind:
    for name in _KIND_ATTRIBUTES:
        kind = _KINDS.get(str(attributes.get(name, "")).lower())
        if kind is not None:
            return kind
    return "users"


def _key(node: Hashable) -> int | str:
    return node if isinstance(node, int | str) and not isinstance(node, bool) else str(node)


def _node_row(
    node: Hashable, attributes: Mapping[str, Any], told: Mapping[Hashable, list[str]], kind: Kind
) -> dict[str, Any]:
    row = {"id": _key(node), **_attributes(attributes)}
    for name in _KIND_ATTRIBUTES:
        if str(row.get(name, "")).lower() in (*_KINDS, "user", "users", "person", "0"):
            del row[name]
    if node in told:
        row["parent" if kind == "topics" else "topics"] = told[node]
    return row


def _attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes by name as text, without names that the row itself uses."""
    return {str(name): value for name, value in attributes.items() if str(name) not in ("id", "source", "target")}
