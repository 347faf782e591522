"""How the k nearest are found: inside the index, by over-fetching from it, or by looking at everybody who satisfies the filter.

Where a program holds the vectors in memory (memory.py) nothing is planned: a question without a filter is answered from there.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["index", "over-fetch", "exact", "memory"]

# Microseconds of the server, measured on 20,000 vectors of width 128 (benchmarks/bench_similar.py, docs/decisions/similar.md).
COSINE_US = 8.0  # the cosine of one node whose embedding is read from the store
SCAN_US = 0.6  # a filter on one node
FETCH_US = 5.0  # one more candidate of the index
LEAST_FETCHED = 100  # candidates: with fewer the index itself misses some of the nearest
MOST_FETCHED = 20_000
MOST_COUNTED = 5_000  # users who satisfy a part of the filter; counting more would cost more than it saves
FIRST_LOOK = 500  # candidates, where the filter keeps at least MOST_COUNTED
MARGIN = 1.5  # times as many candidates as the estimate says


@dataclass(frozen=True)
class Plan:
    """One way of asking, and why this one."""

    kind: Kind
    fetch: int  # candidates asked of the index; 0 for exact
    why: str


@dataclass(frozen=True)
class Situation:
    """What is known before anything is looked at."""

    k: int
    users: int
    indexed: bool  # whether there is a vector index
    inside: bool  # whether a part of the filter can be tested inside it
    outside: bool  # whether a part of the filter must be tested after it
    counted: int | None = (
        None  # users who satisfy the most selective countable part, at most MOST_COUNTED; None: none is countable
    )
    spare: int = 1  # users to leave out by name

    @property
    def estimate(self) -> float | None:
        """Share of the users whom the filter keeps, as far as counting says."""
        return None if self.counted is None else min(1.0, self.counted / max(self.users, 1))

    def exact_us(self, share: float) -> float:
        """Microseconds to take the cosine of everybody who satisfies the filter: found by an index, else by testing all."""
        if self.counted is not None and self.counted != MOST_COUNTED:
            return self.counted * COSINE_US
        return self.users * (SCAN_US + share * COSINE_US)


def first(s: Situation) -> Plan:
    """The plan to begin with."""
    wanted = s.k + s.spare
    if not s.indexed:
        return Plan("exact", 0, "there is no vector index online")
    if wanted > MOST_FETCHED or wanted >= s.users:
        return Plan("exact", 0, f"{wanted:,} of {s.users:,} users are asked for")
    least = min(max(LEAST_FETCHED, 2 * wanted), s.users)
    if not s.outside:
        return Plan("index", least, "the index tests the filter itself" if s.inside else "there is no filter")
    if s.estimate is None:
        return Plan("over-fetch", least, "nothing tells how many satisfy the filter: the nearest are tried")
    needed = _needed(wanted, s.estimate, least)
    if s.counted == MOST_COUNTED:
        return Plan("over-fetch", min(needed, FIRST_LOOK, s.users), f"the filter keeps {s.estimate:.1%} or more")
    if s.exact_us(s.estimate) <= FETCH_US * needed or needed > MOST_FETCHED:
        return Plan("exact", 0, f"an index finds the {s.counted:,} who satisfy a part of the filter")
    # of those whom the index lets through, more satisfy the rest than of all
    return Plan("over-fetch", least if s.inside else min(needed, s.users), f"the filter keeps about {s.estimate:.1%}")


def following(s: Situation, before: Plan, kept: int, *, tied: bool) -> Plan:
    """After a look at `before.fetch` candidates of which `kept` satisfied the filter: fewer than k, or k with a tie at the edge."""
    wanted = s.k + s.spare
    if before.kind == "index" and not tied:
        return Plan("exact", 0, f"the index gave {kept:,} of {s.k:,}: whether there are more is looked up")
    share = max(kept, 0.5) / before.fetch
    needed = max(2 * before.fetch, _needed(wanted, share, before.fetch))
    if before.fetch >= s.users or needed > MOST_FETCHED or needed > s.users:
        return Plan("exact", 0, f"{kept:,} of the nearest {before.fetch:,} satisfy the filter: all are looked at")
    if s.exact_us(share) <= FETCH_US * needed:
        return Plan("exact", 0, f"only {kept:,} of the nearest {before.fetch:,} satisfy the filter")
    why = "equal cosines at the edge" if tied else f"{kept:,} of the nearest {before.fetch:,} satisfied the filter"
    return Plan(before.kind, needed, why)


def _needed(wanted: int, share: float, least: int) -> int:
    return max(least, int(MARGIN * wanted / max(share, 1e-9)))


@dataclass(frozen=True)
class Explained:
    """What `--explain` tells."""

    plan: Kind
    why: str
    users: int  # nodes with the label
    estimated: float | None  # share of the users whom the filter keeps, where it had to be estimated
    actual: float
    candidates: int  # users whose cosine was looked at
    looks: int  # queries that searched
    milliseconds: float

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        estimated = "not needed" if self.estimated is None else f"{self.estimated:.3%}"
        return (
            f"plan          {self.plan}: {self.why}\n"
            f"selectivity   {self.actual:.3%} of {self.users:,} users (estimated: {estimated})\n"
            f"looked at     {self.candidates:,} candidates in {self.looks} {'look' if self.looks == 1 else 'looks'}\n"
            f"time          {self.milliseconds:.1f} ms"
        )
