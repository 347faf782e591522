"""When to stop training on few users: the peers' networks hold a fifth of the training users out, and are then trained on all of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit

from benchmarks.tag_rows import Floats
from benchmarks.tag_tasks import Task
from sociogram.gnn import metrics
from sociogram.gnn.calibrate import best_threshold

Rows = NDArray[np.int64]


class Training(Protocol):
    """A network in training."""

    def advance(self) -> None:
        """As far as the next look at the users held out."""

    def logits(self, rows: Rows) -> Floats:
        """Log-odds [rows, tags]."""


@dataclass(frozen=True)
class Stopped:
    """Where training was best on the users held out."""

    quality: float  # LRAP
    rounds: int
    threshold: float


def parted(task: Task, seed: int = 0) -> tuple[Rows, Rows]:
    """The training users to learn from, and the fifth of them to stop by."""
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(task.labelled))
    held = max(len(rows) // 5, 1)
    return np.sort(rows[held:]), np.sort(rows[:held])


def stopped(
    learn: Callable[[], None], logits: Callable[[Rows], Floats], task: Task, held: Rows, *, patience: int, most: int
) -> Stopped:
    """Rounds of `learn` until LRAP on `held` has not risen for `patience` rounds."""
    truth = task.y[held]
    best = Stopped(-1.0, 0, 0.5)
    for done in range(1, most + 1):
        learn()
        z = logits(held)
        quality = metrics.lrap(z, truth)
        if quality > best.quality:
            best = Stopped(quality, done, best_threshold(expit(z).ravel(), truth.ravel(), 0.0))
        if done - best.rounds >= patience:
            break
    return best


def chosen(
    task: Task, begin: Callable[..., Training], settings: Sequence[tuple[float, float]], *, patience: int, most: int
) -> tuple[Floats, Stopped, tuple[float, float], Training]:
    """Log-odds [users, tags] of the best setting on the users held out, trained on all for as many rounds; where it stopped, and it."""
    learnt, held = parted(task)
    with seeded(0):
        tried: dict[tuple[float, float], Stopped] = {}
        for setting in settings:
            trial = begin(learnt, *setting)
            tried[setting] = stopped(trial.advance, trial.logits, task, held, patience=patience, most=most)
        best = max(tried, key=lambda setting: tried[setting].quality)
        whole = begin(np.flatnonzero(task.labelled), *best)
        for _ in range(tried[best].rounds):
            whole.advance()
        return whole.logits(np.arange(len(task.y))), tried[best], best, whole


def base_rates(task: Task, rows: Rows) -> torch.Tensor:
    """Log-odds of each tag among `rows`: where the output layer starts."""
    rate = (task.y[rows].sum(0) + 0.5) / (len(rows) + 1.0)
    return torch.from_numpy(np.log(rate / (1 - rate)).astype(np.float32))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's random numbers from `seed`, and as they were afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
