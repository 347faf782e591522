"""Cascades as they run (numba): seeds are added one after another, so that one run gives the spread of every prefix."""

import numba
import numpy as np

from sociogram.splitmix import uniform


@numba.njit(cache=True, nogil=True)
def run_cascades(side, seeds, threshold, runs, first, seed, reached):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Active users after each seed [runs, seeds]; adds to `reached` [n] how often each user was active.

    An edge is tried once, when its source becomes active, whichever seed was the cause: by the live-edge view (Kempe et al. 2003)
    each column is a sample of the spread of that prefix.
    """
    indptr, others, p = side
    n = len(indptr) - 1
    mark, touched = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    load, limit = np.zeros(n), np.zeros(n)
    queue, state = np.empty(n, np.int32), np.empty(1, np.uint64)
    out = np.empty((runs, len(seeds)), np.int32)
    for i in range(runs):
        state[0] = np.uint64(seed) + np.uint64(first + i) * np.uint64(0xD1342543DE82EF95)
        size, at = 0, 0
        for j in range(len(seeds)):
            if mark[seeds[j]] != i:
                mark[seeds[j]] = i
                queue[size] = seeds[j]
                size += 1
            while at < size:
                u = queue[at]
                at += 1
                for e in range(indptr[u], indptr[u + 1]):
                    v = others[e]
                    if mark[v] == i:
                        continue
                    if threshold:
                        if touched[v] != i:
                            touched[v], load[v], limit[v] = i, 0.0, uniform(state)
                        load[v] += p[e]
                        active = load[v] > limit[v]
                    else:
                        active = uniform(state) < p[e]
                    if active:
                        mark[v] = i
                        queue[size] = v
                        size += 1
            out[i, j] = size
        for j in range(size):
            reached[queue[j]] += 1
    return out
