"""Similar users under filters on a real Neo4j, beside exact NumPy: with SEARCH, and without as on 5.26."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from sociogram.errors import BeingPublished, InputError, NotFoundError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping, WriteMapping
from sociogram.graph.profile import Profiles
from sociogram.graph.publish import publish, unpublish
from sociogram.graph.publish_lock import flip_state, only_publisher
from sociogram.graph.published_tags import published_tags
from sociogram.graph.server import ManagedServer
from sociogram.graph.store import Store
from sociogram.queries.rows import Similar
from sociogram.queries.similar.find import SimilarUsers
from sociogram.queries.similar.memory import HeldRun

USERS, WIDTH, TWINS = 3_000, 32, 150
LABEL = "Per son"
TOPICS = {"common": 0.4, "some": 0.05, "rare": 0.002, "nobody's": 0.0}
START = datetime(2020, 1, 1, tzinfo=UTC)
NODES = (
    NodeMapping(
        LABEL,
        "user",
        key="pid",
        categorical=("half", "kind of"),
        numeric=("tenth", "hundredth", "thousandth", "weight"),
        private=("email",),
    ),
    NodeMapping("Film", "item", key="fid", name="title"),
    NodeMapping("Genre", "topic", key="name", name="name"),
)
LINKS = (
    RelationshipMapping("FOLLOWS", LABEL, LABEL, "tie"),
    RelationshipMapping("SAW", LABEL, "Film", "behaviour"),
    RelationshipMapping("LIKES", LABEL, "Genre", "interest"),
)
MAPPING = GraphMapping(NODES, LINKS)


class WithoutSearch(Store):
    """The same server, used as if it were 5.26."""

    @property
    def supports_search(self) -> bool:
        return False


def vectors(seed: int) -> NDArray[np.float32]:
    """Latent ones, in which neighbourhoods mean something; TWINS users have the same."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(USERS, 6)) @ rng.normal(size=(6, WIDTH)) + 0.3 * rng.normal(size=(USERS, WIDTH))
    x[-TWINS:] = x[-1]
    return x.astype(np.float32)


def users() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    n = np.arange(USERS)
    return pd.DataFrame(
        {
            "pid": n,
            "half": np.where(rng.random(USERS) < 0.5, "a", "b' OR true //"),
            "tenth": rng.integers(0, 10, USERS),
            "hundredth": rng.permutation(n % 100),
            "thousandth": rng.permutation(n % 1000),
            "weight": rng.random(USERS),
            "kind of": rng.choice(["x", "y", "z"], USERS),
            "flag": rng.random(USERS) < 0.3,
            "joined": [START + timedelta(days=int(d)) for d in rng.integers(0, 1000, USERS)],
            "words": [["tea", "rail"] if i % 3 else ["chess"] for i in n],
        }
    )


def profiles(seed: int) -> Profiles:
    rng = np.random.default_rng(seed)
    has = rng.random((USERS, len(TOPICS))) < np.array(list(TOPICS.values()))
    user, topic = np.nonzero(has)
    tags = pd.DataFrame(
        {
            "user": user,
            "topic": topic,
            "topic_label": "Genre",
            "probability": rng.random(len(user)).round(4),
            "shown": True,
            "observed": False,
        }
    ).sort_values(["user", "probability"], ascending=[True, False], kind="stable")
    nothing = {name: [] for name in ("user", "item", "item_label", "rank", "score")} | {"seen": np.zeros(0, bool)}
    keys: dict[str, list[Any]] = {LABEL: list(range(USERS)), "Genre": list(TOPICS)}
    names = {label: [str(k) for k in ks] for label, ks in keys.items()}
    return Profiles(LABEL, keys, names, {LABEL: vectors(seed)}, tags, pd.DataFrame(nothing), [["word"]] * USERS)


def put(store: Store, run: str, seed: int, mapping: GraphMapping = MAPPING) -> None:
    publish(store, mapping, run, profiles(seed), config={}, metrics={})


@pytest.fixture(scope="module")
def graph(store: Store) -> Store:
    """Users with a profile, one that came later, one whose profile is of an earlier run, one of zeros."""
    store.auto(f"CREATE CONSTRAINT FOR (u:`{LABEL}`) REQUIRE u.pid IS UNIQUE")
    store.write_batches(f"UNWIND $rows AS row CREATE (u:`{LABEL}`) SET u = row", users().to_dict("records"))
    store.write("UNWIND $names AS name CREATE (:Genre {name: name})", names=list(TOPICS))
    store.write(
        f"UNWIND range(0, 4) AS i CREATE (f:Film {{fid: i, title: 'F' + i}}) WITH f MATCH (u:`{LABEL}`) WHERE u.pid < 200 CREATE (u)-[:SAW]->(f)"
    )
    store.write(
        f"MATCH (a:`{LABEL}`), (b:`{LABEL}`) WHERE a.pid < 300 AND b.pid = a.pid + 1 CREATE (a)-[:FOLLOWS]->(b)"
    )
    put(store, "r1", 1)
    x = vectors(1)[0].tolist()
    store.write(
        f"CREATE (:`{LABEL}` {{pid: 'late', half: 'a', email: 'x@y'}}), (:`{LABEL}` {{pid: 'gone', half: 'a', embedding: $x, profileRun: 'r0'}})",
        x=x,
    )
    return store


@pytest.fixture(scope="module")
def older(server: ManagedServer, graph: Store) -> Iterator[Store]:
    address = server.start()
    with WithoutSearch.connect(address.uri, user=address.user, password=address.password) as store:
        yield store


def held(store: Store, words: Any = None, flips: int | None = None) -> SimilarUsers:
    """With the live run in memory, as it was when the graph was at a flip, now unless told otherwise."""
    made = SimilarUsers(store, MAPPING, words)
    ids = list(range(USERS))
    at = flip_state(store).flips if flips is None else flips
    made.hold(HeldRun("r1", ids, vectors(1), published_tags(store, MAPPING, "r1", ids), at))
    return made


@pytest.fixture(scope="module", params=["SEARCH", "no SEARCH", "memory"])
def similar(request: pytest.FixtureRequest, graph: Store, older: Store) -> SimilarUsers:
    if request.param == "memory":
        return held(graph)
    return SimilarUsers(graph if request.param == "SEARCH" else older, MAPPING)


TABLE, X = users(), vectors(1).astype(np.float64)
UNIT = X / np.linalg.norm(X, axis=1, keepdims=True)


def exact(to: NDArray[np.float64], mask: Any, k: int) -> tuple[list[int], list[float]]:
    """Keys and cosines of the k nearest among a mask, ties by key."""
    cosine = UNIT @ (to / np.linalg.norm(to))
    rows = np.flatnonzero(mask)
    best = rows[np.lexsort((rows, -cosine[rows].round(6)))][:k]
    return best.tolist(), cosine[best].tolist()


T = TABLE
FILTERS: list[tuple[Any, Any]] = [
    (None, T.pid >= 0),
    ({"half": "a"}, T.half == "a"),
    ({"half": "b' OR true //"}, T.half != "a"),
    ({"tenth": 3}, T.tenth == 3),
    ({"hundredth": 7}, T.hundredth == 7),
    ({"thousandth": 7}, T.thousandth == 7),
    ({"weight": {"gte": 0.2, "lt": 0.3}}, (T.weight >= 0.2) & (T.weight < 0.3)),
    ({"weight": {"gt": 0.999}}, T.weight > 0.999),
    ({"kind of": ["x", "z"]}, T["kind of"] != "y"),
    ({"kind of": {"ne": "y"}, "tenth": 3}, (T["kind of"] != "y") & (T.tenth == 3)),
    ({"half": "a", "hundredth": [1, 2, 3]}, (T.half == "a") & T.hundredth.isin([1, 2, 3])),
    ({"flag": True}, T.flag),
    ({"joined": {"lt": "2020-03-01"}}, T.joined < datetime(2020, 3, 1, tzinfo=UTC)),
    ({"words": "chess"}, T.words.str.len() == 1),
    ({"words": ["chess", "nothing"]}, T.words.str.len() == 1),
    ({"cypher": "u.tenth = 3 OR u.thousandth = 8"}, (T.tenth == 3) | (T.thousandth == 8)),
    ({"cypher": {"text": "EXISTS { (u)-[:SAW]->(:Film {fid: $film}) }", "parameters": {"film": 3}}}, T.pid < 200),
    ({"half": "a", "cypher": "u.weight < .01"}, (T.half == "a") & (T.weight < 0.01)),
]


@pytest.mark.parametrize(("where", "mask"), FILTERS, ids=[str(where) for where, _ in FILTERS])
def test_always_k_and_always_the_nearest(similar: SimilarUsers, where: Any, mask: Any) -> None:
    for pid in (5, 2_000, USERS - 1):
        wanted, cosines = exact(X[pid], mask & (T.pid != pid), 10)
        rows = similar.find(pid, 10, where)
        assert [row.id for row in rows] == wanted
        assert np.allclose([row.cosine for row in rows], cosines, atol=1e-5)
        assert (rows.note is None) == (len(wanted) == 10)


@pytest.mark.parametrize("topic", ["common", "some", "rare"])
@pytest.mark.parametrize("least", [0.0, 0.5])
def test_tags(similar: SimilarUsers, topic: str, least: float) -> None:
    tags = profiles(1).tags
    mine = tags[(tags["topic"] == list(TOPICS).index(topic)) & (tags["probability"] >= least)]["user"]
    wanted, _ = exact(X[5], T.pid.isin(mine) & (T.pid != 5), 10)
    rows = similar.find(5, 10, {"tag": {"name": topic, "min": least}})
    assert [row.id for row in rows] == wanted
    both, _ = exact(X[5], T.pid.isin(mine) & (T.half == "a") & (T.pid != 5), 10)
    assert [row.id for row in similar.find(5, 10, {"tag": {"name": topic, "min": least}, "half": "a"})] == both


def test_scores_are_the_same_number_on_every_plan(graph: Store, older: Store) -> None:
    new, old = SimilarUsers(graph, MAPPING), SimilarUsers(older, MAPPING)
    near = {row.id: row.cosine for row in new.find(5, 300)}
    for where in ({"half": "a"}, {"thousandth": 7}, {"cypher": "u.pid < 2000"}, {"hundredth": 3}):
        rows = [*new.find(5, 30, where), *old.find(5, 30, where)]
        assert all(row.cosine == near[row.id] for row in rows if row.id in near)


def test_plans_and_what_is_told_of_them(graph: Store, older: Store) -> None:
    new, old = SimilarUsers(graph, MAPPING), SimilarUsers(older, MAPPING)
    for where, kinds, share in (
        ({"half": "a"}, ("index", "over-fetch"), float((T.half == "a").mean())),
        ({"thousandth": 7}, ("index", "exact"), 0.001),
        ({"cypher": "u.weight < .5"}, ("over-fetch", "over-fetch"), float((T.weight < 0.5).mean())),
        ({"tag": "rare"}, ("exact", "exact"), None),
    ):
        for asked, kind in zip((new, old), kinds, strict=True):
            told = asked.find(5, 2, where, explain=True).explained
            assert told is not None
            assert told.plan == kind, where
            assert share is None or told.actual == pytest.approx(share, abs=0.002)
            assert 0 < told.candidates <= USERS
            assert told.milliseconds > 0
            assert kind in str(told)
    assert new.find(5, 4).explained is None


def test_ties_are_broken_by_key(similar: SimilarUsers) -> None:
    first = USERS - TWINS
    rows = similar.find(USERS - 1, 5)
    assert [row.id for row in rows] == list(range(first, first + 5))
    assert [row.id for row in similar.find(first, TWINS - 1)] == list(range(first + 1, USERS))


def same(rows: Sequence[Similar], others: Sequence[Similar]) -> None:
    """The same but for the last digits of a cosine: the database has its own."""
    assert [replace(row, cosine=0.0) for row in rows] == [replace(row, cosine=0.0) for row in others]
    assert np.allclose([row.cosine for row in rows], [row.cosine for row in others], atol=1e-6)


def test_memory_answers_as_the_database_does(graph: Store) -> None:
    quick, slow = held(graph), SimilarUsers(graph, MAPPING)
    for pid in (0, 5, "5", 2_000):
        rows = quick.find(pid, 7, explain=True)
        same(rows, slow.find(pid, 7))
        assert rows.explained is not None
        assert (rows.explained.plan, rows.explained.candidates) == ("memory", USERS)
    assert quick.find(USERS - 1, 5, explain=True).explained.plan == "index"  # type: ignore[union-attr]  # TWINS are equal
    said = lambda text: (X[7].tolist(), ["rare"])  # noqa: E731
    words = held(graph, said)
    same(words.find(text="anything", k=4), SimilarUsers(graph, MAPPING, said).find(text="anything", k=4))
    assert words.find(text="anything", k=4, explain=True).explained.plan == "memory"  # type: ignore[union-attr]


def test_memory_answers_an_event_loop(graph: Store) -> None:
    quick = held(graph)

    async def at_once() -> list[Any]:
        return await asyncio.gather(*(quick.soon(pid, 7) for pid in (*range(40), "5", USERS - 1, "nobody")))

    *found, text, twin, nobody = asyncio.run(at_once())
    for pid, rows in enumerate(found):
        same(rows, SimilarUsers(graph, MAPPING).find(pid, 7))
    same(text, found[5])
    assert (twin, nobody) == (None, None)  # equals at the edge, and a name that is none: `find` has to tell
    assert asyncio.run(SimilarUsers(graph, MAPPING).soon(5)) is None
    with pytest.raises(InputError, match="k must be at least 1, got 0"):
        asyncio.run(quick.soon(5, 0))


def test_memory_of_another_run_is_not_asked(graph: Store) -> None:
    rows = held(graph, flips=flip_state(graph).flips - 1).find(5, 4, explain=True)
    assert list(rows) == list(SimilarUsers(graph, MAPPING).find(5, 4))
    assert rows.explained is not None
    assert rows.explained.plan == "index"


def test_memory_goes_on_answering_while_another_run_is_made_live(graph: Store) -> None:
    said = lambda text: (X[7].tolist(), ["rare"])  # noqa: E731
    quick, before = held(graph, said), SimilarUsers(graph, MAPPING).find(5, 4)
    with only_publisher(graph, "r2", wait=10) as publisher:
        publisher.begin_flip()
        assert flip_state(graph).flipping
        rows = quick.find(5, 4, explain=True)
        same(rows, before)
        assert rows.explained is not None
        assert rows.explained.plan == "memory"
        hasty = Store(graph._driver, retry_s=0.1)  # whoever has to read the graph waits, and is told
        with pytest.raises(BeingPublished):
            held(hasty, said, flip_state(graph).flips - 1).find(text="anything", k=4)
        publisher.end_flip()
    assert quick.find(5, 4, explain=True).explained.plan == "index"  # type: ignore[union-attr]  # whatever went live


def test_who_is_never_in_the_answer(similar: SimilarUsers) -> None:
    nearest = [row.id for row in similar.find(0, 3)]
    assert {0, "late", "gone"}.isdisjoint(nearest)
    without = [row.id for row in similar.find(0, 10, exclude=iter([nearest[0], str(nearest[2])]))]
    assert without == exact(X[0], ~T.pid.isin([0, nearest[0], nearest[2]]), 10)[0]
    assert "gone" not in [row.id for row in similar.find(vector=X[0], k=10)]
    many = list(range(0, USERS, 2))
    assert [row.id for row in similar.find(1, 10, exclude=many)] == exact(X[1], (T.pid % 2 == 1) & (T.pid != 1), 10)[0]


def test_more_than_there_are(similar: SimilarUsers) -> None:
    rows = similar.find(5, 10**30)
    assert len(rows) == USERS - 1
    assert (
        rows.note == f"only {USERS - 1:,} of the {10**30:,} asked for: there are no more {LABEL} nodes with a profile."
    )
    few = similar.find(5, 50, {"thousandth": 7})
    assert (len(few), few.note) == (3, "only 3 of the 50 asked for: no more satisfy thousandth = 7.")


def test_nobody(similar: SimilarUsers) -> None:
    rows = similar.find(5, 10, {"kind of": "w"})
    assert len(rows) == 0
    assert rows.note is not None
    assert rows.note.startswith("nobody with a profile satisfies kind of = 'w'. kind of is for instance '")
    assert similar.find(5, 10, {"tag": "nobody's"}).note == 'nobody with a profile satisfies tag "nobody\'s".'


def test_a_vector_and_its_reasons(similar: SimilarUsers) -> None:
    rows = similar.find(vector=7 * X[5], k=3, where={"half": "a"})
    assert [row.id for row in rows] == exact(X[5], T.half == "a", 3)[0]
    assert all(not row.tied and row.friends_in_common == 0 for row in rows)
    fans = similar.find(vector=X[5], k=5, where={"tag": "rare"})
    assert all("rare" in row.shared_tags for row in fans)
    assert all(row.reasons.startswith("rare") for row in fans)


def test_reasons_beside_a_user(similar: SimilarUsers) -> None:
    rows = {row.id: row for row in similar.find(5, USERS)}
    assert rows[6].tied
    assert rows[7].friends_in_common == 1
    assert rows[7].items_in_common == 5
    assert "1 friend in common · 5 items in common" in rows[7].reasons
    assert not rows[2_000].tied


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"user": 5, "k": 0}, InputError, "k must be at least 1, got 0"),
        ({"user": 5, "k": -3}, InputError, "k must be at least 1, got -3"),
        ({"user": 5, "k": 2.5}, InputError, "k must be a whole number, got 2.5"),
        ({"user": 5, "k": True}, InputError, "k must be a whole number"),
        ({}, InputError, "compare with one of three"),
        ({"user": 5, "vector": [1.0] * WIDTH}, InputError, "compare with one of three"),
        ({"user": "nobody"}, NotFoundError, "there is no Per son 'nobody'"),
        ({"user": "late"}, NotFoundError, "'late' has no profile"),
        ({"user": "gone"}, NotFoundError, "'gone' has no profile of the live run"),
        ({"user": 5, "exclude": ["nobody"]}, NotFoundError, "there is no Per son 'nobody'"),
        ({"user": 5, "exclude": [None]}, InputError, "exclude takes keys or names of users, got None"),
        ({"vector": [1.0] * 7}, InputError, "the vector has 7 numbers; the live run's embeddings have 32"),
        ({"vector": [float("nan")] * WIDTH}, InputError, "holds nan at place 0"),
        ({"vector": np.zeros(WIDTH)}, InputError, "is all zero"),
        ({"text": " "}, InputError, "the description is empty"),
        ({"text": "climbers"}, InputError, "words need the run that is live"),
        ({"user": 5, "where": {"halb": "a"}}, InputError, "no Per son has a property 'halb'. The nearest: half"),
        ({"user": 5, "where": {"next_embedding": 1}}, InputError, "no Per son has a property 'next_embedding'"),
        ({"user": 5, "where": {"segment": 1}}, InputError, "no Per son has a property 'segment'"),
        ({"user": 5, "where": {"email": "x@y"}}, InputError, "Per son.email is private"),
        (
            {"user": 5, "where": {"half": 3}},
            InputError,
            r"half holds STRING \(for instance .*cannot be compared by eq with 3",
        ),
        ({"user": 5, "where": {"tenth": "many"}}, InputError, r"tenth holds INTEGER.*with 'many'"),
        ({"user": 5, "where": {"tag": "comon"}}, NotFoundError, "there is no topic 'comon'. The nearest: common"),
        ({"user": 5, "where": {"cypher": "u.tenth"}}, InputError, r"the Cypher condition \(u.tenth\) does not work"),
        ({"user": 5, "where": {"cypher": "v.tenth = 3"}}, InputError, r"does not work.*v"),
        ({"user": 5, "where": {"cypher": "u.tenth = "}}, InputError, "does not work"),
    ],
)
def test_wrong_input_is_named(
    similar: SimilarUsers, given: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        similar.find(**given)


def test_injection_is_inert(similar: SimilarUsers, graph: Store) -> None:
    before = graph.read("MATCH (n) RETURN count(*) AS n")
    attack = "x' OR true MATCH (n) DETACH DELETE n //"
    for where in (
        {"half": attack},
        {"kind of": [attack]},
        {"cypher": {"text": "u.half = $x", "parameters": {"x": attack}}},
    ):
        assert len(similar.find(5, 10, where)) == 0
    with pytest.raises(InputError, match="no Per son has a property"):
        similar.find(5, 10, {"half` = 'a' OR true //": "a"})
    with pytest.raises(NotFoundError, match="there is no topic"):
        similar.find(5, 10, {"tag": attack})
    with pytest.raises(InputError, match="has a semicolon|would write|closes a bracket"):
        similar.find(5, 10, {"cypher": "true) MATCH (n) DETACH DELETE n RETURN (1"})
    assert graph.read("MATCH (n) RETURN count(*) AS n") == before


def test_a_vector_of_zeros_is_near_nobody(graph: Store) -> None:
    find = SimilarUsers(graph, MAPPING).find
    graph.write(f"MATCH (u:`{LABEL}` {{pid: 9}}) SET u.embedding = $zero", zero=[0.0] * WIDTH)
    try:
        with pytest.raises(InputError, match="the embedding of 9 is all zero"):
            find(9)
        assert 9 not in [row.id for row in find(5, USERS)]
        assert len(find(5, 10, {"cypher": "u.pid IN [8, 9, 10]"})) == 2
    finally:
        graph.write(f"MATCH (u:`{LABEL}` {{pid: 9}}) SET u.embedding = $x", x=X[9].tolist())


def test_without_the_index_all_are_looked_at(server: ManagedServer, graph: Store) -> None:
    graph.auto(f"DROP INDEX `sociogram_vector_{LABEL}`")
    try:
        rows = SimilarUsers(graph, MAPPING).find(5, 10, {"half": "a"}, explain=True)
        assert [row.id for row in rows] == exact(X[5], (T.half == "a") & (T.pid != 5), 10)[0]
        assert rows.explained is not None
        assert rows.explained.plan == "exact"
    finally:
        put(graph, "r1", 1)


def test_the_index_follows_the_mapping(graph: Store) -> None:
    def inside() -> list[str]:
        return graph.read("SHOW VECTOR INDEXES YIELD name, properties WHERE name ENDS WITH $l RETURN properties", l=LABEL)[0]["properties"]  # fmt: skip

    def ranges() -> set[str]:
        rows = graph.read(
            "SHOW INDEXES YIELD name, properties WHERE name STARTS WITH 'sociogram_filter' RETURN properties[0] AS p"
        )
        return {row["p"] for row in rows}

    similar = SimilarUsers(graph, MAPPING)
    similar.find(5, 10, {"tenth": 3})
    chosen = ["half", "kind of", "tenth", "hundredth", "thousandth", "weight"]
    assert inside() == ["embedding", *chosen]
    assert ranges() == set(chosen)
    put(graph, "r1", 1, GraphMapping(NODES, LINKS, WriteMapping(filters=("flag", "half", "words", "email"))))
    assert inside() == ["embedding", "flag", "half"]
    assert ranges() == {"flag", "half"}
    # what it knows of the index is out of date
    for where, plan in (({"tenth": 3}, "over-fetch"), ({"flag": True}, "index")):
        rows = similar.find(5, 10, where, explain=True)
        assert len(rows) == 10
        assert rows.explained is not None
        assert rows.explained.plan == plan
    put(graph, "r1", 1)
    assert inside() == ["embedding", *chosen]


class Flipping(Store):
    """Another run goes live while the first `flips` searches are under way."""

    flips = 1
    during = " SEARCH "

    def read(self, query: str, parameters: Any = None, **named: Any) -> list[dict[str, Any]]:
        if self.during in query and self.flips:
            self.flips -= 1
            put(self, f"flip {self.flips}", 2 + self.flips)
        return super().read(query, parameters, **named)


@pytest.mark.parametrize(("flips", "during"), [(1, " SEARCH "), (2, " SEARCH "), (1, "$sg_keys")])
def test_a_run_that_goes_live_meanwhile(server: ManagedServer, graph: Store, flips: int, during: str) -> None:
    address = server.start()
    with Flipping.connect(address.uri, user=address.user, password=address.password) as store:
        store.flips, store.during = flips, during
        try:
            new = vectors(2).astype(np.float64)  # of the run that is live in the end
            cosine = new @ new[5] / np.linalg.norm(new, axis=1)
            cosine[5] = -9
            rows = (SimilarUsers(store, MAPPING) if "SEARCH" in during else held(store)).find(5, 10)
            assert store.flips == 0
            assert [row.id for row in rows] == np.argsort(-cosine)[:10].tolist()
        finally:
            put(graph, "r1", 1)


def test_unpublishing_drops_the_indexes(graph: Store) -> None:
    unpublish(graph)
    assert not graph.read("SHOW INDEXES YIELD name WHERE name STARTS WITH 'sociogram' RETURN name")
    with pytest.raises(NotFoundError, match="nothing is published"):
        SimilarUsers(graph, MAPPING).find(5)
    put(graph, "r1", 1)
