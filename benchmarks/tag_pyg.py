"""PyTorch Geometric's own recipe for such graphs: GraphSAGE made heterogeneous by `to_hetero`, on the vectors that ours reads."""

import warnings
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor, nn

from benchmarks.tag_graph import connected, relations
from benchmarks.tag_methods import text_vectors
from benchmarks.tag_rows import Answer, Floats
from benchmarks.tag_stop import Rows, base_rates, chosen
from benchmarks.tag_tasks import Task
from sociogram.graph.snapshot import EdgeKey, Snapshot

HIDDEN = 128
RATES, DROPOUTS = (1e-3, 3e-3), (0.3, 0.5)
EVERY, STEPS, PATIENCE = 5, 300, 8  # a look at the users held out every so many steps; patience in looks


def to_hetero_sage(task: Task, folder: Path) -> Answer:
    """Two SAGEConv layers and a sigmoid head; rate, dropout, steps and threshold by a fifth of the training users."""
    graph = both_ways(task.snapshot)
    vectors, saved = text_vectors(task.snapshot)
    inputs = {label: torch.from_numpy(x) for label, x in connected(vectors, graph).items()}
    begin, settings = partial(_Training, task, graph, inputs), list(product(RATES, DROPOUTS))
    z, found, (rate, dropout), _ = chosen(task, begin, settings, patience=PATIENCE, most=STEPS // EVERY)
    own = {"steps": found.rounds * EVERY, "validation": found.quality, "rate": rate, "dropout": dropout, "saved": saved}
    return z, expit(z), found.threshold, own


def both_ways(s: Snapshot) -> dict[EdgeKey, Tensor]:
    """Edge indices of every relation and its reverse."""
    out: dict[EdgeKey, Tensor] = {}
    for key, ends in relations(s).items():
        out[key] = torch.from_numpy(ends)
        out[key[2], f"{key[1]}_reversed", key[0]] = out[key].flip(0)
    return out


class Sage(nn.Module):
    """The homogeneous network that `to_hetero` copies for every relation."""

    def __init__(self, dropout: float) -> None:
        from torch_geometric.nn import SAGEConv

        super().__init__()
        self.first, self.second = SAGEConv((-1, -1), HIDDEN), SAGEConv((-1, -1), HIDDEN)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """States [nodes, HIDDEN]."""
        x = self.dropout(self.first(self.dropout(x), edge_index).relu())
        return self.dropout(self.second(x, edge_index).relu())


class _Training:
    """One network that learns from `rows`, whole graph at a time."""

    def __init__(
        self,
        task: Task,
        graph: dict[EdgeKey, Tensor],
        inputs: dict[str, Tensor],
        rows: Rows,
        rate: float,
        dropout: float,
    ) -> None:
        self.graph, self.inputs, self.user = graph, inputs, task.snapshot.users.label
        self.rows = torch.from_numpy(rows)
        self.y = torch.from_numpy(task.y[rows].astype(np.float32))
        self.body = _hetero(Sage(dropout), inputs, graph)
        self.head = nn.Linear(HIDDEN, self.y.shape[1])
        with torch.no_grad():
            self.head.bias.copy_(base_rates(task, rows))
            self.body(inputs, graph)  # sizes the lazy layers
        self.optimiser = torch.optim.Adam([*self.body.parameters(), *self.head.parameters()], lr=rate)

    def _scores(self) -> Tensor:
        return self.head(self.body(self.inputs, self.graph)[self.user])

    def advance(self) -> None:
        """As many steps as lie between two looks at the users held out."""
        self.body.train()
        for _ in range(EVERY):
            self.optimiser.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(self._scores()[self.rows], self.y).backward()
            self.optimiser.step()

    @torch.no_grad()
    def logits(self, rows: Rows) -> Floats:
        """Log-odds [rows, tags]."""
        self.body.eval()
        return self._scores().numpy()[rows]


def _hetero(model: Sage, inputs: dict[str, Tensor], graph: dict[EdgeKey, Tensor]) -> nn.Module:
    from torch_geometric.nn import to_hetero

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's notices about how PyG is written
        return to_hetero(model, (list(inputs), list(graph)), aggr="sum")
