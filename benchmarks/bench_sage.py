"""How fast is a step of HeteroSAGE, forwards and backwards, beside PyG's HeteroConv(SAGEConv) with the same weights?

Two layers of width 128 over users, items and topics with 2.4 million relationships, full batch, in turns; the values and gradients of
both sides are compared. The peer gets one root weight a label, as ours has, so that it computes nothing in vain; it runs with edge
indices, as its documentation has it, and with PyTorch's own CSR tensors. Run `python -m benchmarks sage`.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from benchmarks import machine, save, show
from sociogram.gnn.sage import Adjacency, Relation, SageLayer, name

SIZES = {"User": 60_000, "Item": 40_000, "Topic": 500}
EDGES: dict[Relation, int] = {
    ("User", "KNOWS", "User"): 400_000,
    ("User", "SAW", "Item"): 700_000,
    ("Item", "about", "Topic"): 100_000,
}
WIDTH, LAYERS, ROUNDS = 128, 2, 5


def relations(seed: int = 0) -> dict[Relation, "sparse.csr_array"]:
    """Random unit-weight matrices [destinations, sources] of each relation and its reverse; popular items are met more often."""
    rng = np.random.default_rng(seed)
    out = {}
    for (source, kind, target), count in EDGES.items():
        rows = (SIZES[target] * rng.random(count) ** 2).astype(int)
        pairs = np.unique(np.stack([rows, rng.integers(SIZES[source], size=count)]), axis=1)
        matrix = sparse.csr_array((np.ones(pairs.shape[1], np.float32), tuple(pairs)), (SIZES[target], SIZES[source]))
        out[(source, kind, target)] = matrix
        out[(target, kind + " <", source)] = sparse.csr_array(matrix.T)
    return out


class Peer(nn.Module):
    """The layers as PyG has them: relation-wise SAGEConv, their sum, and our skip and normalisation."""

    def __init__(self, layers: Sequence[SageLayer], graph: Mapping[Relation, Any]) -> None:
        super().__init__()
        from torch_geometric.nn import HeteroConv, SAGEConv

        self.convs, self.norms = nn.ModuleList(), nn.ModuleList(layer.norm for layer in layers)
        for layer in layers:
            convs, rooted = {}, set()
            for source, kind, target in graph:
                root = target not in rooted
                conv = SAGEConv((WIDTH, WIDTH), WIDTH, aggr="mean", root_weight=root, bias=root)
                with torch.no_grad():
                    conv.lin_l.weight.copy_(layer.messages[name(source, kind, target)].weight)
                    if root:
                        conv.lin_l.bias.copy_(layer.own[name(target)].bias)
                        conv.lin_r.weight.copy_(layer.own[name(target)].weight)
                rooted.add(target)
                convs[(source, kind, target)] = conv
            self.convs.append(HeteroConv(convs, aggr="sum"))

    def forward(self, x: dict[str, Tensor], edges: dict[Relation, Tensor]) -> dict[str, Tensor]:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            h = conv(x, edges)
            x = {label: norm[name(label)](x[label] + torch.relu(v)) for label, v in h.items()}
        return x


def step(
    forward: Callable[[dict[str, Tensor]], dict[str, Tensor]], x: dict[str, Tensor], wanted: dict[str, Tensor]
) -> dict[str, Tensor]:
    """States of one pass forwards, and backwards from `wanted`; the gradient is left on `x` and the weights."""
    out = forward(x)
    torch.autograd.backward(list(out.values()), [wanted[label] for label in out])
    return out


def main() -> None:
    """Print the table and write results/sage.json."""
    torch.manual_seed(0)
    matrices = relations()
    cpu = torch.device("cpu")
    graph = {r: Adjacency.of(m, cpu) for r, m in matrices.items()}
    layers = nn.ModuleList(SageLayer(list(SIZES), list(graph), WIDTH, 0.0) for _ in range(LAYERS))
    peer = Peer(list(layers), graph)  # type: ignore[arg-type]
    coo = {r: torch.from_numpy(np.stack([m.tocoo().col, m.tocoo().row]).astype(np.int64)) for r, m in matrices.items()}
    csr = {
        r: torch.sparse_csr_tensor(
            a.forward.crow_indices(), a.forward.col_indices(), torch.ones(a.forward._nnz()), a.forward.shape
        )
        for r, a in graph.items()
    }
    x = {label: torch.randn(n, WIDTH).requires_grad_() for label, n in SIZES.items()}
    wanted = {label: torch.randn(n, WIDTH) for label, n in SIZES.items()}

    def ours(h: dict[str, Tensor]) -> dict[str, Tensor]:
        for layer in layers:
            h = layer(h, graph)
        return h

    sides: dict[str, Callable[[dict[str, Tensor]], dict[str, Tensor]]] = {
        "ours": ours,
        "PyG, edge indices": lambda h: peer(h, coo),
        "PyG, torch CSR": lambda h: peer(h, csr),
    }
    values, gradients = {}, {}
    for side, forward in sides.items():  # warms up as well
        values[side] = {label: v.detach() for label, v in step(forward, x, wanted).items()}
        gradients[side] = {label: v.grad for label, v in x.items()}
        for v in x.values():
            v.grad = None
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for round_ in range(ROUNDS):
        for side in sides if round_ % 2 else reversed(sides):
            start = time.perf_counter()
            step(sides[side], x, wanted)
            seconds[side].append(time.perf_counter() - start)
            for v in x.values():
                v.grad = None
    rows = []
    for side, times in seconds.items():
        ratios = [b / a for a, b in zip(seconds["ours"], times, strict=True)]
        rows.append(
            {
                "side": side,
                "ms": round(1000 * statistics.median(times), 1),
                "times ours": round(statistics.median(ratios), 2),
                "lowest": round(min(ratios), 2),
                "largest difference": f"{max(float((values[side][n] - values['ours'][n]).abs().max()) for n in SIZES):.1e}",
                "gradients": f"{max(relative(gradients[side][n], gradients['ours'][n]) for n in SIZES):.1e}",
            }
        )
    show(f"HeteroSAGE, forwards and backwards, {torch.get_num_threads()} threads, {ROUNDS} rounds in turns", rows)
    save("sage", {"rows": rows, "rounds": ROUNDS, **machine()})


def relative(a: Tensor, b: Tensor) -> float:
    """Length of the difference as a share of the length; a ReLU at zero may fall on either side, so single values may differ."""
    return float((a - b).norm() / b.norm())


if __name__ == "__main__":
    main()
