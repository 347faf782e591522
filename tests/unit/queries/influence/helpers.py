"""Tiny graphs and their exact expected spread, by enumeration of all live-edge worlds."""

from itertools import combinations, product

import networkx as nx
import numpy as np

from sociogram.queries.influence.cascades import CascadeGraph, Model

TINY = ((0, 1), (1, 2), (0, 3), (3, 4), (5, 4), (4, 2), (2, 0), (5, 6))  # who influences whom


def tiny(model: Model = "ic", *, even: bool = False, n: int = 7) -> CascadeGraph:
    source, target = (np.array(x, np.int64) for x in zip(*TINY, strict=True))
    spread = None if even else np.linspace(0.15, 0.9, len(source))
    p = (0.4 if even else spread) if model == "ic" else None
    weight = spread if model == "lt" else None
    return CascadeGraph.build(source, target, ids=list(range(n)), model=model, p=p, weight=weight)


def edges(graph: CascadeGraph) -> list[tuple[int, int, float]]:
    side = graph.outgoing
    sources = np.repeat(np.arange(len(graph)), np.diff(side.indptr))
    return list(zip(sources.tolist(), side.others.tolist(), side.p.tolist(), strict=True))


def exact(graph: CascadeGraph, seeds: tuple[int, ...]) -> float:
    """Expected spread over all worlds, each with its probability; reachability by networkx."""
    return sum(chance * _reach(len(graph), live, seeds) for chance, live in _worlds(graph) if chance)


def best(graph: CascadeGraph, k: int) -> float:
    """The optimum by trying every set of k users."""
    worlds = [(chance, live) for chance, live in _worlds(graph) if chance]
    return max(
        sum(chance * _reach(len(graph), live, seeds) for chance, live in worlds)
        for seeds in combinations(range(len(graph)), k)
    )


def _reach(n: int, live: list[tuple[int, int]], seeds: tuple[int, ...]) -> int:
    world = nx.DiGraph(live)
    world.add_nodes_from(range(n))
    return len(set(seeds).union(*(nx.descendants(world, s) for s in seeds)))


def _worlds(graph: CascadeGraph) -> list[tuple[float, list[tuple[int, int]]]]:
    if not graph.threshold:
        choices = [[((u, v), p), (None, 1 - p)] for u, v, p in edges(graph)]
    else:  # each user takes at most one of its influencers, with the edge's weight
        choices = []
        for v in range(len(graph)):
            into = [((u, w), p) for u, w, p in edges(graph) if w == v]
            choices.append([*into, (None, 1 - sum(p for _, p in into))])
    return [
        (float(np.prod([p for _, p in world])), [edge for edge, _ in world if edge is not None])
        for world in product(*choices)
    ]
