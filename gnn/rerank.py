"""Another order of a pool of candidates: less alike among themselves, rarer or better known."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def rerank(
    relevance: Floats, vectors: Floats, fame: Floats, k: int, *, diversity: float = 0.0, popularity: float = 0.0
) -> NDArray[np.int64]:
    """Places in the pool [users, k] of the k chosen, best first, -1 where the pool has no more.

    `relevance` [users, m] is -inf where a place of the pool is empty, `vectors` [users, m, d], `fame` [users, m] = log(1 + users who have
    the item). First `tilted`, then `mmr`; with both at 0 the order is that of the relevance.
    """
    if popularity:
        relevance = tilted(relevance, fame, popularity)
    if diversity:
        return mmr(relevance, vectors, k, diversity)
    best = np.argsort(-relevance, axis=1, kind="stable")[:, :k]
    return np.where(np.isfinite(np.take_along_axis(relevance, best, 1)), best, -1)


def tilted(relevance: Floats, fame: Floats, popularity: float) -> Floats:
    """(1 - |p|) z(relevance) + p z(fame), each standardised within a user's pool; -1 is rarest first, 1 best known first.

    The ratio of the two weights grows with p, so the mean fame of the k best of a pool never falls as p rises.
    """
    there = np.isfinite(relevance)
    mixed = (1 - abs(popularity)) * _standard(relevance, there) + popularity * _standard(fame, there)
    return np.asarray(np.where(there, mixed, -np.inf), np.float32)


def mmr(relevance: Floats, vectors: Floats, k: int, diversity: float) -> NDArray[np.int64]:
    """Maximal marginal relevance (Carbonell and Goldstein 1998), places [users, k], -1 where the pool has no more.

    Greedily the i with the largest (1 - d) r_i - d max over the chosen j of cos(v_i, v_j), r being the relevance scaled to 0..1 within
    the pool; the first is the most relevant. A zero vector is alike to nothing.
    """
    users, m = relevance.shape
    there = np.isfinite(relevance)
    scaled = _scaled(relevance, there)
    length = np.linalg.norm(vectors, axis=2, keepdims=True)
    unit = vectors / np.maximum(length, 1e-12)
    value = np.where(there, scaled, -np.inf)
    alike = np.full((users, m), -np.inf, np.float32)
    chosen = np.full((users, k), -1, np.int64)
    row = np.arange(users)
    for step in range(min(k, m)):
        best = np.argmax(value, axis=1)
        left = np.isfinite(value[row, best])
        if not left.any():
            break
        chosen[left, step] = best[left]
        there[row, best] = False
        alike = np.maximum(alike, np.einsum("umd,ud->um", unit, unit[row, best]))
        value = np.where(there, (1 - diversity) * scaled - diversity * alike, -np.inf)
    return chosen


def _scaled(x: Floats, there: NDArray[np.bool_]) -> Floats:
    """Each row to 0..1 over what is there; a row of equal values becomes ones."""
    low = np.where(there, x, np.inf).min(1, keepdims=True, initial=np.inf)
    high = np.where(there, x, -np.inf).max(1, keepdims=True, initial=-np.inf)
    span = np.where(np.isfinite(high) & np.isfinite(low), high - low, 0.0)
    known = np.where(there, x, 0.0)
    low = np.where(np.isfinite(low), low, 0.0)
    return np.asarray(np.where(span > 0, (known - low) / np.where(span > 0, span, 1.0), 1.0), np.float32)


def _standard(x: Floats, there: NDArray[np.bool_]) -> Floats:
    count = np.maximum(there.sum(1, keepdims=True), 1)
    known = np.where(there, x, 0.0)
    centred = np.where(there, known - known.sum(1, keepdims=True) / count, 0.0)
    spread = np.sqrt((centred**2).sum(1, keepdims=True) / count)
    return np.asarray(np.where(spread > 1e-9, centred / np.maximum(spread, 1e-9), 0.0), np.float32)
