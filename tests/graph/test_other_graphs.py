"""Graphs that are not ours: other labels and keys, several item kinds, no items, no topics; inspected, learned, published, asked."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.errors import SociogramError
from sociogram.graph.store import Store

PEOPLE = """
UNWIND range(0, 59) AS i
CREATE (:Customer {customerId: 'c' + i, fullName: 'Name ' + i, about: 'writes about ' + ['tea', 'rail', 'chess'][i % 3] + ' every day, day ' + i,
                   age: 20 + i % 40, country: ['DE', 'CN'][i % 2]})
"""
TIES = "MATCH (a:Customer), (b:Customer) WHERE a.age % 3 = b.age % 3 AND a.customerId < b.customerId AND rand() < 0.2 CREATE (a)-[:FOLLOWS]->(b)"
ITEMS = """
UNWIND range(0, 29) AS i
CREATE (:Film {fid: i, title: 'Film on ' + ['tea', 'rail', 'chess'][i % 3] + ' ' + i})
CREATE (:`Pod cast` {code: 'p' + i, title: 'Talking of ' + ['tea', 'rail', 'chess'][i % 3] + ' ' + i})
WITH count(*) AS done
MATCH (c:Customer), (f:Film) WHERE f.fid % 3 = toInteger(substring(c.customerId, 1)) % 3 AND (f.fid + c.age) % 4 = 0
CREATE (c)-[:WATCHED {rating: 4, on: date({year: 2024, month: 1, day: 1 + f.fid % 28}), review: 'a review of some length about film ' + f.fid}]->(f)
WITH count(*) AS done
MATCH (c:Customer), (p:`Pod cast`) WHERE (toInteger(substring(p.code, 1)) + c.age) % 7 = 0 CREATE (c)-[:HEARD]->(p)
"""
TOPICS = """
UNWIND ['tea', 'rail', 'chess'] AS name CREATE (g:Genre {name: name})
WITH g MATCH (c:Customer) WHERE c.about CONTAINS g.name AND c.age < 50 CREATE (c)-[:LIKES]->(g)
"""


@pytest.fixture
def engine(store: Store, tmp_path: Path) -> Callable[..., Engine]:
    def make(*statements: str) -> Engine:
        store.write("MATCH (n) DETACH DELETE n")
        for statement in statements:
            store.write(statement)
        return Engine(store, home=Home(tmp_path))

    return make


def through(engine: Engine, user: int | str = "c3") -> Engine:
    run = engine.fit(encoder="light", max_steps=16)
    engine.publish(run)
    me = engine.profile(user)
    assert np.isfinite(me.embedding).all()
    assert len(engine.similar(user, 3)) == 3
    return engine


def test_other_labels_several_item_kinds_and_text_on_relationships(engine: Callable[..., Engine]) -> None:
    e = through(engine(PEOPLE, TIES, ITEMS, TOPICS))
    watched = next(r for r in e.mapping.relationships if r.type == "WATCHED")
    assert watched.text == ("review",)
    assert (watched.weight, watched.time) == ("rating", "on")
    assert e.mapping.user.categorical == ("country",)
    kinds = {row["l"] for row in e.cypher("MATCH (:Customer)-[:RECOMMENDED]->(i) RETURN DISTINCT labels(i)[0] AS l")}
    assert kinds <= {"Film", "Pod cast"}
    assert kinds
    assert e.recommend("c3", 5)[0].name
    assert e.tags("c3")
    assert e.similar("c3", 2, where={"country": "DE"})[0].id != "c3"


CLUB = """
UNWIND range(0, 19) AS i
CREATE (m:`Club Member` {memberNo: 1000 + i, fullName: 'Member ' + i, about: 'I love the rope and the cliff, since day ' + i, age: 20 + i})
CREATE (w:Workshop {ref: 'w' + i, headline: 'Workshop ' + i, body: 'grip, boulder, summit and all that belongs to it, part ' + i})
MERGE (h:Hobby {slug: ['climbing', 'jazz'][i % 2], title: ['Climbing', 'Jazz'][i % 2]})
CREATE (m)-[:ENJOYS]->(h), (w)-[:COVERS]->(h), (m)-[:ATTENDED]->(w)
"""


def test_keys_names_and_topics_are_guessed(engine: Callable[..., Engine]) -> None:
    found = engine(CLUB).inspect()
    mapping = found.mapping
    assert str(found.comments["Hobby.title"]).startswith("name: ")  # the comment says the role that was given
    member, hobby, workshop = (
        next(n for n in mapping.nodes if n.label == label) for label in ("Club Member", "Hobby", "Workshop")
    )
    assert (member.role, member.key, member.name) == (
        "user",
        "memberNo",
        "fullName",
    )  # a number that names beats a unique name
    assert (hobby.role, hobby.key, hobby.name) == ("topic", "slug", "title")  # members and workshops point to it
    assert (workshop.role, workshop.key, workshop.name, workshop.text) == (
        "item",
        "ref",
        "headline",
        ("headline", "body"),
    )
    assert {r.type: r.role for r in mapping.relationships} == {
        "ENJOYS": "interest",
        "COVERS": "about",
        "ATTENDED": "behaviour",
    }


def test_no_items(engine: Callable[..., Engine]) -> None:
    e = through(engine(PEOPLE, TIES, TOPICS))
    assert len(e.recommend("c3", 5)) == 0
    assert e.tags("c3")


def test_no_topics(engine: Callable[..., Engine]) -> None:
    e = through(engine(PEOPLE, TIES, ITEMS))
    assert len(e.tags("c3")) == 0
    assert len(e.recommend("c3", 5)) > 0


def test_only_texts(engine: Callable[..., Engine]) -> None:
    e = through(engine(PEOPLE))
    assert len(e.tags("c3")) == 0
    assert len(e.recommend("c3", 5)) == 0


@pytest.mark.parametrize(
    "statements",
    [
        (),
        ("CREATE (:Genre {name: 'a'})",),
        ("CREATE (:Customer {customerId: 'c1', fullName: 'A'})",),
        ("UNWIND range(0, 9) AS i CREATE (:Customer {customerId: i})",),
    ],
)
def test_nothing_to_learn_from_is_said(engine: Callable[..., Engine], statements: tuple[str, ...]) -> None:
    with pytest.raises(SociogramError, match=r"(?i)empty|nothing to learn|no label|at least"):
        engine(*statements).fit(encoder="light")


def test_users_without_a_key_are_named(engine: Callable[..., Engine]) -> None:
    with pytest.raises(SociogramError, match="can be its key.*randomUUID"):
        engine("UNWIND range(0, 3) AS i CREATE (:Customer {fullName: 'same'})").inspect()
