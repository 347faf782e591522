"""Scores to probabilities of the held-out event, and the probability from which a tag is shown."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Floats = NDArray[np.floating[Any]]
Truth = NDArray[np.bool_]


@dataclass
class Calibration:
    """p = sigmoid(w . [s, log softmax(s), log(1 + known), 1]) (Platt scaling with the user's rank and activity)."""

    weights: list[float]
    threshold: float = 0.5

    def probability(self, scores: Floats, known: Truth) -> NDArray[np.float32]:
        """Probabilities [users, targets]."""
        return np.asarray(special.expit(_inputs(scores, known) @ np.asarray(self.weights)), np.float32)


def _inputs(scores: Floats, known: Truth) -> NDArray[np.float64]:
    masked = np.where(known, -np.inf, scores.astype(np.float64))
    level = special.logsumexp(masked, axis=1, keepdims=True)
    level = np.where(np.isfinite(level), level, 0.0)
    activity = np.broadcast_to(np.log1p(known.sum(1, keepdims=True)), scores.shape)
    return np.stack([scores, scores - level, activity, np.ones_like(scores)], -1).astype(np.float64)


def fit_calibration(scores: Floats, known: Truth, truth: Truth, floor: float) -> Calibration:
    """Fit on validation users by logistic regression, then choose the threshold of best micro-F1 at precision >= floor."""
    users = np.flatnonzero(truth.any(1))
    free = ~known[users] | truth[users]
    x = _inputs(scores[users], known[users] & ~truth[users])[free]
    y = truth[users][free].astype(np.float64)
    if not len(y) or y.all() or not y.any():
        return Calibration([1.0, 0.0, 0.0, 0.0])

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = x @ w
        decay = 1e-4 * w * np.array([1, 1, 1, 0])
        return float((np.logaddexp(0, z) - y * z).mean() + 0.5 * (w * decay).sum()), x.T @ (special.expit(z) - y) / len(
            y
        ) + decay

    start = np.array([0.5, 0.5, 0.0, special.logit(np.clip(y.mean(), 1e-4, 1 - 1e-4))])
    bounds = [(0, None), (0, None), (None, None), (None, None)]  # a better score is never less probable
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return Calibration(found.x.tolist(), best_threshold(special.expit(x @ found.x), y > 0, floor))


def best_threshold(p: Floats, hit: Truth, floor: float) -> float:
    """The probability of best micro-F1 among those whose precision is at least `floor`; else the most precise."""
    order = np.argsort(-p, kind="stable")
    got = np.cumsum(hit[order])
    said = np.arange(1, len(p) + 1)
    precision, f1 = got / said, 2 * got / (said + hit.sum())
    last = np.append(np.diff(p[order]) != 0, True)  # only between different probabilities
    good = last & (precision >= floor) & (said >= min(20, len(p)))
    if not good.any():
        good = last & (said >= min(20, len(p)))
        return float(p[order][np.argmax(np.where(good, precision, -1))])
    return float(p[order][np.argmax(np.where(good, f1, -1))])
