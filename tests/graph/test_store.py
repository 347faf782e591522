"""The store against a real Neo4j."""

import threading
from collections.abc import Iterator
from typing import Any

import neo4j
import pytest

from sociogram.errors import AuthenticationFailed, DatabaseError, DatabaseUnavailable
from sociogram.graph.mapping import GraphMapping, NodeMapping
from sociogram.graph.schema import ensure_schema, quote
from sociogram.graph.server import ManagedServer
from sociogram.graph.store import Counters, Store

NAMES = [
    "plain",
    "two words",
    "a`b",
    "``",
    "a\\u0060b",
    "a\\\\u0060b",
    "\\u0060) DETACH DELETE n //",
    "tail\\",
    "音乐",
    "line\nbreak",
]


class Tally:
    """A stage that counts."""

    def __init__(self) -> None:
        self.total = 0.0

    def advance(self, amount: float = 1, note: str | None = None) -> None:
        self.total += amount


def test_connected_store_knows_its_server(store: Store, server: ManagedServer) -> None:
    assert f"{store.version[0]}.{store.version[1]:02}" in server.version
    assert store.vector_parameters
    assert store.supports_search
    assert store.address == server.start().uri


def test_wrong_password(server: ManagedServer) -> None:
    with pytest.raises(AuthenticationFailed, match="NEO4J_PASSWORD") as caught:
        Store.connect(server.start().uri, user="neo4j", password="not-the-password")
    assert "not-the-password" not in str(caught.value)


def test_unknown_database(server: ManagedServer) -> None:
    address = server.start()
    with pytest.raises(DatabaseUnavailable, match="--database"):
        Store.connect(address.uri, user=address.user, password=address.password, database="nowhere")


def test_the_default_password_never_opens_it(server: ManagedServer) -> None:
    with pytest.raises(AuthenticationFailed):
        Store.connect(server.start().uri, user="neo4j", password="neo4j")


def test_a_drivers_owner_keeps_it(server: ManagedServer) -> None:
    address = server.start()
    with neo4j.GraphDatabase.driver(address.uri, auth=(address.user, address.password)) as driver:
        with Store(driver, "neo4j") as store:
            store.check()
            assert store.address == address.uri
        driver.verify_connectivity()


def test_write_counts_and_read_returns_rows(store: Store) -> None:
    assert store.write("CREATE (a:W {x: $x})-[:R]->(:W)", x=1) == Counters(2, 0, 1, 0, 1)
    assert store.read("MATCH (n:W) RETURN n.x AS x ORDER BY x") == [{"x": 1}, {"x": None}]
    assert store.write("MATCH (n:W) DETACH DELETE n") == Counters(0, 2, 0, 1, 0)


def test_a_write_sent_as_a_read_is_refused(store: Store) -> None:
    with pytest.raises(DatabaseError, match="Nothing was changed"):
        store.read("CREATE (:Never)")
    assert store.read("MATCH (n:Never) RETURN n") == []


def test_a_wrong_query_names_the_fault_in_one_line(store: Store) -> None:
    with pytest.raises(DatabaseError, match="refused the query: Invalid input") as caught:
        store.read("MATCH (n RETURN n")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["CYPHER 5", "CYPHER 25"])
def test_any_name_survives_quoting(store: Store, name: str, language: str) -> None:
    created = store.write(f"{language} CREATE (:{quote(name)} {{{quote(name)}: 1}})-[:{quote(name)}]->()")
    assert created == Counters(2, 0, 1, 0, 1)
    query = f"{language} MATCH (n:{quote(name)})-[r]->(m) RETURN labels(n) AS l, keys(n) AS k, type(r) AS t"
    assert store.read(query) == [{"l": [name], "k": [name], "t": name}]
    store.write("MATCH (n) DETACH DELETE n")


def test_batches_equal_one_by_one(store: Store) -> None:
    rows = [{"id": i, "name": f"n{i}"} for i in range(1_003)]
    query = "UNWIND $rows AS row CREATE (n:{label} {{id: row.id, name: row.name + $suffix}})"
    tally = Tally()
    counted = store.write_batches(
        query.format(label="Many"), iter(rows), size=100, sessions=3, parameters={"suffix": "!"}, stage=tally
    )
    for row in rows[::100]:
        store.write(query.format(label="Single"), rows=[row], suffix="!")
    assert counted == Counters(nodes_created=1_003, properties_set=2_006)
    assert tally.total == 1_003
    read = "MATCH (n:{label}) RETURN n.id AS id, n.name AS name ORDER BY id"
    assert store.read(read.format(label="Many"))[::100] == store.read(read.format(label="Single"))
    assert [dict(record) for record in store.stream(read.format(label="Many"), fetch_size=10)] == [
        {"id": row["id"], "name": f"{row['name']}!"} for row in rows
    ]


def test_no_rows_are_no_work(store: Store) -> None:
    assert store.write_batches("UNWIND $rows AS row CREATE (:None_)", []) == Counters()


def test_the_first_failing_batch_stops_the_rest(store: Store) -> None:
    taken = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal taken
        for i in range(100_000):
            taken += 1
            yield {"x": 0 if i == 30 else 1}

    with pytest.raises(DatabaseError, match="/ by zero"):
        store.write_batches("UNWIND $rows AS row CREATE (:Half {x: 1 / row.x})", rows(), size=10)
    assert taken < 100_000


def test_an_error_in_the_rows_is_the_callers(store: Store) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield {"x": 1}
        raise LookupError("broken source")

    with pytest.raises(LookupError, match="broken source"):
        store.write_batches("UNWIND $rows AS row CREATE (:Half {x: row.x})", rows(), size=10)


def test_deadlocks_are_retried(store: Store) -> None:
    """Batches that lock the same nodes in opposite orders deadlock; every increment must still arrive."""
    store.write("UNWIND range(0, 49) AS id CREATE (:Lock {id: id, n: 0})")
    ids = list(range(50))
    batches = [{"ids": ids if i % 2 else ids[::-1]} for i in range(60)]
    query = "UNWIND $rows AS row UNWIND row.ids AS id MATCH (n:Lock {id: id}) SET n.n = n.n + 1"
    store.write_batches(query, batches, size=1, sessions=4)
    assert store.read("MATCH (n:Lock) RETURN collect(DISTINCT n.n) AS n") == [{"n": [60]}]


def test_auto_commit_runs_batches_on_the_server(store: Store) -> None:
    store.write("UNWIND range(1, 25) AS i CREATE (:Gone)")
    store.auto("MATCH (n:Gone) CALL (n) { DELETE n } IN TRANSACTIONS OF $size ROWS", size=10)
    assert store.read("MATCH (n:Gone) RETURN count(*) AS n") == [{"n": 0}]


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    with pytest.raises(DatabaseError, match="/ by zero"):
        store.transaction(lambda run: (run("CREATE (:Both)"), run("CREATE (:Both {x: 1 / $zero})", {"zero": 0})))
    assert store.read("MATCH (n:Both) RETURN n") == []


def test_threads_may_share_a_store(store: Store) -> None:
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda i=i: found.append(store.read("RETURN $i AS i", i=i)[0]["i"])) for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(8))


MAPPING = GraphMapping(
    (NodeMapping("My `User", "user", key="user id", name="full name"), NodeMapping("Topic", "topic", name="name"))
)


def _schema(store: Store) -> list[tuple[str, str]]:
    rows = store.read(
        "SHOW INDEXES YIELD name, type, labelsOrTypes AS l, properties AS p WHERE type = 'RANGE' RETURN name, l, p"
    )
    assert all(row["name"].startswith("sociogram_") for row in rows)
    return sorted((row["l"][0], row["p"][0]) for row in rows)


def test_schema_is_made_once(store: Store) -> None:
    ensure_schema(store, MAPPING)
    expected = [("My `User", "full name"), ("My `User", "user id"), ("Topic", "id"), ("Topic", "name")]
    assert _schema(store) == expected
    ensure_schema(store, MAPPING)
    assert _schema(store) == expected
    with pytest.raises(DatabaseError, match="already exists"):
        store.write("UNWIND [1, 1] AS id CREATE (:Topic {id: id})")


def test_a_users_own_index_on_the_key_is_kept(store: Store) -> None:
    store.auto("CREATE INDEX mine FOR (n:Owned) ON (n.id)")
    ensure_schema(store, GraphMapping((NodeMapping("Owned", "user"),)))
    assert store.read("SHOW CONSTRAINTS YIELD labelsOrTypes AS l WHERE l = ['Owned'] RETURN l") == []
    store.auto("DROP INDEX mine")


def test_names_of_constraints_do_not_collide(store: Store) -> None:
    ensure_schema(store, GraphMapping((NodeMapping("A_b", "user", key="c"), NodeMapping("A", "item", key="b_c"))))
    assert {("A_b", "c"), ("A", "b_c")} <= set(_schema(store))


def test_doubled_keys_are_named(store: Store) -> None:
    store.write("UNWIND [7, 7, 8] AS id CREATE (:Twin {id: id})")
    with pytest.raises(DatabaseError, match=r"Twin\.id .* 2 nodes have the same value '7'"):
        ensure_schema(store, GraphMapping((NodeMapping("Twin", "user"),)))


def test_an_index_left_by_a_killed_constraint_is_replaced(store: Store) -> None:
    mapping = GraphMapping((NodeMapping("Orphan", "user"),))
    store.auto("CREATE INDEX sociogram_Orphan_id FOR (n:Orphan) ON (n.id)")  # what is left looks like this
    ensure_schema(store, mapping)
    ensure_schema(store, mapping)
    rows = store.read(
        "SHOW INDEXES YIELD name, owningConstraint AS owner WHERE name = 'sociogram_Orphan_id' RETURN owner"
    )
    assert rows == [{"owner": "sociogram_Orphan_id"}]
    store.auto("DROP CONSTRAINT sociogram_Orphan_id")
