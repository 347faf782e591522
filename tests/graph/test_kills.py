"""The server or the publisher killed with -9 in the middle of a load and of a publish: the command says so, and running it again ends well."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import neo4j
import psutil
import pytest
import two_runs
from running import empty
from two_runs import LEFT, MAPPING, Doomed, Small, make_graph, put, runs_in

from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.errors import DatabaseUnavailable, PublishError
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.publish_lock import LOCK_LABEL, flip_state
from sociogram.graph.publish_runs import live_run, published_runs
from sociogram.graph.server import ManagedServer
from sociogram.graph.store import Store
from sociogram.loaders import demo
from sociogram.loaders.load import load
from sociogram.loaders.source import Batch, Quarantine
from sociogram.queries.ask import Asker
from sociogram.queries.similar.find import SimilarUsers

USERS = 800
LATER = f"MATCH (lock:{LOCK_LABEL} {{id: 'publish'}}) SET lock.beat = lock.beat - 60000"  # a minute passes
KINDS = "MATCH (n) RETURN labels(n)[0] AS l, count(*) AS n ORDER BY l"
TYPES = "MATCH ()-[r]->() RETURN type(r) AS t, count(*) AS n ORDER BY t"


@contextmanager
def impatient(server: ManagedServer) -> Iterator[Store]:
    """A store that gives up soon, so that the test does not wait for a minute of retries."""
    address = server.start()
    auth = (address.user, address.password)
    with neo4j.GraphDatabase.driver(
        address.uri, auth=auth, max_transaction_retry_time=1, notifications_min_severity="OFF"
    ) as driver:
        yield Store(driver, retry_s=1)


def kill(server: ManagedServer) -> None:
    pid = server.status().pid
    assert pid
    process = psutil.Process(pid)
    process.kill()
    process.wait(30)  # until it is gone: who starts a server finds one that is still dying


class Killing:
    """A source that kills the server after some batches."""

    def __init__(self, source: Any, server: ManagedServer) -> None:
        self._source, self._server = source, server
        self.name, self.provenance = source.name, source.provenance

    @property
    def mapping(self) -> GraphMapping:
        mapping: GraphMapping = self._source.mapping
        return mapping

    def batches(self, quarantine: Quarantine) -> Iterator[Batch]:
        for i, batch in enumerate(self._source.batches(quarantine)):
            if i == 3:
                kill(self._server)
            yield batch


def test_killed_during_a_load(server: ManagedServer, store: Store, tmp_path: Path) -> None:
    del store  # only to start from an empty database
    home = Home(tmp_path)
    source = demo(users=60, seed=3, truth=tmp_path / "truth.parquet")
    with impatient(server) as mine, pytest.raises(DatabaseUnavailable, match="run the same command again"):
        load(Killing(source, server), mine, home)
    with impatient(server) as mine:
        report = load(source, mine, home)
        assert {row["l"]: row["n"] for row in mine.read(KINDS) if row["l"] in report.nodes} == report.nodes
        assert {row["t"]: row["n"] for row in mine.read(TYPES)} == report.relationships


@pytest.fixture
def published(server: ManagedServer, store: Store) -> ManagedServer:
    """A graph at run r1."""
    del store
    with impatient(server) as mine:
        empty(mine)
        make_graph(mine, USERS)
        put(mine, "r1", USERS)
    return server


@pytest.mark.parametrize("where", ["stage", "flip", "commit", "part"])
def test_the_server_is_killed_during_a_publish(published: ManagedServer, where: str) -> None:
    address = published.start()
    with (
        neo4j.GraphDatabase.driver(
            address.uri, auth=(address.user, address.password), max_transaction_retry_time=1
        ) as driver,
        pytest.raises(DatabaseUnavailable, match="run the same command again"),
    ):
        put(Doomed(driver, where, lambda: kill(published)), "r2", USERS)
    whole_then_resumed(published, where)


@pytest.mark.parametrize("where", ["stage", "flip", "commit", "part"])
def test_the_publisher_is_killed(published: ManagedServer, where: str) -> None:
    address = published.start()
    died = subprocess.run(
        [sys.executable, two_runs.__file__, address.uri, "r2", str(USERS), where],
        env={**os.environ, "NEO4J_PASSWORD": address.password},
        check=False,
        timeout=60,
    )
    assert died.returncode == -signal.SIGKILL
    with impatient(published) as mine:
        mine.write(LATER)  # above, where the server was killed, the time passes by itself
    whole_then_resumed(published, where)


def whole_then_resumed(server: ManagedServer, where: str) -> None:
    """The old run, or the new one where it was being committed; then the same publish again."""
    with impatient(server) as mine:
        mine.transaction(lambda execute: execute(f"MATCH (n:{LOCK_LABEL}) SET n.asked = 'is a commit still running?'"))
        live = live_run(mine)
        assert live in (("r1", "r2") if where == "commit" else ("r1",))
        if where == "part":
            halfway(mine)
        else:
            assert runs_in(mine, USERS, "r1", "r2") == [live]
        put(mine, "r2", USERS)
        assert live_run(mine) == "r2"
        assert runs_in(mine, USERS, "r1", "r2") == ["r2"]
        assert mine.read(LEFT)[0]["n"] == 0


def halfway(store: Store) -> None:
    """Some users have the new run, wholly, the others the old one, and nobody is given an answer, once the publisher is known to be dead."""
    deadline = time.monotonic() + 60
    while flip_state(store).flipping and time.monotonic() < deadline:
        time.sleep(0.2)
    assert runs_in(store, USERS, "r1", "r2") == ["r1", "r2"]
    assert {run.id: run.state for run in published_runs(store)} == {"r1": "live", "r2": "flipping"}
    for question in (lambda: Asker(store, MAPPING).profile(3), lambda: SimilarUsers(store, MAPPING).find(3, 5)):
        with pytest.raises(PublishError, match="making run r2 live was cut in the middle.*sociogram publish r2"):
            question()


def test_the_next_publisher_ends_what_was_cut(published: ManagedServer, tmp_path: Path) -> None:
    address = published.start()
    auth = (address.user, address.password)
    with neo4j.GraphDatabase.driver(address.uri, auth=auth) as driver:

        def interrupt() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            put(Doomed(driver, "part", interrupt), "r2", USERS)
        halfway(Store(driver))
        with pytest.raises(
            PublishError, match="run r1 was published from another machine"
        ):  # what there is to go back to
            Engine(Store(driver), mapping=MAPPING, home=Home(tmp_path)).rollback()
        for store, run in ((Store(driver), "r3"), (Small(driver), "r4")):
            put(store, run, USERS)
            assert runs_in(store, USERS, "r1", "r2", "r3", "r4") == [run]
            assert Asker(store, MAPPING).profile(3).run == run
            assert store.read(LEFT)[0]["n"] == 0
        states = {run.id: run.state for run in published_runs(store)}
        assert states == {"r1": "superseded", "r2": "staging", "r3": "superseded", "r4": "live"}
