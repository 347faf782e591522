"""How many relationships a second does the sampler draw, beside DGL's, with and without replacement?

A million nodes, 20 million random relationships, fanouts 15 and 10, 1,024 seeds a batch, in turns; ours also scales the weights, sorts
the rows and makes the transpose that the gradient needs, which DGL does later. Run `python -m benchmarks sampler`; needs
`pip install --no-deps dgl==1.1.3` (the last one on PyPI with a wheel for the CPU alone), which Sociogram itself does not use.
"""

import os
import statistics
import time
import warnings
from collections.abc import Callable
from operator import truediv
from typing import Any

import numpy as np
import torch

from benchmarks import SkippedError, machine, save, show
from sociogram.gnn.sage import Adjacency, csr_tensor
from sociogram.gnn.sampler import Sampler

NODES, EDGES, SEEDS, FANOUTS = 1_000_000, 20_000_000, 1024, (15, 10)
ROUNDS, BATCHES = 5, 20
RELATION = ("User", "KNOWS", "User")


def random_graph(nodes: int, edges: int) -> torch.Tensor:
    """CSR [nodes, nodes] with both ends of each relationship uniform."""
    rng = np.random.default_rng(0)
    target = np.sort(rng.integers(nodes, size=edges))
    starts = np.searchsorted(target, np.arange(nodes + 1))
    sources = torch.from_numpy(rng.integers(nodes, size=edges))
    return csr_tensor(torch.from_numpy(starts), sources, torch.ones(edges), (nodes, nodes))


def dgl_sampler(graph: torch.Tensor) -> Callable[[torch.Tensor, bool], int]:
    """Relationships in the blocks around some seeds; raises SkippedError."""
    os.environ.setdefault("DGLBACKEND", "pytorch")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import dgl
    except ImportError as error:
        raise SkippedError(f"DGL cannot be imported ({error}): pip install --no-deps dgl==1.1.3") from None
    empty = torch.empty(0, dtype=torch.int64)
    peer = dgl.graph(("csc", (graph.crow_indices(), graph.col_indices(), empty)), num_nodes=len(graph)).formats("csc")

    def sample(seeds: torch.Tensor, replace: bool) -> int:
        blocks: Any = dgl.dataloading.NeighborSampler(FANOUTS[::-1], replace=replace).sample_blocks(peer, seeds)[2]
        return sum(block.num_edges() for block in blocks)

    return sample


def main() -> None:
    """Print the table and write results/sampler.json."""
    graph = random_graph(NODES, EDGES)
    peer = dgl_sampler(graph)
    own = Sampler({RELATION: Adjacency(graph, graph)}, {"User": NODES})

    def ours(seeds: torch.Tensor, replace: bool) -> int:
        block = own.sample({"User": seeds.numpy()}, FANOUTS, int(seeds[0]), replace=replace)
        return sum(layer[RELATION].forward._nnz() for layer in block.graphs)

    sides = {"ours": ours, "DGL": peer}
    rows = []
    for replace in (False, True):
        speed: dict[str, list[float]] = {side: [] for side in sides}
        work: dict[str, list[float]] = {side: [] for side in sides}
        for round_ in range(-1, ROUNDS):  # the first warms up
            batches = [torch.randperm(NODES)[:SEEDS] for _ in range(BATCHES)]
            for side in sides if round_ % 2 else reversed(sides):
                start, cpu = time.perf_counter(), time.process_time()
                drawn = sum(sides[side](seeds, replace) for seeds in batches)
                if round_ >= 0:
                    speed[side].append(drawn / (time.perf_counter() - start) / 1e6)
                    work[side].append(drawn / (time.process_time() - cpu) / 1e6)
        ratios = [a / b for a, b in zip(speed["ours"], speed["DGL"], strict=True)]
        rows.append(
            {
                "replacement": "with" if replace else "without",
                "ours, M/s": round(statistics.median(speed["ours"]), 1),
                "DGL, M/s": round(statistics.median(speed["DGL"]), 1),
                "ratio": round(statistics.median(ratios), 2),
                "lowest": round(min(ratios), 2),
                "of processor time": round(statistics.median(map(truediv, work["ours"], work["DGL"])), 2),
            }
        )
    show(
        f"relationships sampled, {torch.get_num_threads()} threads for DGL, one for ours, {ROUNDS} rounds in turns",
        rows,
    )
    import dgl

    save("sampler", {"peer": f"dgl {dgl.__version__}", "rows": rows, "rounds": ROUNDS, "batches": BATCHES, **machine()})


if __name__ == "__main__":
    main()
