"""The one way to the database: the official driver with typed results, batches, retries and clear errors."""

import logging
import queue
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import neo4j
from neo4j import exceptions as ne

from sociogram.errors import (
    AuthenticationFailed,
    DatabaseError,
    DatabaseUnavailable,
    InputError,
    TransactionTooLarge,
    UnsupportedServer,
)
from sociogram.progress import Stage
from sociogram.said import Said

OLDEST = (5, 26)
VECTORS = (2025, 10)  # VECTOR as a parameter
SEARCH = (2026, 1)
SCHEMES = tuple(kind + tls for kind in ("neo4j", "bolt") for tls in ("", "+s", "+ssc"))
CONNECT_TIMEOUT_S = 15.0
RETRY_TIME_S = 60.0
RETRY_PAUSE_S = 1.0  # before the second try
MEMORY = [
    "dbms.memory.transaction.total.max",
    "db.memory.transaction.total.max",
    "db.memory.transaction.max",
]  # 0: no limit
OUT_OF_MEMORY = "OutOfMemory"  # in the codes for a transaction and for all of them

T = TypeVar("T")


class Execute(Protocol):
    """Runs one statement of a transaction and returns its rows."""

    def __call__(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]: ...


logging.getLogger("neo4j").setLevel(logging.ERROR)  # notifications about labels that are not there yet are no news


@dataclass(frozen=True)
class Counters:
    """What a write changed."""

    nodes_created: int = 0
    nodes_deleted: int = 0
    relationships_created: int = 0
    relationships_deleted: int = 0
    properties_set: int = 0

    def __add__(self, other: "Counters") -> "Counters":
        return Counters(*(a + b for a, b in zip(self._values(), other._values(), strict=True)))

    def _values(self) -> tuple[int, ...]:
        return (
            self.nodes_created,
            self.nodes_deleted,
            self.relationships_created,
            self.relationships_deleted,
            self.properties_set,
        )

    @classmethod
    def of(cls, summary: neo4j.ResultSummary) -> "Counters":
        c = summary.counters
        return cls(c.nodes_created, c.nodes_deleted, c.relationships_created, c.relationships_deleted, c.properties_set)


class Store:
    """One database of one Neo4j. The driver stays its owner's; `connect` makes one that is closed with the store."""

    def __init__(
        self,
        driver: neo4j.Driver,
        database: str | None = None,
        *,
        address: str | None = None,
        retry_s: float = RETRY_TIME_S,
    ) -> None:
        self._driver, self._database, self._address = driver, database, address
        self.retry_s = retry_s  # seconds in which what fails for a passing reason is tried again
        self._owns = False
        self._version: tuple[int, int] | None = None

    @classmethod
    def connect(
        cls,
        uri: str,
        *,
        user: str | None = None,
        password: str | None = None,
        database: str | None = None,
        retry_time: float = RETRY_TIME_S,
    ) -> "Store":
        """Connect and check; a transaction that fails for a passing reason is tried again for `retry_time` seconds.

        Raises DatabaseUnavailable, AuthenticationFailed or UnsupportedServer."""
        try:
            parts = urlsplit(uri)
            named = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0  # which raises for no port
        except ValueError:
            parts, named = urlsplit(""), False
        if parts.username or parts.password:
            raise InputError(
                Said("the address holds a user or password; put them into NEO4J_USERNAME and NEO4J_PASSWORD instead.")
            )
        if not named:
            raise InputError(
                Said("{uri!r} is no address of a Neo4j: expected for instance neo4j://localhost:7687", uri=uri)
            )
        auth = (user or "neo4j", password) if password is not None else None
        try:
            driver = neo4j.GraphDatabase.driver(
                uri,
                auth=auth,
                connection_timeout=CONNECT_TIMEOUT_S,
                connection_acquisition_timeout=min(4 * CONNECT_TIMEOUT_S, retry_time),
                max_transaction_retry_time=retry_time,
                notifications_min_severity="OFF",
            )
        except (ne.DriverError, ValueError) as error:
            raise InputError(f"{uri!r} is no address of a Neo4j: {_short(error)}") from None
        store = cls(
            driver, database, address=f"{parts.scheme}://{parts.hostname}:{parts.port or 7687}", retry_s=retry_time
        )
        store._owns = True
        try:
            store.check()
        except BaseException:
            driver.close()
            raise
        return store

    @property
    def address(self) -> str:
        """Where the server is, for messages."""
        if self._address is None:
            with translated("the given address"):
                host, port = self._driver.get_server_info().address[:2]
            self._address = f"bolt://{host}:{port}"
        return self._address

    @property
    def version(self) -> tuple[int, int]:
        """Server version: (5, 26), (2026, 8)."""
        if self._version is None:
            with translated(self.address):
                agent = self._driver.get_server_info().agent
            self._version = _version(agent, self.address)
        return self._version

    @property
    def vector_parameters(self) -> bool:
        """Whether the driver's Vector type and `CYPHER 25` are understood."""
        return self.version >= VECTORS

    @property
    def supports_search(self) -> bool:
        """Whether Cypher has `SEARCH n IN (VECTOR INDEX ...)`."""
        return self.version >= SEARCH

    def check(self) -> None:
        """Raise UnsupportedServer, DatabaseUnavailable or AuthenticationFailed unless this database can be used."""
        if self.version < OLDEST:
            found = ".".join(map(str, self.version))
            raise UnsupportedServer(
                f"the Neo4j at {self.address} is version {found}; Sociogram needs 5.26 or newer. Upgrade it, or leave --uri out."
            )
        self.read("RETURN 1 AS one")

    def read(self, query: str, parameters: Mapping[str, Any] | None = None, **named: Any) -> list[dict[str, Any]]:
        """Run a reading query, routed to readers and retried: in auto-commit, which asks the server once and not twice."""

        def once() -> list[dict[str, Any]]:
            with self._session(neo4j.READ_ACCESS) as session:
                return [dict(record) for record in session.run(query, {**(parameters or {}), **named})]

        return self._retried(once)

    def write(self, query: str, parameters: Mapping[str, Any] | None = None, **named: Any) -> Counters:
        """Run a writing query in a retried transaction."""

        def work(tx: neo4j.ManagedTransaction) -> Counters:
            return Counters.of(tx.run(query, {**(parameters or {}), **named}).consume())

        with translated(self.address), self._session() as session:
            return session.execute_write(work)

    def transaction_memory(self) -> int | None:
        """Bytes that all transactions together, hence any one of them, may use; None where the server does not say."""
        try:
            rows = self.read("SHOW SETTINGS YIELD name, value WHERE name IN $names RETURN value", names=MEMORY)
        except DatabaseError:  # whoever is no administrator may not ask
            return None
        limits = [bytes_of(row["value"]) for row in rows if row["value"]]
        return min((limit for limit in limits if limit), default=None)

    def auto(self, query: str, parameters: Mapping[str, Any] | None = None, **named: Any) -> list[dict[str, Any]]:
        """Run in auto-commit: schema commands and CALL {} IN TRANSACTIONS; not retried."""
        with translated(self.address), self._session() as session:
            return [dict(record) for record in session.run(query, {**(parameters or {}), **named})]

    def transaction(self, unit: Callable[[Execute], T], before_commit: Callable[[], None] | None = None) -> T:
        """Run a function of several statements in one retried transaction: all of them take effect, or none.

        `unit` is given a function that runs one statement and returns its rows; `before_commit` is called when all of them are done.
        Raises TransactionTooLarge at once, in a statement or in the commit: the driver's own retry would take the memory a second time.
        """

        def once() -> T:
            with self._session() as session, session.begin_transaction() as tx:
                result = unit(
                    lambda query, parameters=None: [dict(row) for row in tx.run(query, dict(parameters or {}))]
                )
                if before_commit is not None:
                    before_commit()
                tx.commit()
            return result

        return self._retried(once)

    def _retried(self, once: Callable[[], T]) -> T:
        """Try again, less and less often, where an error may pass."""
        pause, deadline = RETRY_PAUSE_S, time.monotonic() + self.retry_s
        with translated(self.address):
            while True:
                try:
                    return once()
                except (ne.Neo4jError, ne.DriverError) as error:
                    large = isinstance(error, ne.Neo4jError) and OUT_OF_MEMORY in (
                        error.code or ""
                    )  # as it would be again
                    if large or not error.is_retryable() or time.monotonic() + pause > deadline:
                        raise
                time.sleep(pause)
                pause *= 2

    def stream(
        self, query: str, parameters: Mapping[str, Any] | None = None, fetch_size: int = 10_000
    ) -> Iterator[neo4j.Record]:
        """Records one by one, fetched in blocks: for exports that do not fit a list."""
        with (
            translated(self.address),
            self._driver.session(
                database=self._database, default_access_mode=neo4j.READ_ACCESS, fetch_size=fetch_size
            ) as session,
            session.begin_transaction() as tx,
        ):
            yield from tx.run(query, dict(parameters or {}))

    def write_batches(
        self,
        query: str,
        rows: Iterable[Mapping[str, Any]],
        size: int = 5_000,  # rows
        sessions: int = 2,
        parameters: Mapping[str, Any] | None = None,
        stage: Stage | None = None,
    ) -> Counters:
        """Run `query` (UNWIND $rows AS row ...) over batches, a transaction each, in several sessions; the first error stops all."""
        batches: queue.Queue[list[Mapping[str, Any]] | None] = queue.Queue(maxsize=2 * sessions)
        failures: list[BaseException] = []
        totals: list[Counters] = []
        lock = threading.Lock()

        def worker() -> None:
            while (batch := batches.get()) is not None:
                if failures:
                    continue
                try:
                    done = self.write(query, {**(parameters or {}), "rows": batch})
                except BaseException as error:
                    failures.append(error)
                    continue
                with lock:
                    totals.append(done)
                    if stage is not None:
                        stage.advance(len(batch))

        threads = [threading.Thread(target=worker, daemon=True) for _ in range(sessions)]
        for thread in threads:
            thread.start()
        try:
            batch: list[Mapping[str, Any]] = []
            for row in rows:
                batch.append(row)
                if len(batch) == size:
                    batches.put(batch)
                    batch = []
                    if failures:
                        break
            if batch and not failures:
                batches.put(batch)
        except BaseException as error:
            failures.append(error)
        finally:
            for _ in threads:
                batches.put(None)
            for thread in threads:
                thread.join()
        if failures:
            raise failures[0]
        return sum(totals, Counters())

    def _session(self, access: str = neo4j.WRITE_ACCESS) -> neo4j.Session:
        return self._driver.session(database=self._database, default_access_mode=access)

    def close(self) -> None:
        """Close the driver where the store made it."""
        if self._owns:
            self._driver.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def translated(address: str) -> Iterator[None]:
    """The driver's exceptions as ours; no message ever holds a password."""
    try:
        yield
    except ne.AuthError:
        raise AuthenticationFailed(
            Said(
                "the Neo4j at {address} refused the user or password. Set NEO4J_USERNAME and NEO4J_PASSWORD, or use --password-file.",
                address=address,
            )
        ) from None
    except (ne.ServiceUnavailable, ne.SessionExpired) as error:
        raise DatabaseUnavailable(
            Said(
                "no Neo4j answers at {address} ({why}). Is it running? For the managed one: sociogram db start; "
                "then run the same command again.",
                address=address,
                why=_short(error),
            )
        ) from None
    except ne.ConfigurationError as error:  # the server's Bolt is older than what the driver was told to use
        raise UnsupportedServer(
            Said(
                "the server at {address} is too old for Sociogram, which needs Neo4j 5.26 or newer ({why}).",
                address=address,
                why=_short(error),
            )
        ) from None
    except ne.Neo4jError as error:
        raise _refused(error, address) from None
    except ne.DriverError as error:
        raise DatabaseUnavailable(
            Said(
                "the connection to {address} failed: {why}. Run the same command again.",
                address=address,
                why=_short(error),
            )
        ) from None


def bytes_of(size: str) -> int:
    """4.04GiB, as Neo4j says it."""
    found = re.fullmatch(r"([\d.]+)\s*([KMGT]?)i?B?", size.strip(), re.IGNORECASE)
    return int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " ")) if found else 0


def _refused(error: ne.Neo4jError, address: str) -> DatabaseError:
    code = error.code or ""
    if "ReadOnly" in code or "NotALeader" in code:  # WriteOnReadOnlyAccessDatabase, ForbiddenOnReadOnlyDatabase
        return UnsupportedServer(
            f"the database at {address} is read-only; this has to write. Name another with --database."
        )
    if code.endswith("AccessMode"):
        return DatabaseError("this query writes, and was sent as one that only reads. Nothing was changed.")
    if "DatabaseNotFound" in code:
        return DatabaseUnavailable(
            Said(
                "there is no such database at {address} ({why}). Name another with --database.",
                address=address,
                why=_short(error),
            )
        )
    if isinstance(error, ne.DatabaseUnavailable):
        return DatabaseUnavailable(
            Said(
                "the database at {address} is not online ({why}). Start it, or name another with --database.",
                address=address,
                why=_short(error),
            )
        )
    if OUT_OF_MEMORY in code:
        return TransactionTooLarge(
            f"Neo4j at {address} may not use as much memory as this transaction needs ({_short(error)}). Nothing was changed."
        )
    if isinstance(error, ne.ClientError):
        return DatabaseError(f"Neo4j at {address} refused the query: {_short(error)}")
    return DatabaseError(f"Neo4j at {address} failed: {_short(error)}")


def _version(agent: str, address: str) -> tuple[int, int]:
    found = re.match(r"Neo4j/(\d+)\.(\d+)", agent)
    if found is None:
        raise UnsupportedServer(
            f"{address} is no Neo4j (it calls itself {agent[:60]!r}); Sociogram needs Neo4j 5.26 or newer."
        )
    return int(found[1]), int(found[2])


def _short(error: BaseException) -> str:
    text = (error.message if isinstance(error, ne.Neo4jError) else None) or str(
        error
    )  # a DriverError's message is a generic status
    return text.splitlines()[0][:300] if text else type(error).__name__
