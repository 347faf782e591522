"""Made-up runs in which every value says which run it is of: what a reader sees can be told apart to the last property.

Also a publisher as a process of its own, which ends itself with -9 where it is told to:

    python tests/two_runs.py URI RUN USERS stage|flip|commit|part
"""

import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import neo4j
import numpy as np
import pandas as pd

from sociogram.graph.mapping import GraphMapping, NodeMapping
from sociogram.graph.profile import Profiles
from sociogram.graph.publish import publish
from sociogram.graph.publish_lock import LockTimes
from sociogram.graph.schema import ensure_schema
from sociogram.graph.store import Counters, Execute, Store

T = TypeVar("T")
STATEMENTS = 8  # of the flip that are done before somebody dies in it
PARTS = 5  # transactions: the lock, the beginning, parts of nodes; somebody dies in the last
COMMIT_S = 0.05  # within which somebody dies in a commit
WIDTH, TAGS, TOPICS, ITEMS, BEST = 16, 5, 40, 30, 4
MAPPING = GraphMapping(
    (
        NodeMapping("User", "user", name="name"),
        NodeMapping("Topic", "topic", name="name"),
        NodeMapping("Item", "item", name="title"),
    )
)
QUICK = LockTimes(beat=0.2, stale=5.0, poll=0.05)  # a busy machine can hold up a sign of life for seconds
NODE = (
    "MATCH (u:User) RETURN u.id AS id, u.profileRun AS run, u.embedding AS embedding, u.tags AS tags, u.tagScores AS scores, "
    "u.keywords AS keywords, COLLECT { MATCH (u)-[r:INTERESTED_IN]->(t:Topic) RETURN [t.name, r.score, r.run] ORDER BY r.score DESC } AS interests, "
    "COLLECT { MATCH (u)-[r:RECOMMENDED]->(i:Item) RETURN [i.id, r.score, r.run] ORDER BY r.rank } AS best ORDER BY id"
)
LEFT = "MATCH (n) WHERE any(key IN keys(n) WHERE key STARTS WITH 'next_') RETURN count(n) AS n"


def number(run: str) -> int:
    """2 of r2."""
    return int(run[1:])


def make_graph(store: Store, users: int) -> None:
    """Users, topics and items without ties."""
    ensure_schema(store, MAPPING)
    store.write("UNWIND range(0, $n - 1) AS i CREATE (:User {id: i, name: 'user ' + i})", n=users)
    store.write("UNWIND range(0, $n - 1) AS i CREATE (:Topic {id: i, name: 'topic ' + i})", n=TOPICS)
    store.write("UNWIND range(0, $n - 1) AS i CREATE (:Item {id: i, title: 'item ' + i})", n=ITEMS)


def profiles(run: str, users: int) -> Profiles:
    """Vectors, tags, keywords and recommendations that no other run has."""
    n = number(run)
    rng = np.random.default_rng(n)
    user = np.arange(users)
    topic = (7 * user[:, None] + 3 * n + np.arange(TAGS)) % TOPICS
    item = (5 * user[:, None] + 11 * n + np.arange(BEST)) % ITEMS
    tags = pd.DataFrame(
        {
            "user": np.repeat(user, TAGS),
            "topic": topic.ravel(),
            "topic_label": "Topic",
            "probability": np.tile(0.9 - np.arange(TAGS) / 10 + n / 1000, users).astype(np.float32),
            "shown": True,
            "observed": False,
        }
    )
    best = pd.DataFrame(
        {
            "user": np.repeat(user, BEST),
            "item": item.ravel(),
            "item_label": "Item",
            "rank": np.tile(np.arange(1, BEST + 1), users),
            "score": np.tile(9 - np.arange(BEST) + n / 100, users),
            "seen": False,
        }
    )
    keys: dict[str, list[int | str]] = {
        "User": list(range(users)),
        "Topic": list(range(TOPICS)),
        "Item": list(range(ITEMS)),
    }
    names = {
        "User": [f"user {k}" for k in keys["User"]],
        "Topic": [f"topic {k}" for k in keys["Topic"]],
        "Item": [f"item {k}" for k in keys["Item"]],
    }
    vectors = {label: rng.normal(size=(len(ks), WIDTH)).astype(np.float32) for label, ks in keys.items()}
    return Profiles("User", keys, names, vectors, tags, best, [[f"word {n}"]] * users)


def put(store: Store, run: str, users: int, **options: Any) -> None:
    """Publish one of the runs."""
    publish(
        store, MAPPING, run, profiles(run, users), config={}, metrics={}, **{"times": QUICK, "wait": 120.0, **options}
    )


def run_of(row: dict[str, Any], made: dict[str, Profiles]) -> str | None:
    """The run that everything on a node is of; None where it is of two, or not whole."""
    run = row["run"]
    if run not in made:
        return None
    tags = made[run].tags.iloc[TAGS * row["id"] : TAGS * (row["id"] + 1)]
    best = made[run].recommendations.iloc[BEST * row["id"] : BEST * (row["id"] + 1)]
    scores = [round(float(p), 4) for p in tags["probability"]]
    names = [f"topic {t}" for t in tags["topic"]]
    whole = (
        np.allclose(row["embedding"], made[run].embeddings["User"][row["id"]])
        and (row["tags"], row["scores"]) == (names, scores)
        and row["keywords"] == made[run].keywords[row["id"]]
        and row["interests"] == [[t, s, run] for t, s in zip(names, scores, strict=True)]
        and row["best"]
        == [[i, round(s, 4), run] for i, s in zip(best["item"].tolist(), best["score"].tolist(), strict=True)]
    )
    return run if whole else None


def runs_in(store: Store, users: int, *runs: str) -> list[str | None]:
    """The runs that the nodes are of, each once; None among them where a node is not whole."""
    made = {run: profiles(run, users) for run in runs}
    return sorted({run_of(row, made) for row in store.read(NODE)}, key=str)


class Small(Store):
    """A server that says it has no memory for one transaction: a run goes live in several."""

    def transaction_memory(self) -> int:
        """A byte."""
        return 1


class Doomed(Small):
    """A store in whose hands somebody dies: after a batch of the stage, between two statements of the flip, in its commit, or in one of its parts."""

    def __init__(self, driver: neo4j.Driver, where: str, kill: Callable[[], None]) -> None:
        super().__init__(driver, retry_s=1)
        self._where, self._kill, self._transactions = where, kill, 0

    def transaction_memory(self) -> int:
        """Little, where a part is where somebody dies."""
        return super().transaction_memory() if self._where == "part" else 2**40

    def write_batches(self, query: str, rows: Iterable[Any], *args: Any, **named: Any) -> Counters:
        """Stage, and die after the first label."""
        done = super().write_batches(query, rows, *args, **named)
        if self._where == "stage":
            self._kill()
        return done

    def transaction(self, unit: Callable[[Execute], T], before_commit: Callable[[], None] | None = None) -> T:
        """Flip, and die."""
        self._transactions += 1
        part = self._where == "part" and self._transactions == PARTS
        if before_commit is None and not part:  # not the flip
            return super().transaction(unit)

        def dying(execute: Execute) -> T:
            statements = 0

            def counted(query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
                nonlocal statements
                statements += 1
                if statements == (STATEMENTS if self._where == "flip" else 3 if part else 0):
                    self._kill()
                return execute(query, parameters)

            return unit(counted)

        def last() -> None:
            if before_commit is not None:
                before_commit()
            if self._where == "commit":
                threading.Timer(random.uniform(0, COMMIT_S), self._kill).start()

        return super().transaction(dying, last)


def main(uri: str, run: str, users: str, where: str) -> None:
    """Publish, and die at the given place."""
    with neo4j.GraphDatabase.driver(uri, auth=("neo4j", os.environ["NEO4J_PASSWORD"])) as driver:
        put(Doomed(driver, where, lambda: os.kill(os.getpid(), signal.SIGKILL)), run, int(users))


if __name__ == "__main__":
    main(*sys.argv[1:])
