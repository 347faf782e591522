"""A monotone curve over log-odds: where one slope does not fit all of them, as after scores that know no scale across users."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Floats = NDArray[np.floating[Any]]
HITS = 100  # a piece of the curve needs
PIECES = 3  # at most: two tails and a middle
DECAY = 1e-5  # towards the identity
FLATTEST = 0.05  # slope: the order of probabilities stays that of the scores


@dataclass
class Bend:
    """f(z) = level + sum of slope_j x (the way of z through piece j); pieces between `knots`, the outer two without end."""

    knots: list[float] = field(default_factory=list)
    slopes: list[float] = field(default_factory=list)
    level: float = 0.0

    def __call__(self, z: Floats) -> NDArray[np.float64]:
        """Log-odds in place of log-odds; without knots they stay as they are."""
        if not self.knots:
            return np.asarray(z, np.float64)
        ways = _ways(np.asarray(z, np.float64), np.array(self.knots))
        return np.asarray(self.level + sum(s * w for s, w in zip(self.slopes, ways, strict=True)))


def fit_bend(z: Floats, hit: NDArray[Any]) -> Bend:
    """By likelihood, knots at quantiles of the log-odds of what was hit; the identity where too little was hit for two pieces."""
    hits = int(hit.sum())
    pieces = min(hits // HITS, PIECES)
    if pieces < 2:
        return Bend()
    knots = np.unique(np.quantile(z[hit > 0], np.arange(1, pieces) / pieces)).astype(np.float64)
    x = np.stack([*_ways(np.asarray(z, np.float64), knots), np.ones(len(z))], 1)
    start = np.append(np.ones(len(knots) + 1), knots[0])

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        f, off = x @ w, np.append(w[:-1] - 1, 0.0)
        residual = (special.expit(f) - hit) / len(f)
        value = float((np.logaddexp(0, f) - hit * f).mean() + DECAY * (off**2).sum())
        return value, x.T @ residual + 2 * DECAY * off

    bounds = [(FLATTEST, None)] * (len(knots) + 1) + [(None, None)]
    w = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Bend(knots.tolist(), w[:-1].tolist(), float(w[-1]))


def _ways(z: NDArray[np.float64], knots: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """How far z goes through each piece, from the first knot; negative below it."""
    between = [np.clip(z - a, 0, b - a) for a, b in pairwise(knots)]
    return [np.minimum(z - knots[0], 0), *between, np.maximum(z - knots[-1], 0)]
