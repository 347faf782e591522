"""Outputs of a trained network for every node, and the vectors that are published."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sociogram.errors import TrainingError
from sociogram.gnn.config import FitConfig
from sociogram.gnn.model import Graph, Sociogram
from sociogram.gnn.sage import blockwise, name
from sociogram.gnn.train import Problem, user_topic
from sociogram.graph.snapshot import Snapshot

Floats = NDArray[np.float32]
BLOCK = 8_192  # rows computed at a time: what a core works on stays in its cache
PLACED = 0.5  # spread of user-item products of the network's half, in spreads of the collaborative half


@torch.no_grad()
def network_outputs(
    model: Sociogram, problem: Problem, graph: Graph
) -> tuple[dict[str, Floats], Floats, dict[str, Floats]]:
    """Shared-space vectors by label, user-topic scores [users, targets], head outputs by attribute."""
    model.eval()
    h = layerwise(model, problem.inputs.assemble(problem.table), graph)
    scores, z = user_topic(model, problem, h)
    if len(model.shape.topics):
        topics = model.topic_vectors(z, problem.topic_text)
        start = 0
        for label in model.shape.topics:
            size = len(z[label])
            z[label] = topics[start : start + size]
            start += size
    users = h[model.shape.users]
    heads = {a: model.heads[name(a)](users).float().cpu().numpy() for a in model.shape.heads}
    return {label: v.float().cpu().numpy() for label, v in z.items()}, scores.float().cpu().numpy(), heads


@torch.no_grad()
def layerwise(model: Sociogram, x: Mapping[str, Tensor], graph: Graph, rows: int = BLOCK) -> dict[str, Tensor]:
    """Node states as `model.hidden` in evaluation, layer by layer over blocks of rows."""
    model.eval()
    h = {label: projected(model, label, v, rows) for label, v in x.items()}
    layers: Any = model.layers
    for layer in layers:
        h = blockwise(layer, h, graph, rows)
    return h


def projected(model: Sociogram, label: str, x: Tensor, rows: int) -> Tensor:
    """Node states before the first layer [n, hidden], over blocks of rows."""
    out = x.new_empty((len(x), model.config.hidden))
    for start in range(0, len(x), rows):
        out[start : start + rows] = torch.relu(model.project[name(label)](x[start : start + rows]))
    return out


def embeddings(
    vectors: Mapping[str, Floats], factors: Mapping[str, Floats], snapshot: Snapshot, config: FitConfig
) -> dict[str, Floats]:
    """Published vectors [n, 128]: the network's half, then collaborative factors (zeros where there are none).

    The network's half is scaled by one number so that user x item products follow the recommender, and cosine still tells users apart.
    """
    user = snapshot.users.label
    scale = 1.0
    labels = [label for label in factors if label != user]
    rng = np.random.default_rng(config.seed)
    if labels and len(factors[user]):
        u = rng.integers(len(factors[user]), size=4000)
        i = rng.integers(len(factors[labels[0]]), size=4000) if len(factors[labels[0]]) else np.zeros(0, int)
        if len(i):
            placed = np.einsum("nd,nd->n", vectors[user][u], vectors[labels[0]][i]).std()
            acts = np.einsum("nd,nd->n", factors[user][u], factors[labels[0]][i]).std()
            scale = float(np.sqrt(PLACED * acts / placed)) if placed > 1e-9 and acts > 1e-9 else 1.0
    out = {}
    for label, v in vectors.items():
        half = factors.get(label)
        half = np.zeros((len(v), config.shared), np.float32) if half is None else half
        out[label] = np.ascontiguousarray(np.concatenate([scale * v, half], 1), np.float32)
        if not np.isfinite(out[label]).all():
            raise TrainingError(
                f"Embeddings of {label} are not finite; lower learning_rate (now {config.learning_rate})."
            )
    return out
