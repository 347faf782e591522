"""Tables to a snapshot folder: stable node order, CSR by source, atomic rename at the end."""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sociogram.errors import InputError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.snapshot import FORMAT, NO_TIME, EdgeKey, Edges, Nodes, Snapshot, content_hash, now


def write_snapshot(
    folder: Path, mapping: GraphMapping, nodes: Mapping[str, pa.Table], edges: Mapping[EdgeKey, pa.Table]
) -> Snapshot:
    """See `Snapshot.create`; a folder that exists and is a snapshot is replaced, any other folder with content is refused."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "manifest.json").exists():
        raise InputError(f"{folder} holds other files. Name an empty or a new folder for the snapshot.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=folder.name + ".", dir=folder.parent))
    try:
        _write(staging, mapping, nodes, edges)
        if folder.exists():
            shutil.rmtree(folder)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Snapshot.open(folder)


def _write(
    folder: Path, mapping: GraphMapping, nodes: Mapping[str, pa.Table], edges: Mapping[EdgeKey, pa.Table]
) -> None:
    tables = {n.label: _node_table(n, nodes[n.label]) for n in mapping.nodes if n.role != "ignore" and n.label in nodes}
    done = {label: Nodes(mapping.node(label), table) for label, table in tables.items()}
    (folder / "nodes").mkdir()
    node_entries = []
    for i, (label, n) in enumerate(done.items()):
        pq.write_table(n.table, folder / f"nodes/{i}.parquet", compression="none")
        node_entries.append({"label": label, "role": n.role, "count": len(n), "file": f"nodes/{i}.parquet"})
    position = {label: pd.Index(pd.Series(n.keys, dtype=object)) for label, n in done.items()}
    done_edges: dict[EdgeKey, Edges] = {}
    edge_entries = []
    items = [label for label in mapping.labels("item") if label in done]
    for i, r in enumerate(r for r in mapping.relationships if r.role != "ignore" and r.key in edges):
        if r.source not in done or r.target not in done:
            continue
        e, dropped = _edges(r, edges[r.key], position, items)
        place = folder / f"edges/{i}"
        _save_edges(place, e)
        done_edges[r.key] = e
        entry = {"source": r.source, "type": r.type, "target": r.target, "role": r.role, "count": len(e)}
        edge_entries.append({**entry, "dropped": dropped, "folder": f"edges/{i}"})
    manifest = {
        "format": FORMAT,
        "hash": content_hash(mapping, done, done_edges),
        "createdAt": now(),
        "mapping": mapping.to_toml(),
        "nodes": node_entries,
        "edges": edge_entries,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")


def _node_table(n: NodeMapping, table: pa.Table) -> pa.Table:
    keys = table.column("key").to_pylist()
    if any(k is None for k in keys):
        raise InputError(
            f"{n.label}: {sum(k is None for k in keys)} nodes have no {n.key!r}, which the mapping says is their key."
        )
    order = sorted(range(len(keys)), key=lambda i: (isinstance(keys[i], str), keys[i]))
    if len(set(keys)) != len(keys):
        double = next(k for k, count in Counter(keys).items() if count > 1)
        raise InputError(
            f"{n.label}: {n.key} = {double!r} is there more than once; a key must be unique. Map another property."
        )
    table = table.take(pa.array(order, pa.int64())) if order else table
    columns: dict[str, pa.Array] = {"key": _key_column([keys[i] for i in order])}
    size = table.num_rows
    for name, kind in (("name", pa.string()), ("text", pa.string()), ("time", pa.int64())):
        columns[name] = table.column(name).cast(kind) if name in table.column_names else pa.nulls(size, kind)
    for name in n.numeric:
        columns[name] = _numbers(table, name, size)
    for name in n.categorical:
        columns[name] = _strings(table, name, size)
    for name, kind in n.predict.items():
        if kind == "number":
            columns[name] = _numbers(table, name, size)
        elif kind == "class":
            columns[name] = _strings(table, name, size)
        else:
            columns[name] = _lists(table, name, size)
    fields = [pa.field(name, column.type) for name, column in columns.items()]
    if any(isinstance(k, str) for k in keys) and any(not isinstance(k, str) for k in keys):
        fields[0] = fields[0].with_metadata({"json": "1"})
    return pa.table(list(columns.values()), schema=pa.schema(fields))


def _key_column(keys: list[Any]) -> pa.Array:
    if all(isinstance(k, str) for k in keys):
        return pa.array(keys, pa.string())
    if all(isinstance(k, int) for k in keys):
        return pa.array(keys, pa.int64())
    return pa.array([json.dumps(k, ensure_ascii=False) for k in keys], pa.string())


def _numbers(table: pa.Table, name: str, size: int) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(size, pa.float64())
    values = pd.to_numeric(pd.Series(table.column(name).to_pylist(), dtype=object), errors="coerce")
    return pa.array(values.to_numpy(np.float64, na_value=np.nan), pa.float64(), from_pandas=True)


def _strings(table: pa.Table, name: str, size: int) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(size, pa.string())
    return pa.array([None if v is None else str(v) for v in table.column(name).to_pylist()], pa.string())


def _lists(table: pa.Table, name: str, size: int) -> pa.Array:
    kind = pa.list_(pa.string())
    if name not in table.column_names:
        return pa.nulls(size, kind)
    values = table.column(name).to_pylist()
    return pa.array([v if v is None else [str(x) for x in (v if isinstance(v, list) else [v])] for v in values], kind)


def _rows(index: "pd.Index[Any]", keys: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(index.get_indexer(pd.Index(keys.to_pylist(), dtype=object)), np.int64)


def _edges(
    r: RelationshipMapping, table: pa.Table, position: Mapping[str, "pd.Index[Any]"], items: list[str]
) -> tuple[Edges, int]:
    source, target = (
        _rows(position[r.source], table.column("source")),
        _rows(position[r.target], table.column("target")),
    )
    size, names = table.num_rows, table.column_names
    weight = np.ones(size, np.float32)
    if "weight" in names:
        weight = np.asarray(table.column("weight").cast(pa.float64()).fill_null(1.0).to_numpy(), np.float32)
    time = np.full(size, NO_TIME, np.int64)
    if "time" in names:
        time = np.asarray(table.column("time").cast(pa.int64()).fill_null(NO_TIME).to_numpy(), np.int64)
    through = None
    if r.item and "item" in names and items:
        through = np.full(size, -1, np.int64)
        for label in items[:1]:  # an interest refers to the first item label
            through = _rows(position[label], table.column("item"))
    keep = np.flatnonzero((source >= 0) & (target >= 0))
    texts = table.column("text").to_pylist() if "text" in names else None
    ties = [weight[keep], time[keep], target[keep], source[keep]]
    if through is not None:
        ties.insert(0, through[keep])
    if texts is not None:  # parallel undated edges must come in the same order whatever order the database returns
        ties.insert(
            0, np.asarray(pc.rank(table.column("text").cast(pa.string()).fill_null(""), tiebreaker="dense"))[keep]
        )
    order = keep[np.lexsort(tuple(ties))]
    shape = (len(position[r.source]), len(position[r.target]))
    columns: dict[str, Any] = {}
    if texts is not None and r.text:
        columns["text"] = pa.array([texts[i] for i in order], pa.string())
    picked = table.take(pa.array(order, pa.int64()))
    columns.update({name: _numbers(picked, name, len(order)) for name in r.numeric})
    columns.update({name: _strings(picked, name, len(order)) for name in r.categorical})
    counts = np.bincount(source[order], minlength=shape[0]) if len(order) else np.zeros(shape[0], np.int64)
    edges = Edges(
        r,
        shape,
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        targets=target[order].astype(np.int32),
        weight=weight[order],
        time=time[order],
        items=None if through is None else through[order].astype(np.int32),
        features=pa.table(columns) if columns else None,
    )
    return edges, int(size - len(keep))


def _save_edges(folder: Path, e: Edges) -> None:
    folder.mkdir(parents=True)
    for name in ("indptr", "targets", "weight", "time", "items"):
        value = getattr(e, name)
        if value is not None:
            np.save(folder / f"{name}.npy", value, allow_pickle=False)
    if e.features is not None:
        pq.write_table(e.features, folder / "features.parquet", compression="none")
