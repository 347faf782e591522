"""Tag metrics over users: ranking within a user, decisions at a threshold, calibration, paired bootstrap."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Truth = NDArray[np.bool_]


def average_precision(scores: Floats, truth: Truth, known: Truth) -> NDArray[np.float64]:
    """AP of each user [users]: mean over held-out topics of precision at their rank; known topics are masked; NaN without any."""
    masked = np.where(known & ~truth, -np.inf, scores)
    order = np.argsort(-masked, axis=1, kind="stable")
    hit = np.take_along_axis(truth, order, 1)
    precision = np.cumsum(hit, 1) / np.arange(1, hit.shape[1] + 1)
    count = hit.sum(1)
    total = (precision * hit).sum(1)
    return np.divide(total, count, out=np.full(len(hit), np.nan), where=count > 0)


def mean_ap(scores: Floats, truth: Truth, known: Truth) -> float:
    """mAP over the users who have something held out."""
    values = average_precision(scores, truth, known)
    return float(np.nanmean(values)) if np.isfinite(values).any() else 0.0


def precision_at(scores: Floats, truth: Truth, known: Truth, k: int) -> float:
    """Share of held-out topics among each user's best k unknown ones."""
    users = truth.any(1)
    masked = np.where(known & ~truth, -np.inf, scores)[users]
    best = np.argsort(-masked, axis=1, kind="stable")[:, :k]
    return float(np.take_along_axis(truth[users], best, 1).mean()) if users.any() else 0.0


def lrap(scores: Floats, truth: Truth, known: Truth) -> float:
    """Label ranking average precision: AP within a user with ties counted against the score."""
    from scipy.stats import rankdata

    users = np.flatnonzero(truth.any(1))
    values = []
    for u in users:
        free = ~known[u] | truth[u]
        s, t = scores[u][free], truth[u][free]
        rank, among = rankdata(-s, method="max"), rankdata(-s[t], method="max")
        values.append(float(np.mean(among / rank[t])))
    return float(np.mean(values)) if values else 0.0


def decisions(probability: Floats, truth: Truth, known: Truth, threshold: float) -> dict[str, float]:
    """Micro and macro F1, precision, recall, accuracy and coverage of `probability >= threshold` over unknown pairs."""
    users = truth.any(1)
    free = ~known[users] | truth[users]
    p, t = probability[users], truth[users]
    chosen = (p >= threshold) & free
    hit = (chosen & t).sum(0)
    said, real = chosen.sum(0), (t & free).sum(0)
    f1 = np.divide(2 * hit, said + real, out=np.zeros(len(hit)), where=(said + real) > 0)
    total = max(int(free.sum()), 1)
    precision, recall = hit.sum() / max(said.sum(), 1), hit.sum() / max(real.sum(), 1)
    return {
        "micro_f1": float(2 * hit.sum() / max(said.sum() + real.sum(), 1)),
        "macro_f1": float(f1[real > 0].mean()) if (real > 0).any() else 0.0,
        "precision": float(precision),
        "recall": float(recall),
        "accuracy": float(((chosen == t) & free).sum() / total),
        "coverage": float(chosen.any(1).mean()) if len(chosen) else 0.0,
    }


def paired(a: NDArray[np.float64], b: NDArray[np.float64], seed: int, draws: int = 2000) -> tuple[float, float, float]:
    """Mean of a - b over users and its 95 % bootstrap interval."""
    difference = (a - b)[np.isfinite(a) & np.isfinite(b)]
    if not len(difference):
        return 0.0, 0.0, 0.0
    rng = np.random.default_rng(seed)
    means = np.array([difference[rng.integers(len(difference), size=len(difference))].mean() for _ in range(draws)])
    low, high = np.quantile(means, (0.025, 0.975))
    return float(difference.mean()), float(low), float(high)


def reliability(probability: Floats, hit: Truth, bins: int = 15) -> list[dict[str, float]]:
    """Equal-width bins of predicted probability: mean predicted, observed share, count."""
    at = np.minimum((probability * bins).astype(int), bins - 1)
    rows = []
    for b in range(bins):
        inside = at == b
        if inside.any():
            rows.append(
                {
                    "predicted": float(probability[inside].mean()),
                    "observed": float(hit[inside].mean()),
                    "count": int(inside.sum()),
                }
            )
    return rows


def expected_calibration_error(probability: Floats, hit: Truth, bins: int = 15) -> float:
    """ECE = sum over bins of share x |predicted - observed|."""
    rows = reliability(probability, hit, bins)
    total = sum(r["count"] for r in rows)
    return float(sum(r["count"] * abs(r["predicted"] - r["observed"]) for r in rows) / total) if total else 0.0
