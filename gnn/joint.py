"""Joint training of the text encoder's top layers and the network: a link objective between texts, and the network's own gradient.

Lazy scheme: the network steps on a cached table of text vectors and its loss leaves a gradient on that table; the texts that it asks most
of are encoded again with gradient, together with linked pairs of texts (InfoNCE, tau = .1). The layers below run once, before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import nn

from sociogram.encoders.encoder import Encoder
from sociogram.errors import InputError, TrainingError
from sociogram.gnn.features import Matrix, Texts
from sociogram.gnn.phase import Context, Phase
from sociogram.gnn.train import Trainer
from sociogram.progress import SILENT, Progress

TAU = 0.1
PAIRS = 48  # linked pairs a step
ASKED = 32  # texts a step that the network's gradient asks most of
SUPERVISED = 0.3  # norm of the network's gradient beside the link objective's 1


@dataclass(frozen=True)
class Links:
    """Pairs of rows of the distinct texts, by kind of link."""

    pairs: list[NDArray[np.int64]]  # [k, 2] each


def text_links(c: Context) -> Links:
    """Own text with text of items, friends and train topics; interests that are held out do not enter."""
    texts, user = c.features.texts, c.snapshot.users.label
    found = []
    for e in c.snapshot.edges.values():
        if e.role in ("behaviour", "tie", "related") and len(e):  # the weights of ABOUT hold interests that are hidden
            left = texts.own if e.mapping.source == user else texts.maps[e.mapping.source][0]
            right = texts.own if e.mapping.target == user else texts.maps[e.mapping.target][0]
            found.append(_pairs(left, e.matrix(weighted=False), right))
    found.append(_pairs(texts.own, c.split.train, texts.topics))
    return Links([p for p in found if len(p)])


def _pairs(left: Matrix, relation: Matrix, right: Matrix) -> NDArray[np.int64]:
    """One text of each end of every link; links between equal or missing texts are left out."""
    first, second = _first_text(left), _first_text(right)
    coo = sparse.coo_array(relation)
    pairs = np.stack([first[coo.row], second[coo.col]], 1)
    return np.asarray(pairs[(pairs >= 0).all(1) & (pairs[:, 0] != pairs[:, 1])], np.int64)


def _first_text(m: Matrix) -> NDArray[np.int64]:
    has = np.diff(m.indptr) > 0
    out = np.full(m.shape[0], -1, np.int64)
    out[has] = m.indices[m.indptr[:-1][has]]
    return out


def train_jointly(
    c: Context, phase: Phase, trainer: Trainer, encoder: Encoder, progress: Progress = SILENT
) -> list[dict[str, float]]:
    """Change the encoder's top layers in place; returns the losses by step. Raises InputError for an encoder that cannot learn.

    The caller encodes everything again afterwards and trains the network on the fresh table.
    """
    opened: Any = encoder
    if not hasattr(opened, "split") or not hasattr(opened, "lower_states"):
        raise InputError(
            f"mode joint needs a transformer text encoder; {encoder.name!r} has no layers to train. Use mode frozen, or another encoder."
        )
    texts: Texts = c.features.texts
    links = text_links(c)
    if not texts.distinct or (not links.pairs and not c.split.train.nnz):
        raise TrainingError(
            "mode joint has nothing to learn from: no texts, or no links between them. Use mode frozen."
        )
    top = opened.split(c.config.encoder_layers)
    lower = opened.lower_states(texts.distinct, top, progress=progress)
    optimizer = torch.optim.AdamW(top.parameters(), c.config.encoder_rate, weight_decay=0.01)
    mean, deviation = _moments(c.table)
    table = phase.problem.table.requires_grad_(True)
    curve = []
    with torch.random.fork_rng(devices=[]), progress.stage("joint", c.config.encoder_steps, "steps") as stage:
        torch.manual_seed(c.config.seed)
        batches = _batches(links, c.config.seed)
        for step in range(c.config.encoder_steps):
            network = trainer.step()
            asked, wanted = _asked(table)
            pairs = next(batches)
            rows = np.unique(np.concatenate([pairs.ravel(), asked]))
            vectors = top.vectors(lower, rows.tolist())
            standard = (vectors - mean.to(vectors)) / deviation.to(vectors)
            link = _link_loss(standard, np.searchsorted(rows, pairs))
            optimizer.zero_grad()
            _backward(link, standard, np.searchsorted(rows, asked), wanted, list(top.parameters()))
            optimizer.step()
            with torch.no_grad():
                table[torch.from_numpy(rows).to(table.device)] = standard.detach().to(table)
            table.grad = None
            curve.append({"step": step + 1, "loss_links": float(link.detach()), **network})
            stage.advance(1, f"links {curve[-1]['loss_links']:.3f}, tags {network['loss_tags']:.3f}")
    table.requires_grad_(False)
    return curve


def _moments(table: NDArray[np.float32]) -> tuple[torch.Tensor, torch.Tensor]:
    """As `features.standardise`, kept while the vectors move."""
    mean, deviation = table.mean(0), table.std(0)
    floor = max(0.3 * float(np.median(deviation)), 1e-6)
    return torch.from_numpy(mean), torch.from_numpy(np.maximum(deviation, floor))


def _asked(table: torch.Tensor) -> tuple[NDArray[np.int64], torch.Tensor]:
    """The texts of the largest gradient, and it."""
    if table.grad is None:
        return np.zeros(0, np.int64), table.new_zeros((0, table.shape[1]))
    size = table.grad.norm(dim=1)
    best = torch.topk(size, min(ASKED, len(size))).indices.sort().values
    best = best[size[best] > 0]
    return best.cpu().numpy(), table.grad[best].clone()


def _batches(links: Links, seed: int) -> Iterator[NDArray[np.int64]]:
    rng = np.random.default_rng((seed, 13))
    while True:
        if not links.pairs:
            yield np.zeros((0, 2), np.int64)
            continue
        kinds = rng.integers(len(links.pairs), size=PAIRS)
        yield np.stack([links.pairs[k][rng.integers(len(links.pairs[k]))] for k in kinds])


def _link_loss(vectors: torch.Tensor, pairs: NDArray[np.int64]) -> torch.Tensor:
    """Symmetric InfoNCE with cosine similarity; a negative that is the same text as the positive's end is masked."""
    if len(pairs) < 2:
        return vectors.sum() * 0
    unit = nn.functional.normalize(vectors, dim=1)
    at = torch.from_numpy(pairs).to(vectors.device)
    logits = unit[at[:, 0]] @ unit[at[:, 1]].T / TAU
    eye = torch.eye(len(at), dtype=torch.bool, device=vectors.device)
    same = (at[:, 1][:, None] == at[:, 1][None]) | (at[:, 0][:, None] == at[:, 0][None])
    logits = logits.masked_fill(same & ~eye, -torch.inf)
    goal = torch.arange(len(at), device=vectors.device)
    return (nn.functional.cross_entropy(logits, goal) + nn.functional.cross_entropy(logits.T, goal)) / 2


def _backward(
    link: torch.Tensor,
    standard: torch.Tensor,
    asked: NDArray[np.int64],
    wanted: torch.Tensor,
    weights: list[nn.Parameter],
) -> None:
    """Gradient of norm 1 from the links plus SUPERVISED from the network's table gradient."""
    total: dict[int, torch.Tensor] = {}
    losses = [(1.0, link)]
    if len(asked):
        rows = torch.from_numpy(asked).to(standard.device)
        losses.append((SUPERVISED, (standard[rows] * wanted.to(standard)).sum()))
    for share, loss in losses:
        grads = torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)
        norm = torch.sqrt(sum((g.float() ** 2).sum() for g in grads if g is not None) + torch.tensor(1e-24))
        if not torch.isfinite(norm):
            raise TrainingError("The encoder's gradient is not finite; lower encoder_rate.")
        for i, g in enumerate(grads):
            if g is not None and norm > 1e-10:
                part = share * g / norm
                total[i] = total[i] + part if i in total else part
    for i, w in enumerate(weights):
        w.grad = total.get(i)
