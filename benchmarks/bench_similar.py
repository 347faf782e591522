"""How many of the k nearest come back under a filter, and how fast, next to Neo4j's own vector index as it comes?

    python -m benchmarks.bench_similar [--users 100000] [--queries 200] [--server VERSION] [--gds bolt://127.0.0.1:PORT]

Synthetic latent vectors of width 128 (rank 16, noise .3) are written with two tags, a tie and a view a user; integer properties keep 50, 10, 1 and .1 %
of the users. One client asks one question at a time, for random users; recall@10 is against exact NumPy. Ours is all of
`Engine.similar`, reasons included; the others are the bare query with the vector as a parameter. `cpu ms` is the processor time of server
and client for one question, which a busy machine changes less than the clock. Servers are managed ones of their own.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from numpy.typing import NDArray

from benchmarks import HERE, machine, save, show
from benchmarks.similar_gds import gds_rows
from sociogram.config import Home
from sociogram.graph.filters import ensure_range_indexes, filter_properties
from sociogram.graph.jars import CURRENT, LTS
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.schema import ensure_schema
from sociogram.graph.server import ManagedServer
from sociogram.graph.store import Store
from sociogram.graph.vector_index import create_index
from sociogram.queries.similar.find import SimilarUsers

WIDTH, RANK, K, WIDER = 128, 16, 10, 1_000
TOPICS, TAGS, TIES, VIEWS, ITEMS = 200, 2, 1, 1, 2_000
WARM = 25  # questions before those that count, of each method
WARM_SERVER = 1_500  # before the first method, as a server that has run for a while
PARTS = {"half": 2, "tenth": 10, "hundredth": 100, "thousandth": 1_000}
MAPPING = GraphMapping(
    (
        NodeMapping("User", "user", numeric=tuple(PARTS)),
        NodeMapping("Item", "item", name="title"),
        NodeMapping("Topic", "topic", name="name"),
    ),
    (
        RelationshipMapping("KNOWS", "User", "User", "tie"),
        RelationshipMapping("VIEWED", "User", "Item", "behaviour"),
        RelationshipMapping("TAGGED", "User", "Topic", "interest"),
    ),
)


@dataclass(frozen=True)
class World:
    """Vectors [users, width] of length 1, a table of properties, tags as pairs, ties and views as pairs."""

    unit: NDArray[np.float32]
    table: pd.DataFrame
    tags: pd.DataFrame
    ties: NDArray[np.int64]
    views: NDArray[np.int64]


class Truth:
    """The k nearest of some users by exact NumPy."""

    def __init__(self, w: World, users: Sequence[int]) -> None:
        self._place = {user: i for i, user in enumerate(users)}
        self._cosine = w.unit[list(self._place)] @ w.unit.T  # [asked, users]

    def nearest(self, user: int, mask: NDArray[np.bool_]) -> set[int]:
        """Among a mask, without the user."""
        rows = np.flatnonzero(mask)
        rows = rows[rows != user]
        cosine = self._cosine[self._place[user]][rows]
        best = rows[np.argpartition(-cosine, K - 1)[:K]] if len(rows) > K else rows
        return set(best.tolist())


@dataclass(frozen=True)
class Asked:
    """A filter as each side says it, and whom it keeps."""

    name: str
    where: dict[str, Any] | None
    mask: NDArray[np.bool_]
    cypher: str | None = None  # over n, for the bare queries: None where it is not asked of them


def world(users: int, seed: int = 0) -> World:
    """Reproducible; topics are as popular as 1 / rank, items likewise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(users, RANK)) @ rng.normal(size=(RANK, WIDTH)) + 0.3 * rng.normal(size=(users, WIDTH))
    unit = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    table = pd.DataFrame({"id": np.arange(users)} | {name: rng.integers(0, n, users) for name, n in PARTS.items()})
    popular = 1 / np.arange(1, TOPICS + 1)
    noisy = np.log(popular) + rng.gumbel(size=(users, TOPICS))
    topic = np.argsort(-noisy, axis=1)[:, :TAGS]
    tags = pd.DataFrame(
        {
            "user": np.repeat(np.arange(users), TAGS),
            "topic": topic.ravel(),
            "probability": rng.uniform(0.3, 1, users * TAGS),
        }
    )
    ties = np.stack([np.repeat(np.arange(users), TIES), rng.integers(0, users, users * TIES)], 1)
    item = (ITEMS * rng.random(users * VIEWS) ** 3).astype(np.int64)
    return World(unit, table, tags, ties, np.stack([np.repeat(np.arange(users), VIEWS), item], 1))


def questions(w: World) -> list[Asked]:
    """The filters of the table."""
    t, users = w.table, len(w.table)
    found = [Asked("none", None, np.ones(users, bool), "true")]
    found += [
        Asked(f"{name}: {1 / n:.1%}", {name: 1}, (t[name] == 1).to_numpy(), f"n.{name} = 1")
        for name, n in PARTS.items()
    ]
    found.append(Asked("a range of hundredth: 5 %", {"hundredth": {"gte": 10, "lt": 15}}, t["hundredth"].between(10, 14).to_numpy(), "n.hundredth >= 10 AND n.hundredth < 15"))  # fmt: skip
    found.append(Asked("five of hundredth: 5 %", {"hundredth": [3, 13, 23, 33, 43]}, (t["hundredth"] % 10 == 3).to_numpy() & (t["hundredth"] < 50).to_numpy(), "n.hundredth IN [3, 13, 23, 33, 43]"))  # fmt: skip
    for rank in (0, 20, 199):
        mask = np.zeros(users, bool)
        mask[w.tags.loc[w.tags["topic"] == rank, "user"]] = True
        found.append(Asked(f"tag: {mask.mean():.1%}", {"tag": f"topic {rank}"}, mask))
    odd = (t["tenth"] * t["hundredth"] % 7 == 3).to_numpy()
    found.append(Asked(f"Cypher, a sum: {odd.mean():.1%}", {"cypher": "u.tenth * u.hundredth % 7 = 3"}, odd))
    seen = np.zeros(users, bool)
    seen[w.views[w.views[:, 1] == 0, 0]] = True
    found.append(
        Asked(f"Cypher, EXISTS: {seen.mean():.1%}", {"cypher": "EXISTS { (u)-[:VIEWED]->(:Item {id: 0}) }"}, seen)
    )
    few = (t["tenth"] + 10 * t["hundredth"] == 505).to_numpy()
    found.append(Asked(f"Cypher, a sum: {few.mean():.1%}", {"cypher": "u.tenth + 10 * u.hundredth = 505"}, few))
    return found


def build(store: Store, w: World) -> dict[str, float]:
    """Write the graph with its profiles and index it as publishing does; seconds of each.

    Profiles are written batch by batch, not published in one transaction: a search does not see the difference.
    """
    ensure_schema(store, MAPPING)
    seconds = {}
    started = time.perf_counter()
    store.write("UNWIND range(0, $n - 1) AS i CREATE (:Topic {id: i, name: 'topic ' + i})", n=TOPICS)
    store.write("UNWIND range(0, $n - 1) AS i CREATE (:Item {id: i, title: 'item ' + i})", n=ITEMS)
    store.write("CREATE (:ProfileRun {id: 'r', state: 'live', startedAt: 'now'})")
    topic, score = (w.tags[name].to_numpy().reshape(-1, TAGS) for name in ("topic", "probability"))
    profiled = (
        {
            **row,
            "embedding": x.tolist(),
            "tags": [f"topic {t}" for t in ts],
            "tagScores": ps.tolist(),
            "profileRun": "r",
        }
        for row, x, ts, ps in zip(w.table.to_dict("records"), w.unit, topic, score, strict=True)
    )
    store.write_batches("UNWIND $rows AS row CREATE (u:User:Peer) SET u = row", profiled, size=2_000)
    interests = ({"a": int(u), "b": int(t), "s": s} for u, t, s in w.tags.itertuples(index=False))
    pairs = [(kind, label, ({"a": a, "b": b, "s": None} for a, b in found.tolist())) for kind, label, found in (("KNOWS", "User", w.ties), ("VIEWED", "Item", w.views))]  # fmt: skip
    for kind, label, rows in (*pairs, ("INTERESTED_IN", "Topic", interests)):
        link = f"UNWIND $rows AS row MATCH (a:User {{id: row.a}}) MATCH (b:{label} {{id: row.b}}) CREATE (a)-[r:{kind}]->(b)"
        also = " SET r.run = 'r', r.score = row.s" if kind == "INTERESTED_IN" else ""
        store.write_batches(link + also, rows, sessions=1)
    seconds["write"] = time.perf_counter() - started
    started = time.perf_counter()
    filters = filter_properties(store, MAPPING)
    create_index(store, "User", "embedding", WIDTH, 1_200, filters)
    ensure_range_indexes(store, "User", filters, 1_200)
    seconds["our indexes"] = time.perf_counter() - started
    return seconds


def build_peer(store: Store) -> float:
    """Seconds in which a second index is built over the same vectors, as Neo4j does unless told otherwise."""
    started = time.perf_counter()
    within = f"WITH [{', '.join(f'n.{p}' for p in PARTS)}] " if store.supports_search else ""
    store.auto(
        f"{'CYPHER 25 ' if within else ''}CREATE VECTOR INDEX peer FOR (n:Peer) ON n.embedding {within}"
        f"OPTIONS {{indexConfig: {{`vector.dimensions`: {WIDTH}, `vector.similarity_function`: 'cosine'}}}}"
    )
    store.auto("CALL db.awaitIndexes(1200)")
    return time.perf_counter() - started


class Clock:
    """Milliseconds by the clock, and of the processor in the server and here."""

    def __init__(self, server: int) -> None:
        self._server = psutil.Process(server)

    def processor(self) -> float:
        times = self._server.cpu_times()
        return 1_000 * (times.user + times.system + time.process_time())

    def measure(
        self, ask: Callable[[int], Sequence[int]], truth: Truth, asked: Asked, users: Sequence[int]
    ) -> dict[str, Any]:
        """p50 and p95, rows that came, recall@10 beside exact NumPy."""
        for user in users[:WARM]:
            ask(user)
        spent, found, before = [], [], self.processor()
        for user in users[WARM:]:
            started = time.perf_counter()
            found.append(ask(user))
            spent.append(1_000 * (time.perf_counter() - started))
        processor = (self.processor() - before) / len(spent)
        exact = [truth.nearest(user, asked.mask) for user in users[WARM:]]
        recall = np.mean([len(e & set(f)) / max(len(e), 1) for e, f in zip(exact, found, strict=True)])
        p50, p95 = np.percentile(spent, [50, 95]).tolist()
        rows = float(np.mean([len(f) for f in found]))
        return {"p50 ms": p50, "p95 ms": p95, "cpu ms": processor, "rows": rows, "recall@10": float(recall)}


def bare(store: Store, w: World, asked: Asked, wide: int | None) -> Callable[[int], list[int]]:
    """Neo4j's index as it comes, the filter in the search itself (`wide` None) or after the `wide` nearest."""
    if wide is None:
        inside = "" if asked.cypher == "true" else f"WHERE {asked.cypher} "
        text = f"CYPHER 25 MATCH (n:Peer) SEARCH n IN (VECTOR INDEX peer FOR $v {inside}LIMIT {K + 1}) SCORE AS score RETURN n.id AS id"
    else:
        text = (
            f"CALL db.index.vector.queryNodes('peer', {wide}, $v) YIELD node AS n, score WHERE {asked.cypher} "
            f"RETURN n.id AS id ORDER BY score DESC LIMIT {K + 1}"
        )

    def ask(user: int) -> list[int]:
        rows = store.read(text, v=w.unit[user].tolist())
        return [row["id"] for row in rows if row["id"] != user][:K]

    return ask


def measure(store: Store, clock: Clock, w: World, truth: Truth, users: Sequence[int]) -> list[dict[str, Any]]:
    """A row for each filter and method."""
    ours = SimilarUsers(store, MAPPING)
    for user in np.random.default_rng(2).choice(len(w.unit), WARM_SERVER).tolist():  # Java compiles what it runs often
        ours.find(user, K)
    asked_all = questions(w)
    for asked in asked_all:  # Java compiles what is used often
        for user in users[:WARM]:
            ours.find(user, K, asked.where)
    rows = []
    for asked in asked_all:
        plan = ours.find(int(users[0]), K, asked.where, explain=True).explained
        methods: dict[str, Callable[[int], list[int]]] = {
            f"sociogram ({plan.plan if plan else ''})": lambda user, a=asked: [  # type: ignore[misc]
                r.id for r in ours.find(user, K, a.where)
            ]
        }
        if asked.cypher is not None:
            if store.supports_search and " IN " not in asked.cypher:
                methods["Neo4j SEARCH ... WHERE, default index"] = bare(store, w, asked, None)
            methods |= {f"Neo4j default index, filter after {n:,}": bare(store, w, asked, n) for n in (K + 1, WIDER)}
        for method, ask in methods.items():
            rows.append({"filter": asked.name, "method": method, **clock.measure(ask, truth, asked, users)})
    return rows


def main(arguments: list[str] | None = None) -> None:
    """Run, print, write results/similar.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument(
        "--server", action="append", choices=(CURRENT, LTS, "none"), help="both of the two unless named"
    )
    parser.add_argument("--gds")
    options = parser.parse_args(arguments or [])
    w = world(options.users)
    asked_by = np.random.default_rng(1).choice(options.users, options.queries + WARM, replace=False).tolist()
    size = {"users": options.users, "queries": options.queries}
    result: dict[str, Any] = {**size, "servers": earlier(size)}
    result["exact NumPy"] = numpy_row(w, asked_by)
    truth = Truth(w, asked_by)
    for version in [name for name in options.server or (CURRENT, LTS) if name != "none"]:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "jars").symlink_to(Home.default().jars)
            server = ManagedServer(Home(Path(folder)), version)
            address = server.start()
            try:
                with Store.connect(address.uri, user=address.user, password=address.password) as store:
                    seconds = build(store, w) | {"the peer's index": build_peer(store)}
                    rows = measure(store, Clock(int(server.status().pid or 0)), w, truth, asked_by)
            finally:
                server.stop()
        result["servers"][version] = {"machine": machine(), "seconds": seconds, "rows": rows}
        show(f"Similar users, {options.users:,} x {WIDTH}, Neo4j {version}", rows)
        print("  seconds: " + ", ".join(f"{name} {s:.0f}" for name, s in seconds.items()))
        save("similar", result)
    if options.gds:
        result["GDS"] = gds_rows(options.gds, w.unit, truth, questions(w), asked_by)
        show("GDS filtered kNN", result["GDS"])
        save("similar", result)


def earlier(size: dict[str, int]) -> dict[str, Any]:
    """Servers that an earlier command has measured at the same size: two commands can share the work."""
    file = HERE / "results" / "similar.json"
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return dict(found["servers"]) if {name: found.get(name) for name in size} == size else {}


def numpy_row(w: World, users: Sequence[int]) -> dict[str, Any]:
    """One thread, all vectors in memory, no database: what nobody can be faster than by much."""
    spent = []
    for user in users:
        started = time.perf_counter()
        np.argpartition(-(w.unit @ w.unit[user]), K)
        spent.append(1_000 * (time.perf_counter() - started))
    p50, p95 = np.percentile(spent, [50, 95]).tolist()
    return {"p50 ms": p50, "p95 ms": p95}


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
