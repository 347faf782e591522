"""Credit distribution's passes over the log (numba); ties are CSR by who is influenced, log rows are sorted by item and time."""

import numba
import numpy as np


@numba.njit(inline="always")
def _enter(i, starts, users, times, at, mark):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Note when each adopter of item i adopted it."""
    for r in range(starts[i], starts[i + 1]):
        at[users[r]], mark[users[r]] = times[r], i


@numba.njit(cache=True, nogil=True)
def delays(ties, log):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Per tie the mean delay (tau) and how often its source was before its target; per item who had nobody before."""
    indptr, influencers = ties
    starts, users, times = log
    n, edges, items = len(indptr) - 1, len(influencers), len(starts) - 1
    at, mark = np.zeros(n), np.full(n, -1, np.int64)
    delay, count, started = np.zeros(edges), np.zeros(edges, np.int64), np.zeros(items, np.int64)
    for i in range(items):
        _enter(i, starts, users, times, at, mark)
        for r in range(starts[i], starts[i + 1]):
            u, alone = users[r], True
            for e in range(indptr[u], indptr[u + 1]):
                v = influencers[e]
                if mark[v] == i and at[v] < at[u]:
                    delay[e] += at[u] - at[v]
                    count[e] += 1
                    alone = False
            started[i] += alone
    for e in range(edges):
        delay[e] /= max(count[e], 1)
    return delay, count, started


@numba.njit(cache=True, nogil=True)
def promptness(ties, log, delay):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Per user the part of its behaviours that came within the mean delay of some tie (infl)."""
    indptr, influencers = ties
    starts, users, times = log
    n = len(indptr) - 1
    at, mark = np.zeros(n), np.full(n, -1, np.int64)
    prompt, done = np.zeros(n), np.zeros(n)
    for i in range(len(starts) - 1):
        _enter(i, starts, users, times, at, mark)
        for r in range(starts[i], starts[i + 1]):
            u = users[r]
            done[u] += 1
            for e in range(indptr[u], indptr[u + 1]):
                v = influencers[e]
                if mark[v] == i and at[v] < at[u] and at[u] - at[v] <= delay[e]:
                    prompt[u] += 1
                    break
    for u in range(n):
        prompt[u] /= max(done[u], 1.0)
    return prompt


@numba.njit(cache=True, nogil=True)
def shares(ties, log, delay, prompt):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Direct credit per tie, all credit per user, credit given per item."""
    indptr, influencers = ties
    starts, users, times = log
    n, items = len(indptr) - 1, len(starts) - 1
    at, mark, passed = np.zeros(n), np.full(n, -1, np.int64), np.zeros(n)
    credit, total, credited = np.zeros(len(influencers)), np.zeros(n), np.zeros(items)
    for i in range(items):
        _enter(i, starts, users, times, at, mark)
        for r in range(starts[i], starts[i + 1]):
            passed[users[r]] = 0.0
        for r in range(starts[i + 1] - 1, starts[i] - 1, -1):  # the last first: what it moved is known by then
            u, before = users[r], 0
            for e in range(indptr[u], indptr[u + 1]):
                v = influencers[e]
                before += mark[v] == i and at[v] < at[u]
            for e in range(indptr[u], indptr[u + 1]):
                v = influencers[e]
                if mark[v] == i and at[v] < at[u]:
                    part = prompt[u] * np.exp(-(at[u] - at[v]) / delay[e]) / before
                    credit[e] += part
                    credited[i] += part
                    passed[v] += part * (1.0 + passed[u])
            total[u] += passed[u]
    return credit, total, credited
