"""Homophily: do people of one part of the graph take to the same items of their own accord?

Each time a user takes an item of their own accord (nobody who influences them had it), everybody who could have done the same at that
moment is the comparison: those who do not have the item and were not shown it. Is the one who did nearer, on the graph's map, to those
who took it of their own accord before? Where influence alone is at work the beginnings lie anywhere among them, however far the item
has spread meanwhile: the sum of differences has mean zero and its variance is known (the score test of Cox's partial likelihood).
"""

import math
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from sociogram.queries.influence.behaviours import BehaviourLog
from sociogram.queries.influence.cascades import CascadeGraph, Floats
from sociogram.splitmix import uniform

WORK = 300_000_000  # users compared, over all events; with more of them, a random part of the events is asked
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Homophily:
    """How much nearer than by chance, in standard deviations, and the one-sided p-value; `events` of own accord were compared."""

    z: float
    p: float
    events: int


def homophily(graph: CascadeGraph, log: BehaviourLog, own: Mask, z: Floats, *, seed: int = 0) -> Homophily:
    """See the module; `own` [m] marks the log's rows of one's own accord, `z` [n, d] is the graph's map.

    p is 1 where there is nothing to compare.
    """
    n = len(graph)
    activity = np.bincount(log.user[own], minlength=n) + 0.5
    part = min(1.0, WORK / (n * max(int(own.sum()), 1)))
    state = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    side = (graph.outgoing.indptr, graph.outgoing.others)
    rows = (log.starts, log.user, log.time, own)
    total, variance, events = _score(side, rows, z, activity.astype(np.float64), part, state)
    if variance <= 0:
        return Homophily(0.0, 1.0, int(events))
    far = total / math.sqrt(variance)
    return Homophily(far, 0.5 * math.erfc(far / math.sqrt(2)), int(events))


@numba.njit(cache=True, nogil=True)
def _difference(u, i, z, middle, activity, out):  # type: ignore[no-untyped-def]  # pragma: no cover
    """How much nearer u is to the middle than those who could have done the same, and the variance of that by chance."""
    n, d = z.shape
    weight, mean, square, own = 0.0, 0.0, 0.0, 0.0
    for v in range(n):
        if out[v] != i:
            s = 0.0
            for k in range(d):
                s += z[v, k] * middle[k]
            weight += activity[v]
            mean += activity[v] * s
            square += activity[v] * s * s
            if v == u:
                own = s
    mean /= weight
    return own - mean, max(square / weight - mean * mean, 0.0)


@numba.njit(cache=True, nogil=True)
def _score(side, log, z, activity, part, seed):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Sum of differences, its variance under chance, and events; a random `part` of the events is compared."""
    indptr, others = side
    starts, users, times, own = log
    state = np.empty(1, np.uint64)
    state[0] = seed
    out = np.full(len(z), -1, np.int64)  # the last item that a user has or was shown
    total, variance, events = 0.0, 0.0, 0
    middle = np.zeros(z.shape[1])
    for i in range(len(starts) - 1):
        middle[:] = 0.0
        before, r, stop = 0, starts[i], starts[i + 1]
        while r < stop:
            same = r
            while same < stop and times[same] == times[r]:
                same += 1
            for e in range(r, same):
                if before and own[e] and (part >= 1.0 or uniform(state) < part):
                    nearer, spread = _difference(users[e], i, z, middle, activity, out)
                    total += nearer / np.sqrt(before)
                    variance += spread / before
                    events += 1
            for e in range(r, same):
                u = users[e]
                out[u] = i
                for f in range(indptr[u], indptr[u + 1]):
                    out[others[f]] = i
                if own[e]:
                    middle += z[u]
                    before += 1
            r = same
    return total, variance, events
