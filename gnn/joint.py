"""Joint training of the text encoder's top layers and the network: a link objective between texts, and the network's own gradient.

Lazy scheme: the network steps on a cached table of text vectors and its loss leaves a gradient on that table; the texts that it asks most
of are encoded again with gradient, together with linked pairs of texts (InfoNCE, tau = .1). The layers below run once, before.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sociogram.encoders.encoder import Encoder
from sociogram.errors import InputError, TrainingError
from sociogram.gnn.features import Texts
from sociogram.gnn.phase import Context, Phase
from sociogram.gnn.text_links import text_links
from sociogram.gnn.train import Trainer
from sociogram.progress import SILENT, Progress

TAU = 0.1
PAIRS = 48  # linked pairs a step
ASKED = 16  # texts a step that the network's gradient asks most of
TOKENS = 64  # of a text that are read while training; encoding afterwards reads all of it
SUPERVISED = 0.3  # norm of the network's gradient beside the link objective's 1


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
    links = text_links(c.snapshot, texts, phase.view, c.split.targets)
    if not texts.distinct or (not links and not c.split.train.nnz):
        raise TrainingError(
            "mode joint has nothing to learn from: no texts, or no links between them. Use mode frozen."
        )
    top = opened.split(c.config.encoder_layers)
    lower = opened.lower_states(texts.distinct, top, max_length=TOKENS, progress=progress)
    optimizer = torch.optim.AdamW(top.parameters(), c.config.encoder_rate, weight_decay=0.01)
    mean, deviation = _moments(c.table)
    table = phase.problem.table.requires_grad_(True)
    curve = []
    with torch.random.fork_rng(devices=[]), progress.stage("joint", c.config.encoder_steps, "steps") as stage:
        torch.manual_seed(c.config.seed)
        rng = np.random.default_rng((c.config.seed, 13))
        for step in range(c.config.encoder_steps):
            network = trainer.step()
            asked, wanted = _asked(table)
            pairs = links.sample(rng, PAIRS)
            rows = np.unique(np.concatenate([pairs.ravel(), asked]))
            vectors = top.vectors(lower, rows.tolist())
            standard = (vectors - mean.to(vectors)) / deviation.to(vectors)
            link = _link_loss(standard, np.searchsorted(rows, pairs), links.related(pairs[:, 0], pairs[:, 1]))
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


def _link_loss(vectors: torch.Tensor, pairs: NDArray[np.int64], same: NDArray[np.bool_]) -> torch.Tensor:
    """Symmetric InfoNCE with cosine similarity; `same` [pairs, pairs] marks what is no negative: of one author or thread."""
    if len(pairs) < 2:
        return vectors.sum() * 0
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


def _backward(
    link: torch.Tensor,
    standard: torch.Tensor,
    asked: NDArray[np.int64],
    wanted: torch.Tensor,
    weights: list[nn.Parameter],
) -> None:
    """Gradient of norm 1: that of the links plus SUPERVISED times the network's table gradient, each of norm 1 on the vectors.

    The two meet on the vectors, so that the encoder is passed backwards once.
    """
    (on_vectors,) = torch.autograd.grad(link, standard, retain_graph=True)
    total = _unit(on_vectors)
    if len(asked):
        rows = torch.from_numpy(asked).to(standard.device)
        total = total.index_add(0, rows, SUPERVISED * _unit(wanted.to(standard)))
    grads = torch.autograd.grad(standard, weights, total, allow_unused=True)
    norm = torch.sqrt(sum((g.float() ** 2).sum() for g in grads if g is not None) + torch.tensor(1e-24))
    if not torch.isfinite(norm):
        raise TrainingError("The encoder's gradient is not finite; lower encoder_rate.")
    for w, g in zip(weights, grads, strict=True):
        w.grad = None if g is None else g / norm.clamp(min=1e-10)


def _unit(gradient: torch.Tensor) -> torch.Tensor:
    unit: torch.Tensor = gradient / gradient.norm().clamp(min=1e-10)
    return unit
