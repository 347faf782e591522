"""The server killed with -9 in the middle of a load and of a publish: the command says so, and running it again ends well."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import neo4j
import pytest

from sociogram.config import Home
from sociogram.errors import DatabaseUnavailable
from sociogram.graph import publish as publishing
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.profile import Profiles
from sociogram.graph.publish import live_run, publish
from sociogram.graph.server import ManagedServer
from sociogram.graph.snapshot import Snapshot
from sociogram.graph.store import Store
from sociogram.loaders import demo
from sociogram.loaders.load import load
from sociogram.loaders.source import Batch, Quarantine

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
        yield Store(driver)


def kill(server: ManagedServer) -> None:
    pid = server.status().pid
    assert pid
    os.kill(pid, signal.SIGKILL)


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


def test_killed_during_a_publish(
    server: ManagedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: tuple[Snapshot, Profiles]
) -> None:
    snapshot, profiles = small
    said: dict[str, Any] = {"config": {}, "metrics": {}}
    with impatient(server) as mine:
        publish(mine, snapshot.mapping, "r1", profiles, **said)
    flip = publishing._flip
    with monkeypatch.context() as patch, impatient(server) as mine:

        def killed(*arguments: Any) -> None:
            kill(server)
            flip(*arguments)

        patch.setattr(publishing, "_flip", killed)
        with pytest.raises(DatabaseUnavailable):
            publish(mine, snapshot.mapping, "r2", profiles, **said)
    with impatient(server) as mine:
        runs = "MATCH (u:User) RETURN collect(DISTINCT u.profileRun) AS runs"
        assert live_run(mine) == "r1"
        assert mine.read(runs)[0]["runs"] == ["r1"]
        publish(mine, snapshot.mapping, "r2", profiles, **said)
        assert live_run(mine) == "r2"
        assert mine.read(runs)[0]["runs"] == ["r2"]


@pytest.fixture
def small(server: ManagedServer, tmp_path: Path) -> tuple[Snapshot, Profiles]:
    """Whatever users are in the database, with made-up profiles."""
    import numpy as np
    import pandas as pd

    from sociogram.engine import Engine

    with impatient(server) as mine:
        snapshot = Engine(mine, home=Home(tmp_path)).snapshot(tmp_path / "snapshot")
    keys = {label: n.keys for label, n in snapshot.nodes.items()}
    vectors = {label: np.ones((len(k), 4), np.float32) for label, k in keys.items()}
    tags = pd.DataFrame(
        {"user": [0], "topic": [0], "topic_label": "Topic", "probability": 0.9, "shown": True, "observed": False}
    )
    recommended = pd.DataFrame({"user": [0], "item": [0], "item_label": "Item", "rank": 1, "score": 0.5, "seen": False})
    names = {label: n.names for label, n in snapshot.nodes.items()}
    return snapshot, Profiles("User", keys, names, vectors, tags, recommended, [[] for _ in keys["User"]])
