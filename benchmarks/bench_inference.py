"""How long do the states of every node take, layer by layer in blocks of rows, beside sampled inference of the same model?

A million nodes, 20 million random relationships, two layers of width 128. Sampled inference draws 15 and 10 neighbours around 1,024 nodes
at a time, with our own sampler (PyG's needs pyg-lib or torch-sparse, which have no wheels on PyPI); inputs are projected once for all nodes on
both sides. It is run on some batches in turns with whole passes and its time scaled to all nodes. Run `python -m benchmarks inference`.
"""

import resource
import statistics
import time

import numpy as np
import torch

from benchmarks import machine, save, show
from benchmarks.bench_sampler import FANOUTS, RELATION, SEEDS, random_graph
from sociogram.gnn.config import FitConfig
from sociogram.gnn.draw import transposed
from sociogram.gnn.infer import layerwise
from sociogram.gnn.model import Shape, Sociogram
from sociogram.gnn.sage import Adjacency, csr_tensor
from sociogram.gnn.sampler import Sampler

NODES, EDGES, WIDTH, ROUNDS, BATCHES = 1_000_000, 20_000_000, 128, 3, 8


def mean_graph() -> Adjacency:
    """Random relationships, each row of weights one by its degree, and their transpose."""
    forward = random_graph(NODES, EDGES)
    degree = forward.crow_indices().diff()
    weights = torch.repeat_interleave(1 / degree.float(), degree)
    arrays = (forward.crow_indices(), forward.col_indices(), weights)
    turned = transposed(*(a.numpy() for a in arrays), NODES)
    return Adjacency(csr_tensor(*arrays, (NODES, NODES)), csr_tensor(*map(torch.from_numpy, turned), (NODES, NODES)))


@torch.no_grad()
def main() -> None:
    """Print the table and write results/inference.json."""
    torch.manual_seed(0)
    graph = {RELATION: mean_graph()}
    model = Sociogram(
        Shape("User", (), {"User": WIDTH}, 1, {"User": 0}, (RELATION,), {}), FitConfig(hidden=WIDTH)
    ).eval()
    x = {"User": torch.randn(NODES, WIDTH)}
    layerwise(model, x, graph)  # warms up
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    sampler = Sampler(graph, {"User": NODES})

    def sampled(inputs: torch.Tensor, seeds: np.ndarray) -> torch.Tensor:
        block = sampler.sample({"User": seeds}, FANOUTS, int(seeds[0]))
        h = {"User": inputs[torch.from_numpy(block.nodes["User"])]}
        for layer, own in zip(model.layers, block.graphs, strict=True):
            h = layer(h, own)
        return h["User"]

    project = next(iter(model.project.values()))
    sampled(torch.relu(project(x["User"])), np.arange(SEEDS))
    whole, part, close = [], [], []
    for round_ in range(ROUNDS):
        start = time.perf_counter()
        states = layerwise(model, x, graph)["User"]
        whole.append(time.perf_counter() - start)
        batches = np.random.default_rng(round_).permutation(NODES)[: BATCHES * SEEDS].reshape(BATCHES, SEEDS)
        start = time.perf_counter()
        inputs = torch.relu(project(x["User"]))
        once = time.perf_counter() - start
        start = time.perf_counter()
        found = [sampled(inputs, seeds) for seeds in batches]
        part.append(once + (time.perf_counter() - start) * NODES / batches.size)
        true = states[torch.from_numpy(batches.ravel())]
        close.append(float(torch.cosine_similarity(torch.cat(found), true).mean()))
        del states, true, inputs
    ratios = [b / a for a, b in zip(whole, part, strict=True)]
    row = {
        "layer by layer, s": round(statistics.median(whole), 1),
        "sampled, s": round(statistics.median(part), 1),
        "ratio": round(statistics.median(ratios), 2),
        "lowest": round(min(ratios), 2),
        "peak, GiB": round(peak, 2),
        "cosine of sampled states": round(statistics.mean(close), 4),
    }
    show(f"states of {NODES:,} nodes, {torch.get_num_threads()} threads, {ROUNDS} rounds in turns", [row])
    save("inference", {**row, "rounds": ROUNDS, "sampled_share": BATCHES * SEEDS / NODES, **machine()})


if __name__ == "__main__":
    main()
