"""One export of the mapped graph: memory-mapped CSR and Parquet with a manifest; what learning reads instead of Bolt."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from sociogram.errors import InputError
from sociogram.graph.mapping import BEGUN, GraphMapping, NodeMapping, NodeRole, RelationshipMapping, RelationshipRole

if TYPE_CHECKING:
    import networkx as nx
    from torch_geometric.data import HeteroData

FORMAT = 1
NO_TIME = np.iinfo(np.int64).min  # of an edge or node without a time
Key = int | str
EdgeKey = tuple[str, str, str]  # source label, relationship type, target label


@dataclass(frozen=True)
class Nodes:
    """All nodes of one label in stable order (sorted by key); row numbers are what edges refer to."""

    mapping: NodeMapping
    table: pa.Table  # columns key, name, text, time (epoch ms), then the mapped properties by their own names

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def label(self) -> str:
        return self.mapping.label

    @property
    def role(self) -> NodeRole:
        return self.mapping.role

    @cached_property
    def keys(self) -> list[Key]:
        """Keys as the source spells and types them."""
        keys = self.table.column("key").to_pylist()
        return [json.loads(k) for k in keys] if self._mixed else keys

    @property
    def _mixed(self) -> bool:
        return (self.table.schema.field("key").metadata or {}).get(b"json") == b"1"

    @cached_property
    def names(self) -> list[str]:
        """A name for people: the mapped name, else the beginning of an item's text, else the key."""
        named = self.table.column("name").to_pylist()
        begun = (
            [text.split("\n")[0][:BEGUN] for text in self.texts] if self.mapping.role == "item" else [""] * len(named)
        )
        return [name or begin or str(key) for name, begin, key in zip(named, begun, self.keys, strict=True)]

    @cached_property
    def texts(self) -> list[str]:
        """The mapped text properties joined; empty where there are none."""
        return [text or "" for text in self.table.column("text").to_pylist()]

    @cached_property
    def times(self) -> NDArray[np.int64]:
        """Epoch milliseconds [n]; NO_TIME where unknown."""
        return np.asarray(self.table.column("time").fill_null(NO_TIME).to_numpy(), np.int64)

    @cached_property
    def row(self) -> dict[Key, int]:
        """Row number of each key."""
        return {key: i for i, key in enumerate(self.keys)}

    def column(self, name: str) -> list[Any]:
        """Values of one mapped property, None where missing."""
        return list(self.table.column(name).to_pylist())

    def numeric(self, name: str) -> NDArray[np.float64]:
        """A numeric property [n], NaN where missing."""
        return np.asarray(self.table.column(name).cast(pa.float64()).fill_null(float("nan")).to_numpy(), np.float64)


@dataclass(frozen=True)
class Edges:
    """One relationship type between two labels as CSR by source row; parallel edges are kept."""

    mapping: RelationshipMapping
    shape: tuple[int, int]
    indptr: NDArray[np.int64]  # [sources + 1]
    targets: NDArray[np.int32]  # [m] row of the target
    weight: NDArray[np.float32]  # [m]
    time: NDArray[np.int64]  # [m] epoch ms, NO_TIME where unknown
    items: NDArray[np.int32] | None = None  # [m] row of the item an interest was observed through, -1 unknown
    features: pa.Table | None = None  # [m] columns text (if mapped) and mapped numeric and categorical properties

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def key(self) -> EdgeKey:
        return self.mapping.key

    @property
    def role(self) -> RelationshipRole:
        return self.mapping.role

    @cached_property
    def sources(self) -> NDArray[np.int32]:
        """Row of the source, one per edge [m]."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self.indptr))

    @cached_property
    def texts(self) -> list[str] | None:
        """Text per edge, or None where the type has none."""
        if self.features is None or "text" not in self.features.column_names:
            return None
        return [text or "" for text in self.features.column("text").to_pylist()]

    def matrix(self, *, weighted: bool = True) -> sparse.csr_array:
        """Sparse [sources, targets]; parallel edges are summed, or counted as one where not `weighted`."""
        data = self.weight if weighted else np.ones(len(self), np.float32)
        matrix = sparse.csr_array((data, self.targets, self.indptr), shape=self.shape)
        matrix = sparse.csr_array(matrix, copy=True)
        matrix.sum_duplicates()
        if not weighted:
            matrix.data[:] = 1.0
        return matrix


@dataclass(frozen=True)
class Snapshot:
    """The mapped graph, on disk."""

    folder: Path
    manifest: Mapping[str, Any]
    mapping: GraphMapping
    nodes: Mapping[str, Nodes]
    edges: Mapping[EdgeKey, Edges]

    @property
    def hash(self) -> str:
        """Content hash: equal graphs under equal mappings have equal hashes."""
        return str(self.manifest["hash"])

    @property
    def users(self) -> Nodes:
        return self.nodes[self.mapping.user.label]

    def with_role(self, role: NodeRole) -> list[Nodes]:
        return [n for n in self.nodes.values() if n.role == role]

    def edges_with_role(self, role: RelationshipRole) -> list[Edges]:
        return [e for e in self.edges.values() if e.role == role]

    @classmethod
    def create(
        cls,
        folder: Path,
        mapping: GraphMapping,
        nodes: Mapping[str, pa.Table],
        edges: Mapping[EdgeKey, pa.Table],
    ) -> "Snapshot":
        """Write a snapshot from tables.

        Node tables have `key` and any of `name`, `text`, `time` (epoch ms) and mapped properties; edge tables have `source` and
        `target` (keys) and any of `weight`, `time`, `text`, `item` (key) and mapped properties. Edges whose ends are unknown
        are left out and counted in the manifest.
        """
        from sociogram.graph.snapshot_write import write_snapshot

        return write_snapshot(folder, mapping, nodes, edges)

    @classmethod
    def open(cls, folder: Path) -> "Snapshot":
        """Open a snapshot folder; arrays are memory-mapped. Raises InputError where it is not one."""
        try:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise InputError(
                f"{folder} is not a snapshot (no manifest.json). Make one with `sociogram snapshot DIR`."
            ) from None
        except ValueError as error:
            raise InputError(f"{folder}/manifest.json is damaged ({error}). Make the snapshot again.") from None
        if manifest.get("format") != FORMAT:
            raise InputError(f"{folder}: snapshot format {manifest.get('format')}, expected {FORMAT}. Make it again.")
        mapping = GraphMapping.parse(manifest["mapping"], f"{folder}/manifest.json")
        nodes = {
            e["label"]: Nodes(mapping.node(e["label"]), pq.read_table(folder / e["file"], memory_map=True))
            for e in manifest["nodes"]
        }
        by_key = {r.key: r for r in mapping.relationships}
        edges = {}
        for e in manifest["edges"]:
            key: EdgeKey = (e["source"], e["type"], e["target"])
            shape = (len(nodes[key[0]]), len(nodes[key[2]]))
            edges[key] = _open_edges(folder / e["folder"], by_key[key], shape)
        return cls(folder, manifest, mapping, nodes, edges)

    def to_hetero_data(self) -> "HeteroData":
        """As PyG HeteroData: `num_nodes` per label; `edge_index` [2, m], `edge_weight` [m], `edge_time` [m] per relation."""
        import torch
        from torch_geometric.data import HeteroData

        data = HeteroData()
        for label, n in self.nodes.items():
            data[label].num_nodes = len(n)
        for key, e in self.edges.items():
            data[key].edge_index = torch.from_numpy(np.stack([e.sources, e.targets]).astype(np.int64))
            data[key].edge_weight = torch.from_numpy(np.array(e.weight))
            data[key].edge_time = torch.from_numpy(np.array(e.time))
        return data

    def to_networkx(self) -> "nx.MultiDiGraph":
        """As a MultiDiGraph whose nodes are (label, key) with `name` and `text`, edges keyed by type with `weight`, `time`."""
        import networkx as nx

        graph = nx.MultiDiGraph()
        for label, n in self.nodes.items():
            graph.add_nodes_from(
                ((label, key), {"label": label, "name": name, "text": text})
                for key, name, text in zip(n.keys, n.names, n.texts, strict=True)
            )
        for (source, kind, target), e in self.edges.items():
            left, right = self.nodes[source].keys, self.nodes[target].keys
            for s, t, w, at in zip(
                e.sources.tolist(), e.targets.tolist(), e.weight.tolist(), e.time.tolist(), strict=True
            ):
                time = None if at == NO_TIME else at
                graph.add_edge((source, left[s]), (target, right[t]), type=kind, weight=w, time=time)
        return graph

    def to_pandas(self) -> dict[str, pd.DataFrame]:
        """One frame per label and one per `SOURCE-TYPE-TARGET`, ends as keys."""
        frames = {}
        for label, n in self.nodes.items():
            frame = n.table.to_pandas()
            frame["key"] = n.keys
            frames[label] = frame
        for (source, kind, target), e in self.edges.items():
            frame = pd.DataFrame(
                {
                    "source": np.asarray(self.nodes[source].keys, object)[e.sources],
                    "target": np.asarray(self.nodes[target].keys, object)[e.targets],
                    "weight": e.weight,
                    "time": pd.to_datetime(pd.Series(e.time).where(e.time != NO_TIME), unit="ms", utc=True),
                }
            )
            frames[f"{source}-{kind}-{target}"] = frame
        return frames


def _open_edges(folder: Path, mapping: RelationshipMapping, shape: tuple[int, int]) -> Edges:
    def array(name: str) -> Any:
        return np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)

    features = folder / "features.parquet"
    return Edges(
        mapping,
        shape,
        indptr=array("indptr"),
        targets=array("targets"),
        weight=array("weight"),
        time=array("time"),
        items=array("items") if (folder / "items.npy").exists() else None,
        features=pq.read_table(features, memory_map=True) if features.exists() else None,
    )


def content_hash(mapping: GraphMapping, nodes: Mapping[str, Nodes], edges: Mapping[EdgeKey, Edges]) -> str:
    """SHA-256 over mapping roles, node tables and edge arrays; what is written back does not enter."""
    digest = hashlib.sha256()

    def add(*parts: object) -> None:
        for part in parts:
            blob = part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode()
            digest.update(len(blob).to_bytes(8, "little"))
            digest.update(blob)

    for n in sorted(nodes.values(), key=lambda n: n.label):
        add(n.mapping, *(part for name in n.table.column_names for part in (name, n.table.column(name).to_pylist())))
    for key in sorted(edges):
        e = edges[key]
        add(e.mapping, np.asarray(e.indptr), np.asarray(e.targets), np.asarray(e.weight), np.asarray(e.time))
        if e.items is not None:
            add(np.asarray(e.items))
        if e.features is not None:
            add(*(part for name in e.features.column_names for part in (name, e.features.column(name).to_pylist())))
    add(mapping.user.label)
    return digest.hexdigest()


def now() -> str:
    """The time as it stands in manifests and run records."""
    return datetime.now(UTC).isoformat(timespec="seconds")
