"""The sampler's inner loops (numba): draw neighbours of CSR rows, number them as they are met, turn the result round."""

import numba
import numpy as np

from sociogram.splitmix import uniform

SHUFFLED = 128  # up to this degree a row is shuffled in a buffer, above it Floyd's algorithm draws


@numba.njit(inline="always")
def _shuffle(out, degree, first, buffer, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """A uniform set of a row: shuffle as far as those to take, or those to leave if they are fewer."""
    for j in range(degree):
        buffer[j] = first + j
    size = len(out)
    steps = min(size, degree - size)
    for j in range(steps):
        other = j + np.int64(uniform(state) * (degree - j))
        buffer[j], buffer[other] = buffer[other], buffer[j]
    skip = 0 if steps == size else steps
    for j in range(size):
        out[j] = buffer[skip + j]


@numba.njit(inline="always")
def _floyd(out, degree, first, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """A uniform set of a long row, in time of its size squared."""
    for j in range(len(out)):
        last = degree - len(out) + j
        choice = first + np.int64(uniform(state) * (last + 1))
        for before in range(j):
            if out[before] == choice:
                choice = first + last
                break
        out[j] = choice


@numba.njit(cache=True, nogil=True)
def _positions(indptr, rows, fanout, replace, seed):  # type: ignore[no-untyped-def]  # pragma: no cover
    """New row starts [rows + 1] and the positions drawn; a uniform set of each row's, or with `replace` a uniform list."""
    n = len(rows)
    state = np.empty(1, np.uint64)
    state[0] = seed
    first, degree, out = np.empty(n, np.int64), np.empty(n, np.int64), np.zeros(n + 1, np.int64)
    for i in range(n):  # loops that only load or only compute: misses of the cache overlap
        first[i] = indptr[rows[i]]
        degree[i] = indptr[rows[i] + 1] - first[i]
    for i in range(n):
        out[i + 1] = out[i] + (fanout if replace and degree[i] else min(fanout, degree[i]))
    picked, buffer = np.empty(out[n], np.int64), np.empty(SHUFFLED, np.int64)
    for i in range(n):
        at, size, d = out[i], out[i + 1] - out[i], degree[i]
        if replace:
            for j in range(size):
                picked[at + j] = first[i] + np.int64(uniform(state) * d)
        elif size == d:
            for j in range(size):
                picked[at + j] = first[i] + j
        elif d <= SHUFFLED:
            _shuffle(picked[at : at + size], d, first[i], buffer, state)
        else:
            _floyd(picked[at : at + size], d, first[i], state)
    return out, picked


@numba.njit(cache=True, nogil=True)
def draw(matrix, rows, fanout, replace, even, seed, place, count):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Sampled rows of a CSR matrix (indptr, indices, data): row starts, columns by their place, weights of sum one, fresh columns.

    `place` [columns] holds a number for each column met, -1 elsewhere; fresh ones are numbered from `count` on, in place.
    `even` says that all weights of a row are equal, so that they need not be read.
    """
    indptr, indices, data = matrix
    out, picked = _positions(indptr, rows, fanout, replace, seed)
    total = len(picked)
    weight, fresh = np.ones(total, np.float32), np.empty(total, np.int64)
    if not even:
        for e in range(total):
            weight[e] = data[picked[e]]
    for e in range(total):
        picked[e] = indices[picked[e]]
    met = 0
    for e in range(total):
        column = picked[e]
        if place[column] < 0:
            place[column] = count + met
            fresh[met] = column
            met += 1
        picked[e] = place[column]
    for i in range(len(rows)):
        if not replace:
            _sort(picked, weight, out[i], out[i + 1])
        total_weight = 0.0
        if even:
            total_weight = float(out[i + 1] - out[i])
        else:
            for e in range(out[i], out[i + 1]):
                total_weight += weight[e]
        scale = 1.0 / total_weight if total_weight > 0 else 0.0
        for e in range(out[i], out[i + 1]):
            weight[e] *= scale
    return out, picked, weight, fresh[:met]


@numba.njit(inline="always")
def _sort(columns, weight, start, stop):  # type: ignore[no-untyped-def]  # pragma: no cover
    """By column; insertion sort, since rows are short."""
    for a in range(start + 1, stop):
        column, w = columns[a], weight[a]
        b = a - 1
        while b >= start and columns[b] > column:
            columns[b + 1], weight[b + 1] = columns[b], weight[b]
            b -= 1
        columns[b + 1], weight[b + 1] = column, w


@numba.njit(cache=True, nogil=True)
def transposed(indptr, columns, weight, width):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The transpose of a CSR matrix with `width` columns."""
    out = np.zeros(width + 1, np.int64)
    for e in range(len(columns)):
        out[columns[e] + 1] += 1
    for c in range(width):
        out[c + 1] += out[c]
    free = out[:-1].copy()
    rows, weights = np.empty(len(columns), np.int64), np.empty(len(columns), np.float32)
    for i in range(len(indptr) - 1):
        for e in range(indptr[i], indptr[i + 1]):
            at = free[columns[e]]
            free[columns[e]] = at + 1
            rows[at], weights[at] = i, weight[e]
    return out, rows, weights


@numba.njit(cache=True, nogil=True)
def even_rows(indptr, data):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Whether the weights of each row are equal and positive."""
    for i in range(len(indptr) - 1):
        for e in range(indptr[i], indptr[i + 1]):
            if data[e] != data[indptr[i]] or not data[e] > 0:
                return False
    return True
