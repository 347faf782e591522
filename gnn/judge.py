"""The tag section of a run's report: every method on the same held-out users, paired intervals, calibration."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sociogram.gnn import metrics
from sociogram.gnn.calibrate import Calibration, fit_calibration

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class HeldOut:
    """One part of the split: what is masked and what is to be found [users, targets], users with something to find only."""

    known: Bools
    truth: Bools
    activity: Floats  # [users, k] what calibration reads of the users

    @property
    def users(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.truth.any(1))

    def precision(self, scores: Floats) -> NDArray[np.float64]:
        """Average precision of each of the users."""
        u = self.users
        return metrics.average_precision(scores[u], self.truth[u], self.known[u])

    def mean_precision(self, scores: Floats) -> float:
        """Its mean over the users (mAP)."""
        return metrics.mean(self.precision(scores))


def decisions(probability: Floats, held: HeldOut, threshold: float) -> dict[str, float]:
    """F1, precision, recall and accuracy of `probability >= threshold` over unknown pairs; coverage: users with a shown tag."""
    users = held.users
    free = ~held.known[users]
    chosen = (probability[users] >= threshold) & free
    truth = held.truth[users]
    hit = int((chosen & truth).sum())
    seen = truth.any(0) | chosen.any(0)
    return {
        "micro_f1": metrics.f1_micro(chosen, truth),
        "macro_f1": metrics.f1_macro(chosen[:, seen], truth[:, seen]),
        "precision": hit / max(int(chosen.sum()), 1),
        "recall": hit / max(int(truth.sum()), 1),
        "accuracy": float((chosen == truth)[free].mean()) if free.any() else 0.0,
        "coverage": float(chosen.any(1).mean()) if len(chosen) else 0.0,
    }


def row(method: str, scores: Floats, calibration: Calibration, held: HeldOut) -> dict[str, Any]:
    """One line of the table for one method on test."""
    u = held.users
    s, t, k = scores[u], held.truth[u], held.known[u]
    out = {"method": method, "split": "test", "map": held.mean_precision(scores)}
    out["precision@3"] = metrics.mean(metrics.precision_at_k(s, t, 3, k))
    out |= decisions(calibration.probability(scores, held.known, held.activity), held, calibration.threshold)
    return {**out, "lrap": metrics.lrap(s, t, k), "threshold": calibration.threshold}


def tag_report(
    final: Floats,
    calibration: Calibration,
    parts: Mapping[str, Floats],
    validation: HeldOut,
    test: HeldOut,
    *,
    floor: float,
    seed: int,
) -> dict[str, Any]:
    """Rows of the model and of every linear part (each calibrated on validation alike), and the paired differences of AP."""
    rows = [row("sociogram", final, calibration, test)]
    u = test.users
    ours = test.precision(final)
    versus = []
    for name, scores in parts.items():
        fitted = fit_calibration(scores, validation.known, validation.truth, validation.activity, floor)
        rows.append(row(name, scores, fitted, test))
        d = metrics.paired_bootstrap(ours, test.precision(scores), seed=seed)
        versus.append({"baseline": name, "difference": d.difference, "low": d.low, "high": d.high})
    probability = calibration.probability(final, test.known, test.activity)[u]
    free = ~test.known[u]
    p, hit = probability[free], test.truth[u][free]
    shown, likely = p >= calibration.threshold, p >= 0.2
    curve = metrics.reliability(p, hit)
    return {
        "rows": rows,
        "versus": versus,
        "reliability": [
            {"predicted": float(a), "observed": float(b), "count": int(n)}
            for a, b, n in zip(curve.confidence, curve.frequency, curve.count, strict=True)
        ],
        "ece": {
            "shown": metrics.ece(p[shown], hit[shown]) if shown.any() else None,
            "p>=.2": metrics.ece(p[likely], hit[likely]) if likely.any() else None,
        },
        "ece_by_chance": {
            "shown": metrics.ece_by_chance(p[shown], seed=seed) if shown.any() else None,
            "p>=.2": metrics.ece_by_chance(p[likely], seed=seed) if likely.any() else None,
        },
        "brier_skill": metrics.brier_skill(p, hit, float(hit.mean())) if hit.any() else None,
        "threshold": calibration.threshold,
        "sure": _sure(p, hit, calibration.sure),
    }


def _sure(p: Floats, hit: Bools, threshold: float | None) -> dict[str, Any] | None:
    """What the threshold that reached nine of ten on validation comes to."""
    if threshold is None:
        return None
    said = p >= threshold
    found = int((said & hit).sum())
    precision = found / int(said.sum()) if said.any() else None
    return {
        "threshold": threshold,
        "pairs": int(said.sum()),
        "precision": precision,
        "recall": found / max(int(hit.sum()), 1),
    }


def per_topic(final: Floats, names: list[str], held: HeldOut) -> list[dict[str, Any]]:
    """AP over users by topic, with the number of held-out users that have it and its base rate."""
    u = held.users
    scores, truth, known = final[u].T, held.truth[u].T, held.known[u].T
    ap = metrics.average_precision(scores, truth, known)
    free = np.maximum((~known).sum(1), 1)
    return [
        {"topic": n, "users": int(t.sum()), "ap": None if np.isnan(a) else float(a), "base_rate": float(t.sum() / f)}
        for n, t, a, f in zip(names, truth, ap, free, strict=True)
    ]
