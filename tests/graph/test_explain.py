"""Reasons from the published graph: read back as they were found, gone with unpublish, and one clear line for what cannot be asked."""

import re
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.errors import InputError, NotFoundError
from sociogram.graph.publish import publish
from sociogram.graph.publish_links import EVIDENCE, PIECES
from sociogram.graph.publish_runs import live_run
from sociogram.graph.store import Store
from sociogram.loaders import demo
from sociogram.runs import Run


@pytest.fixture(scope="module")
def run(store: Store, home: Home) -> Run:
    engine = Engine(store, home=home)
    engine.load(demo(250, seed=5))
    return engine.fit(encoder="light", mode="frozen", max_steps=30)


@pytest.fixture
def engine(store: Store, home: Home, run: Run) -> Engine:
    engine = Engine(store, home=home)
    if live_run(store) != run.id:
        engine.publish(run)
    return engine


def claims(run: Run, *, observed: bool) -> list[tuple[str, str]]:
    """User and topic of shown tags."""
    tags, keys, names = run.profiles.tags, run.profiles.keys, run.profiles.names
    mine = tags[tags["shown"] & (tags["observed"] == observed)]
    return [(str(keys["User"][u]), names["Topic"][t]) for u, t in zip(mine["user"], mine["topic"], strict=True)]


def test_the_graph_says_what_the_run_found(engine: Engine, run: Run) -> None:
    found = claims(run, observed=False)
    assert len(found) > 50
    for user, topic in found[::10]:
        live, kept = engine.explain(user, tag=topic), engine.explain(user, tag=topic, run=run)
        assert [(r.kind, str(r.id), r.name, r.path, r.sentence) for r in live.reasons] == [
            (r.kind, str(r.id), r.name, r.path, r.sentence) for r in kept.reasons[:PIECES]
        ]
        np.testing.assert_allclose([r.share for r in live.reasons], [r.share for r in kept.reasons[:PIECES]], atol=1e-4)
        assert 0 <= live.rest <= 1
        assert live.score == pytest.approx(kept.score, abs=1e-4)
    user, topic = claims(run, observed=True)[0]
    (said,) = engine.explain(user, tag=topic).reasons
    assert (said.kind, said.share, said.path) == ("said", 1.0, f"{said.path.split('-')[0]}-[:TAGGED]->({topic})")


def test_paths_are_in_the_graph(engine: Engine, run: Run) -> None:
    """Every step from one named node to the next is a relationship of a type that the path names."""
    step = re.compile(r"\((\w+)[^()]*(?:\([^()]*\)[^()]*)?\)(<?-\[:([\w|]+)\]->?)(?=\((\w+))")
    checked = 0
    for user, topic in claims(run, observed=False)[::7]:
        for reason in engine.explain(user, tag=topic).reasons:
            match = step.match(reason.path)
            if reason.kind not in ("friend", "item") or match is None:
                continue
            one, arrow, types, two = match.groups()
            pattern = f"{'<' if arrow.startswith('<') else ''}-[r]-{'>' if arrow.endswith('>') else ''}"
            rows = engine.cypher(
                f"MATCH (a {{id: $one}}){pattern}(b {{id: $two}}) RETURN collect(DISTINCT type(r)) AS types",
                one=one,
                two=two,
            )
            assert set(types.split("|")) <= set(rows[0]["types"])
            checked += 1
    assert checked > 10


def test_the_relationship_holds_equal_lists_and_they_go_with_it(engine: Engine, run: Run, store: Store) -> None:
    sizes = " AND ".join(f"size(i.{name}) = size(i.evidence)" for name in EVIDENCE)
    rows = store.read(
        f"MATCH (:User)-[i:INTERESTED_IN]->() RETURN count(*) AS n, count(CASE WHEN {sizes} THEN 1 END) AS good"
    )
    assert rows[0]["n"] == rows[0]["good"] > 0
    shares = store.read(
        "MATCH (:User)-[i:INTERESTED_IN]->() RETURN max(reduce(s = 0.0, x IN i.evidenceShare | s + x)) AS most"
    )
    assert shares[0]["most"] <= 1.0001
    staged = "MATCH (u:User) WHERE any(name IN keys(u) WHERE name CONTAINS 'evidence') RETURN count(*) AS n"
    assert store.read(staged)[0]["n"] == 0
    engine.unpublish()
    assert store.read("MATCH ()-[i:INTERESTED_IN]->() RETURN count(*) AS n")[0]["n"] == 0
    assert store.read(staged)[0]["n"] == 0


def test_runs_without_reasons_are_published_and_rollback_brings_reasons_back(
    engine: Engine, run: Run, store: Store
) -> None:
    user, topic = claims(run, observed=False)[0]
    before = engine.explain(user, tag=topic).to_dict()
    old = replace(run.profiles, evidence=None)
    publish(store, engine.mapping, "old", old, config={}, metrics={})
    with pytest.raises(NotFoundError, match=r"without reasons.*sociogram fit"):
        engine.explain(user, tag=topic)
    engine.rollback()
    assert engine.explain(user, tag=topic).to_dict() == before


def test_alike_users_and_items_are_explained(engine: Engine, run: Run) -> None:
    answered = {"similar": 0, "item": 0}
    for user, _ in claims(run, observed=False)[::25]:
        for other in engine.similar(user, 3):
            found = engine.explain(user, similar=other.id, k=4)
            assert found.score == pytest.approx(other.cosine, abs=1e-3)
            answered["similar"] += bool(found.reasons)
            assert sum(r.share for r in found.reasons) <= 1 + 1e-6
        for item in engine.recommend(user, 2):
            found = engine.explain(user, item=item.id)
            answered["item"] += bool(found.reasons)
            assert {r.kind for r in found.reasons} <= {"item", "friend", "topic"}
            assert all(r.path.startswith(f"({user})") for r in found.reasons)
    assert min(answered.values()) > 3


def test_one_user_takes_less_than_a_fifth_of_a_second(engine: Engine, run: Run) -> None:
    """At the 95th percentile over questions, the best of three tries each: other work on the machine is not measured."""

    def seconds(user: str, topic: str) -> float:
        start = time.perf_counter()
        engine.explain(user, tag=topic)
        return time.perf_counter() - start

    spent = [min(seconds(user, topic) for _ in range(3)) for user, topic in claims(run, observed=False)[:40]]
    assert np.quantile(spent, 0.95) < 0.2


def test_who_the_user_is(engine: Engine, run: Run) -> None:
    user, topic = claims(run, observed=False)[0]
    profile = engine.profile(user)
    assert profile.sentence.startswith(f"{profile.name} ({profile.properties['city']}")
    assert topic in profile.sentence or len(profile.tags) > 4
    assert f"most like {engine.similar(user, 1)[0].name}" in profile.sentence
    assert profile.sentence in profile._repr_html_()


@pytest.mark.parametrize(
    ("asked", "error", "line"),
    [
        ({"tag": "climbing", "user": "nobody"}, NotFoundError, r"no User 'nobody'"),
        ({"tag": "climing"}, NotFoundError, r"no topic 'climing'.*climbing"),
        ({"similar": "u9999"}, NotFoundError, r"no User 'u9999'"),
        ({"item": "i9999"}, NotFoundError, r"no item 'i9999'"),
        ({"similar": "u0001", "user": "u0001"}, InputError, r"itself"),
        ({}, InputError, r"exactly one of tag, similar and item; got none"),
        ({"tag": "climbing", "item": "i0001"}, InputError, r"got tag, item"),
        ({"tag": "climbing", "k": 0}, InputError, r"k must be at least 1, got 0"),
        ({"tag": "climbing", "run": "r999-gone"}, NotFoundError, r"no run 'r999-gone'"),
        ({"similar": "u0002", "run": "r999-gone"}, InputError, r"run goes with tag"),
    ],
)
def test_wrong_questions_get_one_line(engine: Engine, asked: dict[str, Any], error: type[Exception], line: str) -> None:
    user = asked.pop("user", "u0001")
    with pytest.raises(error, match=line) as raised:
        engine.explain(user, **asked)
    assert "\n" not in str(raised.value)


def test_a_tag_that_the_user_does_not_have_has_no_reason(engine: Engine, run: Run) -> None:
    user, topic = claims(run, observed=False)[0]
    mine = {t for u, t in claims(run, observed=False) + claims(run, observed=True) if u == user}
    other = next(t for t in run.profiles.names["Topic"] if t not in mine)
    for which in (None, run):
        with pytest.raises(NotFoundError, match=rf"{user} does not have the tag '{other}'.*has .*{topic}"):
            engine.explain(user, tag=other, run=which)
