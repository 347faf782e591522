"""Influence, community and segments on a real Neo4j: written in the flip, read by Cypher, gone after unpublish."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.errors import InputError, PublishError
from sociogram.graph.mapping import GraphMapping, WriteMapping
from sociogram.graph.profile import Profiles
from sociogram.graph.publish import publish
from sociogram.graph.store import Store
from sociogram.loaders import demo

OURS = ("influence", "reach", "community", "bridging", "segment", "segmentName")


@pytest.fixture(scope="module")
def engine(store: Store, home: Home) -> Engine:
    engine = Engine(store, home=Home(home.root / "segments"))
    engine.load(demo(300))
    engine.publish(engine.fit(encoder="light", mode="frozen", max_steps=20))
    return engine


def written(store: Store) -> dict[str, int]:
    """Users that have each of our properties."""
    counted = ", ".join(f"count(u.{name}) AS {name}" for name in OURS)
    return dict(store.read(f"MATCH (u:User) RETURN {counted}")[0])


def test_properties_are_written_and_cypher_reads_them(engine: Engine, store: Store) -> None:
    users = store.read("MATCH (u:User) RETURN count(*) AS n")[0]["n"]
    table = engine.runs.latest_finished().profiles.users  # type: ignore[union-attr]
    assert table is not None
    counts = written(store)
    assert counts["influence"] == counts["reach"] == counts["bridging"] == counts["segment"] == users
    assert counts["community"] == table["community"].notna().sum() < users  # newcomers know nobody
    strong = store.read("MATCH (u:User) WHERE u.influence > 0.9 RETURN u.id AS id, u.reach AS reach")
    assert 0 < len(strong) <= users / 10
    assert min(row["reach"] for row in strong) >= table["reach"].quantile(0.85)
    assert store.read("MATCH (u:User) WHERE u.segment IS NOT NULL AND NOT u.segment IS :: INTEGER RETURN u") == []
    for row in engine.query("segments"):
        assert row["users"] == (table["segment"] == row["segment"]).sum()
    assert {row["segment"] for row in engine.query("segment_lift", floor=1, least=0.1)} <= set(table["segment"])
    assert len(engine.query("community_links"))
    assert all(row["bridging"] is not None for row in engine.query("bridges"))
    assert all(row["influence"] is not None for row in engine.query("influencers", k=5))


def test_a_profile_shows_its_place(engine: Engine) -> None:
    me = engine.profile("u0042")
    assert me.segment_name
    assert 0 <= (me.influence or -1) <= 1
    assert not set(OURS) & set(me.properties)
    assert [name for name, _ in me.place] == ["segment", "community", "influence", "bridging"]
    assert "segment" in me._repr_html_()


def test_borders_count_the_ties_that_there_are(engine: Engine, store: Store) -> None:
    table = engine.live().profiles.users
    assert table is not None
    segment = dict(zip(engine.live().profiles.keys["User"], table["segment"].tolist(), strict=True))
    ids = sorted(set(segment.values()))
    ends = np.zeros((len(ids), len(ids)))
    for row in store.read("MATCH (a:User)-[:KNOWS]->(b:User) WHERE a <> b RETURN a.id AS a, b.id AS b"):
        a, b = ids.index(segment[row["a"]]), ids.index(segment[row["b"]])
        ends[a, b] += 1
        ends[b, a] += 1
    found = engine.borders(ids)
    np.testing.assert_allclose(found.ties, ends / ends.sum(1, keepdims=True))
    assert found.ids == ids
    assert np.diag(found.lift).mean() > 1  # friends of the demo community are alike
    assert all(found.next_to(one) is not None for one in ids if one)


def test_the_same_graph_is_seen_after_a_publish(engine: Engine, tmp_path: Path) -> None:
    run = engine.runs.latest_finished()
    assert run is not None
    assert engine.snapshot(tmp_path / "s").hash == run.record["snapshot"]


def test_segments_anew_by_the_command_line(engine: Engine, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from sociogram.cli.app import app
    from sociogram.graph.server import ManagedServer

    live = engine.published()[0].id
    address = ManagedServer(Home(engine.home.root.parent)).start()
    environment = {"SOCIOGRAM_HOME": str(engine.home.root), "NEO4J_PASSWORD": str(address.password)}

    def ask(*arguments: str) -> str:
        done = CliRunner().invoke(
            app, ["segments", *arguments, "--uri", address.uri], env=environment, catch_exceptions=False
        )
        assert done.exit_code == 0
        return done.stdout

    before = written(store)
    shown = ask("--method", "leiden", "--floor", "8")
    assert "set apart by" in shown
    assert "adjusted Rand index" in shown
    assert store.read("MATCH (u:User) WHERE u.segmentName = 'climbers' RETURN u") == []
    found = json.loads(ask("--rule", "climbers: tag climbing >= .5", "--floor", "1", "--publish", "--json"))
    size = next(s["users"] for s in found["segments"] if s["name"] == "climbers")
    assert store.read("MATCH (u:User {segmentName: 'climbers'}) RETURN count(*) AS n")[0]["n"] == size > 0
    assert written(store) == before
    assert engine.published()[0].id == live
    with pytest.raises(InputError, match="not both"):
        ask("--rule", "a: age > 3", "--rules", "rules.toml")
    with pytest.raises(InputError, match="k: expected at least 1"):
        ask("--k", "0")
    with pytest.raises(InputError, match="there is no topic 'climbin'. Near it: climbing"):
        ask("--rule", "a: tag climbin")


def test_a_run_without_them_takes_them_away_and_a_rollback_brings_them_back(engine: Engine, store: Store) -> None:
    full = written(store)
    run = engine.runs.latest_finished()
    assert run is not None
    old = Profiles.load(run.folder)
    old.users = None
    publish(store, engine.mapping, "old", old, config={}, metrics={})
    assert set(written(store).values()) == {0}
    me = engine.profile("u0042")
    assert (me.segment, me.influence, me.place) == (None, None, [])
    engine.rollback()
    assert written(store) == full


def test_under_a_prefix_and_refused_where_the_name_is_taken(engine: Engine, store: Store) -> None:
    run = engine.runs.latest_finished()
    assert run is not None
    engine.unpublish()
    assert set(written(store).values()) == {0}
    store.write("MATCH (u:User {id: 'u0001'}) SET u.segment = 'gold'")
    with pytest.raises(PublishError, match="already have a property 'segment'"):
        engine.publish(run)
    prefixed = GraphMapping(engine.mapping.nodes, engine.mapping.relationships, WriteMapping(prefix="sg_"))
    other = Engine(store, home=engine.home, mapping=prefixed)
    other.publish(run)
    assert other.profile("u0042").segment_name
    assert len(other.query("segments"))  # by = segment finds ours, whatever it is called here
    other.unpublish()
    assert store.read("MATCH (u:User) WHERE u.segment IS NOT NULL RETURN u.segment AS s") == [{"s": "gold"}]
    assert not store.read("MATCH (n) WHERE any(k IN keys(n) WHERE k STARTS WITH 'sg_') RETURN n LIMIT 1")
