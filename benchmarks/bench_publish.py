"""How fast are profiles published, next to neo4j-graphrag's `upsert_vectors`?

    python -m benchmarks.bench_publish [--users 10000] [--rounds 3] [--gds bolt://127.0.0.1:PORT]

The peer writes vectors only, in one transaction; ours stages vectors, tags with scores, keywords and INTERESTED_IN relationships and makes
them live in one transaction. Both sides write over an earlier publish, with their vector index online before and awaited after. The two take
turns; the ratio is of medians. With `--gds`, staging alone (vectors, tags and scores as properties that nobody sees yet) stands beside `gds.fastRP.write`,
which computes vectors in memory and writes them; that server has Graph Data Science, no password and no data that matter. Needs `pip install neo4j-graphrag`. The server is a managed one of its own, emptied first.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import neo4j
import numpy as np
import pandas as pd

from benchmarks import SkippedError, machine, save, show
from benchmarks.publish_watch import Watch
from sociogram.config import Home
from sociogram.graph.mapping import GraphMapping, NodeMapping
from sociogram.graph.profile import Profiles
from sociogram.graph.publish import publish
from sociogram.graph.schema import ensure_schema
from sociogram.graph.server import Address, ManagedServer
from sociogram.graph.store import Store
from sociogram.graph.vector_index import create_index

WIDTH, TAGS, TOPICS = 128, 10, 200
MAPPING = GraphMapping((NodeMapping("User", "user"), NodeMapping("Topic", "topic", name="name")))


def main(arguments: list[str] | None = None) -> None:
    """Run, print, write results/publish.json."""
    try:
        from neo4j_graphrag.indexes import upsert_vectors
    except ImportError:
        raise SkippedError("neo4j-graphrag is not installed; pip install neo4j-graphrag") from None
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gds")
    options = parser.parse_args(arguments or [])
    peer = fast_rp(options.gds, options.users, options.rounds) if options.gds else []
    with (
        own_server() as (address, _),
        neo4j.GraphDatabase.driver(
            address.uri, auth=(address.user, address.password), notifications_min_severity="OFF"
        ) as driver,
    ):
        compare(driver, upsert_vectors, options.users, options.rounds, peer)


@contextmanager
def own_server() -> Iterator[tuple[Address, Path]]:
    """A managed Neo4j of its own, empty, and its folder; both are gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "jars").symlink_to(Home.default().jars)
        server = ManagedServer(Home(root))
        try:
            yield server.start(), root
        finally:
            server.stop()


def fast_rp(uri: str, users: int, rounds: int) -> list[float]:
    """Seconds of `gds.fastRP.write` over nodes with five random relationships each, computing included; the first call warms up."""
    seconds = []
    with neo4j.GraphDatabase.driver(uri, auth=None, notifications_min_severity="OFF") as driver:
        ask = driver.execute_query
        try:
            ask("UNWIND range(0, $n - 1) AS i CREATE (:SociogramBenchmark {id: i})", n=users)
            ask("CREATE INDEX sociogram_benchmark IF NOT EXISTS FOR (n:SociogramBenchmark) ON (n.id)")
            ask("CALL db.awaitIndexes(300)")
            pairs = np.random.default_rng(0).integers(0, users, (5 * users, 2)).tolist()
            for start in range(0, len(pairs), 10_000):
                ask(
                    "UNWIND $pairs AS p MATCH (a:SociogramBenchmark {id: p[0]}) MATCH (b:SociogramBenchmark {id: p[1]}) CREATE (a)-[:NEAR]->(b)",
                    pairs=pairs[start : start + 10_000],
                )
            ask("CALL gds.graph.project('sociogram', 'SociogramBenchmark', {NEAR: {orientation: 'UNDIRECTED'}})")
            for turn in range(rounds + 1):
                started = time.monotonic()
                ask(
                    "CALL gds.fastRP.write('sociogram', {embeddingDimension: $d, randomSeed: $seed, writeProperty: 'e'}) "
                    "YIELD nodePropertiesWritten RETURN nodePropertiesWritten",
                    d=WIDTH,
                    seed=turn,
                )
                seconds.append(time.monotonic() - started)
        finally:
            ask("CALL gds.graph.drop('sociogram', false)")
            with driver.session() as session:  # its transactions are its own
                session.run(
                    "MATCH (n:SociogramBenchmark) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"
                ).consume()
            ask("DROP INDEX sociogram_benchmark IF EXISTS")
    return seconds[1:]


def compare(driver: neo4j.Driver, upsert_vectors: Any, users: int, rounds: int, fast_rp: list[float]) -> None:
    """Alternate the two, after a warm-up of each."""
    store = Store(driver)
    ensure_schema(store, MAPPING)
    store.write_batches(
        "UNWIND $rows AS row CREATE (:User {id: row.id}) CREATE (:Peer {id: row.id})", [{"id": i} for i in range(users)]
    )
    store.write("UNWIND range(0, $n - 1) AS i CREATE (:Topic {id: i, name: 'topic ' + i})", n=TOPICS)
    ids = [row["e"] for row in store.read("MATCH (n:Peer) RETURN elementId(n) AS e ORDER BY n.id")]
    create_index(store, "Peer", "embedding", WIDTH, 600)
    seconds: dict[str, list[float]] = {"sociogram": [], "neo4j-graphrag upsert_vectors": [], "sociogram, staging": []}
    for turn in range(rounds + 1):
        made = profiles(users, turn)
        started, watch = time.monotonic(), Watch()
        publish(store, MAPPING, f"r{turn}", made, config={}, metrics={}, progress=watch)
        ours = time.monotonic() - started
        vectors = made.embeddings["User"].tolist()
        started = time.monotonic()
        upsert_vectors(driver, ids, "embedding", vectors)
        store.auto("CALL db.awaitIndexes(600)")
        theirs = time.monotonic() - started
        if turn:  # the first turn warms up and builds the indexes
            seconds["sociogram"].append(ours)
            seconds["neo4j-graphrag upsert_vectors"].append(theirs)
            seconds["sociogram, staging"].append(watch.staged - watch.began)
    if fast_rp:
        seconds["GDS fastRP.write"] = fast_rp
    rows = [
        {"method": name, "nodes/s": users / median(s), "seconds": median(s), "worst": max(s)}
        for name, s in seconds.items()
    ]
    ratio = rows[0]["nodes/s"] / rows[1]["nodes/s"]
    show(f"Publishing {users:,} profiles of width {WIDTH}, ours with {TAGS} tags and INTERESTED_IN each", rows)
    print(f"  ratio {ratio:.2f}")
    result = {"users": users, "rounds": rounds, "machine": machine(), "rows": rows, "ratio": ratio}
    if fast_rp:
        result["staging beside fastRP.write"] = rows[2]["nodes/s"] / rows[3]["nodes/s"]
        print(f"  staging beside fastRP.write {result['staging beside fastRP.write']:.2f}")
    save("publish", result)


def profiles(users: int, seed: int) -> Profiles:
    """Random vectors and ten tags a user."""
    rng = np.random.default_rng(seed)
    tags = pd.DataFrame(
        {
            "user": np.repeat(np.arange(users), TAGS),
            "topic": np.argsort(rng.random((users, TOPICS)), axis=1)[:, :TAGS].ravel(),
            "topic_label": "Topic",
            "probability": rng.random(users * TAGS).astype(np.float32),
            "shown": True,
            "observed": False,
        }
    )
    none = pd.DataFrame(
        {name: [] for name in ("user", "item", "item_label", "rank", "score")} | {"seen": np.zeros(0, bool)}
    )
    keys: dict[str, list[int | str]] = {"User": list(range(users)), "Topic": list(range(TOPICS))}
    vectors = {"User": rng.normal(size=(users, WIDTH)).astype(np.float32)}
    names = {"User": [str(k) for k in keys["User"]], "Topic": [f"topic {k}" for k in keys["Topic"]]}
    return Profiles("User", keys, names, vectors, tags, none, [["some", "words"]] * users)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
