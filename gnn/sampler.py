"""Neighbour sampling without replacement on CSR (numba), for graphs too large for full-batch steps."""

from collections.abc import Mapping
from dataclasses import dataclass

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from sociogram.gnn.sage import Adjacency, Relation

Ints = NDArray[np.int64]
Arrays = tuple[Ints, Ints, NDArray[np.float32]]  # indptr, indices, data


@dataclass(frozen=True)
class Block:
    """A sampled neighbourhood: nodes by label (seeds first) and one bipartite graph a layer, the outermost first."""

    nodes: dict[str, Ints]
    graphs: list[dict[Relation, Adjacency]]


@numba.njit(cache=True)
def _pick(matrix, rows, fanout, seed):  # type: ignore[no-untyped-def]  # pragma: no cover
    indptr, indices, data = matrix
    np.random.seed(seed)
    out = np.zeros(len(rows) + 1, np.int64)
    for i in range(len(rows)):
        out[i + 1] = out[i] + min(fanout, indptr[rows[i] + 1] - indptr[rows[i]])
    picked = np.empty(out[-1], np.int64)
    weight = np.empty(out[-1], np.float32)
    for i in range(len(rows)):
        first = indptr[rows[i]]
        degree = indptr[rows[i] + 1] - first
        size = out[i + 1] - out[i]
        # Floyd: a uniform set of `size` of `degree`, in time of `size` squared
        for j in range(size):
            at = degree - size + j
            choice = np.random.randint(0, at + 1) if degree > size else at
            for before in range(j):
                if picked[out[i] + before] == first + choice:
                    choice = at
                    break
            picked[out[i] + j] = first + choice
    for j in range(len(picked)):
        weight[j] = data[picked[j]]
        picked[j] = indices[picked[j]]
    return out, picked, weight


class Sampler:
    """Samples blocks around seeds; deterministic for a seed."""

    def __init__(
        self, graph: Mapping[Relation, Adjacency], sizes: Mapping[str, int], device: torch.device | None = None
    ) -> None:
        self.device = device or torch.device("cpu")
        self.arrays: dict[Relation, Arrays] = {r: _arrays(a.forward) for r, a in graph.items()}
        self.place = {label: np.full(n, -1, np.int64) for label, n in sizes.items()}

    def sample(self, seeds: Mapping[str, Ints], fanouts: tuple[int, ...], seed: int) -> Block:
        """`seeds` are distinct rows by label; `fanouts` from the seeds outwards."""
        nodes = {label: np.asarray(seeds.get(label, np.zeros(0, np.int64)), np.int64) for label in self.place}
        for label, rows in nodes.items():
            self.place[label][rows] = np.arange(len(rows))
        graphs = []
        for hop, fanout in enumerate(fanouts):
            targets = dict(nodes)
            drawn: dict[Relation, Arrays] = {}
            for i, (relation, matrix) in enumerate(self.arrays.items()):
                rows = targets[relation[2]]
                drawn[relation] = _pick(matrix, rows, fanout, (seed * 1009 + hop * 101 + i) % 2**31)
                nodes[relation[0]] = self._append(relation[0], nodes[relation[0]], drawn[relation][1])
            graphs.append(
                {
                    r: Adjacency.of(
                        sparse.csr_array(
                            (data, self.place[r[0]][picked], indptr), shape=(len(targets[r[2]]), len(nodes[r[0]]))
                        ),
                        self.device,
                    )
                    for r, (indptr, picked, data) in drawn.items()
                }
            )
        for label, rows in nodes.items():
            self.place[label][rows] = -1
        return Block(nodes, graphs[::-1])

    def _append(self, label: str, rows: Ints, picked: Ints) -> Ints:
        place = self.place[label]
        fresh = np.unique(picked[place[picked] < 0])
        place[fresh] = len(rows) + np.arange(len(fresh))
        return np.concatenate([rows, fresh])


def _arrays(matrix: torch.Tensor) -> Arrays:
    csr = matrix.cpu()
    return csr.crow_indices().numpy(), csr.col_indices().numpy(), csr.values().numpy()
