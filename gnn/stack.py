"""The linear skip: a listwise combination of parts with non-negative weights, learnt on held-out interests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from sociogram.gnn.metrics import mean_average_precision

Floats = NDArray[np.float32]
Truth = NDArray[np.bool_]
DECAY = 1e-3
ROUNDS = 3  # of refinement
SHARES = (0.25, 0.5, 1.0)
RANKED = 300_000  # users x topics that refinement ranks, at most
FEWEST = 20  # users: with fewer nothing is refined
CELLS = 30_000_000  # users x topics x columns that the combination is fitted on, at most


@dataclass
class Stack:
    """Weights and global scales by column; a column is a part as it is (over its spread) or z-scored within the user."""

    weights: dict[str, float]
    scales: dict[str, float]

    def apply(self, parts: Mapping[str, Floats], known: Truth) -> Floats:
        """Combined score [users, targets]."""
        total = np.zeros(known.shape, np.float32)
        for name, column in _columns(parts, known, self.scales, self.weights).items():
            total += self.weights[name] * column
        return total


def _columns(
    parts: Mapping[str, Floats], known: Truth, scales: dict[str, float], wanted: Mapping[str, float] | None = None
) -> dict[str, Floats]:
    """Two columns a part: `NAME` over its global spread, `NAME |z` z-scored over the user's candidates."""
    out = {}
    for name, x in parts.items():
        mean, deviation = _moments(x, known)
        if wanted is None or wanted.get(name, 0) > 0:
            scales.setdefault(name, float(np.sqrt(np.mean(deviation**2))) or 1.0)
            out[name] = (x - mean) / scales[name]
        if name != "popularity" and (wanted is None or wanted.get(name + " |z", 0) > 0):
            out[name + " |z"] = np.where(deviation > 1e-6, (x - mean) / np.maximum(deviation, 1e-6), 0)
    return out


def _moments(x: Floats, known: Truth) -> tuple[Floats, Floats]:
    free = ~known
    count = np.maximum(free.sum(1, keepdims=True), 1)
    mean = np.where(free, x, 0).sum(1, keepdims=True) / count
    deviation = np.sqrt(np.where(free, (x - mean) ** 2, 0).sum(1, keepdims=True) / count)
    return mean.astype(np.float32), deviation.astype(np.float32)


def _spread(score: Floats, known: Truth) -> float:
    """Standard deviation over a user's unknown topics, of all users together."""
    return float(np.sqrt(np.mean(_moments(score, known)[1] ** 2))) or 1.0


def fit_stack(
    parts: Mapping[str, Floats], known: Truth, truth: Truth, decay: float = DECAY, start: Stack | None = None
) -> Stack:
    """Minimise the mean over users of -log softmax over their unknown topics at the held-out ones, weights >= 0."""
    users = np.flatnonzero(truth.any(1))
    most = max(CELLS // (2 * len(parts) * known.shape[1] + 1), 100)
    users = users[:: max(1, -(-len(users) // most))]
    scales: dict[str, float] = {}
    columns = _columns({n: x[users] for n, x in parts.items()}, known[users], scales)
    names = list(columns)
    x = np.stack([columns[n] for n in names], -1).astype(np.float32)  # [users, targets, columns]
    flat = x.reshape(-1, len(names))
    hit = truth[users].astype(np.float32)
    hit /= np.maximum(hit.sum(1, keepdims=True), 1)
    blocked = known[users] & ~truth[users]

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        score = np.where(blocked, -np.inf, (flat @ w.astype(np.float32)).reshape(hit.shape))
        log_p = score - special.logsumexp(score, axis=1, keepdims=True)
        value = -np.where(hit > 0, hit * np.where(blocked, 0, log_p), 0).sum() / len(users)
        slope = (np.exp(log_p) - hit).ravel() @ flat / len(users)
        return float(value) + decay * float((w**2).sum()), slope.astype(np.float64) + 2 * decay * w

    if not len(users):
        return Stack(dict.fromkeys(names, 0.0), scales)
    first = np.array([start.weights.get(n, 0.0) if start else 0.1 for n in names])
    limit: Any = {"maxiter": 60, "ftol": 1e-7}
    bounds = optimize.Bounds(np.zeros(len(names)), np.full(len(names), np.inf))
    found = optimize.minimize(loss, first, jac=True, method="L-BFGS-B", bounds=bounds, options=limit)
    return Stack({n: float(w) for n, w in zip(names, found.x, strict=True)}, scales)


def refined(stack: Stack, parts: Mapping[str, Floats], known: Truth, truth: Truth) -> Stack:
    """Move the combination towards single parts where the mean average precision over users says so.

    The likelihood that `fit_stack` maximises and the ranking that is wanted are not the same: a part can lift one and hurt the other. The
    search is greedy (as in ensemble selection, Caruana et al., ICML 2004): (1 - share) x combination + share x part, both of one spread.
    """
    users = np.flatnonzero(truth.any(1))
    users = users[:: max(1, -(-len(users) * known.shape[1] // RANKED))]
    if len(users) < FEWEST or not parts:
        return stack
    near = {n: x[users] for n, x in parts.items()}
    free, hit = known[users], truth[users]
    columns = _columns(near, free, dict(stack.scales))
    weights = dict(stack.weights)
    score = stack.apply(near, free)
    best = mean_average_precision(score, hit, free)
    for _ in range(ROUNDS):
        spread = _spread(score, free)
        tried = {
            (name, share): mean_average_precision((1 - share) * score + share * spread * column, hit, free)
            for name, column in columns.items()
            if name.endswith(" |z")
            for share in SHARES
        }
        (name, share), value = max(tried.items(), key=lambda t: t[1])
        if value <= best + 1e-4:
            break
        best, score = value, (1 - share) * score + share * spread * columns[name]
        weights = {n: (1 - share) * w for n, w in weights.items()}
        weights[name] = weights.get(name, 0.0) + share * spread
    return Stack(weights, stack.scales)


def crossed_scores(
    whole: Stack, parts: Mapping[str, Floats], known: Truth, truth: Truth, seed: int, folds: int = 5
) -> Floats:
    """Scores of validation users from stacks fitted on the other users, in the spread of `whole`: honest input for calibration.

    The ranking leaves the spread of a stack to chance, and what is calibrated on other spreads is wrong for the scores of `whole`.
    """
    users = np.flatnonzero(truth.any(1))
    if len(users) < 2 * folds:
        return whole.apply(parts, known)
    fold = np.random.default_rng((seed, 5)).permutation(len(users)) % folds
    out = np.zeros(known.shape, np.float32)
    for k in range(folds):
        rest = np.zeros_like(truth)
        rest[users[fold != k]] = truth[users[fold != k]]
        at = users[fold == k]
        stack = refined(fit_stack(parts, known, rest, start=whole), parts, known, rest)
        mine = {n: x[at] for n, x in parts.items()}
        score = stack.apply(mine, known[at])
        out[at] = score * (_spread(whole.apply(mine, known[at]), known[at]) / _spread(score, known[at]))
    return out
