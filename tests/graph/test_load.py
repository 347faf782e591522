from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from unit.loaders.helpers import write

from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.errors import InputError, MappingError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping, default_mapping
from sociogram.graph.publish_runs import published_runs, record_run
from sociogram.graph.store import Store
from sociogram.graph.stored_mapping import stored_mapping
from sociogram.loaders.csv_files import csv
from sociogram.loaders.demo import demo
from sociogram.loaders.jargon import jargon
from sociogram.loaders.load import existing_sources, load
from sociogram.loaders.source import Batch, NodeBatch, Provenance, Quarantine, RelationshipBatch


@pytest.fixture(autouse=True)
def _empty(store: Store) -> None:
    store.write("MATCH (n) DETACH DELETE n")


@dataclass(frozen=True)
class Fixed:
    """A source with given batches; it stops with an error after `fail_after` of them."""

    given: list[Batch]
    mapping: GraphMapping = field(default_factory=default_mapping)
    name: str = "fixed"
    provenance: Provenance = "public"
    fail_after: int | None = None

    def batches(self, quarantine: Quarantine) -> Iterator[Batch]:
        for i, batch in enumerate(self.given):
            if i == self.fail_after:
                raise KeyboardInterrupt
            yield batch


def users(*keys: str) -> NodeBatch:
    return NodeBatch("User", [{"id": key} for key in keys])


def knows(*rows: dict[str, Any]) -> RelationshipBatch:
    return RelationshipBatch("KNOWS", "User", "User", [dict(row) for row in rows])


def contents(store: Store) -> tuple[list[Any], list[Any]]:
    nodes = store.read(
        "MATCH (n) WHERE NOT n:SociogramMapping RETURN labels(n) AS l, properties(n) AS p ORDER BY l, toString(n.id)"
    )
    links = store.read(
        "MATCH (a)-[x]->(b) RETURN a.id AS a, type(x) AS t, b.id AS b, properties(x) AS p "
        "ORDER BY t, toString(a), toString(b), toString(x.eventId), toString(x.at)"
    )
    return nodes, links


def people(folder: Path, bio: str = "hi") -> Any:
    return csv(
        users=write(folder, "u.csv", f"id,name,bio,email\n1,Ann,{bio},a@b.c\n2,Bob,,b@b.c\n2,,late,\n"),
        items=write(folder, "i.csv", "id,title,tags\na,Alpha,jazz|rock\n"),
        ties=write(folder, "t.csv", "source,target,weight\n1,2,1\n1,2,2\n2,9,1\n2,1,4\n"),
        events=write(folder, "e.csv", "user,item,rating,at\n1,a,5,1609459200\n1,a,5,1609459201\n1,a,4,1609459200\n"),
    )


def test_twice_is_the_same_and_repeats_stay_apart(store: Store, home: Home, tmp_path: Path) -> None:
    report = load(people(tmp_path), store, home)
    once = contents(store)
    again = load(people(tmp_path), store, home)
    assert contents(store) == once
    assert again.relationships == report.relationships
    assert again.nodes == {"User": 2, "Item": 1}  # the topics are there already
    assert report.nodes == {"User": 2, "Topic": 2, "Item": 1}
    assert report.relationships == {"ABOUT": 2, "KNOWS": 2, "RATED": 2}
    assert report.rejected == {"unknown user": 1}
    assert report.quarantine is not None
    assert report.quarantine.exists()
    assert (report.read, report.merged, report.kept) == (11, 3, 7)
    weights = [row["p"]["weight"] for row in once[1] if row["t"] == "KNOWS"]
    assert weights == [3.0, 4.0]  # the undated repeat added to its weight, before writing
    assert [row["p"]["weight"] for row in once[1] if row["t"] == "RATED"] == [4.0, 5.0]
    bob = next(row["p"] for row in once[0] if row["p"]["id"] == "2")
    assert bob == {"id": "2", "name": "Bob", "bio": "late", "source": "csv", "provenance": "internal"}


def test_an_updated_file_updates(store: Store, home: Home, tmp_path: Path) -> None:
    load(people(tmp_path), store, home)
    load(people(tmp_path, bio="new"), store, home)
    assert store.read("MATCH (u:User {id: '1'}) RETURN u.bio AS bio, u.name AS name") == [{"bio": "new", "name": "Ann"}]
    fewer = csv(ties=write(tmp_path, "t2.csv", "source,target\n1,2\n"))
    load(fewer, store, home)
    weights = store.read("MATCH (:User {id: '1'})-[k:KNOWS]->() RETURN k.weight AS w")
    assert weights == [{"w": 1.0}]


def test_private_columns_only_when_asked(store: Store, home: Home, tmp_path: Path) -> None:
    count = "MATCH (u:User) WHERE u.email IS NOT NULL RETURN count(u) AS c"
    load(people(tmp_path), store, home)
    assert store.read(count) == [{"c": 0}]
    load(people(tmp_path), store, home, keep_private=True)
    assert store.read(count) == [{"c": 2}]
    mapping = stored_mapping(store)
    assert mapping is not None
    assert mapping.user.private == ("email",)


def test_ties_find_users_loaded_before(store: Store, home: Home, tmp_path: Path) -> None:
    load(people(tmp_path), store, home)
    source = csv(
        users=write(tmp_path, "u3.csv", "id\n3\n"), ties=write(tmp_path, "t3.csv", "source,target\n3,1\n3,8\n")
    )
    report = load(source, store, home)
    assert report.relationships == {"KNOWS": 1}
    assert report.rejected == {"unknown user": 1}


@pytest.mark.parametrize("stop", [1, 2, 3, 4])
def test_a_load_that_broke_off_is_continued_by_running_it_again(
    store: Store, home: Home, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    monkeypatch.setattr("sociogram.loaders.write.FLUSH", 2)
    batches: list[Batch] = [
        users("1", "2", "3"),
        knows(
            {"source": "1", "target": "2"}, {"source": "2", "target": "3", "at": 1000}, {"source": "1", "target": "3"}
        ),
        knows(
            {"source": "1", "target": "2"}, {"source": "2", "target": "3", "at": 1000}, {"source": "3", "target": "1"}
        ),
        users("4", "5"),
        knows({"source": "4", "target": "5", "eventId": "x", "at": 2000}),
    ]
    load(Fixed(batches), store, home)
    whole = contents(store)
    assert [row["p"].get("weight") for row in whole[1] if (row["a"], row["b"]) == ("1", "2")] == [2.0]
    store.write("MATCH (n) DETACH DELETE n")
    with pytest.raises(KeyboardInterrupt):
        load(Fixed(batches, fail_after=stop), store, home)
    load(Fixed(batches), store, home)
    assert contents(store) == whole


def test_unknown_ends_of_any_source_are_rejected(store: Store, home: Home) -> None:
    report = load(Fixed([users("1"), knows({"source": "1", "target": "2"})]), store, home)
    assert report.rejected == {"unknown user": 1}
    assert report.relationships == {"KNOWS": 0}


def test_ties_that_were_all_rejected_do_not_stop_what_follows(store: Store, home: Home, tmp_path: Path) -> None:
    mapping = GraphMapping((NodeMapping("User", "user"),), (RelationshipMapping("NEVER_MADE", "User", "User", "tie"),))
    batch = RelationshipBatch("NEVER_MADE", "User", "User", [{"source": "1", "target": "2"}])
    report = load(Fixed([users("1"), batch], mapping), store, home)
    assert report.relationships == {"NEVER_MADE": 0}
    assert len(Engine(store, home=home).snapshot(tmp_path / "snapshot").users.keys) == 1
    with pytest.raises(MappingError, match="relationship type 'NEVER_MADE' is not in the database"):
        Engine(store, home=home, mapping=mapping).snapshot(tmp_path / "other")


def test_an_undated_tie_does_not_touch_a_dated_one(store: Store, home: Home) -> None:
    rows = ({"source": "1", "target": "2", "at": 1000, "weight": 5.0}, {"source": "1", "target": "2", "weight": 7.0})
    for _ in range(2):
        load(Fixed([users("1", "2"), knows(*rows)]), store, home)
    assert [row["w"] for row in store.read("MATCH ()-[k:KNOWS]->() RETURN k.weight AS w ORDER BY w")] == [5.0, 7.0]


def test_cypher_in_values_and_odd_names_are_plain_text(store: Store, home: Home) -> None:
    evil = "'}) DETACH DELETE n //"
    label, kind, prop = "My User`s", "LIKES `a` lot", "foot size`"
    mapping = GraphMapping(
        (NodeMapping(label, "user", key="the key", name=prop), NodeMapping("Th ing", "item", key="id")),
        (RelationshipMapping(kind, label, "Th ing", "behaviour", weight="weight"),),
    )
    batches: list[Batch] = [
        NodeBatch(label, [{"the key": evil, prop: evil}]),
        NodeBatch("Th ing", [{"id": 1}]),
        RelationshipBatch(kind, label, "Th ing", [{"source": evil, "target": 1, "x`y z": evil}]),
    ]
    for _ in range(2):
        report = load(Fixed(batches, mapping), store, home)
        assert report.relationships == {kind: 1}
        rows = store.read("MATCH (a)-[x]->(b:`Th ing`) RETURN a, properties(x) AS p, type(x) AS t, labels(a) AS l")
        assert [(row["p"], row["t"], row["l"]) for row in rows] == [({"x`y z": evil}, kind, [label])]
        assert rows[0]["a"][prop] == rows[0]["a"]["the key"] == evil


def test_the_demo_makes_way_and_does_not_go_on_top(store: Store, home: Home) -> None:
    load(Fixed([users("d1", "d2")], name="demo"), store, home)
    assert existing_sources(store) == {"demo"}
    report = load(Fixed([users("1")]), store, home)
    assert report.removed == "the demo community (2 nodes)"
    assert store.read("MATCH (u:User) RETURN u.id AS id") == [{"id": "1"}]
    assert existing_sources(store) == {"fixed"}
    with pytest.raises(InputError, match="--replace"):
        load(Fixed([users("d1")], name="demo"), store, home)
    replaced = load(Fixed([users("d1")], name="demo"), store, home, replace=True)
    assert replaced.removed == "everything in the database (2 nodes)"
    assert store.read("MATCH (u:User) RETURN u.id AS id") == [{"id": "d1"}]


def test_another_community_takes_the_place_of_a_demo(store: Store, home: Home, tmp_path: Path) -> None:
    first, second, third = (demo(users=u, seed=s, truth=tmp_path / "truth") for u, s in ((40, 0), (30, 0), (30, 1)))
    load(first, store, home)
    assert existing_sources(store) == {"demo-40-0"}
    record_run(store, first.mapping, "r1", {"User": ["tags"], "Visitor": ["tags"]}, {}, {}, {})
    store.write("MATCH (u:User) SET u.tags = ['tea']")
    store.write("CREATE (:Visitor {tags: ['tea'], name: 'V'})")
    assert load(second, store, home).removed == f"the demo community ({40 + 21 + 24} nodes)"
    asked = "MATCH (u:User) OPTIONAL MATCH (u)-[x]->() RETURN count(DISTINCT u) AS users, count(x) AS relationships"
    found = store.read(asked)
    assert found[0]["users"] == 30
    assert not published_runs(store)  # nobody can roll back to those who are gone
    assert store.read("MATCH (v:Visitor) RETURN properties(v) AS p") == [{"p": {"name": "V"}}]
    assert load(second, store, home).removed is None  # the same again
    assert store.read(asked) == found
    assert load(third, store, home).removed is not None
    load(third, store, home, replace=True)
    assert existing_sources(store) == {"demo-30-1"}


def test_two_sources_share_one_mapping_and_contradictions_are_refused(store: Store, home: Home) -> None:
    load(Fixed([users("1")], GraphMapping((NodeMapping("User", "user", text=("bio",)),))), store, home)
    load(Fixed([], GraphMapping((NodeMapping("User", "user", numeric=("age",)),)), name="more"), store, home)
    mapping = stored_mapping(store)
    assert mapping is not None
    assert (mapping.user.text, mapping.user.numeric) == (("bio",), ("age",))
    assert existing_sources(store) == {"fixed", "more"}
    with pytest.raises(MappingError, match="one user label"):
        load(Fixed([], GraphMapping((NodeMapping("Person", "user"),)), name="other"), store, home)


def test_a_report_has_rows_for_a_table(store: Store, home: Home, tmp_path: Path) -> None:
    rows = load(people(tmp_path), store, home).rows()
    assert {"what": "rows", "name": "read", "count": 11} in rows
    assert {"what": "rejected", "name": "unknown user", "count": 1} in rows
    assert {"what": "nodes", "name": "User", "count": 2} in rows


def test_plain_words_and_jargon_are_not_one_source(store: Store, home: Home) -> None:
    plain = Fixed([NodeBatch("User", [{"id": "1", "bio": "quantum gates"}])])
    load(plain, store, home)
    with pytest.raises(InputError, match="same data in other words.*--replace"):
        load(jargon(plain), store, home)
    assert store.read("MATCH (u:User) RETURN u.bio AS bio") == [{"bio": "quantum gates"}]
    load(jargon(plain, 1), store, home, replace=True)
    assert existing_sources(store) == {"fixed-jargon-1-0"}
    (user,) = store.read("MATCH (u:User) RETURN u.bio AS bio, u.source AS source")
    assert user["source"] == "fixed-jargon-1-0"
    assert user["bio"] != "quantum gates"
    with pytest.raises(InputError, match="fixed-jargon-1-0"):
        load(plain, store, home)


def test_a_demo_in_jargon_is_a_demo(store: Store, home: Home) -> None:
    community = Fixed([users("d1", "d2")], name="demo")
    load(community, store, home)
    assert load(jargon(community), store, home).removed == "the demo community (2 nodes)"
    assert existing_sources(store) == {"demo-jargon-0.5-0"}
    assert load(community, store, home).removed == "the demo community (2 nodes)"
    load(jargon(community), store, home)
    assert load(Fixed([users("1")]), store, home).removed == "the demo community (2 nodes)"
    with pytest.raises(InputError, match="does not go on top"):
        load(jargon(community), store, home)
