"""Every file of the query library on a real Neo4j: its plan, its rows, and what it may not do."""

import math
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neo4j
import networkx as nx
import numpy as np
import pytest

from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.errors import DatabaseError, InputError, NotFoundError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping, WriteMapping
from sociogram.graph.publish import publish
from sociogram.graph.server import ManagedServer
from sociogram.graph.store import Store
from sociogram.graph.vector_index import create_index
from sociogram.loaders import demo
from sociogram.loaders.demo_people import SPAM_BIOS
from sociogram.queries.catalogue import Catalogue
from sociogram.queries.header import Query
from sociogram.queries.library import translate
from sociogram.queries.parameters import default

# What a query is asked with where its own examples would find nothing in this community.
ASKED: dict[str, dict[str, Any]] = {
    "who_influences": {"user": "bot"},
    "evidence_for_tag": {"user": "u0027"},
    "influence_in_topic": {"days": 400},
}
FORBIDDEN = re.compile("AllNodes|Cartesian|Create|Delete|Set|Merge|Remove|Foreach")
SEEKS = re.compile("Seek|VectorIndexSearch|ProcedureCall")
QUERIES = Catalogue().all()
LTS = [q for q in Catalogue(lts=True).all() if q not in QUERIES]

PLANTED = """
MATCH (item:Item {id: 'i0004'}) MATCH (friend:User {id: 'u0042'})
CREATE (bot:User {id: 'bot', name: 'Robot'}), (new:User {id: 'new', name: 'New'})-[:TAGGED]->(:Topic {id: 'lonely', name: 'lonely'})
CREATE (bot)-[:KNOWS {weight: 1.0}]->(friend), (friend)-[:VIEWED {at: datetime('2026-02-01T00:00:00Z')}]->(item)
WITH bot, item UNWIND range(0, 29) AS i
CREATE (bot)-[:VIEWED {at: datetime('2026-02-02T00:00:00Z') + duration({seconds: 60 * i})}]->(item)
"""


@pytest.fixture(scope="module")
def engine(store: Store, home: Home) -> Engine:
    """A demo community, published twice, with a robot and a newcomer beside it."""
    engine = Engine(store, home=home)
    engine.load(demo(300))
    run = engine.fit(encoder="light", mode="frozen", max_steps=60)
    publish(
        store,
        engine.mapping,
        "earlier",
        run.profiles,
        config={"mode": "x"},
        metrics={"tags map": 0.5, "choice": "a, b"},
    )
    engine.publish(run)
    store.write(PLANTED)
    store.auto("CALL db.prepareForReplanning(60)")  # else plans depend on when the server last counted its indexes
    return engine


@pytest.fixture(scope="module")
def driver(server: ManagedServer) -> Iterator[neo4j.Driver]:
    address = server.start()
    with neo4j.GraphDatabase.driver(
        address.uri, auth=(address.user, address.password), notifications_min_severity="OFF"
    ) as driver:
        yield driver


def asked(query: Query, store: Store) -> dict[str, Any]:
    values = {
        p.name: "city" if p.name == "by" else None if p.type == "VECTOR" else default(p) for p in query.parameters
    }
    if "vector" in values:
        values["vector"] = store.read("MATCH (u:User {id: 'u0042'}) RETURN u.embedding AS e")[0]["e"]
    return values | ASKED.get(query.name, {})


def operators(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield plan["operatorType"].split("@")[0], plan["args"].get("Details", "")
    for child in plan.get("children", ()):
        yield from operators(child)


@pytest.mark.parametrize("query", [*QUERIES, *LTS], ids=lambda q: f"{q.name}{'.5' * (q in LTS)}")
def test_plan_and_rows_of_the_file_as_it_stands(engine: Engine, driver: neo4j.Driver, query: Query) -> None:
    values = asked(query, engine.store)
    with driver.session(default_access_mode=neo4j.READ_ACCESS) as session:
        plan: Any = session.run(f"EXPLAIN {query.text}", values).consume().plan
        result = session.execute_read(lambda tx: [dict(r) for r in tx.run(query.text, values)])
    found = list(operators(plan))
    assert not [name for name, _ in found if FORBIDDEN.search(name)]
    scans = [(name, details) for name, details in found if name.endswith("Scan")]
    assert all(name.endswith("NodeByLabelScan") for name, _ in scans), scans
    assert {details.split(":")[1].split()[0] for _, details in scans} == query.scanned
    if query.index != "none":
        assert any(SEEKS.search(name) for name, _ in found)
    if "NAME(Topic)" in {p.type for p in query.parameters}:
        assert any("topic:Topic(name)" in details for name, details in found if SEEKS.search(name))
    assert result
    columns = re.sub(r"\([^)]*\)", "", query.columns).replace(" ", "").split(",")
    assert list(result[0]) == columns


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: q.name)
def test_the_engine_gives_the_same_rows(engine: Engine, query: Query) -> None:
    values = asked(query, engine.store)
    rows = engine.query(query.name, **{name: value for name, value in values.items() if value is not None})
    plain = engine.store.read(query.text, values)
    shown = [{k: v for k, v in row.items() if k != "name"} for row in plain]
    assert [{k: v for k, v in row.items() if k != "name"} for row in rows] == shown
    assert len(rows.to_pandas()) == len(plain)


def test_both_variants_agree(engine: Engine) -> None:
    for lts in LTS:
        query = next(q for q in QUERIES if q.name == lts.name)
        assert (lts.parameters, lts.columns) == (query.parameters, query.columns)
        values = asked(query, engine.store)
        one, two = engine.store.read(query.text, values), engine.store.read(lts.text, values)
        assert [row["id"] for row in one] == [row["id"] for row in two]


def test_groups_are_found_where_they_are_written_and_nothing_elsewhere(engine: Engine) -> None:
    for name in ("segments", "segment_lift", "bridges", "community_links"):
        assert not engine.query(name, by="noSuchProperty")
        assert engine.query(name)  # what the fit has written


def test_similar_users_are_the_nearest(engine: Engine) -> None:
    rows = engine.store.read(
        "MATCH (u:User) WHERE u.profileRun IS NOT NULL RETURN u.id AS id, u.embedding AS e ORDER BY id"
    )
    x = np.array([row["e"] for row in rows])
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    ids = [row["id"] for row in rows]
    cosine = x @ x[ids.index("u0042")]
    nearest = [ids[i] for i in np.argsort(-cosine)[1:6]]
    assert [row["id"] for row in engine.query("similar_users", user="u0042", k=5)] == nearest
    centre = x[[ids.index("u0042"), ids.index("u0107")]].sum(0)
    alike = [ids[i] for i in np.argsort(-(x @ centre)) if ids[i] not in ("u0042", "u0107")][:5]
    assert [row["id"] for row in engine.query("look_alike_audience", seeds=["u0042", "u0107"], k=5)] == alike


def test_friends_of_friends_by_networkx(engine: Engine) -> None:
    graph = nx.Graph()
    degree: dict[str, int] = defaultdict(int)
    for row in engine.store.read("MATCH (a:User)-[:KNOWS]->(b:User) RETURN a.id AS a, b.id AS b"):
        graph.add_edge(row["a"], row["b"])
        degree[row["a"]] += 1
        degree[row["b"]] += 1
    rows = engine.query("friends_of_friends", user="u0042", k=500)
    assert len(rows) > 10
    for row in rows:
        common = set(nx.common_neighbors(graph, "u0042", row["id"]))
        assert not graph.has_edge("u0042", row["id"])
        assert row["friends_in_common"] == len(common)
        assert row["score"] == pytest.approx(sum(1 / math.log(1 + degree[friend]) for friend in common))


def test_cooccurrence_and_segments_by_counting(engine: Engine) -> None:
    likes = defaultdict(set)
    rows = engine.store.read(
        "MATCH (u:User)-[i:INTERESTED_IN]->(t:Topic) WHERE i.score >= .3 RETURN u.id AS u, u.city AS city, t.name AS t"
    )
    for row in rows:
        likes[row["t"]].add(row["u"])
    users = engine.store.read("MATCH (u:User) RETURN count(*) AS n, count(u.city) AS settled")[0]
    both = engine.query("tag_cooccurrence", topic="climbing", least=0.3, k=3)
    for row in both:
        common = len(likes["climbing"] & likes[row["topic"]])
        assert row["users"] == common
        expected = common / len(likes["climbing"]) / (len(likes[row["topic"]]) / users["n"])
        assert row["lift"] == pytest.approx(expected)
    city = {row["u"]: row["city"] for row in rows}
    for row in engine.query("topic_by_segment", topic="climbing", by="city"):
        fans = sum(city[u] == row["segment"] for u in likes["climbing"])
        assert row["fans"] == fans
        expected = fans / row["users"] / (sum(city[u] is not None for u in likes["climbing"]) / users["settled"])
        assert row["lift"] == pytest.approx(expected)
    lifts = {(row["segment"], row["topic"]): row for row in engine.query("segment_lift", by="city", k=100, floor=1)}
    for row in engine.query("topic_by_segment", topic="climbing", by="city"):
        if row["fans"]:
            assert lifts[row["segment"], "climbing"]["lift"] == pytest.approx(row["lift"])


def test_what_was_planted_is_found(engine: Engine) -> None:
    assert {row["id"] for row in engine.query("newcomers")} == {"bot", "new"}
    suspect = engine.query("suspected_bots")[0]
    assert (suspect["id"], suspect["actions"], suspect["friends"]) == ("bot", 30, 1)
    assert suspect["rhythm"] < 0.01
    assert suspect["variety"] == pytest.approx(1 / 30)
    leader = engine.store.read(Catalogue().get("who_influences").text, user="bot", days=2, k=5)
    assert [(row["id"], row["items"], row["share"]) for row in leader] == [("u0042", 1, 1.0)]
    changes = {row["metric"]: row for row in engine.query("run_changes")}
    assert changes["tags map"]["before"] == 0.5
    assert changes["tags map"]["change"] == pytest.approx(changes["tags map"]["after"] - 0.5)
    counts = {row["check"]: row["found"] for row in engine.query("data_quality")}
    assert counts["users without a profile"] == 2


def test_robots_of_a_demo_community_are_suspected(engine: Engine) -> None:
    text = "MATCH (u:User) WHERE u.bio IN $bios AND COUNT { (u)-[:VIEWED|LIKED|BOUGHT|POSTED]->() } >= 20 RETURN u.id AS id"
    planted = {row["id"] for row in engine.store.read(text, bios=list(SPAM_BIOS))}
    found = {row["id"] for row in engine.query("suspected_bots")} - {"bot"}
    assert len(planted) >= 3
    assert len(found & planted) >= len(planted) / 2
    assert len(found - planted) <= 1


def test_evidence_is_what_the_run_published(engine: Engine) -> None:
    text = (
        "MATCH (u:User)-[i:INTERESTED_IN]->(t:Topic) WHERE size(i.evidence) > 1 AND NOT (u)-[:TAGGED]->(t) RETURN u.id AS user, "
        "t.name AS topic, i.evidenceText AS what, i.evidenceKind AS how, i.evidenceShare AS weight ORDER BY i.score DESC, user LIMIT 5"
    )
    published = engine.store.read(text)
    assert len(published) == 5
    for row in published:
        user, topic = row["user"], row["topic"]
        pieces = [r for r in engine.query("evidence_for_tag", user=user, topic=topic) if r["kind"] == "evidence"]
        for column in ("what", "how", "weight"):
            assert [r[column] for r in pieces] == row[column]
        (mine,) = [r for r in engine.query("interests_of", user=user) if r["topic"] == topic]
        (shown,) = [r for r in engine.query("topics_for_user", user=user, k=50) if r["topic"] == topic]
        (inferred,) = [r for r in engine.query("inferred_by_tag", topic=topic, least=0, k=300) if r["id"] == user]
        assert mine["because"] == shown["because"] == inferred["because"] == row["what"][0]


def test_an_interest_that_the_graph_has_itself_is_no_evidence_twice(engine: Engine) -> None:
    said = engine.store.read(
        "MATCH (u:User)-[:TAGGED]->(t:Topic)<-[i:INTERESTED_IN]-(u) WHERE i.evidenceKind = ['said'] RETURN u.id AS user, t.name AS topic LIMIT 1"
    )[0]
    kinds = [row["kind"] for row in engine.query("evidence_for_tag", **said)]
    assert kinds.count("said") == 1
    assert "evidence" not in kinds


def test_words_find_those_who_are_told_of(engine: Engine) -> None:
    rows = engine.query("similar_to_description", vector="baking bread", k=10)
    assert sum("baking" in row["tags"] for row in rows) >= 8


def test_similar_to_words_with_a_filter(engine: Engine) -> None:
    rows = engine.similar(text="baking bread", k=10)
    assert len(rows) == 10
    assert sum("baking" in row.shared_tags for row in rows) >= 8
    here = engine.similar(text="baking bread", k=3, where={"city": "Lyon"}, exclude=[rows[0].id], explain=True)
    assert {row["city"] for row in engine.store.read("MATCH (u:User) WHERE u.id IN $ids RETURN u.city AS city", ids=[r.id for r in here])} == {"Lyon"}  # fmt: skip
    assert here.explained is not None
    assert 0 < here.explained.actual < 0.2
    elsewhere = Engine(engine.store, home=Home(engine.home.root / "elsewhere"))
    with pytest.raises(NotFoundError, match="words need the run that is live"):
        elsewhere.similar(text="baking bread")


def test_what_was_learned_of_a_graph_is_forgotten_with_its_run(engine: Engine) -> None:
    before = engine.similar("u0042", 5, {"tag": "climbing"})
    live = engine.store.read("MATCH (r:ProfileRun {state: 'live'}) RETURN r.id AS id")[0]["id"]
    engine.publish(live)
    assert engine.similar("u0042", k=5, where={"tag": "climbing"}).to_dicts() == before.to_dicts()


@pytest.mark.parametrize(
    ("name", "given", "error"),
    [
        ("users_by_tag", {"topic": "climbin"}, r"no topic 'climbin'. The nearest: climbing"),
        ("why_item", {"user": "u0042", "item": "i9999"}, r"no item 'i9999'. The nearest: i"),
        ("similar_users", {"user": "u9999"}, r"no User 'u9999'. The nearest: u"),
        ("similar_users", {"user": "new"}, r"has no profile yet"),
        ("look_alike_audience", {"seeds": ["u0042", "nobody"]}, r"no User 'nobody'"),
    ],
)
def test_who_is_not_there_is_named(engine: Engine, name: str, given: dict[str, Any], error: str) -> None:
    with pytest.raises(NotFoundError, match=error):
        engine.query(name, **given)


def test_a_file_of_ones_own(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "count.cypher").write_text("// How many users there are.\nMATCH (user:User) RETURN count(*) AS n\n")
    (tmp_path / "sly.cypher").write_text("// Writes by a procedure.\nCALL db.createLabel('Sly')\n")
    (tmp_path / "settled.cypher").write_text(
        "// The users of a city.\n//\n// :param city => 'Madrid';\n//   STRING, required: which\n"
        "MATCH (user:User) WHERE user.city = $city RETURN user.id AS id ORDER BY id\n"
    )
    own = Engine(engine.store, home=engine.home, queries=[tmp_path])
    assert own.query("count").to_dicts() == [{"n": 302}]
    assert own.query("own/count").to_dicts() == [{"n": 302}]
    settled = engine.store.read("MATCH (u:User {city: 'Lyon'}) RETURN u.id AS id ORDER BY id")
    assert own.query("settled", city="Lyon").to_dicts() == settled
    assert settled
    assert "count" in {row["name"] for row in own.queries()}
    with pytest.raises(DatabaseError):
        own.query("sly")
    with pytest.raises(NotFoundError, match="there is no query 'count'"):
        engine.query("count")


OTHER = GraphMapping(
    nodes=(
        NodeMapping("Per son", "user", key="pid", name="full name"),
        NodeMapping("Film", "item", key="fid", name="heading"),
        NodeMapping("Book", "item", key="isbn"),
        NodeMapping("Genre", "topic", key="name", name="name"),
    ),
    relationships=(
        RelationshipMapping("FOLLOWS", "Per son", "Per son", "tie"),
        RelationshipMapping("SAW", "Per son", "Film", "behaviour", time="seen"),
        RelationshipMapping("READ", "Per son", "Book", "behaviour", time="read"),
    ),
    write=WriteMapping(prefix="sg_"),
)


def test_every_query_can_be_asked_of_another_schema(engine: Engine) -> None:
    create_index(engine.store, "Per son", "sg_embedding", 128, 60)
    for query in [*QUERIES, *LTS]:
        text = translate(query.body, OTHER)
        code = re.sub(r"'[^']*'", "", text)
        assert not re.search(r":(User|Item|Topic|KNOWS|TAGGED|ABOUT)\b", code), query.name
        assert "Per son" in text or query.name in ("runs", "run_changes"), query.name
        engine.store.read(f"EXPLAIN {text}", asked(query, engine.store))
    engine.store.auto("DROP INDEX `sociogram_vector_Per son`")


def test_people_by_name_and_filter_with_counts(engine: Engine) -> None:
    everyone = engine.people(k=400, facets=True)
    assert everyone.total == len(everyone) == 300  # who came after the run has no profile
    influence = [p.influence for p in everyone if p.influence is not None]
    assert influence == sorted(influence, reverse=True)
    tag = everyone.facets["tag"][0]
    having = engine.people(where={"tag": tag.value}, k=400, facets=True)
    assert having.total == tag.users
    assert having.facets["tag"][0].users == having.total
    assert sum(f.users for f in everyone.facets["segment"]) == 300
    assert {f.value for f in everyone.facets["city"]} > {"Leipzig"}
    one = everyone[7]
    found = engine.people(one.name.upper()[:6])
    assert one.id in [p.id for p in found]
    assert [p.id for p in engine.people(str(one.id))] == [one.id]
    assert engine.people(k=3, skip=2).to_dicts() == everyone[2:5].to_dicts()
    assert engine.people("no such name").total == 0
    assert [p.id for p in engine.people_of([one.id, "gone"])] == [one.id]
    with pytest.raises(InputError):
        engine.people(k=0)


def test_audiences_hold_whom_was_asked_for(engine: Engine) -> None:
    where = {"city": ["Leipzig", "Lyon"]}
    made = engine.save_audience("two cities", where=where)
    assert sorted(made.users) == sorted(p.id for p in engine.people(where=where, k=400))
    assert made.run == engine.live().id
    near = engine.save_audience("near", text="photography", k=5)
    assert near.users == [r.id for r in engine.similar(text="photography", k=5)]
    assert engine.save_audience("some", ["u0003", "u0001", "u0003"]).users == ["u0003", "u0001"]
    with pytest.raises(InputError, match="these are no users: nobody"):
        engine.save_audience("none", ["u0003", "nobody"])
    rows = engine.cypher(made.cypher(engine.mapping))
    assert len(rows) == len(made.users)
    for name in ("two cities", "near", "some"):
        engine.audiences.remove(name)


def test_a_neighbourhood_is_what_the_graph_has(engine: Engine) -> None:
    around = engine.neighbourhood("u0012", 5)
    kinds = [n.kind for n in around.near]
    assert {kind: kinds.count(kind) <= 5 for kind in kinds} == {"user": True, "item": True, "topic": True}
    friends = [n.id for n in around.near if n.kind == "user"]
    tied = engine.cypher("MATCH (:User {id: 'u0012'})-[:KNOWS]-(f) RETURN DISTINCT f.id AS id")
    assert set(friends) <= {row["id"] for row in tied}
    for a, b in around.ties:
        assert {a, b} <= set(friends)
        assert engine.cypher("MATCH (a {id: $a})-[:KNOWS]->(b {id: $b}) RETURN 1 AS one", a=a, b=b)
    with pytest.raises(NotFoundError, match="nobody"):
        engine.neighbourhood("nobody at all")
