"""The mapped graph, read once over Bolt into a snapshot."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from sociogram.errors import MappingError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.schema import quote
from sociogram.graph.snapshot import EdgeKey, Snapshot
from sociogram.graph.store import Store
from sociogram.progress import SILENT, Progress, Stage

CHUNK = 20_000  # rows that are held as Python objects before they become Arrow
EARLIEST_MS = (
    100_000_000_000  # an epoch integer below this is in seconds (in milliseconds it would be before March 1973)
)


def export(store: Store, mapping: GraphMapping, folder: Path, progress: Progress = SILENT) -> Snapshot:
    """Write the mapped part of the graph as a snapshot; labels and types that the database lacks are left out.

    Raises MappingError where a key is missing, double or neither a string nor an integer.
    """
    wanted = [n for n in mapping.nodes if n.role != "ignore"]
    links = [r for r in mapping.relationships if r.role != "ignore"]
    counts = _counts(store, wanted, links)
    nodes: dict[str, pa.Table] = {}
    edges: dict[EdgeKey, pa.Table] = {}
    with progress.stage("snapshot", sum(counts.values()), "rows") as stage:
        for n in wanted:
            nodes[n.label] = _nodes(store, n, stage)
        for r in links:
            edges[r.key] = _edges(store, r, mapping, stage)
    return Snapshot.create(folder, mapping, nodes, edges)


def _counts(store: Store, nodes: list[NodeMapping], links: list[RelationshipMapping]) -> dict[str, int]:
    counts = {n.label: store.read(f"MATCH (n:{quote(n.label)}) RETURN count(*) AS n")[0]["n"] for n in nodes}
    for kind in {r.type for r in links}:
        counts[f"[{kind}]"] = store.read(f"MATCH ()-[r:{quote(kind)}]->() RETURN count(*) AS n")[0]["n"]
    return counts


def epoch_millis(expression: str) -> str:
    """Cypher that reads DATETIME, DATE, LOCAL DATETIME or an epoch INTEGER (seconds or milliseconds) as epoch milliseconds."""
    return (
        f"CASE WHEN {expression} IS NULL THEN null"
        f" WHEN {expression} IS :: ZONED DATETIME THEN {expression}.epochMillis"
        f" WHEN {expression} IS :: INTEGER THEN CASE WHEN abs({expression}) < {EARLIEST_MS} THEN {expression} * 1000 ELSE {expression} END"
        f" WHEN {expression} IS :: DATE THEN datetime({{date: {expression}}}).epochMillis"
        f" WHEN {expression} IS :: LOCAL DATETIME THEN datetime({{datetime: {expression}}}).epochMillis"
        f" ELSE null END"
    )


def _nodes(store: Store, n: NodeMapping, stage: Stage) -> pa.Table:
    columns = [f"n.{quote(n.key)} AS key"]
    columns.append(f"n.{quote(n.name)} AS name" if n.name else "null AS name")
    columns.append(f"[{', '.join(f'n.{quote(p)}' for p in n.text)}] AS text")
    columns.append(f"{epoch_millis(f'n.{quote(n.time)}') if n.time else 'null'} AS time")
    extra = (*n.numeric, *n.categorical, *n.predict)
    columns += [f"n.{quote(p)} AS {quote('p:' + p)}" for p in extra]
    fields = {"key": None, "name": pa.string(), "text": pa.string(), "time": pa.int64()}
    rows = store.stream(f"MATCH (n:{quote(n.label)}) RETURN {', '.join(columns)}")
    read: dict[str, list[Any]] = {name: [] for name in (*fields, *extra)}
    for i, row in enumerate(rows, 1):
        read["key"].append(_key(row["key"], n))
        read["name"].append(None if row["name"] is None else str(row["name"]))
        read["text"].append(join_texts(row["text"]))
        read["time"].append(row["time"])
        for name in extra:
            read[name].append(_plain(row["p:" + name], n.predict.get(name) == "multilabel"))
        if i % CHUNK == 0:
            stage.advance(CHUNK, n.label)
    stage.advance(len(read["key"]) % CHUNK, n.label)
    return _table(read, n.numeric)


def _edges(store: Store, r: RelationshipMapping, mapping: GraphMapping, stage: Stage) -> pa.Table:
    source, target = mapping.node(r.source), mapping.node(r.target)
    columns = [f"a.{quote(source.key)} AS source", f"b.{quote(target.key)} AS target"]
    read: dict[str, list[Any]] = {"source": [], "target": []}
    if r.weight:
        columns.append(f"r.{quote(r.weight)} AS weight")
        read["weight"] = []
    if r.time:
        columns.append(f"{epoch_millis(f'r.{quote(r.time)}')} AS time")
        read["time"] = []
    if r.text:
        columns.append(f"[{', '.join(f'r.{quote(p)}' for p in r.text)}] AS text")
        read["text"] = []
    if r.item:
        columns.append(f"r.{quote(r.item)} AS item")
        read["item"] = []
    extra = (*r.numeric, *r.categorical)
    columns += [f"r.{quote(p)} AS {quote('p:' + p)}" for p in extra]
    read.update({p: [] for p in extra})
    query = (
        f"MATCH (a:{quote(r.source)})-[r:{quote(r.type)}]->(b:{quote(r.target)}) "
        f"WHERE a.{quote(source.key)} IS NOT NULL AND b.{quote(target.key)} IS NOT NULL RETURN {', '.join(columns)}"
    )
    clean = {"weight": _weight, "text": join_texts}
    size = 0
    for row in store.stream(query):
        for name, values in read.items():
            value = row[name if name not in extra else "p:" + name]
            values.append(clean[name](value) if name in clean else _plain(value, False))
        size += 1
        if size % CHUNK == 0:
            stage.advance(CHUNK, r.type)
    stage.advance(size % CHUNK, r.type)
    return _table(read, r.numeric)


def _table(read: dict[str, list[Any]], numeric: Iterable[str]) -> pa.Table:
    columns = {}
    for name, values in read.items():
        if name in numeric:
            columns[name] = pa.array([_number(v) for v in values], pa.float64())
        elif name in ("time", "weight"):
            columns[name] = pa.array(values, pa.int64() if name == "time" else pa.float64())
        elif name in ("key", "source", "target", "item"):
            columns[name] = pa.array(values, _key_type(name, values))
        elif name in ("name", "text"):
            columns[name] = pa.array(values, pa.string())
        else:
            columns[name] = pa.array([v if v is None or isinstance(v, list) else str(v) for v in values])
    return pa.table(columns)


def _key_type(name: str, values: list[Any]) -> pa.DataType:
    kinds = {type(v) for v in values if v is not None}
    if len(kinds) > 1:
        found = " and ".join(sorted(kind.__name__ for kind in kinds))
        raise MappingError(
            f"keys of one label must be of one type; the {name} values are {found}. Map another property as key."
        )
    return pa.int64() if kinds == {int} else pa.string()


def join_texts(values: Iterable[Any]) -> str:
    """Text properties as one text: each once, in order, one a line; lists are joined by commas."""
    parts = []
    for value in values:
        text = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
        if text.strip():
            parts.append(text.strip())
    return "\n".join(dict.fromkeys(parts))


def _key(value: Any, n: NodeMapping) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        came = "nothing" if value is None else f"{type(value).__name__} {value!r}"
        raise MappingError(
            f"{n.label}.{n.key} is mapped as the key, but a node has {came} there. A key is a string or an integer that every "
            f"node has. Map another property: sociogram inspect > graph.toml"
        )
    return value


def _weight(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and number >= 0 else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool | int | float):
        return float(value) if math.isfinite(value) else None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _plain(value: Any, many: bool) -> Any:
    """Values as Arrow takes them: lists stay lists where many labels are expected, other types become text."""
    if isinstance(value, list):
        return [str(v) for v in value] if many else ", ".join(map(str, value))
    if many:
        return None if value is None else [str(value)]
    return (
        value if value is None or (isinstance(value, int | float | str) and not isinstance(value, bool)) else str(value)
    )
