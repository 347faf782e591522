"""Heterogeneous GraphSAGE with one fused sparse product a relation (Hamilton et al. 2017, eq. mean aggregator)."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from sociogram.gnn.matrices import mean_rows

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


def weights(adjacency: Adjacency) -> "sparse.csr_array":
    """The row-normalised weights [destinations, sources] as a scipy matrix."""
    m: Any = adjacency.forward.cpu()
    parts: Any = (m.values().numpy(), m.col_indices().numpy(), m.crow_indices().numpy())
    out: sparse.csr_array = sparse.csr_array(parts, shape=tuple(m.shape))
    return out


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
        return product(forward, x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return product(ctx.back, grads[0]), None, None


def product(matrix: Tensor, x: Tensor, rows: slice | None = None) -> Tensor:
    """CSR [n, m] times x [m, d], or some of its rows only; each row is summed by one thread, in the order of its columns.

    On the CPU this is a weighted embedding bag: the same sums, two to four times as fast as torch's sparse product.
    """
    indptr, columns, weights = matrix.crow_indices(), matrix.col_indices(), matrix.values()
    if rows is not None:
        indptr = indptr[rows.start : rows.stop + 1]
        first, last = int(indptr[0]), int(indptr[-1])
        indptr, columns, weights = indptr - first, columns[first:last], weights[first:last]
    if x.device.type == "cpu":
        return nn.functional.embedding_bag(
            columns, x.contiguous(), indptr, mode="sum", per_sample_weights=weights, include_last_offset=True
        )
    part = matrix if rows is None else csr_tensor(indptr, columns, weights, (len(indptr) - 1, matrix.shape[1]))
    out: Tensor = torch.sparse.mm(part, x.contiguous())
    return out


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
        total = {label: self.own[name(label)](_first(v, sizes[label])) for label, v in x.items()}
        for relation, adjacency in graph.items():
            source, _, target = relation
            # a label that nothing points to keeps all its rows, more than an inner hop has met
            states = _first(x[source], adjacency.forward.shape[1])
            total[target] = total[target] + self.message(relation, adjacency, states)
        return {
            label: self.norm[name(label)](_first(x[label], sizes[label]) + self.dropout(torch.relu(v)))
            for label, v in total.items()
        }

    def message(self, relation: Relation, adjacency: Adjacency, states: Tensor) -> Tensor:
        """W_r mean h = mean W_r h: the weights are applied where there are fewer rows, to the sources or to the means."""
        linear = self.messages[name(*relation)]
        if len(states) < adjacency.forward.shape[0]:
            return aggregate(adjacency, linear(states))
        out: Tensor = linear(aggregate(adjacency, states))
        return out


def _first(x: Tensor, rows: int) -> Tensor:
    """The first rows; a slice of all of them would cost a pass over the memory in the gradient."""
    return x if len(x) == rows else x[:rows]


@torch.no_grad()
def blockwise(
    layer: SageLayer, h: Mapping[str, Tensor], graph: Mapping[Relation, Adjacency], rows: int
) -> dict[str, Tensor]:
    """One layer for all nodes, `rows` destinations at a time: the memory of a block, the values of `layer(h, graph)`."""
    out = {}
    for label, states in h.items():
        into = {r: a.forward for r, a in graph.items() if r[2] == label}
        out[label] = torch.empty_like(states)
        for start in range(0, len(states), rows):
            block = slice(start, min(start + rows, len(states)))
            own = states[block]
            total = layer.own[name(label)](own)
            for r, matrix in into.items():
                total += layer.messages[name(*r)](product(matrix, h[r[0]], block))
            out[label][block] = layer.norm[name(label)](own + layer.dropout(total.relu_()))
    return out


def name(*parts: str) -> str:
    """A module name for labels and types, which may hold dots and anything else."""
    return "m_" + "_".join(p.encode().hex() for p in parts)
