"""A source straight into a snapshot, without a database: for benchmarks of learning."""

from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from sociogram.graph.export import join_texts
from sociogram.graph.snapshot import Snapshot
from sociogram.loaders.source import NodeBatch, Quarantine, Source


def snapshot(source: Source, folder: Path) -> Snapshot:
    """The same snapshot that loading and exporting gives."""
    nodes: dict[str, list[dict[str, Any]]] = defaultdict(list)
    edges: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    with Quarantine(folder.with_suffix(".rejected.parquet")) as quarantine:
        for batch in source.batches(quarantine):
            if isinstance(batch, NodeBatch):
                nodes[batch.label] += batch.rows
            else:
                edges[batch.source, batch.type, batch.target] += batch.rows
    mapping = source.mapping
    tables = {}
    for n in mapping.nodes:
        rows = [
            {
                "key": row[n.key],
                "name": row.get(n.name) if n.name else None,
                "text": join_texts([row.get(p) for p in n.text]),
                "time": _millis(row.get(n.time)) if n.time else None,
                **{p: row.get(p) for p in (*n.numeric, *n.categorical, *n.predict)},
            }
            for row in nodes[n.label]
        ]
        tables[n.label] = pa.Table.from_pylist(rows)
    links = {}
    for r in mapping.relationships:
        rows = [
            {
                "source": row["source"],
                "target": row["target"],
                "weight": row.get(r.weight) if r.weight else None,
                "time": _millis(row.get(r.time)) if r.time else None,
                **({"text": join_texts([row.get(p) for p in r.text])} if r.text else {}),
                **({"item": row.get(r.item)} if r.item else {}),
                **{p: row.get(p) for p in (*r.numeric, *r.categorical)},
            }
            for row in edges[r.key]
        ]
        if rows:
            links[r.key] = pa.Table.from_pylist(rows)
    return Snapshot.create(folder, mapping, tables, links)


def _millis(value: Any) -> int | None:
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else value
