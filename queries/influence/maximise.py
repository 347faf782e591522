"""The seeds that reach most, with a certificate: OPIM-C (Tang, Tang, Xiao, Yuan, SIGMOD 2018).

Greedy cover of one collection of reverse-reachable sets chooses; a fresh collection, which the choice has not seen, gives the lower
bound; the first one, with the best bound that submodularity allows at any step of the greedy, gives the upper bound of the optimum.
Sizes double until the ratio certifies 1 - 1/e - epsilon and doubling no longer sharpens it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sociogram.errors import InputError
from sociogram.graph.snapshot import Key
from sociogram.progress import SILENT, Progress
from sociogram.queries.influence.cascades import CascadeGraph, Floats, Ints, rows_of
from sociogram.queries.influence.reverse import cover, first_hits, members_index, reverse_sets, skips

FIRST = 1 << 14  # sets in the first round
SHARPER = 0.01  # what doubling must add to the ratio to be worth another round
PLENTY = 0.9  # certified part of the best from which on more is not asked for
MEMORY = 1 << 30  # bytes for the stored sets and their index


@dataclass(frozen=True)
class Seed:
    """One seed: its own place in the order, what it adds to the expected spread, and the spread with all before it."""

    rank: int
    id: Key
    name: str
    gain: float
    spread: float
    cost: float


@dataclass(frozen=True)
class Maximised:
    """Seeds, the estimate of their spread, and the certificate: true with probability 1 - delta."""

    seeds: list[Seed]
    spread: float
    lower: float  # the seeds' expected spread is at least this
    upper: float  # no admissible seed set's expected spread is above this
    delta: float
    sets: int  # reverse-reachable sets of each collection
    model: str
    direction: str
    users: int
    cost: float

    @property
    def ratio(self) -> float:
        """The part of the best possible spread that is certified."""
        return self.lower / self.upper

    @property
    def ids(self) -> list[Key]:
        """Keys of the seeds, best first."""
        return [s.id for s in self.seeds]

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "seeds": [vars(s) for s in self.seeds],
            "spread": self.spread,
            "certificate": {"lower": self.lower, "upper": self.upper, "ratio": self.ratio, "delta": self.delta},
            "sets": self.sets,
            "model": self.model,
            "direction": self.direction,
            "users": self.users,
            "cost": self.cost,
        }

    @property
    def certificate(self) -> str:
        """In words."""
        return (
            f"expected spread {self.spread:,.1f} of {self.users:,} users; at least {self.lower:,.1f}, and no choice above "
            f"{self.upper:,.1f}: {self.ratio:.1%} of the best possible (certain to 1 - {self.delta:.1g})"
        )


@dataclass(frozen=True)
class _Limits:
    """What may be chosen: costs [n] (inf: excluded), money, number."""

    cost: Floats
    budget: float
    k: int


def maximise(
    graph: CascadeGraph,
    k: int | None = None,
    *,
    budget: float | None = None,
    costs: Mapping[Key, float] | None = None,
    exclude: Sequence[Key] = (),
    epsilon: float = 0.1,
    delta: float | None = None,
    seed: int = 0,
    memory: int = MEMORY,
    progress: Progress = SILENT,
) -> Maximised:
    """The k seeds, or those that a budget buys, whose expected spread is greatest.

    `costs` (1 where not given) are paid from `budget`; `exclude` may be influenced but not be seeds. Under a budget the greedy is by
    gain per cost, or the best single user if that is better. Stops at `memory` bytes too; the certificate says what was reached.
    """
    limits = _limits(graph, k, budget, costs, exclude)
    if not 0 < epsilon < 1 - 1 / math.e:
        raise InputError(f"epsilon: expected a number between 0 and .63, got {epsilon}. Try 0.1.")
    n = len(graph)
    delta = delta or 1.0 / n
    if not 0 < delta < 1:
        raise InputError(f"delta: expected a probability between 0 and 1, got {delta}. Try 0.001.")
    skip = skips(graph.incoming.indptr, graph.incoming.p)
    side = (graph.incoming.indptr, graph.incoming.others, graph.incoming.p)
    rounds = _rounds(n, limits, epsilon, delta)
    a = math.log(3 * rounds / delta)
    state = np.random.SeedSequence(seed).generate_state(2 * rounds, np.uint64)
    starts, members = np.zeros(1, np.int64), np.empty(0, np.int32)
    ratio = 0.0
    with progress.stage("maximise", rounds, "rounds") as stage:
        for i in range(rounds):
            count = FIRST if i == 0 else len(starts) - 1
            more = reverse_sets(side, skip, graph.threshold, count, state[2 * i])
            starts = np.concatenate([starts, starts[-1] + more[0][1:]])
            members = np.concatenate([members, more[1]])
            chosen, bound = _greedy(n, starts, members, limits)
            sets = len(starts) - 1
            rank = np.full(n, -1, np.int64)
            rank[chosen] = np.arange(len(chosen))
            hits = first_hits(side, skip, graph.threshold, rank, len(chosen), sets, state[2 * i + 1])
            lower = max(_lower(int(hits.sum()), a) * n / sets, float(len(chosen)))
            upper = max(min(_upper(bound, a) * n / sets, float(n)), lower)
            before, ratio = ratio, lower / upper
            stage.advance(1, f"{sets:,} sets · {ratio:.1%} certified")
            enough = ratio >= PLENTY or (ratio >= 1 - 1 / math.e - epsilon and ratio - before < SHARPER)
            if enough or 2 * _bytes(starts, members) > memory:
                break
    return _result(graph, limits, chosen, hits * (n / sets), (lower, upper, delta), sets)


def _bytes(starts: Ints, members: NDArray[np.int32]) -> int:
    """Of the sets, their index, and the copies while they grow."""
    return 12 * len(members) + 18 * len(starts)


def _limits(
    graph: CascadeGraph,
    k: int | None,
    budget: float | None,
    costs: Mapping[Key, float] | None,
    exclude: Sequence[Key],
) -> _Limits:
    n = len(graph)
    if k is None and budget is None:
        raise InputError("say how many seeds (k), or what they may cost (budget).")
    if costs is not None and budget is None:
        raise InputError("costs are paid from a budget: say which budget.")
    if budget is not None and not (math.isfinite(budget) and budget > 0):
        raise InputError(f"budget: expected a number above 0, got {budget}.")
    cost = np.ones(n)
    if costs:
        rows_of(graph, list(costs), "costs")  # names the unknown ones
        for key, value in costs.items():
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"costs: user {key!r} costs {value}; expected a number above 0.")
            cost[rows_of(graph, [key], "costs")] = value
    cost[rows_of(graph, exclude, "exclude")] = np.inf
    free = int(np.isfinite(cost).sum())
    if k is not None and not 1 <= k <= free:
        left = f" and {n - free:,} are excluded" if n > free else ""
        raise InputError(f"k: expected a whole number from 1 to {free:,} (the graph has {n:,} users{left}), got {k}.")
    if budget is not None and cost.min() > budget:
        raise InputError(f"budget: {budget} buys nobody; the cheapest user costs {cost.min():g}. Raise the budget.")
    return _Limits(cost, math.inf if budget is None else float(budget), n if k is None else k)


def _rounds(n: int, limits: _Limits, epsilon: float, delta: float) -> int:
    """Doublings after which the guarantee holds whatever the sample says: theta_max of the paper with OPT >= seeds."""
    k = limits.k
    if math.isfinite(limits.budget):
        k = min(k, int(np.searchsorted(np.cumsum(np.sort(limits.cost)), limits.budget, side="right")))
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    e, log = 1 - 1 / math.e, math.log(6 / delta)
    most = 2 * n * (e * math.sqrt(log) + math.sqrt(e * (ways + log))) ** 2 / (epsilon**2 * k)
    return max(1, math.ceil(math.log2(most / FIRST))) + 1


def _greedy(n: int, starts: Ints, members: NDArray[np.int32], limits: _Limits) -> tuple[Ints, float]:
    """Chosen rows in order, and an upper bound of the sets that any admissible choice covers."""
    index = members_index(starts, members, n)
    gains = np.diff(index[0])
    open_ = np.isfinite(limits.cost)
    alone = int(np.argmax(np.where(open_ & (limits.cost <= limits.budget), gains, -1)))
    best_alone = int(gains[alone])
    covered = np.zeros(len(starts) - 1, np.bool_)
    money, total, bound = limits.budget, 0, math.inf
    chosen: list[int] = []
    paid = math.isfinite(limits.budget)
    while True:
        bound = min(bound, total + _best_addition(gains, open_, limits))
        able = open_ & (limits.cost <= money) if paid else open_
        if len(chosen) == limits.k or not able.any():
            break
        worth = gains / limits.cost if paid else gains
        v = int(np.argmax(np.where(able, worth, -1)))
        total += int(gains[v])
        cover(v, *index, starts, members, covered, gains)
        chosen.append(v)
        open_[v] = False
        money -= limits.cost[v]
    if best_alone > total:
        return np.array([alone], np.int64), bound
    return np.array(chosen, np.int64), bound


def _best_addition(gains: Ints, open_: NDArray[np.bool_], limits: _Limits) -> float:
    """No admissible set adds more than this: the k greatest gains, or the fractional knapsack of them, whichever is less."""
    able = gains[open_ & (limits.cost <= limits.budget)]
    k = min(limits.k, len(able))
    most = float(np.partition(able, len(able) - k)[len(able) - k :].sum())
    if not math.isfinite(limits.budget):
        return most
    cost = limits.cost[open_ & (limits.cost <= limits.budget)]
    order = np.argsort(-able / cost, kind="stable")
    spent = np.cumsum(cost[order])
    whole = int(np.searchsorted(spent, limits.budget, side="right"))
    part = float(able[order[:whole]].sum())
    if whole < len(order):
        left = limits.budget - (spent[whole - 1] if whole else 0.0)
        part += float(able[order[whole]] * left / cost[order[whole]])
    return min(most, part)


def _lower(covered: float, a: float) -> float:
    """With probability 1 - exp(-a) the expected number of covered sets is at least this (the paper's eq. 5)."""
    return max(0.0, (math.sqrt(covered + 2 * a / 9) - math.sqrt(a / 2)) ** 2 - a / 18)


def _upper(covered: float, a: float) -> float:
    """And at most this, for a set that was fixed before (eq. 8 with the bound of section 5)."""
    return (math.sqrt(covered + a / 2) + math.sqrt(a / 2)) ** 2


def _result(
    graph: CascadeGraph,
    limits: _Limits,
    chosen: Ints,
    gains: Floats,
    certificate: tuple[float, float, float],
    sets: int,
) -> Maximised:
    reach = np.cumsum(gains)
    seeds = [
        Seed(i + 1, graph.ids[v], graph.names[v], float(gains[i]), float(reach[i]), float(limits.cost[v]))
        for i, v in enumerate(chosen.tolist())
    ]
    lower, upper, delta = certificate
    return Maximised(
        seeds,
        float(reach[-1]),
        lower,
        upper,
        delta,
        sets,
        graph.model,
        graph.direction,
        len(graph),
        float(limits.cost[chosen].sum()),
    )
