"""How good a ranking, a decision or a probability is; numpy only, each value per user where a user is the unit.

Rankings take `scores` [users, things], `truth` of the same shape (bool, what was hidden) and `known` (bool, what the model was
told: left out of the ranking). A user without a hidden positive gets NaN and is left out of every mean.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sociogram.errors import InputError

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]
Binning = Literal["width", "mass"]


# --- rankings -----------------------------------------------------------------------------------------------------------


def average_precision(scores: Floats, truth: Bools, known: Bools | None = None) -> NDArray[np.float64]:
    """Average precision of each row [users]; NaN where the row has no positive that is not known.

    AP = mean over positives of (positives scored at least as high) / (things scored at least as high): equal scores share the
    worst rank of their group, so that a constant score earns the base rate, as in scikit-learn.
    """
    scores, truth, known = _aligned(scores, truth, known)
    truth = truth & ~known
    masked = np.where(known, -np.inf, scores)
    order = np.argsort(-masked, axis=1, kind="stable")
    ranked = np.take_along_axis(masked, order, 1)
    hits = np.take_along_axis(truth, order, 1)
    found = np.cumsum(hits, axis=1)
    width = scores.shape[1]
    last = np.where(_group_ends(ranked), np.arange(width), width)  # the last place of the group of equal scores
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    last = np.minimum(last, (~known).sum(1)[:, None] - 1).clip(min=0)  # known things stand behind all others
    precision = np.take_along_axis(found, last, 1) / (last + 1)
    return _ratio((precision * hits).sum(1), hits.sum(1))


def mean_average_precision(scores: Floats, truth: Bools, known: Bools | None = None) -> float:
    """MAP over the users with at least one hidden positive; NaN where there is none."""
    return mean(average_precision(scores, truth, known))


def lrap(scores: Floats, truth: Bools, known: Bools | None = None) -> float:
    """Label ranking average precision over the rows that have a label (scikit-learn counts a row without one as 1)."""
    return mean(average_precision(scores, truth, known))


def top_k(scores: Floats, k: int, known: Bools | None = None) -> NDArray[np.int64]:
    """Columns of the k best per row, best first [users, min(k, things)]; equal scores by column; -1 where nothing unknown is left."""
    scores, _, known = _aligned(scores, np.zeros(scores.shape, bool), known)
    masked = np.where(known, -np.inf, scores)
    k = min(k, scores.shape[1])
    if k == 0:
        return np.zeros((len(scores), 0), np.int64)
    edge = -np.partition(-masked, k - 1, axis=1)[:, k - 1 : k]  # the k-th best score
    above = masked > edge
    at_edge = masked == edge
    room = k - above.sum(1)
    crowded = np.flatnonzero(at_edge.sum(1) > room)  # more equal scores at the edge than places: the first columns win
    at_edge[crowded] &= np.cumsum(at_edge[crowded], axis=1) <= room[crowded, None]
    chosen = above | at_edge
    columns = np.nonzero(chosen)[1].reshape(len(scores), k)
    picked = np.take_along_axis(masked, columns, 1)
    order = np.argsort(-picked, axis=1, kind="stable")
    columns = np.take_along_axis(columns, order, 1)
    return np.where(np.take_along_axis(known, columns, 1), -1, columns)


def hits_at_k(scores: Floats, truth: Bools, k: int, known: Bools | None = None) -> tuple[Bools, NDArray[np.int64]]:
    """Whether each of the k best is a hidden positive [users, min(k, things)], and how many there are per user [users]."""
    scores, truth, known = _aligned(scores, truth, known)
    truth = truth & ~known
    best = top_k(scores, k, known)
    return np.take_along_axis(truth, best.clip(min=0), 1) & (best >= 0), truth.sum(1)


def precision_of(hits: Bools, relevant: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Hits in the first k over k [users], from what `hits_at_k` gives; k counts in full where fewer things can be ranked."""
    return np.where(relevant > 0, hits[:, :k].sum(1) / k, np.nan)


def recall_of(hits: Bools, relevant: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Hits in the first k over the number of hidden positives [users]."""
    return _ratio(hits[:, :k].sum(1), relevant)


def ndcg_of(hits: Bools, relevant: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Normalised discounted cumulative gain [users], SocialLGN's definition.

    NDCG@k = sum_{r <= k} hit_r / log2(r + 1) over the same sum for min(k, positives) hits in front.
    """
    hits = hits[:, :k]
    discount = 1.0 / np.log2(np.arange(2, max(k, 1) + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(relevant, k)]
    return _ratio(hits @ discount[: hits.shape[1]], ideal)


def precision_at_k(scores: Floats, truth: Bools, k: int, known: Bools | None = None) -> NDArray[np.float64]:
    """See `precision_of`."""
    return precision_of(*hits_at_k(scores, truth, k, known), k)


def recall_at_k(scores: Floats, truth: Bools, k: int, known: Bools | None = None) -> NDArray[np.float64]:
    """See `recall_of`."""
    return recall_of(*hits_at_k(scores, truth, k, known), k)


def ndcg_at_k(scores: Floats, truth: Bools, k: int, known: Bools | None = None) -> NDArray[np.float64]:
    """See `ndcg_of`."""
    return ndcg_of(*hits_at_k(scores, truth, k, known), k)


def mean(values: ArrayLike) -> float:
    """Mean of the values that are not NaN; NaN where there are none."""
    array = np.asarray(values, np.float64)
    array = array[~np.isnan(array)]
    return float(array.mean()) if array.size else float("nan")


# --- decisions ----------------------------------------------------------------------------------------------------------


def f1_micro(predicted: Bools, truth: Bools) -> float:
    """2 TP / (2 TP + FP + FN) over all cells; 0 where there is neither a prediction nor a positive."""
    predicted, truth = np.asarray(predicted, bool), np.asarray(truth, bool)
    size = int(predicted.sum()) + int(truth.sum())
    return 2.0 * int((predicted & truth).sum()) / size if size else 0.0


def f1_macro(predicted: Bools, truth: Bools) -> float:
    """Mean F1 over the columns; a column with neither predictions nor positives counts 0."""
    predicted, truth = np.asarray(predicted, bool), np.asarray(truth, bool)
    size = predicted.sum(0) + truth.sum(0)
    return float((2.0 * (predicted & truth).sum(0) / np.maximum(size, 1)).mean()) if size.size else 0.0


def accuracy(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Share of equal entries: of classes, or of the cells of a multi-label matrix; NaN where empty."""
    equal = np.asarray(predicted) == np.asarray(truth)
    return float(np.mean(equal)) if np.size(equal) else float("nan")


# --- probabilities ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram: only bins that hold something."""

    low: NDArray[np.float64]  # [bins] edges: of the bin for equal width, the smallest and largest member for equal mass
    high: NDArray[np.float64]
    count: NDArray[np.int64]
    confidence: NDArray[np.float64]  # mean probability
    frequency: NDArray[np.float64]  # share that came true

    @property
    def ece(self) -> float:
        """Expected calibration error: sum over bins of count / n * |confidence - frequency|; NaN where empty."""
        total = self.count.sum()
        return float((self.count * np.abs(self.confidence - self.frequency)).sum() / total) if total else float("nan")


def reliability(probability: ArrayLike, outcome: ArrayLike, bins: int = 15, by: Binning = "width") -> Reliability:
    """Bins of equal width over [0, 1], or of (nearly) equal mass; equal probabilities never fall into two bins."""
    p, y = _events(probability, outcome)
    if by == "width":
        place = np.minimum((p * bins).astype(np.int64), bins - 1)
    else:
        ranked = np.sort(p)
        place = np.searchsorted(ranked, p, side="left") * bins // max(len(p), 1)
    used, place = np.unique(place, return_inverse=True)
    count = np.bincount(place, minlength=len(used))
    if by == "width":
        low, high = used / bins, (used + 1) / bins
    else:
        low, high = np.full(len(used), np.inf), np.full(len(used), -np.inf)
        np.minimum.at(low, place, p)
        np.maximum.at(high, place, p)
    weights = np.maximum(count, 1)
    confidence = np.bincount(place, p, minlength=len(used)) / weights
    frequency = np.bincount(place, y, minlength=len(used)) / weights
    return Reliability(low, high, count, confidence, frequency)


def ece(probability: ArrayLike, outcome: ArrayLike, bins: int = 15, by: Binning = "width") -> float:
    """Expected calibration error, see `Reliability.ece`."""
    return reliability(probability, outcome, bins, by).ece


def ece_by_chance(
    probability: ArrayLike, bins: int = 15, by: Binning = "width", *, draws: int = 200, seed: int = 0
) -> float:
    """The ECE that perfectly calibrated probabilities of this number and size show on average: outcomes drawn from them."""
    p = np.asarray(probability, np.float64).ravel()
    rng = np.random.default_rng(seed)
    return mean([ece(p, rng.random(len(p)) < p, bins, by) for _ in range(draws)]) if len(p) else float("nan")


def brier(probability: ArrayLike, outcome: ArrayLike) -> float:
    """Mean of (p - y)^2; NaN where empty."""
    p, y = _events(probability, outcome)
    return mean((p - y) ** 2)


def brier_skill(probability: ArrayLike, outcome: ArrayLike, base_rate: ArrayLike) -> float:
    """1 - Brier / Brier of the base rates (broadcast to the same shape: one per tag, learned on train)."""
    rates = np.broadcast_to(np.asarray(base_rate, np.float64), np.shape(probability))
    reference = brier(rates, outcome)
    return 1.0 - brier(probability, outcome) / reference if reference > 0 else float("nan")


@dataclass(frozen=True)
class Coverage:
    """What is shown when everything scored at least `threshold` is."""

    threshold: float  # inf where no threshold reaches the precision
    coverage: float  # shown / all cells
    recall: float  # shown and true / all true
    precision: float  # of what is shown; NaN where nothing is


def coverage_at_precision(score: ArrayLike, outcome: ArrayLike, precision: float) -> Coverage:
    """The most that can be shown, by one threshold on the score, at this precision or better."""
    s, y = _events(score, outcome, probabilities=False)
    order = np.argsort(-s, kind="stable")
    s, found = s[order], np.cumsum(y[order])
    shown = np.arange(1, len(s) + 1)
    fits = _group_ends(s[None])[0] & (found >= precision * shown)
    if not fits.any():
        return Coverage(float("inf"), 0.0, 0.0, float("nan"))
    last = int(np.flatnonzero(fits)[-1])
    recall = float(found[last] / found[-1]) if found[-1] else 0.0
    return Coverage(float(s[last]), float(shown[last] / len(s)), recall, float(found[last] / shown[last]))


# --- comparison ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """Mean of a - b over users, with the bounds of its interval."""

    difference: float
    low: float
    high: float
    users: int


def paired_bootstrap(
    a: ArrayLike, b: ArrayLike, *, draws: int = 2000, level: float = 0.95, seed: int = 0
) -> Difference:
    """Percentile interval of mean(a - b) over users drawn with replacement; users with a NaN in either are left out."""
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.shape != second.shape:
        raise InputError(
            f"A paired bootstrap needs the same users on both sides; got {first.shape} and {second.shape}."
        )
    gain = first - second
    gain = gain[~np.isnan(gain)]
    if not gain.size:
        return Difference(float("nan"), float("nan"), float("nan"), 0)
    rng = np.random.default_rng(seed)
    step = max(1, 4_000_000 // gain.size)  # about 32 MB of indices at a time
    means = [
        gain[rng.integers(0, gain.size, (min(step, draws - done), gain.size))].mean(1) for done in range(0, draws, step)
    ]
    low, high = np.quantile(np.concatenate(means), [(1 - level) / 2, (1 + level) / 2])
    return Difference(float(gain.mean()), float(low), float(high), int(gain.size))


# --- inner --------------------------------------------------------------------------------------------------------------


def _aligned(scores: Floats, truth: Bools, known: Bools | None) -> tuple[Floats, Bools, Bools]:
    scores, truth = np.asarray(scores), np.asarray(truth, bool)
    known = np.zeros(truth.shape, bool) if known is None else np.asarray(known, bool)
    if scores.ndim != 2 or scores.shape != truth.shape or scores.shape != known.shape:
        raise InputError(
            f"scores, truth and known must be matrices of one shape; got {scores.shape}, {truth.shape}, {known.shape}."
        )
    if np.isnan(scores).any():
        raise InputError("scores hold NaN: a ranking cannot be judged. Look for a division by zero in the model.")
    return scores, truth, known


def _group_ends(ranked: Floats) -> Bools:
    """True at the last of each run of equal values in sorted rows."""
    ends = np.ones(ranked.shape, bool)
    ends[:, :-1] = ranked[:, :-1] != ranked[:, 1:]
    return ends


def _ratio(top: NDArray[np.generic], bottom: NDArray[np.generic]) -> NDArray[np.float64]:
    over = np.asarray(bottom, np.float64)
    out = np.full(over.shape, np.nan)
    return np.asarray(np.divide(np.asarray(top, np.float64), over, out=out, where=over > 0))


def _events(
    score: ArrayLike, outcome: ArrayLike, *, probabilities: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    p, y = np.asarray(score, np.float64).ravel(), np.asarray(outcome, np.float64).ravel()
    if p.shape != y.shape:
        raise InputError(f"Each probability needs its outcome; got {p.size} and {y.size}.")
    if probabilities and p.size and not (p.min() >= 0 and p.max() <= 1):
        raise InputError(f"Probabilities must lie in [0, 1]; got {p.min():.3g} to {p.max():.3g}.")
    return p, y
