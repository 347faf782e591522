"""An item that came after training, placed among the others by its text alone."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from sociogram.gnn.calibrate import platt
from sociogram.gnn.interactions import Interactions
from sociogram.gnn.matrices import moments
from sociogram.gnn.metrics import average_precision, mean
from sociogram.gnn.priors import Matrix, fit_ials

Floats = NDArray[np.float32]
FILE = "new_items.safetensors"
RIDGES = (10.0, 100.0, 1_000.0, 10_000.0)
FEWEST = 20  # items with text and behaviours from which a map is fitted
MOST = 100_000  # of those
HIDDEN = 0.2  # of the items, MOST_HIDDEN at most, as if they were new, to choose the ridge and to calibrate
MOST_HIDDEN = 2_000
AHEAD = 0.1  # of a user's behaviours: what the scores of the other items are calibrated on
JUDGES = 2_000  # users


@dataclass(frozen=True)
class ItemTower:
    """v = ((t - mean) / deviation) W + b, a ridge from the text vectors of the run's items to their published vectors.

    `slope` and `level` turn the dot product with a user, standardised by the user's dot products with the known items, into
    log-odds: that the item, were it known, would be among the next tenth of the user's behaviours.
    """

    weight: Floats  # [width, d]
    bias: Floats  # [d]
    mean: Floats  # [width]
    deviation: Floats  # [width]
    slope: float
    level: float

    def vectors(self, texts: Floats) -> Floats:
        """Text vectors [n, width] to item vectors [n, d]; a zero row, an empty text, stays zero."""
        known = np.any(texts != 0, axis=1)
        made = ((texts - self.mean) / self.deviation) @ self.weight + self.bias
        return np.asarray(np.where(known[:, None], made, 0.0), np.float32)

    def save(self, folder: Path) -> None:
        """Beside the weights of the run."""
        arrays = {"weight": self.weight, "bias": self.bias, "mean": self.mean, "deviation": self.deviation}
        tensors = {n: torch.from_numpy(np.ascontiguousarray(a, np.float32)) for n, a in arrays.items()}
        numbers = torch.from_numpy(np.array([self.slope, self.level], np.float64))
        save_file(tensors | {"numbers": numbers}, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> "ItemTower | None":
        """None where the run had too few items with text."""
        if not (folder / FILE).exists():
            return None
        found = {n: t.numpy() for n, t in load_file(folder / FILE).items()}
        slope, level = found.pop("numbers").tolist()
        return cls(found["weight"], found["bias"], found["mean"], found["deviation"], slope, level)


@dataclass(frozen=True)
class Check:
    """What the map is worth on items hidden from users' factors and from the map alike: mean AP over users, and that of chance."""

    items: int
    map: float
    chance: float
    ridge: float


def fit_tower(known: Interactions, texts: Floats, vectors: Floats, seed: int) -> tuple[ItemTower, Check] | None:
    """From text vectors [items, width] and published vectors [items, d], both in the column order of `known`.

    A fifth of the items is hidden first: factors are fitted without them, and their text has to find the users. That chooses the
    ridge and calibrates. None where too few items have both text and behaviours.
    """
    count = np.bincount(known.x.indices, minlength=known.x.shape[1])
    usable = np.flatnonzero(np.any(texts != 0, axis=1) & (count > 0))
    if len(usable) < FEWEST:
        return None
    rng = np.random.default_rng(seed)
    if len(usable) > MOST:
        usable = np.sort(rng.choice(usable, MOST, replace=False))
    centre, spread = moments(texts[usable])
    t = ((texts - centre) / spread).astype(np.float32)
    weight = np.log1p(count).astype(np.float32)
    count_hidden = min(max(int(HIDDEN * len(usable)), 1), MOST_HIDDEN)
    hidden = np.sort(rng.choice(usable, count_hidden, replace=False))
    ridge, z, truth, precision = _checked(known.x, t, weight, usable, hidden, rng)
    slope, level = (
        platt(z.ravel().astype(float), truth.ravel().astype(float), decay=0.0) if truth.any() else (0.0, -4.0)
    )
    chance = mean(average_precision(np.zeros_like(z), truth))
    w, b = _ridge(t[usable], vectors[usable], weight[usable], ridge)
    tower = ItemTower(w, b, centre, spread, slope, level + float(np.log(AHEAD)))
    return tower, Check(len(hidden), precision, chance, ridge)


def _checked(
    x: Matrix, t: Floats, weight: Floats, usable: NDArray[np.int64], hidden: NDArray[np.int64], rng: np.random.Generator
) -> tuple[float, Floats, NDArray[np.bool_], float]:
    """Best ridge, and for it standardised scores [judges, hidden], the truth of the same shape, and mean AP."""
    shown = np.setdiff1d(usable, hidden)
    users = np.flatnonzero(np.diff(x[:, hidden].tocsr().indptr))
    judges = np.sort(rng.choice(users, min(JUDGES, len(users)), replace=False))
    columns = np.ones(x.shape[1], np.float32)
    columns[hidden] = 0
    kept = x.multiply(columns[None, :]).tocsr()
    kept.eliminate_zeros()
    factors = fit_ials(kept, seeds=range(1))
    truth = x[judges][:, hidden].toarray() > 0
    centre, spread = dot_moments(factors.user[judges], factors.item[shown])
    tried = []
    for ridge in RIDGES:
        w, b = _ridge(t[shown], factors.item[shown], weight[shown], ridge)
        z = np.asarray((factors.user[judges] @ (t[hidden] @ w + b).T - centre) / spread, np.float32)
        tried.append((ridge, z, mean(average_precision(z, truth))))
    ridge, z, precision = max(tried, key=lambda way: way[2])
    return ridge, z, truth, precision


def dot_moments(users: Floats, items: Floats) -> tuple[Floats, Floats]:
    """Mean and SD [users, 1] of each user's dot products with the items, without making them: u . m and u' C u."""
    mean_item = items.mean(0)
    centred = items - mean_item
    covariance = centred.T @ centred / max(len(items), 1)
    variance = np.einsum("ud,de,ue->u", users, covariance, users, optimize=True)
    return users @ mean_item[:, None], np.sqrt(np.maximum(variance, 1e-18))[:, None].astype(np.float32)


def _ridge(t: Floats, v: Floats, weight: Floats, ridge: float) -> tuple[Floats, Floats]:
    """W [width, d] and b [d] with the least sum of weight |v - t W - b|^2 + ridge |W|^2."""
    share = (weight / weight.sum())[:, None]
    tm, vm = (share * t).sum(0), (share * v).sum(0)
    tc, vc = t - tm, v - vm
    gram = (tc * weight[:, None]).T @ tc
    gram[np.diag_indices(len(gram))] += ridge
    w = np.linalg.solve(gram.astype(np.float64), ((tc * weight[:, None]).T @ vc).astype(np.float64))
    return w.astype(np.float32), (vm - tm @ w).astype(np.float32)
