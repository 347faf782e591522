"""Segments of users alike by embedding: spherical k-means, and a number of segments that resampling supports."""

from dataclasses import dataclass
from itertools import combinations
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

# numbers of segments where none is given; two are too coarse to be of use
TRIED = (3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32)
RESAMPLES = 4  # halves of the users on which each number is tried
SAMPLE = 3_000  # users that choose the number
LEARNED = 20_000  # users that the centres are learned from at most; the others join the nearest
NEAR_BEST = 0.95  # of the best score: the largest number that comes so near is taken
STARTS = 4  # of k-means, the best by its own objective


@dataclass(frozen=True)
class Tried:
    """One number of segments as resampling sees it."""

    k: int
    stability: float  # mean ARI over pairs of halves, both read on all users of the sample
    silhouette: float  # mean over halves


def directions(vectors: NDArray[np.floating]) -> Floats:
    """Rows at length one, centred first: what all users have in common tells nobody apart. Zero rows stay zero."""
    x = np.asarray(vectors, np.float32)
    there = np.linalg.norm(x, axis=1) > 0
    if there.any():
        x = np.where(there[:, None], x - x[there].mean(0), 0.0).astype(np.float32)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(x / np.where(length > 1e-12, length, 1.0), np.float32)


def centres(x: Floats, k: int, rng: np.random.Generator) -> Floats:
    """Spherical k-means (Dhillon and Modha 2001) of unit rows [n, d]: centres at length one [k, d]."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    rows = np.sort(rng.choice(len(x), LEARNED, replace=False)) if len(x) > LEARNED else np.arange(len(x))
    with threadpool_limits(1), catch_warnings():  # parallel sums are not repeatable
        simplefilter("ignore", ConvergenceWarning)  # fewer different rows than centres: the others stay empty
        model = KMeans(k, n_init=STARTS, random_state=int(rng.integers(2**31)), max_iter=100).fit(x[rows])
    return unit_length(model.cluster_centers_)


def unit_length(centre: NDArray[np.floating]) -> Floats:
    """Centres scaled to length one."""
    length = np.linalg.norm(centre, axis=1, keepdims=True)
    return np.asarray(centre / np.where(length > 0, length, 1.0), np.float32)


def nearest(x: Floats, centre: Floats) -> Ints:
    """The centre of greatest cosine for each row [n]."""
    return np.asarray((x @ centre.T).argmax(1), np.int64)


def choose_k(x: Floats, floor: int, seed: int = 0) -> tuple[int, list[Tried]]:
    """A number of segments, and all that were tried.

    Each number is tried on random halves of (a sample of) the users. Score: mean adjusted Rand index between the segmentations that two
    halves give all users (stability, Lange et al. 2004) plus mean silhouette (Rousseeuw 1987). The largest number that comes within 5 %
    of the best score is taken: more segments say more, as long as they hold as well.
    """
    rng = np.random.default_rng((seed, 17))
    rows = np.sort(rng.choice(len(x), SAMPLE, replace=False)) if len(x) > SAMPLE else np.arange(len(x))
    sample = x[rows]
    most = min(len(x) // (2 * floor), len(sample) // 4)  # twice the floor on average: else many would fall below it
    tried = [_try(sample, k, rng) for k in TRIED if k <= most]
    if not tried:
        return 1, []
    scores = np.array([t.stability + t.silhouette for t in tried])
    good = np.flatnonzero(scores >= NEAR_BEST * scores.max() - 1e-12) if scores.max() > 0 else [int(scores.argmax())]
    return tried[int(good[-1])].k, tried


def _try(x: Floats, k: int, rng: np.random.Generator) -> Tried:
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    labels = []
    for _ in range(RESAMPLES):
        half = rng.permutation(len(x))[: max(len(x) // 2, k)]
        labels.append(nearest(x, centres(x[half], k, rng)))
    stability = np.mean([adjusted_rand_score(a, b) for a, b in combinations(labels, 2)])
    apart = [silhouette_score(x, a, metric="cosine") for a in labels[:2] if len(np.unique(a)) > 1]
    return Tried(k, float(stability), float(np.mean(apart)) if apart else 0.0)


def by_embedding(x: Floats, k: int, seed: int) -> Ints:
    """Segment of each row [n], 0..k-1."""
    return nearest(x, centres(x, k, np.random.default_rng((seed, 18))))
