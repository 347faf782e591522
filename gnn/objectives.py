"""What can teach the text encoder: linked texts, the network's own gradient, the tags of a text's author.

Each objective asks for some texts a step and answers with the gradient of its loss on their vectors; `tuning` weighs the answers
and passes their sum through the encoder once.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sociogram.gnn.checkpoint import flattened, optimizer_states, under
from sociogram.gnn.matrices import Matrix
from sociogram.gnn.text_links import TextLinks
from sociogram.gnn.train import Trainer

Rows = NDArray[np.int64]
TAU = 0.1
PAIRS = 48  # linked pairs a step
ASKED = 16  # texts a step that the network's gradient asks most of
AUTHORS = 16  # authors a step whose tags are learnt
TEXTS = 4  # texts of each of them
HEAD_RATE = 3e-3


class Objective(ABC):
    """One source of gradient; what it does not have to remember, it need not say."""

    @abstractmethod
    def ask(self, rng: np.random.Generator, size: float = 1.0) -> Rows:
        """Rows of the distinct texts wanted in the next step; `size` is a share of the usual number."""

    @abstractmethod
    def gradient(self, vectors: Tensor, rows: Rows) -> Tensor:
        """Gradient [len(rows), width] on the standardised vectors of the sorted `rows`, which hold what was asked for."""

    @abstractmethod
    def losses(self) -> Mapping[str, float]:
        """The loss parts of the last step."""

    def saw(self, vectors: Tensor, rows: Rows) -> None:
        """Told what the vectors have become after each step."""
        return

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint must hold."""
        return {}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """The opposite of `tensors`."""
        return


class Links(Objective):
    """Symmetric InfoNCE with cosine similarity, tau = .1, over linked pairs; texts of one author or thread are no negatives."""

    def __init__(self, links: TextLinks) -> None:
        self.links, self.pairs, self.last = links, np.zeros((0, 2), np.int64), 0.0

    def ask(self, rng: np.random.Generator, size: float = 1.0) -> Rows:
        self.pairs = self.links.sample(rng, max(round(PAIRS * size), 2))
        return self.pairs.ravel()

    def gradient(self, vectors: Tensor, rows: Rows) -> Tensor:
        if len(self.pairs) < 2:
            return torch.zeros_like(vectors)
        free = vectors.detach().requires_grad_()
        related = self.links.related(self.pairs[:, 0], self.pairs[:, 1])
        loss = link_loss(free, np.searchsorted(rows, self.pairs), related)
        (found,) = torch.autograd.grad(loss, free)
        self.last = float(loss.detach())
        return found

    def losses(self) -> Mapping[str, float]:
        return {"loss_links": self.last}


def link_loss(vectors: Tensor, pairs: Rows, same: NDArray[np.bool_]) -> Tensor:
    """Symmetric InfoNCE; `same` [pairs, pairs] marks what is no negative."""
    unit = nn.functional.normalize(vectors, dim=1)
    at = torch.from_numpy(pairs).to(vectors.device)
    logits = unit[at[:, 0]] @ unit[at[:, 1]].T / TAU
    equal = (at[:, 1][:, None] == at[:, 1][None]) | (at[:, 0][:, None] == at[:, 0][None])
    masked = (equal | torch.from_numpy(same).to(equal.device)) & ~torch.eye(
        len(at), dtype=torch.bool, device=equal.device
    )
    logits = logits.masked_fill(masked, -torch.inf)
    goal = torch.arange(len(at), device=vectors.device)
    return (nn.functional.cross_entropy(logits, goal) + nn.functional.cross_entropy(logits.T, goal)) / 2


class Network(Objective):
    """The network steps on a cached table of text vectors; the texts of the largest gradient there are asked for (the lazy scheme)."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer, self.table = trainer, trainer.problem.table.requires_grad_(True)
        self.asked, self.wanted = np.zeros(0, np.int64), self.table.new_zeros((0, self.table.shape[1]))
        self.last: dict[str, float] = {}
        self.touched: set[int] = set()

    def ask(self, rng: np.random.Generator, size: float = 1.0) -> Rows:
        self.table.grad = None
        self.last = self.trainer.step()
        if self.table.grad is None:
            self.asked, self.wanted = np.zeros(0, np.int64), self.table.new_zeros((0, self.table.shape[1]))
            return self.asked
        norms = self.table.grad.norm(dim=1)
        best = torch.topk(norms, min(max(round(ASKED * size), 1), len(norms))).indices.sort().values
        best = best[norms[best] > 0]
        self.asked, self.wanted = best.cpu().numpy(), self.table.grad[best].clone()
        self.table.grad = None
        return self.asked

    def gradient(self, vectors: Tensor, rows: Rows) -> Tensor:
        at = torch.from_numpy(np.searchsorted(rows, self.asked)).to(vectors.device)
        return torch.zeros_like(vectors).index_add(0, at, self.wanted.to(vectors))

    def losses(self) -> Mapping[str, float]:
        return self.last

    def saw(self, vectors: Tensor, rows: Rows) -> None:
        with torch.no_grad():
            self.table[torch.from_numpy(rows).to(self.table.device)] = vectors.to(self.table)
        self.touched.update(rows.tolist())

    def tensors(self) -> dict[str, Tensor]:
        """Weights and optimizer of the network, and the rows of the table that have changed."""
        rows = torch.tensor(sorted(self.touched), dtype=torch.int64)
        return {"rows": rows, "vectors": self.table.detach()[rows.to(self.table.device)], **self.trainer.tensors()}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        left: dict[str, Any] = dict(tensors)
        self.saw(left.pop("vectors"), left.pop("rows").cpu().numpy())
        self.trainer.restore(left)


class AuthorTags(Objective):
    """Binary cross-entropy of a linear head on the mean of an author's texts against known tags and the network's probabilities.

    The E-step of GLEM (Zhao et al., ICLR 2023): half of the authors of a step have known tags, half have pseudo-labels.
    """

    def __init__(
        self, own: Matrix, tags: NDArray[np.float32], gold: NDArray[np.bool_], width: int, device: torch.device
    ) -> None:
        texts = np.diff(own.indptr) > 0
        self.texts = [own.indices[a:b].astype(np.int64) for a, b in pairwise(own.indptr)]
        self.pools = [p for p in (np.flatnonzero(texts & gold), np.flatnonzero(texts & ~gold)) if len(p)]
        self.tags = torch.from_numpy(tags)
        base = self.tags[torch.from_numpy(texts)].mean(0).clamp(1e-3, 1 - 1e-3) if texts.any() else self.tags.mean(0)
        self.head = nn.Linear(width, tags.shape[1], device=device)
        nn.init.zeros_(self.head.weight)
        with torch.no_grad():
            self.head.bias.copy_(torch.logit(base))
        self.optimizer = torch.optim.AdamW(self.head.parameters(), HEAD_RATE, weight_decay=1e-3)
        self.users, self.drawn, self.last = np.zeros(0, np.int64), np.zeros((0, 2), np.int64), 0.0

    def __bool__(self) -> bool:
        return bool(self.pools) and self.tags.shape[1] > 0

    def ask(self, rng: np.random.Generator, size: float = 1.0) -> Rows:
        share = max(round(AUTHORS * size) // max(len(self.pools), 1), 1)
        self.users = np.concatenate([rng.choice(pool, min(share, len(pool)), replace=False) for pool in self.pools])
        pairs = [(i, t) for i, u in enumerate(self.users) for t in _some(self.texts[u], rng)]
        self.drawn = np.array(pairs, np.int64)
        return self.drawn[:, 1]

    def gradient(self, vectors: Tensor, rows: Rows) -> Tensor:
        free = vectors.detach().requires_grad_()
        at = torch.from_numpy(np.searchsorted(rows, self.drawn[:, 1])).to(free.device)
        owner = torch.from_numpy(self.drawn[:, 0]).to(free.device)
        count = torch.bincount(owner, minlength=len(self.users)).clamp(min=1)
        mean = free.new_zeros(len(self.users), free.shape[1]).index_add(0, owner, free[at]) / count[:, None]
        goal = self.tags[torch.from_numpy(self.users)].to(free.device)
        loss = nn.functional.binary_cross_entropy_with_logits(self.head(mean), goal)
        found, *weights = torch.autograd.grad(loss, [free, *self.head.parameters()])
        for w, g in zip(self.head.parameters(), weights, strict=True):
            w.grad = g
        self.optimizer.step()
        self.last = float(loss.detach())
        return found

    def losses(self) -> Mapping[str, float]:
        return {"loss_authors": self.last}

    def tensors(self) -> dict[str, Tensor]:
        out = {f"head.{k}": v for k, v in self.head.state_dict().items()}
        return out | {f"optimizer.{k}": v for k, v in flattened(self.optimizer.state_dict()["state"]).items()}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        self.head.load_state_dict(under(tensors, "head."))
        states = optimizer_states(under(tensors, "optimizer."))
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": states})


def _some(texts: Rows, rng: np.random.Generator) -> Rows:
    return texts if len(texts) <= TEXTS else rng.choice(texts, TEXTS, replace=False)
