"""A matched comparison: do those whose friends went before adopt more than others who are alike?

After Aral, Muchnik, Sundararajan (PNAS 2009). At three moments of each item's life, users who do not have it yet are compared by
whether somebody who influences them has it: the risk to adopt until the next moment, in strata, pooled by Mantel and Haenszel.
The strata hold activity and number of friends; that difference is influence and homophily together. With the place in the graph in
them as well (how near the map puts a user to those who took the item of their own accord), what is left is influence, and what place
explains is homophily.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.errors import InputError
from sociogram.progress import SILENT, Progress
from sociogram.queries.influence.behaviours import BehaviourLog
from sociogram.queries.influence.cascades import CascadeGraph, Floats, Ints

MOMENTS = (0.25, 0.5, 0.75)  # parts of an item's adopters
ADOPTERS = 8  # of an item that is compared, at least
ITEMS, USERS = 300, 20_000  # compared at most
FEWEST = 10  # items, below which users are resampled instead
NEAR = (0.3, 0.55, 0.75, 0.9, 0.97)  # quantiles that part the strata of nearness
RESAMPLES = 4000

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Effect:
    """A difference of risks with its interval over resampled items, or users where items are few."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Matched:
    """Risk with a friend before against without: all of it, what is left at equal place, and what place explains."""

    raw: Effect
    influence: Effect
    homophily: Effect
    raw_ratio: float  # risk with a friend before / without
    matched_ratio: float  # the same at equal place
    items: int
    level: float


def matched(
    graph: CascadeGraph,
    log: BehaviourLog,
    own: Mask,
    z: Floats,
    *,
    level: float = 0.01,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Matched:
    """See the module; `own` [m] marks the log's rows of one's own accord, `z` [n, d] is the graph's map; intervals are of 1 - level.

    InputError where no item has enough adopters.
    """
    rng = np.random.default_rng(seed)
    sizes = np.diff(log.starts)
    items = np.flatnonzero(sizes >= ADOPTERS)
    if not len(items):
        raise InputError(
            f"too little to compare: no item has {ADOPTERS} adopters with a time (the most: {sizes.max(initial=0)}). Load more behaviours."
        )
    items = np.sort(items[np.argsort(-sizes[items], kind="stable")[:ITEMS]])
    users = np.arange(len(graph))
    if len(users) > USERS:
        users = np.sort(rng.choice(users, USERS, replace=False))
    compared = _Compared(graph, log, own, z, users)
    each, few = np.ones(len(users)), len(items) < FEWEST
    sums_, kept = [], []
    with progress.stage("matched comparison", len(items), "item") as stage:
        for i in items.tolist():
            moments = list(compared.strata(i))
            sums_.append(_sums(moments, each))
            if few:
                kept.append(moments)
            stage.advance(1)
    sums = np.stack(sums_)
    if not few:
        weights = rng.multinomial(len(items), np.full(len(items), 1 / len(items)), RESAMPLES).astype(np.float64)
        drawn = np.tensordot(weights, sums, 1)
    else:  # users are drawn anew instead
        drawn = np.zeros((RESAMPLES // 10, *sums.shape[1:]))
        for r in range(len(drawn)):
            weight = np.bincount(rng.integers(len(users), size=len(users)), minlength=len(users)).astype(np.float64)
            drawn[r] = sum(_sums(moments, weight) for moments in kept)
    return _effects(sums, drawn, level)


class _Compared:
    """What the strata of all items need, worked out once."""

    def __init__(self, graph: CascadeGraph, log: BehaviourLog, own: Mask, z: Floats, users: Ints) -> None:
        n = len(graph)
        side = graph.incoming
        self.log, self.own, self.z, self.users = log, own, z, users
        self.into = sparse.csr_array((np.ones(graph.edges), side.others, side.indptr), shape=(n, n))[users]
        self.friends = np.minimum(np.log2(1 + np.diff(self.into.indptr)).astype(np.int64), 7)
        self.activity = np.bincount(log.user[own], minlength=n)
        self.when = np.full(n, np.inf)

    def strata(self, item: int) -> "Iterator[_Strata]":
        """Who is compared at each moment of an item's life."""
        rows = slice(int(self.log.starts[item]), int(self.log.starts[item + 1]))
        adopters, time = self.log.user[rows], self.log.time[rows].astype(np.float64)
        self.when[adopters] = time
        own = np.zeros(len(self.when))
        own[adopters[self.own[rows]]] = 1
        mine, when, z = own[self.users], self.when[self.users], self.z[self.users]
        near = z @ (own @ self.z) - mine * (z**2).sum(1)  # oneself does not count
        active = _cut((self.activity[self.users] - mine), (1 / 3, 2 / 3))
        for now, later in pairwise([*(time[int(part * len(time))] for part in MOMENTS), np.inf]):
            rows_ = np.flatnonzero(when > now)
            exposed = (self.into @ (self.when <= now).astype(np.float64) > 0)[rows_]
            adopted = ((when <= later) & np.isfinite(when))[rows_]
            plain = (self.friends * 3 + active)[rows_]
            same = plain * (len(NEAR) + 1) + _cut(near[rows_], NEAR)
            yield _Strata(rows_, exposed, adopted, plain, same)
        self.when[adopters] = np.inf


@dataclass(frozen=True)
class _Strata:
    """One moment of one item: users who do not have it, whether a friend has, whether they adopt next, and their strata."""

    rows: Ints
    exposed: Mask
    adopted: Mask
    plain: Ints
    same: Ints


def _sums(moments: "list[_Strata]", weight: Floats) -> Floats:
    """Sums [plain or matched, (weight, risk with a friend before, risk without)] over moments and strata."""
    each = [[_pooled(stratum, m, weight[m.rows]) for stratum in (m.plain, m.same)] for m in moments]
    return np.asarray(np.sum(each, axis=0), np.float64)


def _cut(values: Floats, parts: tuple[float, ...]) -> Ints:
    """Number of the quantile that each value is in."""
    if not len(values):
        return np.zeros(0, np.int64)
    return np.searchsorted(np.quantile(values, parts), values, side="left").astype(np.int64)


def _pooled(stratum: Ints, moment: _Strata, weight: Floats) -> Floats:
    """Mantel and Haenszel's sums over strata: n1 n0 / n, a n0 / n, c n1 / n."""
    exposed, adopted = moment.exposed, moment.adopted
    size = int(stratum.max()) + 1 if len(stratum) else 1
    n1, a, n0, c = (
        np.bincount(stratum[mask], weight[mask], minlength=size)
        for mask in (exposed, exposed & adopted, ~exposed, ~exposed & adopted)
    )
    n = np.maximum(n1 + n0, 1e-12)
    return np.array([(n1 * n0 / n).sum(), (a * n0 / n).sum(), (c * n1 / n).sum()])


def _effects(sums: Floats, drawn: Floats, level: float) -> Matched:
    whole = sums.sum(0)

    def differences(s: Floats) -> Floats:
        return np.asarray((s[..., 1] - s[..., 2]) / np.maximum(s[..., 0], 1e-12))

    def effect(of: Callable[[Floats], Floats]) -> Effect:
        low, high = np.quantile(of(drawn), (level / 2, 1 - level / 2))
        return Effect(float(of(whole[None])[0]), float(low), float(high))

    ratios = whole[:, 1] / np.maximum(whole[:, 2], 1e-12)
    return Matched(
        raw=effect(lambda s: differences(s[:, 0])),
        influence=effect(lambda s: differences(s[:, 1])),
        homophily=effect(lambda s: differences(s[:, 0]) - differences(s[:, 1])),
        raw_ratio=float(ratios[0]),
        matched_ratio=float(ratios[1]),
        items=len(sums),
        level=level,
    )
