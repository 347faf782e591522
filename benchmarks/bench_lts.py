"""The same work on the LTS and on the current Neo4j: schema, load, read, publish-like writes, a vector index.

Run: python -m benchmarks.bench_lts [rows]
Each figure is rows per second; every count is checked, so that this is also the proof that the LTS is served.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sociogram.config import Home
from sociogram.graph.jars import CURRENT, LTS
from sociogram.graph.mapping import default_mapping
from sociogram.graph.schema import ensure_schema
from sociogram.graph.server import ManagedServer
from sociogram.graph.store import Store
from sociogram.graph.vector_index import create_index

WIDTH = 128
NEIGHBOURS = 10


def main(rows: int = 20_000) -> None:
    """Print one table."""
    results = {version: _measure(version, rows) for version in (LTS, CURRENT)}
    print(f"{'rows/s':<22}" + "".join(f"{version:>14}" for version in results))
    for name in results[CURRENT]:
        print(f"{name:<22}" + "".join(f"{figures[name]:>14,.0f}" for figures in results.values()))


def _measure(version: str, rows: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        jars = Home.default().jars
        jars.mkdir(parents=True, exist_ok=True)
        (Path(folder) / "jars").symlink_to(jars)
        server = ManagedServer(Home(Path(folder)), version)
        try:
            address = server.start()
            with Store.connect(address.uri, user=address.user, password=address.password) as store:
                return _work(store, rows)
        finally:
            server.stop()


def _work(store: Store, rows: int) -> dict[str, float]:
    ensure_schema(store, default_mapping())
    vectors = np.random.default_rng(0).normal(size=(rows, WIDTH)).astype(np.float32)
    users = [{"id": str(i), "bio": f"user {i} likes topic {i % 24}"} for i in range(rows)]
    ties = [{"a": str(i), "b": str((i * 7 + 1) % rows)} for i in range(rows)]
    figures = {
        "load users": _rate(
            rows, lambda: store.write_batches("UNWIND $rows AS row MERGE (u:User {id: row.id}) SET u += row", users)
        ),
        "load ties": _rate(
            rows,
            lambda: store.write_batches(
                "UNWIND $rows AS row MATCH (a:User {id: row.a}), (b:User {id: row.b}) MERGE (a)-[k:KNOWS]->(b) SET k.weight = 1.0",
                ties,
                sessions=1,
            ),
        ),
        "read ties": _rate(
            rows, lambda: list(store.stream("MATCH (a:User)-[k:KNOWS]->(b:User) RETURN a.id, b.id, k.weight"))
        ),
        "publish vectors": _rate(rows, lambda: _publish(store, vectors)),
        "index vectors": _rate(rows, lambda: create_index(store, "User", "embedding", WIDTH, 600)),
    }
    counts = store.read(
        "MATCH (u:User) WHERE size(u.embedding) = $width RETURN count(*) AS n, count { ()-[:KNOWS]->() } AS k",
        width=WIDTH,
    )
    assert counts == [{"n": rows, "k": rows}], counts
    found = store.read(
        "CALL db.index.vector.queryNodes('sociogram_vector_User', $k, $v) YIELD node RETURN node.id AS id",
        k=NEIGHBOURS,
        v=vectors[0].tolist(),
    )
    assert found[0]["id"] == "0", found
    assert len(found) == NEIGHBOURS, found
    return figures


def _publish(store: Store, vectors: np.ndarray) -> None:
    import neo4j.vector

    value = "toFloatList(row.e)" if store.vector_parameters else "row.e"
    prefix = "CYPHER 25 " if store.vector_parameters else ""
    rows = (
        {
            "id": str(i),
            "e": neo4j.vector.Vector.from_numpy(v) if store.vector_parameters else v.tolist(),
            "tags": ["a", "b"],
        }
        for i, v in enumerate(vectors)
    )
    query = f"{prefix}UNWIND $rows AS row MATCH (u:User {{id: row.id}}) SET u.embedding = {value}, u.tags = row.tags"
    store.write_batches(query, rows, size=2_000)


def _rate(rows: int, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return rows / (time.perf_counter() - started)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
