"""A blend distilled into stored vectors: factors whose best items are those that the blend would show."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import special

from sociogram.gnn.blend import Blend, blocks
from sociogram.gnn.interactions import mask
from sociogram.gnn.metrics import top_k
from sociogram.gnn.priors import Factors, Floats, Matrix

MOST_CELLS = 100_000_000  # users x items that are gone through at most
STEPS = 40  # times that all of them are
RATE = 0.02
TOLD = 200  # best unknown items of a user that the blend is asked for


def distil(blend: Blend, x: Matrix, start: Factors) -> Factors | None:
    """Least cross-entropy between softmax over a user's unknown items of the blend's z-scores (the TOLD best) and of u . v.

    As in knowledge distillation (Hinton et al. 2015) and ListNet (Cao et al. 2007) all weight lies on the head of the list, where truncated
    SVD spends rank on the tail. Adam on all users at once, rate falling to 0, from `start` [users, d], [items, d]. Both sides end with the
    same mean length. None where there are too many cells.
    """
    users, items = x.shape
    if users * items > MOST_CELLS:
        return None
    columns, wanted = _told(blend, x)
    u, v = _scaled(start)
    slots = [torch.zeros_like(p) for p in (u, v, u, v)]
    for step in range(STEPS):
        gradients = _gradients(u, v, x, columns, wanted)
        _adam((u, v), gradients, slots, step)
    length = (v.norm(dim=1).mean() / u.norm(dim=1).mean().clamp_min(1e-12)).sqrt()
    return Factors((u * length).numpy(), (v / length.clamp_min(1e-12)).numpy())


def _told(blend: Blend, x: Matrix) -> tuple[NDArray[np.int64], Floats]:
    """The TOLD best unknown items of each user, and the softmax of the blend over them [users, TOLD]; 0 where there are fewer."""
    columns, wanted = [], []
    for rows in blocks(*x.shape):
        scores = blend.scores(rows)
        best = top_k(scores, TOLD, mask(x, rows))
        z = np.where(best >= 0, np.take_along_axis(scores, best.clip(0), 1), -np.inf)
        z[(best < 0).all(1)] = 0
        soft = np.where(best >= 0, special.softmax(z, axis=1), 0)
        columns.append(best.clip(0))
        wanted.append(soft.astype(np.float32))
    return np.concatenate(columns), np.concatenate(wanted)


def _scaled(start: Factors) -> tuple[torch.Tensor, torch.Tensor]:
    """The start times one number, so that its products are spread as the blend's z-scores are: SD 1 over a user's items."""
    products = start.scores(np.arange(0, len(start.user), max(1, len(start.user) // 500)))
    spread = float((products - products.mean(1, keepdims=True)).std())
    scale = np.float32(1 / np.sqrt(spread) if spread > 1e-12 else 1)
    return torch.from_numpy(start.user * scale), torch.from_numpy(start.item * scale)


def _gradients(
    u: torch.Tensor, v: torch.Tensor, x: Matrix, columns: NDArray[np.int64], wanted: Floats
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the mean over users: (softmax(u V') - wanted) V, and the same transposed times U."""
    du, dv = torch.zeros_like(u), torch.zeros_like(v)
    for rows in blocks(*x.shape):
        at = slice(int(rows[0]), int(rows[-1]) + 1)
        scores = u[at] @ v.T
        scores[torch.from_numpy(mask(x, rows))] = -torch.inf
        off = torch.softmax(scores, 1).nan_to_num_(0.0)  # a user who has everything is taught nothing
        off.scatter_add_(1, torch.from_numpy(columns[at]), torch.from_numpy(-wanted[at]))
        du[at] = off @ v
        dv += off.T @ u[at]
    return du / len(u), dv / len(u)


def _adam(
    parameters: tuple[torch.Tensor, ...], gradients: tuple[torch.Tensor, ...], slots: list[torch.Tensor], step: int
) -> None:
    """One step of Adam (Kingma and Ba 2015) in place; `slots` are first moments, then second ones."""
    rate = RATE * (1 - step / STEPS)
    for i, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
        first, second = slots[i], slots[i + len(parameters)]
        first.mul_(0.9).add_(g, alpha=0.1)
        second.mul_(0.999).addcmul_(g, g, value=0.001)
        mean, spread = first / (1 - 0.9 ** (step + 1)), (second / (1 - 0.999 ** (step + 1))).sqrt()
        p.sub_(rate * mean / (spread + 1e-8))
