"""Scores to probabilities of the held-out event, and the probability from which a tag is shown."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from sociogram.gnn.bend import Bend, fit_bend
from sociogram.gnn.hierarchy import Implied, consistent
from sociogram.graph.snapshot import Snapshot

Floats = NDArray[np.floating[Any]]
Truth = NDArray[np.bool_]
DECAY = 1e-4
FAINT = 0.1  # a tag less probable than this is never shown
FEWEST = 20  # pairs that a threshold must let through
SURE = 0.9  # precision of what is told apart as sure


@dataclass
class Calibration:
    """p = sigmoid(bend(w . [s, log softmax(s), log(1 + known), activity, 1])): Platt scaling with the user's rank and activity, bent.

    A ranking within the user knows nothing of how many topics the user has; how much the user does tells that.
    """

    weights: list[float]
    threshold: float = 0.5
    sure: float | None = None  # from this probability on, `SURE` of the tags are true; None: no threshold reaches that
    implied: list[Implied] = field(default_factory=list)  # topics that imply broader ones
    bend: Bend = field(
        default_factory=Bend
    )  # scores whose parts are scaled user by user need other slopes in the tails

    @classmethod
    def none(cls, activity: Floats) -> "Calibration":
        """The score as log-odds: where there is nothing to calibrate on."""
        return cls([1.0, 0.0, *[0.0] * (activity.shape[1] + 2)])

    def probability(self, scores: Floats, known: Truth, activity: Floats) -> NDArray[np.float32]:
        """Probabilities [users, targets]; activity [users, k] as when fitting."""
        own, level, user = self.weights[0], self.weights[1], np.asarray(self.weights[2:])
        z = (own + level) * scores - level * _level(scores, known) + _of_user(known, activity) @ user[:, None]
        return consistent(np.asarray(special.expit(self.bend(z)), np.float32), known, self.implied)


def user_activity(snapshot: Snapshot) -> NDArray[np.float32]:
    """log(1 + number) of each user's relationships by type and of the own texts [users, k]; interests are left out."""
    user = snapshot.users
    columns = [np.array([bool(text) for text in user.texts], np.float32)]
    for e in snapshot.edges.values():
        if e.mapping.source == user.label and e.role in ("behaviour", "tie") and len(e):
            columns.append(np.log1p(np.diff(e.indptr)).astype(np.float32))
    return np.stack(columns, 1)


def _level(scores: Floats, known: Truth) -> NDArray[np.float64]:
    """Log of the summed exponents over a user's unknown topics [users, 1]."""
    level = special.logsumexp(np.where(known, -np.inf, scores.astype(np.float64)), axis=1, keepdims=True)
    return np.asarray(np.where(np.isfinite(level), level, 0.0))


def _of_user(known: Truth, activity: Floats) -> NDArray[np.float64]:
    """What the probability takes from the user alone [users, k + 2]."""
    return np.concatenate([np.log1p(known.sum(1, keepdims=True)), activity, np.ones((len(known), 1))], 1)


def fit_calibration(scores: Floats, known: Truth, truth: Truth, activity: Floats, floor: float) -> Calibration:
    """Fit on validation users by logistic regression, then choose the threshold of best micro-F1 at precision >= floor."""
    users = np.flatnonzero(truth.any(1))
    free = ~known[users] | truth[users]
    y = truth[users][free].astype(np.float64)
    hidden = known[users] & ~truth[users]
    if not len(y) or y.all() or not y.any():
        return Calibration.none(activity)
    of_user = _of_user(hidden, activity[users])
    row = np.nonzero(free)[0]
    own = scores[users][free].astype(np.float64)
    level = (scores[users] - _level(scores[users], hidden))[free]
    decay = np.append(np.full(of_user.shape[1] + 1, DECAY), 0.0)  # the intercept is free

    def odds(w: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(w[0] * own + w[1] * level + (of_user @ w[2:])[row])

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = odds(w)
        residual = (special.expit(z) - y) / len(y)
        slope = [residual @ own, residual @ level, *(of_user.T @ np.bincount(row, residual, len(users)))]
        return float((np.logaddexp(0, z) - y * z).mean() + 0.5 * (w * decay * w).sum()), np.array(slope) + decay * w

    start = np.array([0.5, 0.5, *[0.0] * (of_user.shape[1] - 1), special.logit(np.clip(y.mean(), 1e-4, 1 - 1e-4))])
    bounds = [(0, None), (0, None), *[(None, None)] * of_user.shape[1]]  # a better score is never less probable
    w = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    bend = fit_bend(odds(w), y)
    p, hit = special.expit(bend(odds(w))), y > 0
    threshold = max(best_threshold(p, hit, floor), FAINT)  # where few pairs were judged the best cut can be next to 0
    return Calibration(w.tolist(), threshold, sure_threshold(p, hit, SURE), bend=bend)


def platt(scores: Floats, hit: NDArray[Any], decay: float = DECAY) -> tuple[float, float]:
    """Slope (never below 0) and level of p = sigmoid(slope x score + level) by likelihood (Platt 1999)."""

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = w[0] * scores + w[1]
        residual = (special.expit(z) - hit) / len(z)
        value = float((np.logaddexp(0, z) - hit * z).mean() + decay * w[0] ** 2)
        return value, np.array([residual @ scores + 2 * decay * w[0], residual.sum()])

    start, bounds = np.array([4.0, -2.0]), [(0, None), (None, None)]
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(found[0]), float(found[1])


def sure_threshold(p: Floats, hit: Truth, precision: float) -> float | None:
    """The lowest probability from which on `precision` is reached; None where fewer than `FEWEST` pairs reach it."""
    order = np.argsort(-p, kind="stable")
    said = np.arange(1, len(p) + 1)
    last = np.append(np.diff(p[order]) != 0, True)
    reached = _safe_precision(p[order], np.cumsum(hit[order]), said) >= precision
    good = np.flatnonzero(last & reached & (said >= FEWEST))
    return float(p[order][good[-1]]) if len(good) else None


def _safe_precision(p: Floats, got: NDArray[Any], said: NDArray[Any]) -> NDArray[np.float64]:
    """The lower of what was hit and what the probabilities say [n]: the best of many thresholds on hits alone is partly luck."""
    return np.asarray(np.minimum(got, np.cumsum(p)) / said)


def best_threshold(p: Floats, hit: Truth, floor: float) -> float:
    """The probability of best micro-F1 among those whose precision is at least `floor`; else the most precise."""
    order = np.argsort(-p, kind="stable")
    got = np.cumsum(hit[order])
    said = np.arange(1, len(p) + 1)
    precision, f1 = _safe_precision(p[order], got, said), 2 * got / (said + hit.sum())
    last = np.append(np.diff(p[order]) != 0, True)  # only between different probabilities
    good = last & (precision >= floor) & (said >= min(FEWEST, len(p)))
    if not good.any():
        good = last & (said >= min(FEWEST, len(p)))
        return float(p[order][np.argmax(np.where(good, precision, -1))])
    return float(p[order][np.argmax(np.where(good, f1, -1))])
