"""How fast does a recommender get all vectors, next to reading the property over plain driver rows?

    python -m benchmarks.bench_embeddings [--users 100000] [--rounds 3]

The same published run both ways, in turns, every number compared. Ours reads the run's own files (once more in a process that has not read
them: `first`, with imports); the peer is `MATCH (n:User) RETURN n.id, n.embedding` into a NumPy array, as every tutorial does it. The server
is a managed one of its own, emptied first.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import neo4j
import numpy as np

from benchmarks import machine, save, show
from benchmarks.bench_publish import MAPPING, TOPICS, WIDTH, profiles
from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.graph.publish import publish
from sociogram.graph.schema import ensure_schema
from sociogram.graph.server import ManagedServer
from sociogram.graph.store import Store

QUERY = "MATCH (n:User) RETURN n.id AS id, n.embedding AS e"
RUN = "r1"


def main(arguments: list[str] | None = None) -> None:
    """Run, print, write results/embeddings.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments or [])
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        home.jars.symlink_to(Home.default().jars)
        server = ManagedServer(home)
        address = server.start()
        try:
            with neo4j.GraphDatabase.driver(
                address.uri, auth=(address.user, address.password), notifications_min_severity="OFF"
            ) as driver:
                _compare(driver, home, options.users, options.rounds)
        finally:
            server.stop()


def _compare(driver: neo4j.Driver, home: Home, users: int, rounds: int) -> None:
    store = Store(driver)
    ensure_schema(store, MAPPING)
    store.write_batches("UNWIND $rows AS row CREATE (:User {id: row.id})", [{"id": i} for i in range(users)])
    store.write("UNWIND range(0, $n - 1) AS i CREATE (:Topic {id: i, name: 'topic ' + i})", n=TOPICS)
    made = profiles(users, 1)
    made.tags = made.tags[:0]  # only vectors are read here
    publish(store, MAPPING, RUN, made, config={}, metrics={})
    run = home.runs / RUN
    made.save(run)
    (run / "run.json").write_text(f'{{"id": "{RUN}", "state": "finished"}}', encoding="utf-8")
    engine = Engine(store, mapping=MAPPING, home=home)
    seconds: dict[str, list[float]] = {"engine.embeddings": [], "driver rows": []}
    for _ in range(rounds):
        started = time.perf_counter()
        ours = engine.embeddings("User")
        seconds["engine.embeddings"].append(time.perf_counter() - started)
        started = time.perf_counter()
        with driver.session() as session:
            rows = [(row["id"], row["e"]) for row in session.run(QUERY)]
        ids, vectors = [i for i, _ in rows], np.asarray([e for _, e in rows], np.float32)
        seconds["driver rows"].append(time.perf_counter() - started)
        assert np.array_equal(ours.of(ids).vectors, vectors), "the files and the graph do not agree"
        assert len(ids) == len(ours) == users
    first = _first(home)
    table = [
        {"way": way, "seconds": median(s), "worst": max(s), "vectors/s": users / median(s)}
        for way, s in seconds.items()
    ]
    ratio = median(seconds["driver rows"]) / median(seconds["engine.embeddings"])
    show(f"{users:,} vectors of width {WIDTH} into NumPy, equal bit for bit", table)
    print(f"  {ratio:.1f} times as fast; from the files in a new process, imports included {first:.2f} s")
    save("embeddings", {"users": users, "rows": table, "ratio": ratio, "first_seconds": first, "machine": machine()})


def _first(home: Home) -> float:
    """Seconds of a new process that reads them from the run folder."""
    code = "import sys; from pathlib import Path; from sociogram.graph.embeddings import read_embeddings as r; r(Path(sys.argv[1]), 'User', 'r1')"
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, str(home.runs / RUN)], check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main(sys.argv[1:])
