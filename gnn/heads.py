"""Attribute heads: what each predicts, its loss, and its predictions with confidence."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sociogram.graph.snapshot import Snapshot

Bools = NDArray[np.bool_]
FEWEST = 10  # users with a known value from which an attribute is learnt


@dataclass(frozen=True)
class Target:
    """One attribute to predict: `y` is [users] class numbers, [users, values] 0/1 or [users] standardised numbers."""

    name: str
    kind: str  # class | multilabel | number
    y: NDArray[np.float32]
    known: Bools
    train: Bools
    validation: Bools
    test: Bools
    values: list[str]  # of a class or multi-label, most frequent first
    mean: float = 0.0
    deviation: float = 1.0

    @property
    def outputs(self) -> int:
        return 1 if self.kind == "number" else len(self.values)


def read_targets(snapshot: Snapshot, seed: int, most: int = 200) -> tuple[list[Target], dict[str, str]]:
    """Attributes of the users that have at least ten known values and two different ones, split 60:20:20; why the others are not learnt."""
    users = snapshot.users
    found: list[Target] = []
    skipped: dict[str, str] = {}
    for name, kind in users.mapping.predict.items():
        rng = np.random.default_rng((seed, len(found), 3))
        raw = users.column(name)
        known = np.array([v is not None and v != [] and not (isinstance(v, float) and math.isnan(v)) for v in raw])
        y, values, mean, deviation = _encode(raw, known, kind, most)
        known &= np.isfinite(y).all(-1) if y.ndim > 1 else y >= 0 if kind == "class" else np.isfinite(y)
        if known.sum() < FEWEST:
            skipped[name] = f"{int(known.sum())} users have a value; at least {FEWEST} are needed"
            continue
        if (kind != "number" and len(values) < 2) or deviation < 1e-12:
            skipped[name] = "all users who have it have the same value"
            continue
        order = rng.permutation(np.flatnonzero(known))
        part = np.full(len(raw), -1)
        fifth = max(len(order) // 5, 1)
        part[order] = 0
        part[order[:fifth]], part[order[fifth : 2 * fifth]] = 1, 2
        found.append(Target(name, kind, y, known, part == 0, part == 1, part == 2, values, mean, deviation))
    return found, skipped


def _encode(raw: list[Any], known: Bools, kind: str, most: int) -> tuple[NDArray[np.float32], list[str], float, float]:
    if kind == "number":
        y = np.array([float(v) if k else np.nan for v, k in zip(raw, known, strict=True)])
        if not known.any():
            return y.astype(np.float32), [], 0.0, 0.0
        low, high = np.quantile(y[known], (0.01, 0.99))
        y = np.clip(y, low, high)
        mean, deviation = float(y[known].mean()), float(y[known].std())
        return ((y - mean) / max(deviation, 1e-12)).astype(np.float32), [], mean, deviation
    counts: dict[str, int] = {}
    for v, k in zip(raw, known, strict=True):
        for x in ([v] if kind == "class" else dict.fromkeys(v)) if k else ():
            counts[x] = counts.get(x, 0) + 1
    values = sorted(counts, key=lambda v: (-counts[v], v))[:most]
    at = {v: i for i, v in enumerate(values)}
    if kind == "class":
        return (
            np.array([at.get(v, -1) if k else -1 for v, k in zip(raw, known, strict=True)], np.float32),
            values,
            0.0,
            1.0,
        )
    y = np.zeros((len(raw), len(values)), np.float32)
    for i, v in enumerate(raw):
        for x in v if known[i] else ():
            if x in at:
                y[i, at[x]] = 1.0
    return y, values, 0.0, 1.0


def head_loss(kind: str, y: NDArray[np.float32], out: Tensor, rows: Bools) -> Tensor:
    """Mean loss of a head's outputs [users, outputs] over the given users: cross-entropy, binary cross-entropy or Huber."""
    at = torch.from_numpy(np.flatnonzero(rows)).to(out.device)
    goal = torch.from_numpy(y[rows]).to(out.device)
    if kind == "class":
        return nn.functional.cross_entropy(out[at], goal.long())
    if kind == "multilabel":
        return nn.functional.binary_cross_entropy_with_logits(out[at], goal)
    return nn.functional.huber_loss(out[at, 0], goal)
