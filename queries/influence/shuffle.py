"""The shuffle test (Anagnostopoulos, Kumar, Mahdian, KDD 2008): does it matter who was first?

With a friends active, a user adopts with probability logistic(alpha ln(a + 1) + beta). If friends do not influence each other, times
may be exchanged among the adopters of an item without changing the distribution of alpha; influence makes the true alpha greater.
Times are exchanged among adopters who are active at about the same time (by their other behaviours), so that the time at which a
user came to the place is not taken for influence.
"""

from dataclasses import dataclass

import numba
import numpy as np

from sociogram.progress import SILENT, Progress
from sociogram.queries.influence.behaviours import BehaviourLog
from sociogram.queries.influence.cascades import CascadeGraph, Floats, Ints
from sociogram.splitmix import uniform

MOST = 32  # active friends are counted so far
STEPS = 100  # the log's span is cut into so many chances to adopt
BLOCK = 8  # adopters among whom times are exchanged, at least


@dataclass(frozen=True)
class Shuffled:
    """alpha of the log, its mean over shuffles, and the one-sided p-value."""

    alpha: float
    shuffled: float
    p: float
    shuffles: int


def shuffle_test(
    graph: CascadeGraph, log: BehaviourLog, *, shuffles: int = 499, seed: int = 0, progress: Progress = SILENT
) -> Shuffled:
    """See the module; alpha is 0 and p 1 where nobody adopted after a friend."""
    side = (graph.outgoing.indptr, graph.outgoing.others)
    time = (log.time - log.time.min()).astype(np.float64)
    end = max(float(time.max()), 1.0)
    blocks = exchange_blocks(log)
    starts = np.random.SeedSequence(seed).generate_state(max(shuffles, 1), np.uint64)

    def alpha(user: Ints) -> float:
        adopted, waited = exposures(side, log.starts, user, time, end)
        return fit_alpha(adopted, waited * (STEPS / end))

    true = alpha(log.user)
    null = np.empty(shuffles)
    with progress.stage("shuffle test", shuffles, "shuffles") as stage:
        for s in range(shuffles):
            null[s] = alpha(exchanged(log.starts, log.user, blocks, starts[s]))
            stage.advance(1)
    return Shuffled(true, float(null.mean()), float((1 + (null >= true - 1e-12).sum()) / (shuffles + 1)), shuffles)


def exchange_blocks(log: BehaviourLog) -> Ints:
    """Per row [m] the block of its item within which times are exchanged: adopters by the mean time of their other behaviours."""
    user, time = log.user, log.time.astype(np.float64)
    size = max(int(user.max()) + 1, 1) if len(user) else 1
    count, total = np.bincount(user, minlength=size), np.bincount(user, time, minlength=size)
    others = count[user] - 1
    when = np.where(others > 0, (total[user] - time) / np.maximum(others, 1), time.mean() if len(time) else 0.0)
    block, any_order = np.zeros(len(user), np.int64), np.random.default_rng(0).random(len(user))
    for i in range(len(log.items)):
        first, stop = int(log.starts[i]), int(log.starts[i + 1])
        pieces = min(4, (stop - first) // BLOCK)
        if pieces > 1:
            order = np.lexsort((any_order[first:stop], when[first:stop]))  # never by the time itself
            block[first + order] = np.arange(stop - first) * pieces // (stop - first)
    return block


def fit_alpha(adopted: Floats, waited: Floats) -> float:
    """alpha of the logistic regression over exposure levels: events [MOST + 1] and chances that were let pass."""
    if adopted[1:].sum() == 0 or adopted[0] == 0:
        return 0.0
    x = np.log(np.arange(len(adopted)) + 1.0)
    trials = adopted + waited
    design = np.stack([x, np.ones_like(x)])
    theta = np.array([0.0, np.log(adopted.sum() / max(waited.sum(), 1e-9))])
    for _ in range(30):
        mean = 1 / (1 + np.exp(-np.clip(theta @ design, -30, 30)))
        slope = design @ (adopted - trials * mean) - 1e-6 * theta
        curve = (design * (trials * mean * (1 - mean))) @ design.T + 1e-6 * np.eye(2)
        step = np.linalg.solve(curve, slope)
        theta += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return float(theta[0])


@numba.njit(cache=True, nogil=True)
def exchanged(starts, users, blocks, seed):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The log's users with those of each item and block in random order over their rows."""
    state = np.empty(1, np.uint64)
    state[0] = seed
    out, rows = users.copy(), np.empty(len(users), np.int64)
    for i in range(len(starts) - 1):
        last = 0
        for r in range(starts[i], starts[i + 1]):
            last = max(last, blocks[r])
        for b in range(last + 1):
            size = 0
            for r in range(starts[i], starts[i + 1]):
                if blocks[r] == b:
                    rows[size] = r
                    size += 1
            for j in range(size - 1, 0, -1):
                other = np.int64(uniform(state) * (j + 1))
                out[rows[j]], out[rows[other]] = out[rows[other]], out[rows[j]]
    return out


@numba.njit(cache=True, nogil=True)
def exposures(side, starts, users, times, end):  # type: ignore[no-untyped-def]  # pragma: no cover
    """By number of active friends: adoptions, and the time that users spent there without adopting.

    Time counts from an item's first adoption; who adopts at the same moment as a friend was not exposed to that.
    """
    indptr, others = side
    n = len(indptr) - 1
    level, since = np.zeros(n, np.int64), np.zeros(n)
    mark, done = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    touched = np.empty(n, np.int64)
    adopted, waited = np.zeros(MOST + 1), np.zeros(MOST + 1)
    for i in range(len(starts) - 1):
        first, stop = starts[i], starts[i + 1]
        if first == stop:
            continue
        begin, size, r = times[first], 0, first
        untouched = n
        while r < stop:
            at, same = times[r], r
            while same < stop and times[same] == at:
                u = users[same]
                a = level[u] if mark[u] == i else 0
                adopted[min(a, MOST)] += 1
                waited[min(a, MOST)] += at - (since[u] if mark[u] == i else begin)
                if mark[u] != i:
                    untouched -= 1
                done[u] = i
                same += 1
            while r < same:
                for e in range(indptr[users[r]], indptr[users[r] + 1]):
                    v = others[e]
                    if done[v] == i:
                        continue
                    if mark[v] != i:
                        mark[v], level[v], since[v] = i, 0, begin
                        touched[size] = v
                        size += 1
                        untouched -= 1
                    waited[min(level[v], MOST)] += at - since[v]
                    level[v] += 1
                    since[v] = at
                r += 1
        for j in range(size):
            v = touched[j]
            if done[v] != i:
                waited[min(level[v], MOST)] += end - since[v]
        waited[0] += untouched * (end - begin)
    return adopted, waited
