"""What several questions share, and for how long."""

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
