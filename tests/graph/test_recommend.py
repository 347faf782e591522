"""Recommendations on a real Neo4j: k rows under filters, fall-backs that are named, new items, people and topics, wrong inputs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.errors import InputError, NotFoundError
from sociogram.graph.store import Store
from sociogram.loaders import demo
from sociogram.queries.rows import Recommendation, Rows

USER = "u0042"
HAD = "MATCH (:User {id: $user})-[:VIEWED|LIKED|BOUGHT|POSTED]->(i:Item) RETURN collect(DISTINCT i.id) AS ids"
NEWCOMERS = """
MATCH (friend:User {id: 'u0042'})
CREATE (:User {id: 'nothing', name: 'Nothing'}),
       (:User {id: 'writer', name: 'Writer', bio: 'to be written'}),
       (tied:User {id: 'tied', name: 'Tied'})-[:KNOWS {weight: 1.0}]->(friend)
WITH count(*) AS done
MATCH (u:User {id: 'u0042'})-[:VIEWED]->(i:Item) WITH DISTINCT i ORDER BY i.id LIMIT 3
WITH collect(i) AS items CREATE (late:User {id: 'late', name: 'Late'})
WITH late, items UNWIND items AS i CREATE (late)-[:VIEWED {at: datetime('2026-03-01T00:00:00Z')}]->(i)
"""


@pytest.fixture(scope="module")
def engine(store: Store, home: Home) -> Engine:
    """A demo community, published, with users who came after it."""
    engine = Engine(store, home=home)
    engine.load(demo(240))
    engine.publish(engine.fit(encoder="light", mode="frozen", max_steps=30))
    store.write(NEWCOMERS)
    return engine


@pytest.fixture
def changed(store: Store) -> Iterator[Store]:
    """A store whose new items are removed afterwards."""
    yield store
    store.write("MATCH (i:Item) WHERE i.id STARTS WITH 'new' DETACH DELETE i")


def ids(rows: Rows[Recommendation]) -> list[Any]:
    return [row.id for row in rows]


def had(engine: Engine, user: str) -> set[Any]:
    return set(engine.cypher(HAD, user=user)[0]["ids"])


def property_of(engine: Engine, rows: Rows[Recommendation], name: str) -> list[Any]:
    found = engine.cypher(f"UNWIND $ids AS id MATCH (i:Item {{id: id}}) RETURN i.{name} AS p", ids=ids(rows))
    return [row["p"] for row in found]


def test_the_published_list_and_the_run_agree(engine: Engine) -> None:
    short, long = engine.recommend(USER, 15), engine.recommend(USER, 40)
    assert ids(short) == ids(long)[:15]
    assert [r.rank for r in long] == list(range(1, 41))
    assert {r.source for r in long} == {"model"}
    assert not had(engine, USER) & set(ids(long))
    np.testing.assert_allclose([r.score for r in short], [r.score for r in long][:15], atol=1e-4)


def test_every_unseen_item_comes_where_all_are_asked_for(engine: Engine) -> None:
    every = engine.cypher("MATCH (i:Item) RETURN count(*) AS n")[0]["n"]
    rows = engine.recommend(USER, every + 50)
    assert len(rows) == every - len(had(engine, USER))
    assert len(set(ids(rows))) == len(rows)
    sources = [r.source for r in rows]
    assert sources == sorted(sources, key=("model", "embedding", "text", "popular").index)
    assert sources.count("model") == min(100, len(rows))  # as many as a run keeps
    scores = [r.score for r in rows]
    assert scores == sorted(scores, reverse=True)
    assert rows[-1].why


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ({"kind": "course"}, lambda i: i["kind"] == "course"),
        (
            {"kind": ["course", "talk"], "price": {"gte": 20}},
            lambda i: i["kind"] in ("course", "talk") and i["price"] >= 20,
        ),
        ({"price": {"gt": 5, "lt": 30}}, lambda i: 5 < i["price"] < 30),
        ({"kind": {"ne": "guide"}}, lambda i: i["kind"] != "guide"),
    ],
)
def test_k_rows_under_a_filter(engine: Engine, where: dict[str, Any], holds: Any) -> None:
    items = engine.cypher("MATCH (i:Item) RETURN i.id AS id, i.kind AS kind, i.price AS price")
    free = {i["id"] for i in items if holds(i)} - had(engine, USER)
    for k in (5, 40):
        rows = engine.recommend(USER, k, where=where)
        assert len(rows) == min(k, len(free))
        assert set(ids(rows)) <= free
    assert ids(engine.recommend(USER, 5, where=where)) == ids(engine.recommend(USER, 40, where=where))[:5]
    best = [i for i in ids(engine.recommend(USER, 100)) if i in free]
    assert ids(engine.recommend(USER, 5, where=where))[: len(best)] == best[:5]


def test_a_topic(engine: Engine) -> None:
    about = {r["id"] for r in engine.cypher("MATCH (i:Item)-[:ABOUT]->(:Topic {name: 'climbing'}) RETURN i.id AS id")}
    rows = engine.recommend(USER, 8, topic="climbing")
    assert len(rows) == min(8, len(about - had(engine, USER)))
    assert set(ids(rows)) <= about - had(engine, USER)
    with pytest.raises(NotFoundError, match=r"no topic 'climbin'.*climbing"):
        engine.recommend(USER, topic="climbin")


def test_what_was_had_since_is_left_out(engine: Engine, store: Store) -> None:
    first = engine.recommend(USER, 3)[0].id
    make = (
        "MATCH (u:User {id: $u}) MATCH (i:Item {id: $i}) CREATE (u)-[:VIEWED {at: datetime(), eventId: 'since'}]->(i)"
    )
    store.write(make, u=USER, i=first)
    try:
        for k in (3, 30):
            rows = engine.recommend(USER, k)
            assert first not in ids(rows)
            assert [r.rank for r in rows] == list(range(1, k + 1))
        assert next(r for r in engine.recommend(USER, 40, include_seen=True) if r.id == first).seen
        table = engine.recommend_all(5)
        assert first not in set(table["item"][table["user"] == USER])
    finally:
        store.write("MATCH (:User)-[r:VIEWED {eventId: 'since'}]->() DELETE r")


def test_users_with_nothing(engine: Engine) -> None:
    rows = engine.recommend("nothing", 7)
    assert {r.source for r in rows} == {"popular"}
    most = engine.cypher(
        "MATCH (i:Item) RETURN i.id AS id, COUNT { (i)<-[:VIEWED|LIKED|BOUGHT|POSTED]-() } AS n ORDER BY n DESC"
    )
    counts = {r["id"]: r["n"] for r in most}
    assert [counts[i] for i in ids(rows)] == [r["n"] for r in most[:7]]
    assert "popular" in rows[0].reasons


def test_users_with_a_bio_get_items_by_its_text(engine: Engine, store: Store) -> None:
    texts = engine.cypher("MATCH (i:Item) RETURN i.text AS text ORDER BY i.id LIMIT 30")
    lists = []
    for bio in (texts[0]["text"], texts[29]["text"]):
        store.write("MATCH (u:User {id: 'writer'}) SET u.bio = $bio", bio=bio)
        rows = engine.recommend("writer", 30)
        assert {r.source for r in rows} == {"content"}
        assert len(rows) == 30
        assert "what the user writes" in rows[0].why
        lists.append(ids(rows))
    assert lists[0] != lists[1] != ids(engine.recommend("nothing", 30))


def test_users_with_ties_get_what_friends_had_and_then_the_rest(engine: Engine) -> None:
    theirs = had(engine, USER)
    rows = engine.recommend("tied", len(theirs) + 5)
    assert [r.source for r in rows] == ["friends"] * len(theirs) + ["popular"] * 5
    assert set(ids(rows)[: len(theirs)]) == theirs
    assert all(r.friends == 1 for r in rows[: len(theirs)])
    assert "friends" in rows[0].why


def test_users_who_came_after_the_run_are_placed_by_what_they_had(engine: Engine) -> None:
    rows = engine.recommend("late", 10)
    assert {r.source for r in rows} == {"embedding"}
    assert not had(engine, "late") & set(ids(rows))


def test_a_new_item_is_placed_by_its_text(engine: Engine, changed: Store) -> None:
    liked = engine.cypher(
        "MATCH (u:User {id: $u})-[:VIEWED|LIKED|BOUGHT]->(:Item)-[:ABOUT]->(t:Topic) "
        "RETURN t.name AS name, count(*) AS n ORDER BY n DESC LIMIT 1",
        u=USER,
    )[0]["name"]
    text = engine.cypher(
        "MATCH (i:Item)-[:ABOUT]->(:Topic {name: $n}) RETURN i.text AS t ORDER BY i.id LIMIT 1", n=liked
    )[0]["t"]
    make = "CREATE (:Item {id: $id, title: $title, text: $text, kind: 'brand new'})"
    changed.write(make, id="new-liked", title=liked, text=text)
    changed.write(make, id="new-blank", title="", text="")
    assert "new-liked" not in ids(engine.recommend(USER, 20))
    rows = engine.recommend(USER, 10, where={"kind": "brand new"})
    assert [(r.id, r.source) for r in rows] == [("new-liked", "text"), ("new-blank", "popular")]
    assert "by its text" in rows[0].why
    mixed = engine.recommend(USER, 300, include_new=True)
    place = {r.id: r.rank for r in mixed}
    assert place["new-liked"] < place["new-blank"]
    scores = [r.score for r in mixed]
    assert scores == sorted(scores, reverse=True)


def test_diversity_and_popularity(engine: Engine) -> None:
    plain = engine.recommend(USER, 10)
    popular, rare = (engine.recommend(USER, 10, popularity=p) for p in (0.8, -0.8))
    count = "UNWIND $ids AS id MATCH (i:Item {id: id}) RETURN sum(COUNT { (i)<-[:VIEWED|LIKED|BOUGHT|POSTED]-() }) AS n"
    fame = [engine.cypher(count, ids=ids(rows))[0]["n"] for rows in (rare, plain, popular)]
    assert fame == sorted(fame)
    assert fame[0] < fame[2]
    items = engine.embeddings("Item")
    row = {key: i for i, key in enumerate(items.ids)}

    def alike(rows: Rows[Recommendation]) -> float:
        x = items.vectors[[row[i] for i in ids(rows)]]
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
        return float((x @ x.T).mean())

    diverse = engine.recommend(USER, 10, diversity=0.7)
    assert alike(diverse) < alike(plain)
    assert diverse[0].id == plain[0].id
    assert [r.rank for r in diverse] == list(range(1, 11))


def test_all_users_at_once_are_each_user_by_itself(engine: Engine) -> None:
    for options in ({}, {"where": {"kind": "course"}}, {"diversity": 0.4, "popularity": -0.3}, {"include_seen": True}):
        table = engine.recommend_all(6, **options)
        assert list(table.columns) == ["user", "item", "rank", "score", "source"]
        assert (table.groupby("user").size() == 6).all()
        for user in (USER, "u0001", "u0200"):
            mine = table[table["user"] == user]
            assert mine["item"].tolist() == ids(engine.recommend(user, 6, **options)), (user, options)
            assert mine["rank"].tolist() == list(range(1, 7))


def test_a_run_whose_folder_is_elsewhere(engine: Engine, store: Store, tmp_path: Path) -> None:
    elsewhere = Engine(store, home=Home(tmp_path))
    assert ids(elsewhere.recommend(USER, 10)) == ids(engine.recommend(USER, 10))
    rows = elsewhere.recommend(USER, 30, where={"kind": "course"})
    here = engine.recommend(USER, 30, where={"kind": "course"})
    assert len(rows) == len(here)
    assert {r.source for r in rows} <= {"model", "embedding"}
    assert len(set(ids(rows)[:10]) & set(ids(here)[:10])) >= 4
    assert {r.source for r in elsewhere.recommend("nothing", 3)} == {"popular"}


def test_people(engine: Engine) -> None:
    rows = engine.recommend(USER, 12, what="people")
    assert len(rows) == 12
    tied = {r["id"] for r in engine.cypher("MATCH (:User {id: $u})-[:KNOWS]-(o) RETURN DISTINCT o.id AS id", u=USER)}
    assert not (tied | {USER}) & set(ids(rows))
    assert rows[0].score >= rows[-1].score
    city = engine.cypher("MATCH (u:User) RETURN u.city AS c, count(*) AS n ORDER BY n DESC LIMIT 1")[0]["c"]
    here = engine.recommend(USER, 5, what="people", where={"city": city})
    assert len(here) == 5
    assert {engine.profile(i).properties["city"] for i in ids(here)} == {city}
    climbers = engine.recommend(USER, 4, what="people", topic="climbing")
    assert all("climbing" in [t.name for t in engine.tags(i)] for i in ids(climbers))
    through = engine.recommend("tied", 300, what="people")
    assert [r.source for r in through] == sorted([r.source for r in through])  # friends, then popular
    assert through[0].source == "friends"
    assert {r.source for r in engine.recommend("nothing", 3, what="people")} == {"popular"}


def test_topics(engine: Engine) -> None:
    rows = engine.recommend(USER, 6, what="topics")
    stated = {r["n"] for r in engine.cypher("MATCH (:User {id: $u})-[:TAGGED]->(t) RETURN t.name AS n", u=USER)}
    assert len(rows) == 6
    assert not stated & {r.name for r in rows}
    assert {r.source for r in rows} == {"model"}
    assert [r.score for r in rows] == sorted((r.score for r in rows), reverse=True)
    assert {r.source for r in engine.recommend("nothing", 3, what="topics")} == {"popular"}
    assert engine.recommend("tied", 1, what="topics")[0].source in ("friends", "popular")


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"k": 0}, InputError, "k must be at least 1, got 0"),
        ({"k": -3}, InputError, "k must be at least 1, got -3"),
        ({"k": 2.5}, InputError, "whole number"),
        ({"where": {"knd": "course"}}, InputError, "no Item has a property 'knd'.*kind"),
        ({"where": {"price": "cheap"}}, InputError, "price holds FLOAT.*cannot be compared"),
        ({"where": {"price": {"atleast": 3}}}, InputError, "unknown operator 'atleast'"),
        ({"where": {"price": {}}}, InputError, "at least one of"),
        ({"where": {"kind": []}}, InputError, "at least one value"),
        ({"where": {"kind": None}}, InputError, "kind: None is no value"),
        ({"where": "kind = 'x'"}, InputError, "must be a mapping"),
        ({"where": {"kind": "opera"}}, NotFoundError, "no item is left by the filter: kind = 'opera'"),
        ({"where": {"kind": "x' OR true OR 'a' = 'a"}}, NotFoundError, "no item is left"),
        ({"where": {"kind` = 'x' OR true //": 1}}, InputError, "no Item has a property"),
        ({"diversity": 1.5}, InputError, "diversity: expected a number from 0 to 1, got 1.5"),
        ({"diversity": -0.1}, InputError, "diversity: expected a number from 0 to 1"),
        ({"popularity": 1.01}, InputError, "popularity: expected a number from -1 to 1"),
        ({"popularity": float("nan")}, InputError, "popularity: expected"),
        ({"what": "cars"}, InputError, "one of items, people, topics"),
        ({"what": "people", "diversity": 0.5}, InputError, "diversity is for items"),
        ({"what": "topics", "topic": "climbing"}, InputError, "narrow items and people"),
    ],
)
def test_wrong_inputs(engine: Engine, options: dict[str, Any], error: type[Exception], said: str) -> None:
    before = engine.cypher("MATCH (n) RETURN count(*) AS n")[0]["n"]
    with pytest.raises(error, match=said) as caught:
        engine.recommend(USER, **options)
    assert "\n" not in str(caught.value)
    assert engine.cypher("MATCH (n) RETURN count(*) AS n")[0]["n"] == before


def test_unknown_user(engine: Engine) -> None:
    with pytest.raises(NotFoundError, match="no User 'u9999'"):
        engine.recommend("u9999")


def test_a_parquet_file_can_be_written(engine: Engine, tmp_path: Path) -> None:
    engine.recommend_all(20, diversity=0.2).to_parquet(tmp_path / "r.parquet", index=False)
    table = pd.read_parquet(tmp_path / "r.parquet")
    assert table["source"].isin(["model", "embedding", "friends", "content", "text", "popular"]).all()
    assert not table.duplicated(["user", "item"]).any()
