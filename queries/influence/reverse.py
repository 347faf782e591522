"""Reverse-reachable sets (numba): who would have reached a random user; their index and the greedy cover's inner loop.

Borgs et al. 2014: a set holds the users that reach a uniform root over live edges, so n x (share of sets that S meets) is the
expected spread of S. Rows with equal probabilities skip from success to success (SUBSIM, Guo et al. 2020).
"""

import math

import numba
import numpy as np

from sociogram.splitmix import uniform


@numba.njit(cache=True, nogil=True)
def skips(indptr, p):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Per row 1 / log(1 - p) where its probabilities are equal and below one; 0 where they are all one, NaN where they differ."""
    out = np.full(len(indptr) - 1, np.nan)
    for v in range(len(indptr) - 1):
        first, end = indptr[v], indptr[v + 1]
        even = True
        for e in range(first + 1, end):
            if p[e] != p[first]:
                even = False
                break
        if even and end > first:
            q = p[first]
            out[v] = 0.0 if q >= 1.0 else (-np.inf if q <= 0.0 else 1.0 / math.log1p(-q))
    return out


@numba.njit(inline="always")
def _visit(u, stamp, mark, queue, size):  # type: ignore[no-untyped-def]  # pragma: no cover
    if mark[u] != stamp:
        mark[u] = stamp
        queue[size] = u
        size += 1
    return size


@numba.njit(cache=True, nogil=True)
def _cascade(root, indptr, others, p, skip, stamp, mark, queue, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Independent cascade: fills `queue`, returns how many."""
    mark[root] = stamp
    queue[0] = root
    size, at = 1, 0
    while at < size:
        v = queue[at]
        at += 1
        first, end = indptr[v], indptr[v + 1]
        if first == end:
            continue
        s = skip[v]
        if s == 0.0:
            for e in range(first, end):
                size = _visit(others[e], stamp, mark, queue, size)
        elif not math.isnan(s):
            left = float(end - first)
            e = first
            while True:
                jump = math.log(1.0 - uniform(state)) * s
                if not jump < left:
                    break
                step = np.int64(jump)
                e += step
                size = _visit(others[e], stamp, mark, queue, size)
                e += 1
                left -= step + 1
        else:
            for e in range(first, end):
                if uniform(state) < p[e]:
                    size = _visit(others[e], stamp, mark, queue, size)
    return size


@numba.njit(cache=True, nogil=True)
def _walk(root, indptr, others, p, skip, stamp, mark, queue, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Linear threshold: each user picks at most one of those who influence it, so a set is a path."""
    mark[root] = stamp
    queue[0] = root
    size, v = 1, root
    while True:
        first, end = indptr[v], indptr[v + 1]
        if first == end:
            return size
        draw, chosen = uniform(state), -1
        if not math.isnan(skip[v]):
            if p[first] > 0.0:
                e = first + np.int64(draw / p[first])
                chosen = others[e] if e < end else -1
        else:
            for e in range(first, end):
                draw -= p[e]
                if draw < 0.0:
                    chosen = others[e]
                    break
        if chosen < 0 or mark[chosen] == stamp:
            return size
        mark[chosen] = stamp
        queue[size] = chosen
        size += 1
        v = chosen


@numba.njit(cache=True, nogil=True)
def _random_set(threshold, indptr, others, p, skip, stamp, mark, queue, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The set of a uniform root, root first, in `queue`; returns how many."""
    root = np.int64(uniform(state) * (len(indptr) - 1))
    if threshold:
        return _walk(root, indptr, others, p, skip, stamp, mark, queue, state)
    return _cascade(root, indptr, others, p, skip, stamp, mark, queue, state)


@numba.njit(cache=True, nogil=True)
def reverse_sets(side, skip, threshold, count, seed):  # type: ignore[no-untyped-def]  # pragma: no cover
    """`count` sets: their starts [count + 1] and their members in one row."""
    indptr, others, p = side
    n = len(indptr) - 1
    state = np.empty(1, np.uint64)
    state[0] = seed
    mark, queue = np.full(n, -1, np.int64), np.empty(n, np.int32)
    starts, members = np.zeros(count + 1, np.int64), np.empty(max(4 * count, n), np.int32)
    for i in range(count):
        size = _random_set(threshold, indptr, others, p, skip, i, mark, queue, state)
        total = starts[i] + size
        if total > len(members):
            longer = np.empty(max(2 * len(members), total), np.int32)
            longer[: starts[i]] = members[: starts[i]]
            members = longer
        members[starts[i] : total] = queue[:size]
        starts[i + 1] = total
    return starts, members[: starts[count]].copy()


@numba.njit(cache=True, nogil=True)
def first_hits(side, skip, threshold, rank, seeds, count, seed):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Of `count` fresh sets, how many meet each seed and none before it [seeds]; `rank` [n] is a seed's place, -1 elsewhere."""
    indptr, others, p = side
    n = len(indptr) - 1
    state = np.empty(1, np.uint64)
    state[0] = seed
    mark, queue = np.full(n, -1, np.int64), np.empty(n, np.int32)
    hits = np.zeros(seeds, np.int64)
    for i in range(count):
        size = _random_set(threshold, indptr, others, p, skip, i, mark, queue, state)
        first = seeds
        for j in range(size):
            place = rank[queue[j]]
            if 0 <= place < first:
                first = place
        if first < seeds:
            hits[first] += 1
    return hits


@numba.njit(cache=True, nogil=True)
def memberships(side, skip, threshold, count, seed):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Of `count` fresh sets, how many of other roots hold each user [n]; the sets themselves are not kept."""
    indptr, others, p = side
    n = len(indptr) - 1
    state = np.empty(1, np.uint64)
    state[0] = seed
    mark, queue = np.full(n, -1, np.int64), np.empty(n, np.int32)
    held = np.zeros(n, np.int64)
    for i in range(count):
        size = _random_set(threshold, indptr, others, p, skip, i, mark, queue, state)
        for j in range(1, size):
            held[queue[j]] += 1
    return held


@numba.njit(cache=True, nogil=True)
def members_index(starts, members, n):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Which sets each user is in: CSR [n] of set numbers."""
    indptr = np.zeros(n + 1, np.int64)
    for e in range(len(members)):
        indptr[members[e] + 1] += 1
    for v in range(n):
        indptr[v + 1] += indptr[v]
    free, sets = indptr[:-1].copy(), np.empty(len(members), np.int32)
    for i in range(len(starts) - 1):
        for e in range(starts[i], starts[i + 1]):
            at = free[members[e]]
            free[members[e]] = at + 1
            sets[at] = i
    return indptr, sets


@numba.njit(cache=True, nogil=True)
def cover(v, indptr, sets, starts, members, covered, gains):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Take a user: its uncovered sets become covered, and `gains` [n] is what each user would still add."""
    for at in range(indptr[v], indptr[v + 1]):
        i = sets[at]
        if not covered[i]:
            covered[i] = True
            for e in range(starts[i], starts[i + 1]):
                gains[members[e]] -= 1
