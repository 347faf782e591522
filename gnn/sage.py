"""Heterogeneous GraphSAGE with one fused sparse product a relation (Hamilton et al. 2017, eq. mean aggregator)."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from sociogram.gnn.features import mean_rows

Relation = tuple[str, str, str]  # source label, name, destination label: messages go from source to destination


@dataclass(frozen=True)
class Adjacency:
    """Row-normalised [destinations, sources] and its transpose, both CSR: the product and its gradient without conversion."""

    forward: Tensor
    backward: Tensor

    @classmethod
    def of(cls, matrix: "sparse.csr_array", device: torch.device) -> "Adjacency":
        """From weights [destinations, sources]; rows are scaled to sum one, so unit weights give the plain mean."""
        mean = mean_rows(matrix)
        return cls(_tensor(mean, device), _tensor(sparse.csr_array(mean.T), device))


def _tensor(matrix: "sparse.csr_array", device: torch.device) -> Tensor:
    matrix.sort_indices()
    return csr_tensor(
        torch.from_numpy(np.asarray(matrix.indptr, np.int64)),
        torch.from_numpy(np.asarray(matrix.indices, np.int64)),
        torch.from_numpy(np.asarray(matrix.data, np.float32)),
        matrix.shape,
    ).to(device)


def csr_tensor(indptr: Tensor, columns: Tensor, weights: Tensor, size: tuple[int, int]) -> Tensor:
    """A CSR tensor of these very arrays, without torch's notice that CSR is in beta."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse", category=UserWarning)
        return torch.sparse_csr_tensor(indptr, columns, weights, size=size)


class _Mean(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, forward: Tensor, backward: Tensor) -> Tensor:
        ctx.back = backward
        out: Tensor = torch.sparse.mm(forward, x)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return torch.sparse.mm(ctx.back, grads[0].contiguous()), None, None


def aggregate(adjacency: Adjacency, x: Tensor) -> Tensor:
    """Weighted mean of the sources' rows [destinations, d]; zero where there is no neighbour."""
    out: Tensor = _Mean.apply(x.float(), adjacency.forward, adjacency.backward)
    return out


class SageLayer(nn.Module):
    """h'_v = LayerNorm(h_v + dropout(relu(W h_v + b + sum_r W_r mean_{u in N_r(v)} h_u)))."""

    def __init__(self, labels: Sequence[str], relations: Sequence[Relation], width: int, dropout: float) -> None:
        super().__init__()
        self.own = nn.ModuleDict({name(label): nn.Linear(width, width) for label in labels})
        self.messages = nn.ModuleDict({name(*r): nn.Linear(width, width, bias=False) for r in relations})
        self.norm = nn.ModuleDict({name(label): nn.LayerNorm(width) for label in labels})
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Mapping[str, Tensor], graph: Mapping[Relation, Adjacency]) -> dict[str, Tensor]:
        """`x` label -> [n, width]; also for a block, where destinations are the first rows of their label's sources."""
        sizes = {label: len(v) for label, v in x.items()}
        for (_, _, target), a in graph.items():
            sizes[target] = a.forward.shape[0]
        total = {label: self.own[name(label)](v[: sizes[label]]) for label, v in x.items()}
        for relation, adjacency in graph.items():
            source, _, target = relation
            total[target] = total[target] + self.messages[name(*relation)](
                aggregate(adjacency, x[source][: adjacency.forward.shape[1]])
            )
        return {
            label: self.norm[name(label)](x[label][: sizes[label]] + self.dropout(torch.relu(v)))
            for label, v in total.items()
        }


@torch.no_grad()
def blockwise(
    layer: SageLayer, h: Mapping[str, Tensor], graph: Mapping[Relation, Adjacency], rows: int
) -> dict[str, Tensor]:
    """One layer for all nodes, `rows` destinations at a time: the memory of a block, the values of `layer(h, graph)`."""
    out = {}
    for label, states in h.items():
        into = {r: a.forward for r, a in graph.items() if r[2] == label}
        parts = []
        for start in range(0, max(len(states), 1), rows):
            own = states[start : start + rows]
            total = layer.own[name(label)](own)
            for r, matrix in into.items():
                message = torch.sparse.mm(_rows(matrix, start, start + len(own)), h[r[0]])
                total = total + layer.messages[name(*r)](message)
            parts.append(layer.norm[name(label)](own + layer.dropout(torch.relu(total))))
        out[label] = torch.cat(parts)
    return out


def _rows(matrix: Tensor, start: int, stop: int) -> Tensor:
    indptr = matrix.crow_indices()
    first, last = int(indptr[start]), int(indptr[stop])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse", category=UserWarning)
        return torch.sparse_csr_tensor(
            indptr[start : stop + 1] - first,
            matrix.col_indices()[first:last],
            matrix.values()[first:last],
            size=(stop - start, matrix.shape[1]),
        )


def name(*parts: str) -> str:
    """A module name for labels and types, which may hold dots and anything else."""
    return "m_" + "_".join(p.encode().hex() for p in parts)
