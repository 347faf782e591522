"""Predicted attributes: the network's head and a linear model on its inputs, blended, calibrated, abstaining."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from sociogram.gnn.calibrate import platt
from sociogram.gnn.heads import Target
from sociogram.gnn.matrices import Matrix, standardise
from sociogram.graph.profile import Attribute

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
RIDGES = (0.01, 0.1, 1.0, 10.0)
LEVEL = 1e-3  # decay of the levels by class in calibration
BALANCES = (0.0, 0.25, 0.5, 0.75, 1.0)  # exponents of the prior that are tried
GOAL = 0.6  # accuracy that the values given (not abstained) must reach on validation


def predict_attribute(
    target: Target, head: Floats, inputs: Floats, friends: Matrix
) -> tuple[Attribute, dict[str, Any]]:
    """Values and confidence for all users, and the report entry; `head` [users, outputs] is the network's output.

    The linear part is ridge on the inputs and on the friends' known values; its strength, the blend and the abstention limit
    are chosen on validation, everything reported is on test.
    """
    linear = _linear(target, inputs, friends)
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    share = max(shares, key=lambda s: _quality(target, s * _scaled(target, head) + (1 - s) * linear, target.validation))
    score = share * _scaled(target, head) + (1 - share) * linear
    decided, balance = _balanced(target, score)
    attribute = _number(target, score) if target.kind == "number" else _choice(target, score, decided)
    _abstain(target, attribute)
    methods = {"sociogram": decided, "linear": linear, "network": _scaled(target, head), "majority": None}
    rows = [{"method": name, **_measure(target, s)} for name, s in methods.items()]
    return attribute, {
        "kind": target.kind,
        "network_share": share,
        "balance": balance,
        "rows": rows,
        "abstained": sum(v is None for v in attribute.values),
    }


def _balanced(target: Target, score: Floats) -> tuple[Floats, float]:
    """Scores by which a class is decided, and the exponent: score / prior^balance (logit adjustment, Menon et al., ICLR 2021).

    A rare class never wins by probability alone; the exponent is chosen on validation by the mean of accuracy and macro F1, 0 included.
    """
    if target.kind != "class" or not target.validation.any():
        return score, 0.0
    prior = np.maximum(_goal(target)[target.train].mean(0), 1e-4)
    positive = np.maximum(score, 1e-4)

    def quality(balance: float) -> float:
        measured = _measure(target, positive / prior**balance, target.validation)
        return measured["accuracy"] + measured["macro_f1"]

    best = max(BALANCES, key=quality)  # the smallest of the best
    return np.asarray(positive / prior**best, np.float32), best


def _goal(target: Target) -> Floats:
    if target.kind == "class":
        return np.asarray(np.eye(len(target.values))[target.y.astype(int).clip(0)], np.float32)
    return target.y[:, None] if target.kind == "number" else target.y


def _linear(target: Target, inputs: Floats, friends: Matrix) -> Floats:
    goal = np.nan_to_num(_goal(target))
    train = np.flatnonzero(target.train)
    told = np.zeros_like(goal)
    told[train] = goal[train] - goal[train].mean(0)
    reach = np.zeros(len(goal), np.float32)
    reach[train] = 1
    near = (friends @ told) / np.maximum(friends @ reach, 1e-9)[:, None]
    x = np.concatenate([inputs, 3 * standardise(near.astype(np.float32)), np.ones((len(goal), 1), np.float32)], 1)
    kernel = x[train] @ x[train].T if len(train) <= x.shape[1] else None
    best, chosen = -np.inf, np.zeros_like(goal)
    for strength in RIDGES:
        decay = strength * x.shape[1]
        mean = goal[train].mean(0)
        if kernel is not None:
            weights = x[train].T @ np.linalg.solve(kernel + decay * np.eye(len(train)), goal[train] - mean)
        else:
            weights = np.linalg.solve(
                x[train].T @ x[train] + decay * np.eye(x.shape[1]), x[train].T @ (goal[train] - mean)
            )
        score = (x @ weights + mean).astype(np.float32)
        quality = _quality(target, score, target.validation)
        if quality > best:
            best, chosen = quality, score
    return chosen


def _scaled(target: Target, head: Floats) -> Floats:
    if target.kind == "class":
        return np.asarray(special.softmax(head, axis=1), np.float32)
    return np.asarray(special.expit(head), np.float32) if target.kind == "multilabel" else head


def _quality(target: Target, score: Floats, rows: Bools) -> float:
    measured = _measure(target, score, rows)
    return float(-measured["mae"] if target.kind == "number" else measured.get("accuracy", measured["macro_f1"]))


def _measure(target: Target, score: Floats | None, rows: Bools | None = None) -> dict[str, float]:
    rows = target.test if rows is None else rows
    if score is None:
        base = _goal(target)[target.train].mean(0)
        score = np.broadcast_to(base, (len(target.y), len(base)))
    y, s = target.y[rows], score[rows]
    if target.kind == "number":
        error = s[:, 0] - y
        spread = float(((y - y.mean()) ** 2).sum())
        return {
            "mae": float(np.abs(error).mean() * target.deviation),
            "r2": float(1 - (error**2).sum() / max(spread, 1e-12)),
        }
    if target.kind == "class":
        said = s.argmax(1)
        return {
            "accuracy": float((said == y).mean()),
            "macro_f1": _macro(said[:, None] == np.arange(s.shape[1]), y[:, None] == np.arange(s.shape[1])),
        }
    cut = _cuts(target, score)
    chosen = s >= cut
    return {
        "macro_f1": _macro(chosen, y > 0),
        "micro_f1": float(2 * (chosen & (y > 0)).sum() / max(chosen.sum() + y.sum(), 1)),
    }


def _macro(said: Bools, real: Bools) -> float:
    used = real.any(0) | said.any(0)
    f1 = 2 * (said & real).sum(0) / np.maximum(said.sum(0) + real.sum(0), 1)
    return float(f1[used].mean()) if used.any() else 0.0


def _cuts(target: Target, score: Floats) -> Floats:
    """The threshold of best micro-F1 on validation, one for all values."""
    s, y = score[target.validation], target.y[target.validation] > 0
    grid = np.unique(np.quantile(s, np.linspace(0, 1, 60))) if s.size else np.array([0.5])
    f1 = [2 * ((s >= g) & y).sum() / max((s >= g).sum() + y.sum(), 1) for g in grid]
    return np.float32(grid[int(np.argmax(f1))]) * np.ones(s.shape[1], np.float32)


def _choice(target: Target, score: Floats, decided: Floats) -> Attribute:
    rows = target.validation
    if target.kind == "class":
        slope, level = _scaling(score[rows], target.y[rows].astype(int))
        p = special.softmax(slope * _logits(score) + level, axis=1)
        best = decided.argmax(1)
        return Attribute(
            "class", [target.values[i] for i in best], np.take_along_axis(p, best[:, None], 1)[:, 0].astype(np.float32)
        )
    a, b = platt(score[rows].ravel().astype(float), target.y[rows].ravel().astype(float))
    p, chosen = special.expit(a * score + b), score >= _cuts(target, score)
    values = [[v for v, c in zip(target.values, line, strict=True) if c] for line in chosen]
    sure = np.where(chosen, p, np.nan)
    none = 1 - p.max(1)
    count = chosen.sum(1)
    confidence = np.where(count > 0, np.nansum(sure, 1) / np.maximum(count, 1), none)
    return Attribute("multilabel", values, confidence.astype(np.float32))


def _number(target: Target, score: Floats) -> Attribute:
    """Confidence: the share of validation residuals smaller than half a standard deviation of the attribute, near this prediction."""
    s, rows = score[:, 0], target.validation
    near = np.abs(s[rows] - target.y[rows]) < 0.5
    order = np.argsort(s[rows], kind="stable")
    window = max(len(order) // 5, 5)
    smooth = np.convolve(near[order].astype(float), np.ones(window), "same") / np.convolve(
        np.ones(len(order)), np.ones(window), "same"
    )
    confidence = np.interp(s, s[rows][order], smooth) if len(order) >= window else np.full(len(s), near.mean())
    return Attribute("number", [float(v) for v in s * target.deviation + target.mean], confidence.astype(np.float32))


def _scaling(score: Floats, y: NDArray[np.int64]) -> tuple[float, NDArray[np.float64]]:
    """One over the temperature, and a level by class (Guo et al., ICML 2017), by likelihood on validation; levels are held near 0."""
    logits = _logits(score)
    if not len(y):
        return 1.0, np.zeros(score.shape[1])
    hit = np.eye(score.shape[1])[y]

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_p = special.log_softmax(w[0] * logits + w[1:], axis=1)
        off = (np.exp(log_p) - hit) / len(y)
        slope = np.concatenate([[(off * logits).sum()], off.sum(0) + 2 * LEVEL * w[1:]])
        return float(-(hit * log_p).sum() / len(y) + LEVEL * (w[1:] ** 2).sum()), slope

    start = np.concatenate([[1.0], np.zeros(score.shape[1])])
    bounds = [(0.05, 20.0), *[(None, None)] * score.shape[1]]
    w = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(w[0]), w[1:]


def _logits(score: Floats) -> NDArray[np.float64]:
    """Logarithms of scores that may be negative (ridge): a tenth of an even share is the least, so that no tail rules the fit."""
    return np.asarray(np.log(np.maximum(score, 0.1 / score.shape[1])), np.float64)


def _abstain(target: Target, attribute: Attribute) -> None:
    """Where the values of a class do not reach the accuracy goal on validation, give only those confident enough to reach it."""
    rows = np.flatnonzero(target.validation)
    if target.kind != "class" or not len(rows):
        return
    right = np.array([attribute.values[i] == target.values[int(target.y[i])] for i in rows])
    confidence = attribute.confidence[rows]
    order = np.argsort(-confidence, kind="stable")
    accuracy = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero((accuracy >= GOAL) & (np.arange(len(order)) >= 4))
    limit = confidence[order][good[-1]] if len(good) else np.inf
    if accuracy[-1] >= GOAL:
        return
    attribute.values[:] = [
        v if c >= limit else None for v, c in zip(attribute.values, attribute.confidence, strict=True)
    ]
