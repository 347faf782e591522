"""The blend of item priors: its parts, the choice of weights on a validation cut, its calibration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sociogram.gnn import metrics
from sociogram.gnn.interactions import Cut, Interactions, mask
from sociogram.gnn.priors import (
    Content,
    Floats,
    Matrix,
    Part,
    Popularity,
    Rows,
    alike,
    befriended,
    fit_autoencoder,
    fit_content,
    fit_ials,
    standardised,
)

CELLS = 8_000_000  # of a block of scores: 32 MB
LARGE = 2_000_000  # user-item pairs from which on iALS gets one seed and two threads, and one regularisation is tried
SMALL = 500  # users up to which popularity may join
SHORTLIST = 150  # best items per part among which blends are compared
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of iALS against the autoencoder
CONTENT = (0.0, 0.1, 0.2, 0.4)
POPULAR = (0.0, 0.2)
RARITY = "rarity"  # the part -log(1 + users): what the others overdo of popularity is taken back
RARE = (
    0.0,
    0.2,
    0.4,
    0.6,
    0.8,
    1.0,
)  # its weights, tried on the best of the rest where there are more than SMALL users


@dataclass(frozen=True)
class Recipe:
    """What to fit and how to weight it."""

    weights: Mapping[str, float] = field(default_factory=lambda: {"iALS": 1.0, "popularity": 0.1})
    regularization: float = 10.0

    def to_dict(self) -> dict[str, Any]:
        return {"weights": dict(self.weights), "regularization": self.regularization}


@dataclass(frozen=True)
class Blend:
    """Weighted sum of parts, each z-scored per user; popularity where no part knows the user."""

    parts: Mapping[str, Part]
    weights: Mapping[str, float]
    popularity: Popularity

    def scores(self, rows: Rows) -> Floats:
        total: Floats | None = None
        for name, weight in self.weights.items():
            if name == RARITY:
                continue  # it knows no user: added when those whom no part knows are found
            scores = standardised(self.parts[name].scores(rows))
            scores *= np.float32(weight)
            total = scores if total is None else np.add(total, scores, out=total)
        if total is None:
            return standardised(self.popularity.scores(rows))
        unknown = np.flatnonzero(np.ptp(total, axis=1) == 0) if total.shape[1] else np.zeros(0, np.int64)
        if RARITY in self.weights:
            total += np.float32(self.weights[RARITY]) * standardised(self.parts[RARITY].scores(rows[:1]))
        if len(unknown):
            total[unknown] = standardised(self.popularity.scores(unknown))
        return total

    def without(self, name: str) -> "Blend":
        """The same without one part."""
        return Blend(self.parts, {n: w for n, w in self.weights.items() if n != name}, self.popularity)

    @staticmethod
    def popular(x: Matrix) -> Popularity:
        return Popularity(np.asarray(x.sum(0), np.float32))


@dataclass(frozen=True)
class Calibration:
    """p = 1 / (1 + exp(-(slope * score + offset))), slope > 0; the default is for graphs too small to hide anything."""

    slope: float = 1.0
    offset: float = -4.0

    def __call__(self, scores: NDArray[np.floating[Any]]) -> Floats:
        logit = self.slope * scores.astype(np.float64) + self.offset
        return (1 / (1 + np.exp(-np.clip(logit, -30, 30)))).astype(np.float32)

    @classmethod
    def fit(cls, part: Part, held: Cut, steps: int = 50) -> "Calibration":
        """Logistic regression by Newton over the judges' 100 best unknown items: there the scores are shown."""
        scores, hits = [], []
        for rows, known, truth in _judged(held):
            z = part.scores(rows)
            best = metrics.top_k(z, 100, known)
            there = best >= 0
            scores.append(np.take_along_axis(z, best.clip(min=0), 1)[there])
            hits.append(np.take_along_axis(truth, best.clip(min=0), 1)[there])
        s, y = np.concatenate(scores).astype(np.float64), np.concatenate(hits).astype(np.float64)
        if not 0 < y.sum() < len(y):
            return cls()
        design, beta = np.stack([s, np.ones_like(s)], 1), np.array([0.0, np.log(y.mean() / (1 - y.mean()))])
        for _ in range(steps):
            p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
            hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-6 * len(s) * np.eye(2)
            step = np.linalg.solve(hessian, design.T @ (y - p))
            beta += step
            if np.abs(step).max() < 1e-8:
                break
        return cls(float(beta[0]), float(beta[1])) if beta[0] > 1e-3 and np.isfinite(beta).all() else cls()


def blocks(users: int, items: int) -> Iterator[NDArray[np.int64]]:
    """Rows in blocks of about CELLS scores."""
    step = max(1, CELLS // max(items, 1))
    for start in range(0, users, step):
        yield np.arange(start, min(users, start + step))


def fit_part(
    name: str, known: Interactions, content: Content | None, seeds: range, regularization: float
) -> Part | None:
    """One part by its name, None where the snapshot does not hold what it needs or it would be too large."""
    if name.startswith("iALS"):
        ties = known.ties if name == "iALS+ties" else None
        if name == "iALS+ties" and ties is None:
            return None
        threads = 0 if known.x.nnz > LARGE else 1
        return fit_ials(known.x, ties, seeds=seeds, regularization=regularization, threads=threads)
    if name == "popularity":
        return Blend.popular(known.x)
    if name == RARITY:
        return Popularity(-np.log1p(np.bincount(known.x.indices, minlength=known.x.shape[1])).astype(np.float32))
    if name == "content":
        return content
    return _autoencoder(name.split("+")[1:], known, content)


def _autoencoder(kernels: list[str], known: Interactions, content: Content | None) -> Part | None:
    similarity: Floats | None = None
    for kernel in kernels:
        if kernel == "ties":
            more = None if known.ties is None else befriended(known.ties)
        else:
            more = None if content is None else alike(content)
        if more is None:
            return None
        similarity = more if similarity is None else similarity + more
    return fit_autoencoder(known.x, similarity)


def fit_variants(known: Interactions, held: Cut, seed: int) -> tuple[dict[str, Part], float]:
    """All that may enter the blend, fitted on the cut, and the regularisation of iALS that suits it."""
    large = known.x.nnz > LARGE
    regularization = 50.0
    if not large:
        tried = {r: fit_part("iALS", known, None, range(seed, seed + 1), r) for r in (50.0, 10.0)}
        value = {r: evaluate("", part, held)["ndcg@20"] for r, part in tried.items() if part is not None}
        regularization = max(value, key=lambda r: value[r])
    content = _content(known)
    names = ["iALS", "LAE"] if large else ["iALS", "iALS+ties", "LAE", "LAE+ties", "LAE+content", "LAE+content+ties"]
    names += ["content"] if content is not None else []
    names += ["popularity"] if known.x.shape[0] <= SMALL else [RARITY]
    parts = {n: fit_part(n, known, content, _seeds(known, seed, 3), regularization) for n in names}
    return {n: p for n, p in parts.items() if p is not None}, regularization


def fit_blend(known: Interactions, recipe: Recipe, seed: int) -> Blend:
    """The parts of a recipe fitted on all pairs."""
    content = _content(known)
    parts = {n: fit_part(n, known, content, _seeds(known, seed, 5), recipe.regularization) for n in recipe.weights}
    found = {n: p for n, p in parts.items() if p is not None}
    return Blend(found, {n: recipe.weights[n] for n in found}, Blend.popular(known.x))


def _content(known: Interactions) -> Content | None:
    about = known.topics(known.x)
    return None if about is None else fit_content(known.x, about)


def _seeds(known: Interactions, seed: int, count: int) -> range:
    return range(seed, seed + (1 if known.x.nnz > LARGE else count))


def choose(variants: Mapping[str, Part], held: Cut, regularization: float) -> Recipe:
    """The weights with the best N@10 + N@20 on the cut; the first of equals, and those with fewer parts come first.

    The share of rarity is tried on the best of the rest.
    """
    best = _best(_grid(variants), variants, held)
    if RARITY in variants:
        best = _best([best | ({RARITY: w} if w else {}) for w in RARE], variants, held)
    return Recipe(best, regularization)


def _best(grid: list[dict[str, float]], variants: Mapping[str, Part], held: Cut) -> dict[str, float]:
    """Compared among the SHORTLIST best unknown items of each part but rarity: an item outside all of them is in no blend's top 20."""
    used = {name: variants[name] for name in dict.fromkeys(n for weights in grid for n in weights)}
    found: list[list[NDArray[np.float64]]] = [[] for _ in grid]
    for rows, known, truth in _judged(held):
        z = {name: standardised(part.scores(rows)) for name, part in used.items()}
        tops = [metrics.top_k(scores, SHORTLIST, known) for name, scores in z.items() if name != RARITY]
        short = np.sort(np.hstack(tops), axis=1)
        double = short < 0
        double[:, 1:] |= short[:, 1:] == short[:, :-1]
        short = short.clip(min=0)
        picked = {name: np.take_along_axis(scores, short, 1) for name, scores in z.items()}
        hidden = np.take_along_axis(truth, short, 1)
        relevant = truth.sum(1)
        for weights, out in zip(grid, found, strict=True):
            total = sum((np.float32(w) * picked[name] for name, w in weights.items()), np.float32(0))
            hits, _ = metrics.hits_at_k(np.asarray(total), hidden, 20, double)
            out.append(metrics.ndcg_of(hits, relevant, 10) + metrics.ndcg_of(hits, relevant, 20))
    value = [metrics.mean(np.concatenate(each)) for each in found]
    return grid[int(np.argmax(value))]


def _grid(variants: Mapping[str, Part]) -> list[dict[str, float]]:
    def named(prefix: str) -> list[str]:
        return [n for n in variants if n.split("+")[0] == prefix]

    grid = []
    for ials, lae in product(named("iALS"), named("LAE") or [""]):
        for share, content, popular in product(SHARES, CONTENT, POPULAR):
            weights = {ials: share, lae: 1 - share, "content": content, "popularity": popular}
            grid.append({n: w for n, w in weights.items() if w and n in variants})
    grid += [{n: 1.0} for n in ("content", "popularity") if n in variants]
    unique = {tuple(sorted(g.items())): g for g in grid if g}
    return sorted(unique.values(), key=len)


def evaluate(method: str, part: Part | Blend, held: Cut) -> dict[str, Any]:
    """One row of the report: full ranking of all items, what was learned from masked."""
    found, relevant = [], []
    for rows, known, truth in _judged(held):
        hits, count = metrics.hits_at_k(part.scores(rows), truth, 20, known)
        found.append(np.pad(hits, ((0, 0), (0, 20 - hits.shape[1]))))
        relevant.append(count)
    hits, count = np.concatenate(found), np.concatenate(relevant)
    return {
        "method": method,
        "split": "validation",
        "ndcg@10": metrics.mean(metrics.ndcg_of(hits, count, 10)),
        "precision@10": metrics.mean(metrics.precision_of(hits, count, 10)),
        "recall@10": metrics.mean(metrics.recall_of(hits, count, 10)),
        "ndcg@20": metrics.mean(metrics.ndcg_of(hits, count, 20)),
        "recall@20": metrics.mean(metrics.recall_of(hits, count, 20)),
    }


def _judged(held: Cut) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]]:
    for block in blocks(len(held.judges), held.train.shape[1]):
        rows = held.judges[block]
        yield rows, mask(held.train, rows), mask(held.hidden, rows)
