"""Influence asked of a graph in the database: one export a question, and nothing of it left behind."""

import gc
import tempfile
from pathlib import Path

from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.graph.store import Store
from sociogram.loaders.demo import demo


def test_engine_influence(store: Store, home: Home) -> None:
    engine = Engine(store, home=home)
    engine.load(demo(users=150, seed=3))
    left = set(Path(tempfile.gettempdir()).glob("sociogram-influence-*"))
    influence = engine.influence
    found = influence.maximise(3, exclude=["u0001"])
    assert len(set(found.ids)) == 3
    assert "u0001" not in found.ids
    run = influence.simulate(found.ids, runs=500)
    assert found.lower - 2 <= run.spread <= found.upper
    assert (
        influence.maximise(3, topic="climbing").spread < found.spread
    )  # nothing is published: what the graph itself says
    assert influence.attribute().users["credit"].iloc[0] > 0
    assert engine.influence.test(shuffles=99).verdict == "homophily"  # as the demo is made
    del influence
    gc.collect()
    assert set(Path(tempfile.gettempdir()).glob("sociogram-influence-*")) <= left
