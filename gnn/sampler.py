"""Neighbour sampling on CSR, for graphs too large for full-batch steps: numba on the CPU, torch where the graph is on a GPU."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sociogram.gnn.draw import draw, even_rows, transposed
from sociogram.gnn.sage import Adjacency, Relation, csr_tensor

Ints = NDArray[np.int64]
Arrays = tuple[Ints, Ints, NDArray[np.float32]]  # indptr, indices, data


@dataclass(frozen=True)
class Block:
    """A sampled neighbourhood: nodes by label (seeds first) and one bipartite graph a layer, the outermost first."""

    nodes: dict[str, Ints]
    graphs: list[dict[Relation, Adjacency]]


class Sampler:
    """Samples blocks around seeds; deterministic for a seed, on one kind of device."""

    def __init__(
        self, graph: Mapping[Relation, Adjacency], sizes: Mapping[str, int], device: torch.device | None = None
    ) -> None:
        self._on: HostSampler | DeviceSampler
        self._on = DeviceSampler(graph, sizes, device) if device and device.type != "cpu" else HostSampler(graph, sizes)

    def sample(self, seeds: Mapping[str, Ints], fanouts: tuple[int, ...], seed: int, *, replace: bool = False) -> Block:
        """`seeds` are distinct rows by label; `fanouts` from the seeds outwards.

        A node gets min(fanout, degree) distinct neighbours a relation, every set of them equally likely; with `replace` it
        gets fanout independent ones. Weights are those of the relation, scaled again to sum one.
        """
        return self._on.sample(seeds, fanouts, seed, replace)


class HostSampler:
    """On the CPU. A node is numbered when it is first met, so a step costs what it draws, not what the graph holds."""

    def __init__(self, graph: Mapping[Relation, Adjacency], sizes: Mapping[str, int]) -> None:
        self.arrays = {r: _arrays(a.forward) for r, a in graph.items()}
        self.even = {r: bool(even_rows(indptr, data)) for r, (indptr, _, data) in self.arrays.items()}
        self.place = {label: np.full(n, -1, np.int32) for label, n in sizes.items()}

    def sample(self, seeds: Mapping[str, Ints], fanouts: tuple[int, ...], seed: int, replace: bool) -> Block:
        nodes = {label: np.asarray(seeds.get(label, ()), np.int64) for label in self.place}
        for label, rows in nodes.items():
            self.place[label][rows] = np.arange(len(rows))
        graphs = []
        for hop, fanout in enumerate(fanouts):
            targets, drawn = dict(nodes), {}
            for i, (relation, matrix) in enumerate(self.arrays.items()):
                source, _, target = relation
                state = np.uint64(((seed * 1009 + hop) * 1013 + i) * 0xD1342543DE82EF95 % 2**64)
                *arrays, fresh = draw(
                    matrix, targets[target], fanout, replace, self.even[relation], state, self.place[source], len(nodes[source])
                )  # fmt: skip
                drawn[relation] = tuple(arrays)
                nodes[source] = np.concatenate([nodes[source], fresh])
            graphs.append({r: _adjacency(arrays, len(targets[r[2]]), len(nodes[r[0]])) for r, arrays in drawn.items()})
        for label, rows in nodes.items():
            self.place[label][rows] = -1
        return Block(nodes, graphs[::-1])


def _adjacency(arrays: Arrays, rows: int, columns: int) -> Adjacency:
    turned = transposed(*arrays, columns)
    return Adjacency(_tensor(arrays, (rows, columns)), _tensor(turned, (columns, rows)))


def _tensor(arrays: Arrays, size: tuple[int, int]) -> Tensor:
    indptr, columns, weights = map(torch.from_numpy, arrays)
    return csr_tensor(indptr, columns, weights, size)


class DeviceSampler:
    """The same in torch: all rows of a relation at once, a loop over the fanout only."""

    def __init__(self, graph: Mapping[Relation, Adjacency], sizes: Mapping[str, int], device: torch.device) -> None:
        self.device = device
        self.matrices = {r: a.forward.to(device) for r, a in graph.items()}
        self.place = {label: torch.full((n,), -1, dtype=torch.int64, device=device) for label, n in sizes.items()}

    def sample(self, seeds: Mapping[str, Ints], fanouts: tuple[int, ...], seed: int, replace: bool) -> Block:
        rng = torch.Generator(self.device).manual_seed(seed)
        nodes = {
            label: torch.as_tensor(np.asarray(seeds.get(label, ()), np.int64), device=self.device)
            for label in self.place
        }
        for label, rows in nodes.items():
            self.place[label][rows] = torch.arange(len(rows), device=self.device)
        graphs = []
        for fanout in fanouts:
            targets, drawn = dict(nodes), {}
            for relation, matrix in self.matrices.items():
                drawn[relation] = _draw(matrix, targets[relation[2]], fanout, replace, rng)
                nodes[relation[0]] = self._append(relation[0], nodes[relation[0]], *drawn[relation][:2])
            graphs.append(
                {
                    r: _dense_rows(taken, self.place[r[0]][columns], weight, len(nodes[r[0]]))
                    for r, (taken, columns, weight) in drawn.items()
                }
            )
        for label, rows in nodes.items():
            self.place[label][rows] = -1
        return Block({label: rows.cpu().numpy() for label, rows in nodes.items()}, graphs[::-1])

    def _append(self, label: str, rows: Tensor, taken: Tensor, columns: Tensor) -> Tensor:
        met = columns[taken]
        fresh = torch.unique(met[self.place[label][met] < 0])
        self.place[label][fresh] = len(rows) + torch.arange(len(fresh), device=self.device)
        return torch.cat([rows, fresh])


def _draw(
    matrix: Tensor, rows: Tensor, fanout: int, replace: bool, rng: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Which of [rows, fanout] are taken, their columns and their weights; Floyd's algorithm, one step for all rows."""
    first = matrix.crow_indices()[rows]
    degree = matrix.crow_indices()[rows + 1] - first
    size = torch.where(degree > 0, fanout, 0) if replace else degree.clamp(max=fanout)
    unit = torch.rand(len(rows), fanout, generator=rng, device=rows.device, dtype=torch.float64)
    taken = torch.arange(fanout, device=rows.device) < size[:, None]
    picked = (unit * degree[:, None]).long()
    if not replace:
        for j in range(fanout):
            last = degree - size + j
            choice = (unit[:, j] * (last + 1)).long()
            seen = (picked[:, :j] == choice[:, None]).any(1)
            picked[:, j] = torch.where(seen | (degree <= fanout), last, choice)
    at = (first[:, None] + picked).masked_fill(~taken, 0)
    if not matrix._nnz():
        return taken, at, at.float()
    return taken, matrix.col_indices()[at], matrix.values()[at]


def _dense_rows(taken: Tensor, columns: Tensor, weight: Tensor, width: int) -> Adjacency:
    """Rows [rows, fanout] of which `taken` count, as CSR and its transpose; weights scaled to sum one."""
    columns, order = columns.masked_fill(~taken, width).sort(dim=1, stable=True)
    weight = weight.masked_fill(~taken, 0.0).double()
    weight = (weight / weight.sum(1, keepdim=True).clamp(min=1e-38)).float().gather(1, order)
    taken = columns < width
    owner, place = taken.nonzero(as_tuple=True)
    columns, weight = columns[owner, place], weight[owner, place]
    turn = columns.argsort(stable=True)
    size = (len(taken), width)
    return Adjacency(
        csr_tensor(_starts(owner, size[0]), columns, weight, size),
        csr_tensor(_starts(columns, size[1]), owner[turn], weight[turn], size[::-1]),
    )


def _starts(owner: Tensor, rows: int) -> Tensor:
    counts = torch.bincount(owner, minlength=rows)
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])


def _arrays(matrix: Tensor) -> Arrays:
    csr = matrix.cpu()
    return csr.crow_indices().numpy(), csr.col_indices().numpy(), csr.values().numpy()
