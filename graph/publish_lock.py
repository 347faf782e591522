"""One publisher at a time, wherever it runs: a lock in the graph itself, with signs of life, a fence and a count of flips.

Two nodes `(:SociogramLock)`. `publish` says who publishes and when it last gave a sign of life; it also counts the flips that began and
ended, so that readers ask again where one came between (a sequence lock), and names a run that only part of the nodes have yet. `fence` is written by whoever takes the lock and by the flip
itself: a publisher that slept through its replacement cannot make anything live, and nobody takes over while a flip is being committed.
All times are the server's own.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from sociogram.errors import DatabaseError, DatabaseUnavailable, PublishError
from sociogram.graph.schema import quote
from sociogram.graph.store import Execute, Store
from sociogram.progress import SILENT, Progress

LOCK_LABEL = "SociogramLock"
_CONSTRAINT = "sociogram_lock"
_ATTEMPTS = 10  # to make it
_PUBLISH = f"(lock:{LOCK_LABEL} {{id: 'publish'}})"
_OURS = f"(lock:{LOCK_LABEL} {{id: 'publish', token: $token}})"
_FENCE = f"(fence:{LOCK_LABEL} {{id: 'fence'}})"
_BEGIN = "lock.began = coalesce(lock.ended, 0) + 1"
_STALE = "coalesce(timestamp() - lock.beat > $stale, true)"

_STATE = (
    f"coalesce(lock.began, 0) AS flips, coalesce(lock.began <> coalesce(lock.ended, 0), false) AND NOT {_STALE} AS flipping, "
    "lock.halfway AS halfway"
)
# for a statement that begins with what `flip_state` tells; it has the parameter $stale, which is STALE_MS
LOOK = f"OPTIONAL MATCH {_PUBLISH} WITH {_STATE}"
# for a statement that reads profiles in between: `whole` where no flip was under way and none began, so that what it read is of one run
QUIET = (
    f"OPTIONAL MATCH {_PUBLISH} WITH coalesce(lock.began, 0) AS before, "
    "coalesce(lock.began, 0) = coalesce(lock.ended, 0) AND lock.halfway IS NULL AS quiet"
)
STILL = f"OPTIONAL MATCH {_PUBLISH} RETURN quiet AND coalesce(lock.began, 0) = before AS whole"


@dataclass(frozen=True)
class LockTimes:
    """Seconds."""

    beat: float = 2.0  # between signs of life
    stale: float = 12.0  # without one: the publisher is taken for dead, and another may take over
    poll: float = 0.5  # between looks of one that waits


TIMES = LockTimes()
STALE_MS = int(1000 * TIMES.stale)


@dataclass(frozen=True)
class FlipState:
    """Which flip the graph is at, whether one is being committed now, and the run that only part of the nodes have."""

    flips: int
    flipping: bool
    halfway: str | None = None  # with `flipping`: being made live in several transactions; without: that was cut


def flip_state(store: Store, times: LockTimes = TIMES) -> FlipState:
    """What a reader compares before and after its question."""
    rows = store.read(f"MATCH {_PUBLISH} RETURN {_STATE}", stale=_ms(times.stale))
    return FlipState(**rows[0]) if rows else FlipState(0, False)


class Held:
    """The lock while this publisher has it."""

    staging = f"MATCH {_OURS} "  # before each batch: where another has taken over nothing is written

    def __init__(self, store: Store, run: str, times: LockTimes) -> None:
        self._store, self.run, self.token, self._times = store, run, token_hex(8), times

    def take(self) -> bool:
        """Whether the lock is ours now; waits for a flip that is being committed."""
        rows: list[dict[str, Any]] = self._store.transaction(
            lambda execute: execute(
                f"MERGE {_FENCE} SET fence.by = $token WITH fence MERGE {_PUBLISH} SET lock.asked = $token "
                f"WITH lock, lock.token IS NULL OR lock.token = $token OR {_STALE} AS free "
                "FOREACH (_ IN CASE WHEN free THEN [1] ELSE [] END | SET lock.token = $token, lock.run = $run, "
                "lock.since = datetime.realtime(), lock.beat = timestamp(), lock.ended = coalesce(lock.began, 0)) RETURN free",
                {"token": self.token, "run": self.run, "stale": _ms(self._times.stale)},
            )
        )
        return bool(rows[0]["free"])

    def other(self) -> str | None:
        """Who publishes, in words; None where nobody does, or the one who did gives no more signs of life."""
        rows = self._store.read(
            f"MATCH {_PUBLISH} WHERE lock.token <> $token AND NOT {_STALE} RETURN lock.run AS run, toString(lock.since) AS since, "
            "(timestamp() - lock.beat) / 1000 AS quiet",
            token=self.token,
            stale=_ms(self._times.stale),
        )
        if not rows:
            return None
        row = rows[0]
        since = str(row["since"])[11:19]
        return f"{row['run']} has been published by another since {since} UTC (last sign of life {row['quiet']} s ago)"

    def may_flip(self, execute: Execute) -> bool:
        """False where this very flip was committed and only the answer got lost; PublishError where another has taken over."""
        if self._fenced(execute):
            return False
        execute(f"MATCH {_FENCE} SET fence.flipped = $token", {"token": self.token})
        return True

    def may_go_on(self, execute: Execute) -> None:
        """Keep others out until this transaction ends; PublishError where another has taken over."""
        self._fenced(execute)

    def begin_parts(self, execute: Execute) -> None:
        """Tell readers that from now on, until `may_flip` has been committed, some nodes have this run and others another."""
        execute(f"MATCH {_OURS} SET {_BEGIN}, lock.halfway = $run", {"token": self.token, "run": self.run})

    def _fenced(self, execute: Execute) -> bool:
        row = execute(
            f"MATCH {_FENCE} SET fence.by = $token WITH fence MATCH {_PUBLISH} "
            "RETURN coalesce(lock.token = $token, false) AS ours, coalesce(fence.flipped = $token, false) AS flipped, lock.run AS run",
            {"token": self.token},
        )
        if not row or not row[0]["ours"]:
            raise self.lost(row[0]["run"] if row else None)
        return bool(row[0]["flipped"])

    def lost(self, other: str | None) -> PublishError:
        """The error of a publisher that was replaced."""
        by = f"the publisher of {other}" if other else "another publisher"
        return PublishError(
            f"{self.run} was not made live: this publisher gave no sign of life for {self._times.stale:.0f} s and {by} took over. "
            f"See who is live (sociogram runs), then: sociogram publish {self.run}"
        )

    def begin_flip(self) -> None:
        """Tell readers that the next moments see both runs."""
        self._store.write(f"MATCH {_OURS} SET {_BEGIN}", token=self.token)

    def end_flip(self) -> None:
        """Tell readers that it is over; the fence makes this wait until it is, also where the client was interrupted.

        A run that was halfway stays so unless this flip was committed: then all nodes have this one.
        """
        self._store.write(
            f"MATCH {_FENCE} SET fence.by = $token WITH fence MATCH {_OURS} SET lock.ended = coalesce(lock.began, 0), "
            "lock.halfway = CASE WHEN fence.flipped = $token THEN null ELSE lock.halfway END",
            token=self.token,
        )

    def beat(self, ended: threading.Event) -> None:
        """Signs of life until `ended`; a database that is away for a moment is left to those who write to it."""
        while not ended.wait(self._times.beat):
            with suppress(DatabaseError):
                self._store.write(f"MATCH {_OURS} SET lock.beat = timestamp()", token=self.token)

    def release(self) -> None:
        """Let the next one in."""
        self._store.write(
            f"MATCH {_OURS} REMOVE lock.token, lock.run, lock.since, lock.beat, lock.asked", token=self.token
        )


@contextmanager
def only_publisher(
    store: Store, run: str, *, wait: float, times: LockTimes = TIMES, progress: Progress = SILENT
) -> Iterator[Held]:
    """Hold the lock; waits up to `wait` seconds for another publisher, then raises PublishError that says who publishes."""
    _constrain(store)
    held = Held(store, run, times)
    _take(held, wait, times, progress)
    ended = threading.Event()
    threading.Thread(target=held.beat, args=(ended,), daemon=True).start()
    try:
        yield held
    except DatabaseUnavailable:
        raise  # nobody there to release it: the lock is stale soon
    except BaseException:
        held.release()
        raise
    else:
        held.release()
    finally:
        ended.set()


def remove_lock(store: Store) -> None:
    """Remove the nodes and their constraint: the last step of taking back all that was published."""
    store.write(f"MATCH (lock:{LOCK_LABEL}) DETACH DELETE lock")
    store.auto(f"DROP CONSTRAINT {quote(_CONSTRAINT)} IF EXISTS")


def _take(held: Held, wait: float, times: LockTimes, progress: Progress) -> None:
    deadline = time.monotonic() + wait
    other = held.other()
    if other is None and held.take():
        return
    with progress.stage("waiting", wait, "s") as stage:
        while True:
            other = held.other()
            if other is None and held.take():
                return
            if time.monotonic() >= deadline:
                raise PublishError(
                    f"{other or 'another run is being published'}; {held.run} was not published. Run the same command again when that is done."
                )
            stage.advance(times.poll, other)
            time.sleep(times.poll)


def _constrain(store: Store) -> None:
    """Without a unique id two first publishers could each make a lock of their own."""
    create = f"CREATE CONSTRAINT {quote(_CONSTRAINT)} IF NOT EXISTS FOR (lock:{LOCK_LABEL}) REQUIRE lock.id IS UNIQUE"
    for attempt in range(_ATTEMPTS):
        if _constrained(store):
            return
        with suppress(
            DatabaseError
        ):  # another publisher makes it, or a client died while it made one: the index of that stays
            if attempt == _ATTEMPTS - 1:
                store.auto(f"DROP INDEX {quote(_CONSTRAINT)} IF EXISTS")
            store.auto(create)
            return
        time.sleep(TIMES.poll)
    store.auto(create)


def _constrained(store: Store) -> bool:
    return bool(store.read("SHOW CONSTRAINTS YIELD name WHERE name = $name RETURN name", name=_CONSTRAINT))


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
