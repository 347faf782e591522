"""What several questions share, and for how long."""

import gc
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from sociogram.server import backend as module
from sociogram.server.backend import Backend


class Graph:
    """An engine whose exports are counted, with a store that knows the live run."""

    def __init__(self) -> None:
        self.exports = 0
        self.live, self.store = "r1", None

    @property
    def influence(self) -> str:
        self.exports += 1
        return f"export {self.exports}"


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Graph:
    made = Graph()
    monkeypatch.setattr(module, "live_run", lambda store: made.live)
    return made


def test_an_export_is_shared_until_another_run_is_live(graph: Any) -> None:
    backend = Backend(graph, lambda before: None)
    assert [backend.influence() for _ in range(3)] == ["export 1"] * 3
    graph.live = "r2"
    assert [backend.influence() for _ in range(2)] == ["export 2"] * 2


def test_an_export_grows_old(graph: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Backend(graph, lambda before: None)
    backend.influence()
    monkeypatch.setattr(module, "FRESH_S", -1.0)
    assert backend.influence() == "export 2"


def test_the_end_waits_for_what_is_being_opened() -> None:
    begun, go = threading.Event(), threading.Event()

    class Slow:
        prepared = closed = False

        def __init__(self) -> None:
            self.store = SimpleNamespace(close=self.close)

        def close(self) -> None:
            assert self.prepared
            self.closed = True

        def prepare(self) -> None:
            begun.set()
            go.wait(10)
            self.prepared = True

        def is_prepared(self) -> bool:
            return self.prepared

    engine: Any = Slow()
    backend = Backend(engine, lambda _: None)
    backend.prepare()
    assert begun.wait(10)
    threading.Timer(0.2, go.set).start()
    backend.close()
    assert engine.closed
    assert gc.get_freeze_count() == 0  # Python can take down what was kept for the questions
