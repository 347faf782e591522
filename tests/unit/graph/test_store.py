"""Addresses, wrong servers and error messages, without a database."""

from typing import Any, cast

import neo4j
import pytest
from fakes.bolt import ancient, bolt, listening
from neo4j import exceptions as ne

from sociogram.errors import (
    AuthenticationFailed,
    DatabaseError,
    DatabaseUnavailable,
    InputError,
    TransactionTooLarge,
    UnsupportedServer,
)
from sociogram.graph.java import free_port
from sociogram.graph.schema import quote
from sociogram.graph.store import Counters, Store, bytes_of, translated

SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (f"bolt://neo4j:{SECRET}@localhost:7687", "NEO4J_PASSWORD"),
        ("localhost:7687", "expected for instance neo4j://"),
        ("http://localhost:7474", "no address of a Neo4j"),
        ("bolt://[::1", "no address of a Neo4j"),
        ("bolt://localhost:76x87", "no address of a Neo4j"),
        ("bolt://localhost:768700", "no address of a Neo4j"),
        ("", "no address of a Neo4j"),
    ],
)
def test_an_address_that_cannot_be_used(uri: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected) as caught:
        Store.connect(uri, password=SECRET)
    assert SECRET not in str(caught.value)


def test_nobody_there() -> None:
    with pytest.raises(
        DatabaseUnavailable, match=r"no Neo4j answers at bolt://127\.0\.0\.1:\d+ .*sociogram db start"
    ) as caught:
        Store.connect(f"bolt://127.0.0.1:{free_port()}", password=SECRET)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("agent", "major", "minor", "says"),
    [
        ("Neo4j/5.20.0", 5, 4, r"version 5\.20; Sociogram needs 5\.26 or newer"),
        ("Neo4j/4.4.12", 4, 4, r"too old .* 5\.26 or newer"),
        ("Other/1.0", 5, 4, r"no Neo4j \(it calls itself 'Other/1\.0'\)"),
    ],
)
def test_an_old_or_other_server_is_refused(agent: str, major: int, minor: int, says: str) -> None:
    with listening(bolt(agent, major, minor)) as port, pytest.raises(UnsupportedServer, match=says):
        Store.connect(f"bolt://127.0.0.1:{port}", password=SECRET)


def test_a_server_without_a_common_bolt_version_is_refused() -> None:
    with listening(ancient) as port, pytest.raises(UnsupportedServer, match=r"5\.26 or newer"):
        Store.connect(f"bolt://127.0.0.1:{port}", password=SECRET)


@pytest.mark.parametrize(
    ("code", "expected", "says"),
    [
        ("Neo.ClientError.General.WriteOnReadOnlyAccessDatabase", UnsupportedServer, "read-only"),
        ("Neo.ClientError.General.ForbiddenOnReadOnlyDatabase", UnsupportedServer, "read-only"),
        ("Neo.ClientError.Cluster.NotALeader", UnsupportedServer, "read-only"),
        ("Neo.ClientError.Statement.AccessMode", DatabaseError, "Nothing was changed"),
        ("Neo.ClientError.Security.Unauthorized", AuthenticationFailed, "NEO4J_PASSWORD"),
        ("Neo.ClientError.Database.DatabaseNotFound", DatabaseUnavailable, "--database"),
        ("Neo.TransientError.General.DatabaseUnavailable", DatabaseUnavailable, "not online"),
        ("Neo.ClientError.Statement.SyntaxError", DatabaseError, "refused the query: the server's words"),
        ("Neo.TransientError.General.MemoryPoolOutOfMemoryError", TransactionTooLarge, "as much memory"),
        ("Neo.TransientError.General.TransactionOutOfMemoryError", TransactionTooLarge, "Nothing was changed"),
        ("Neo.DatabaseError.General.UnknownError", DatabaseError, "failed: the server's words"),
    ],
)
def test_server_errors_become_ours(code: str, expected: type[DatabaseError], says: str) -> None:
    error = ne.Neo4jError._hydrate_neo4j(code=code, message="the server's words\nand its stack")
    with pytest.raises(expected, match=says) as caught, translated("bolt://here:7687"):
        raise error
    assert type(caught.value) is expected
    assert "stack" not in str(caught.value)


class Refusing:
    """A driver whose sessions fail in each commit but the last."""

    def __init__(self, *codes: str) -> None:
        self.codes, self.began = iter(codes), 0

    def session(self, **_: Any) -> "Refusing":
        """Itself: also a transaction."""
        return self

    begin_transaction = __enter__ = session

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def commit(self) -> None:
        """What the server says."""
        if (code := next(self.codes, None)) is not None:
            raise ne.Neo4jError._hydrate_neo4j(code=code, message="the server's words")


def test_a_transaction_is_done_again_unless_it_is_too_large() -> None:
    tried: list[int] = []
    deadlock, large = (
        "Neo.TransientError.Transaction.DeadlockDetected",
        "Neo.TransientError.General.MemoryPoolOutOfMemoryError",
    )
    store = Store(cast(neo4j.Driver, Refusing(deadlock)), address="bolt://here:7687")
    store.transaction(lambda _: tried.append(1), before_commit=lambda: tried.append(2))
    assert tried == [1, 2, 1, 2]
    for codes, retry_s, expected, tries in (
        ((large,), 60, TransactionTooLarge, 1),
        ((deadlock,) * 9, 0.5, DatabaseError, 1),
    ):
        tried.clear()
        store = Store(cast(neo4j.Driver, Refusing(*codes)), address="bolt://here:7687", retry_s=retry_s)
        with pytest.raises(expected, match="the server's words"):
            store.transaction(lambda _: tried.append(1))
        assert len(tried) == tries


def test_sizes_as_the_server_says_them() -> None:
    assert [bytes_of(size) for size in ("4.04GiB", "512m", "0B", "1 KiB", "?")] == [4337916968, 536870912, 0, 1024, 0]


def test_counters_add_up() -> None:
    assert Counters(1, 2, 3, 4, 5) + Counters(nodes_created=10) == Counters(11, 2, 3, 4, 5)


def test_a_name_is_quoted_and_an_impossible_one_refused() -> None:
    assert quote("User") == "`User`"
    assert quote("a`b") == "`a``b`"
    assert "u0060" not in quote("\\u0060").replace("\\u005Cu0060", "")
    for name in ("", "a\x00b"):
        with pytest.raises(DatabaseError, match="cannot be a name"):
            quote(name)


def test_the_store_shows_no_password() -> None:
    with neo4j.GraphDatabase.driver("bolt://127.0.0.1:1", auth=("neo4j", SECRET)) as driver:
        assert SECRET not in repr(Store(driver)) + str(vars(Store(driver)))
