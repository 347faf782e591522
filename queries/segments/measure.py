"""What a segmentation is worth: does it come out again, and does it say anything about what was held out?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Ints = NDArray[np.int64]
AGAIN = 5  # runs with other seeds, and on resamples
SHUFFLES = 200  # random segmentations of the same sizes
JUDGES = 5_000  # users whose held-out behaviours are read at most
DRAWS = 1_000  # bootstrap draws of users


@dataclass(frozen=True)
class Agreement:
    """Adjusted Rand index (Hubert and Arabie 1985) of the segmentation with each of several others: 1 the same, 0 by chance."""

    mean: float
    least: float
    of: int

    @classmethod
    def between(cls, labels: Ints, others: Sequence[Ints]) -> "Agreement":
        """Over users who have a segment in both."""
        from sklearn.metrics import adjusted_rand_score

        values = []
        for other in others:
            both = (labels >= 0) & (other >= 0)
            values.append(float(adjusted_rand_score(labels[both], other[both])) if both.any() else 0.0)
        return cls(float(np.mean(values)), min(values), len(values))


@dataclass(frozen=True)
class Stability:
    """The same method with other seeds, and on resampled users or ties."""

    seeds: Agreement
    resamples: Agreement


def stability(labels: Ints, again: Callable[[int, bool], Ints], seed: int, runs: int = AGAIN) -> Stability:
    """`again(seed, resampled)` segments anew, on a resample where asked for."""
    seeds = [again(seed + 1 + i, False) for i in range(runs)]
    resamples = [again(seed + 1 + i, True) for i in range(runs)]
    return Stability(Agreement.between(labels, seeds), Agreement.between(labels, resamples))


@dataclass(frozen=True)
class Lift:
    """How many times as common a held-out behaviour is in the user's own segment as among all users, with 95 % intervals.

    `random`: the same for random segments of equal sizes, mean and 95 % range; `gain`: difference to their mean, interval by bootstrap
    over users.
    """

    lift: float
    low: float
    high: float
    random: float
    random_low: float
    random_high: float
    gain: float
    gain_low: float
    gain_high: float
    pairs: int
    users: int


def held_out_lift(labels: Ints, known: sparse.csr_array, held: sparse.csr_array, seed: int = 0) -> Lift | None:
    """Lift of segments on pairs of user and topic (or item) that they were not made from; None where nothing can be said.

    For every held-out pair (u, t): the share of u's segment that is known to have t, and the share of all users (that have a segment)
    that is. Lift is the ratio of the sums: about 1 for random segments. `known` and `held` are sparse ones [users, topics] without common entries.
    """
    rng = np.random.default_rng((seed, 23))
    inside = np.flatnonzero(labels >= 0)
    labels, known = labels[inside], sparse.csr_array(known[inside])
    pairs: Any = sparse.coo_array(held[inside])
    chosen = np.zeros(len(labels), np.bool_)
    chosen[rng.permutation(np.unique(pairs.row))[:JUDGES]] = True
    user, topic = pairs.row[chosen[pairs.row]], pairs.col[chosen[pairs.row]]
    asked, topic = np.unique(topic, return_inverse=True)
    known = sparse.csr_array(known[:, asked])
    usual = np.asarray(known.sum(0)).ravel()[topic] / max(len(labels), 1)
    if not len(user) or not usual.sum():
        return None
    judges, place = np.unique(user, return_inverse=True)
    below = np.bincount(place, usual)
    above = np.bincount(place, _shares(labels, known, user, topic))
    shuffled = np.zeros((SHUFFLES, len(judges)))
    for i in range(SHUFFLES):
        shuffled[i] = np.bincount(place, _shares(rng.permutation(labels), known, user, topic))
    by_chance = shuffled.sum(1) / below.sum()
    mean = shuffled.mean(0)
    weight = rng.multinomial(len(judges), np.full(len(judges), 1 / len(judges)), DRAWS).astype(np.float64)
    total = np.maximum(weight @ below, 1e-12)
    drawn, gained = (weight @ above) / total, (weight @ (above - mean)) / total
    lift = float(above.sum() / below.sum())
    return Lift(
        lift,
        *_range(drawn),
        float(by_chance.mean()),
        *_range(by_chance),
        lift - float(by_chance.mean()),
        *_range(gained),
        len(user),
        len(judges),
    )


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def _shares(labels: Ints, known: sparse.csr_array, user: Ints, topic: Ints) -> NDArray[np.float64]:
    """Of each pair, the share of the user's segment that is known to have the topic."""
    size = np.bincount(labels)
    member: Any = sparse.csr_array(
        (np.ones(len(labels)), (labels, np.arange(len(labels)))), shape=(len(size), len(labels))
    )
    counts = (member @ known).toarray()
    at = labels[user]
    return np.asarray(counts[at, topic] / size[at], np.float64)
