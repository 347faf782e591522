"""Publishing against a real Neo4j: one transaction, nothing foreign touched, all of ours removable."""

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.errors import NotFoundError, PublishError, TransactionTooLarge
from sociogram.graph.export import export
from sociogram.graph.inspect import check, inspect
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping, WriteMapping
from sociogram.graph.profile import Attribute, Profiles
from sociogram.graph.publish import publish, unpublish
from sociogram.graph.publish_lock import Held
from sociogram.graph.publish_runs import live_run, published_runs
from sociogram.graph.store import Store
from sociogram.queries.ask import Asker
from sociogram.queries.similar.find import SimilarUsers

PERSON = "Per`son of"
MAPPING = GraphMapping(
    nodes=(
        NodeMapping(PERSON, "user", key="p id", name="name", text=("bio",), predict={"plan": "class"}),
        NodeMapping("Film", "item", key="fid", name="title"),
        NodeMapping("Book", "item", key="isbn", name="title"),
        NodeMapping("Genre", "topic", key="name", name="name"),
    ),
    relationships=(
        RelationshipMapping("FOLLOWS", PERSON, PERSON, "tie", weight="weight", time="since"),
        RelationshipMapping("SAW", PERSON, "Film", "behaviour", time="at", text=("review",)),
        RelationshipMapping("READ", PERSON, "Book", "behaviour"),
        RelationshipMapping("IN", "Film", "Genre", "about"),
        RelationshipMapping("LIKES", PERSON, "Genre", "interest"),
    ),
)

GRAPH = """
CREATE (g:Genre {name: 'noir'}), (h:Genre {name: 'musical'})
CREATE (f:Film {fid: 10, title: 'The Long Night'})-[:IN]->(g), (b:Book {isbn: 'x-1', title: 'Songs'}), (:Film {fid: 9, title: 'Loud'})
WITH g, h, f, b UNWIND range(1, 12) AS i
CREATE (p:`Per``son of` {`p id`: i, name: 'N' + i, bio: 'somebody who has watched a great many films, number ' + i, plan: 'gold', email: 'x@y'})
CREATE (p)-[:SAW {at: datetime({epochMillis: 1000 * i}), review: 'review no ' + i + ' which is long enough to be text'}]->(f)
CREATE (p)-[:READ]->(b) CREATE (p)-[:LIKES]->(g)
WITH collect(p) AS people UNWIND range(0, 10) AS i
WITH people[i] AS a, people[i + 1] AS b, i CREATE (a)-[:FOLLOWS {weight: 1.0, since: date({year: 2020, month: 1 + i, day: 1})}]->(b)
"""


@pytest.fixture
def graph(store: Store) -> Store:
    store.write("MATCH (n) DETACH DELETE n")
    for row in store.read("SHOW VECTOR INDEXES YIELD name RETURN name"):
        store.auto(f"DROP INDEX `{row['name'].replace('`', '``')}`")
    store.write(GRAPH)
    return store


def profiles(seed: int = 0) -> Profiles:
    rng = np.random.default_rng(seed)
    keys: dict[str, list[Any]] = {
        PERSON: list(range(1, 13)),
        "Film": [9, 10],
        "Book": ["x-1"],
        "Genre": ["musical", "noir"],
    }
    tags = pd.DataFrame(
        {
            "user": [u for u in range(12) for _ in range(2)],
            "topic": [1, 0] * 12,
            "topic_label": "Genre",
            "probability": [0.9, 0.3] * 12,
            "shown": [True, seed > 0] * 12,
            "observed": [True, False] * 12,
        }
    )
    recommendations = pd.DataFrame(
        {"user": range(12), "item": 0, "item_label": "Film", "rank": 1, "score": 0.5, "seen": False}
    )
    return Profiles(
        PERSON,
        keys,
        {label: [str(k) for k in ks] for label, ks in keys.items()},
        {label: rng.normal(size=(len(ks), 8)).astype(np.float32) for label, ks in keys.items()},
        tags,
        recommendations,
        [["film", "night"]] * 12,
        {"plan": Attribute("class", ["gold"] * 11 + [None], np.full(12, 0.8, np.float32))},
    )


def put(store: Store, run: str, made: Profiles, **options: Any) -> None:
    publish(store, MAPPING, run, made, config={"mode": "frozen"}, metrics={"tags map": 0.5}, **options)


def dump(store: Store) -> list[Any]:
    nodes = store.read("MATCH (n) RETURN labels(n) AS l, properties(n) AS p")
    edges = store.read(
        "MATCH (a)-[r]->(b) RETURN type(r) AS t, properties(r) AS p, properties(a) AS a, properties(b) AS b"
    )
    return sorted(map(repr, nodes + edges))


def test_publish_ask_unpublish(graph: Store) -> None:
    before = dump(graph)
    ask = Asker(graph, MAPPING)
    with pytest.raises(NotFoundError, match="nothing is published"):
        ask.profile(1)
    put(graph, "r1", profiles())
    assert live_run(graph) == "r1"
    me = ask.profile("3")
    assert me.id == 3
    assert [(t.name, t.observed) for t in me.tags] == [("noir", True)]
    assert me.attributes == {"plan": ("gold", pytest.approx(0.8))}
    assert me.keywords == ["film", "night"]
    assert "embedding" not in me.properties
    assert np.allclose(me.embedding, profiles().embeddings[PERSON][2])
    assert ask.profile("N4").id == 4
    rows = ask.recommend(3, 5)
    assert [(r.id, r.rank) for r in rows] == [(9, 1)]
    made = profiles(1)
    made.tags.loc[(made.tags["user"] == 2) & (made.tags["topic"] == 0), "probability"] = 1.0
    put(graph, "r2", made)
    assert [(p.id, p.state) for p in published_runs(graph)] == [("r2", "live"), ("r1", "superseded")]
    assert {t.name: t.observed for t in ask.tags(3)} == {"noir": True, "musical": True}  # 1 is said of what was seen
    assert {t.name: t.observed for t in ask.tags(5)} == {"noir": True, "musical": False}
    assert graph.read("MATCH ()-[r:INTERESTED_IN]->() RETURN count(*) AS n")[0]["n"] == 24
    assert unpublish(graph) == 17
    assert dump(graph) == before


class Refusing(Store):
    """A server on which transactions of more than some statements are too large."""

    most = 100

    def transaction(self, unit: Any, before_commit: Any = None) -> Any:
        """Of the flip in one, and of a part."""

        def refused(execute: Any) -> Any:
            count = iter(range(self.most))

            def counted(*statement: Any) -> Any:
                if next(count, None) is None:
                    raise TransactionTooLarge("the server's words")
                return execute(*statement)

            return unit(counted)

        return super().transaction(refused, before_commit)


class Heard:
    """Progress that remembers what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def stage(self, *_: Any) -> Any:
        """Not listened to."""
        return nullcontext(self)

    def advance(self, amount: float = 1, note: str | None = None) -> None:
        """Nothing."""

    def say(self, name: str, text: str) -> None:
        """One line."""
        self.lines.append(f"{name}: {text}")


def test_a_run_too_large_for_one_transaction_goes_live_in_several(graph: Store) -> None:
    put(graph, "r1", profiles())
    small, heard = Refusing(graph._driver), Heard()
    small.most = 12
    put(small, "r2", profiles(1), progress=heard)
    assert len(heard.lines) == 1
    assert re.match(
        r"going live: 17 profiles with 36 links.* in several transactions: the server's words.*HEAP", heard.lines[0]
    )
    assert live_run(graph) == "r2"
    assert len(Asker(graph, MAPPING).tags(3)) == 2
    small.most = 7
    with pytest.raises(PublishError, match=r"even a part of run r3 .*SOCIOGRAM_NEO4J_HEAP=8g.*publish r3"):
        put(small, "r3", profiles())
    with pytest.raises(PublishError, match="making run r3 live was cut"):
        Asker(graph, MAPPING).tags(3)
    put(graph, "r3", profiles())  # nobody is taken to be publishing still
    assert live_run(graph) == "r3"
    assert len(Asker(graph, MAPPING).tags(3)) == 1


def test_only_what_differs_between_two_runs_is_written(graph: Store) -> None:
    put(graph, "r1", profiles())
    links = "MATCH (a)-[r:INTERESTED_IN|RECOMMENDED]->(b) RETURN elementId(r) AS id, r.run AS run, r.score AS score"
    before = {row["id"]: row for row in graph.read(links)}
    put(graph, "r2", profiles(1))
    after = {row["id"]: row for row in graph.read(links)}
    assert set(before) < set(after)
    assert len(before) == 24
    assert len(after) == 36
    assert {row["run"] for row in after.values()} == {"r2"}


def test_vectors_of_a_run_that_was_made_elsewhere(graph: Store, tmp_path: Path) -> None:
    made = profiles()
    put(graph, "r1", made)
    engine = Engine(graph, mapping=MAPPING, home=Home(tmp_path))
    for label, vectors in made.embeddings.items():
        for found in (engine.embeddings(label), engine.embeddings(label, run="r1")):
            assert (found.label, found.run, sorted(found.ids)) == (label, "r1", sorted(made.keys[label]))
            np.testing.assert_array_equal(found.of(made.keys[label]).vectors, vectors)  # bit for bit
    assert engine.embeddings(PERSON, [3, 1]).ids == [3, 1]
    with pytest.raises(NotFoundError, match="there is no run 'r0'"):
        engine.embeddings(PERSON, run="r0")
    with pytest.raises(NotFoundError, match="the mapping has no label 'Nobody'"):
        engine.embeddings("Nobody")


def test_similar_is_exact(graph: Store) -> None:
    made = profiles()
    put(graph, "r1", made)
    x = made.embeddings[PERSON]
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosine = x @ x[2]
    cosine[2] = -2
    expected = np.argsort(-cosine)[:4]
    similar = SimilarUsers(graph, MAPPING)
    for rows in (similar.find(3, 4), similar.find(3, 4, where={"plan": "gold"})):
        assert [r.id for r in rows] == [int(i) + 1 for i in expected]
        assert np.allclose([r.cosine for r in rows], cosine[expected], atol=1e-4)
        assert all(r.shared_tags == ["noir"] for r in rows)
    assert len(similar.find(3, 4, where={"plan": "silver"})) == 0


def test_unknown_user_gets_the_nearest_names(graph: Store) -> None:
    put(graph, "r1", profiles())
    with pytest.raises(NotFoundError, match=r"no Per`son of 'N33'.*nearest: .*N3"):
        Asker(graph, MAPPING).profile("N33")


def test_foreign_property_is_not_overwritten(graph: Store) -> None:
    graph.write(f"MATCH (p:`{PERSON.replace('`', '``')}` {{`p id`: 1}}) SET p.tags = ['mine']")
    before = dump(graph)
    with pytest.raises(PublishError, match=r"already have a property 'tags'.*prefix"):
        put(graph, "r1", profiles())
    assert dump(graph) == before
    prefixed = GraphMapping(MAPPING.nodes, MAPPING.relationships, WriteMapping(prefix="sg_"))
    publish(graph, prefixed, "r1", profiles(), config={}, metrics={})
    assert Asker(graph, prefixed).profile(1).tags[0].name == "noir"
    unpublish(graph)
    assert dump(graph) == before


def test_killed_while_staging_leaves_nothing_half(graph: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(graph, "r1", profiles())
    before = Asker(graph, MAPPING).tags(3).to_dicts()

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Held, "may_flip", killed)
        with pytest.raises(KeyboardInterrupt):
            put(graph, "r2", profiles(1))
    assert live_run(graph) == "r1"
    assert Asker(graph, MAPPING).tags(3).to_dicts() == before
    put(graph, "r2", profiles(1))
    assert len(Asker(graph, MAPPING).tags(3)) == 2
    assert not graph.read("MATCH (n) WHERE any(k IN keys(n) WHERE k STARTS WITH 'next_') RETURN n")
    assert graph.read("MATCH ()-[r:INTERESTED_IN]->() RETURN count(*) AS n")[0]["n"] == 24


def test_fit_again_after_publish_sees_the_same_graph(graph: Store, tmp_path: Path) -> None:
    guess = inspect(graph)
    first = export(graph, guess.mapping, tmp_path / "a")
    put(graph, "r1", profiles())
    again = inspect(graph)
    assert again.mapping == guess.mapping
    assert export(graph, again.mapping, tmp_path / "b").hash == first.hash


def test_inspect_guesses_the_roles(graph: Store, tmp_path: Path) -> None:
    found = inspect(graph)
    mapping = GraphMapping.parse(found.to_toml())
    assert mapping == found.mapping
    user = mapping.user
    assert (user.label, user.key, user.name) == (PERSON, "p id", "name")
    assert user.text == ("bio",)
    assert user.private == ("email",)
    assert mapping.labels("item") == ("Book", "Film")
    assert mapping.labels("topic") == ("Genre",)
    assert {r.type: r.role for r in mapping.relationships} == {
        "FOLLOWS": "tie",
        "SAW": "behaviour",
        "READ": "behaviour",
        "IN": "about",
        "LIKES": "interest",
    }
    saw = next(r for r in mapping.relationships if r.type == "SAW")
    assert (saw.time, saw.text) == ("at", ("review",))
    check(graph, mapping)
    snapshot = export(graph, mapping, tmp_path / "s")
    assert snapshot.edges[PERSON, "SAW", "Film"].time.tolist() == [1000 * i for i in range(1, 13)]
    assert snapshot.edges[PERSON, "FOLLOWS", PERSON].time[0] == 1577836800000
    assert snapshot.users.texts[0].startswith("somebody")


def test_keys_of_two_types_in_one_label_are_linked(graph: Store) -> None:
    graph.write("CREATE (:Film {fid: 'f-2', title: 'Silent'})")
    made = profiles()
    made.keys["Film"].append("f-2")
    made.names["Film"].append("Silent")
    made.embeddings["Film"] = np.ones((3, 8), np.float32)
    second = made.recommendations.assign(item=2, rank=2)
    made.recommendations = pd.concat([made.recommendations, second]).sort_values(["user", "rank"], kind="stable")
    put(graph, "r1", made)
    rows = Asker(graph, MAPPING).recommend(3, 5)
    assert [(r.id, r.rank) for r in rows] == [(9, 1), ("f-2", 2)]
    assert graph.read("MATCH ()-[r:RECOMMENDED]->() RETURN count(*) AS n")[0]["n"] == 24
    assert not graph.read("MATCH (n) WHERE any(k IN keys(n) WHERE k STARTS WITH 'next_') RETURN n")


def test_a_stage_left_by_another_run_is_cleared(graph: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = dump(graph)

    def cut(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("sociogram.graph.publish.flip", cut)
        with pytest.raises(KeyboardInterrupt):
            put(graph, "r1", profiles())
    assert not graph.read("MATCH ()-[r:INTERESTED_IN]->() RETURN r")
    assert graph.read("MATCH (n) WHERE any(k IN keys(n) WHERE k STARTS WITH 'next_') RETURN count(n) AS n")[0]["n"]
    assert "next_" not in repr(inspect(graph))
    put(graph, "r2", profiles(1))
    assert not graph.read("MATCH (n) WHERE any(k IN keys(n) WHERE k STARTS WITH 'next_') RETURN n")
    unpublish(graph)
    assert dump(graph) == before
