"""The ties between users as one undirected weighted graph: Leiden communities and betweenness, both by NetworKit.

Everything runs on one thread with a seed: the same graph gives the same answer.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.errors import InputError
from sociogram.graph.snapshot import Snapshot
from sociogram.queries.influence.cascades import influence_edges
from sociogram.queries.segments.match import by_size

if TYPE_CHECKING:
    from networkit import Graph

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Ties = sparse.csr_array  # [users, users] symmetric, weights above zero, no loops

RESTARTS = (5, 60)  # Leiden runs at least and at most, of which the one with the greatest modularity is kept
RESTARTS_WORK = 1.5e6  # ties of all of them together, between the two
ITERATIONS = 10  # of one Leiden run
PIVOTS_WORK = 1.5e8  # ties passed while betweenness is estimated
PIVOTS = (64, 2048)  # sources it starts from, at least and at most


def undirected(snapshot: Snapshot) -> Ties | None:
    """All ties between users, both ways, the greater weight of several; None where there are none."""
    try:
        source, target, weight, _ = influence_edges(snapshot, "both")
    except InputError:
        return None
    n = len(snapshot.users)
    keep = weight > 0
    ties: Any = sparse.csr_array((weight[keep], (source[keep], target[keep])), shape=(n, n))
    return ties if ties.nnz else None


def communities(ties: Ties, *, resolution: float = 1.0, seed: int = 0) -> Ints:
    """Community of each user [n] by modularity (Leiden, Traag et al. 2019), 0.. in order of size; -1 for users without ties.

    `resolution` above 1 gives more and smaller ones. The best of several runs by modularity is kept: many partitions are nearly as good
    (Good et al. 2010), and the best is found again more often than the next best. Raises InputError for a resolution that is not above 0.
    """
    nk = _networkit()

    if not resolution > 0:
        raise InputError(f"resolution: expected a number above 0, got {resolution}. Try 1.")
    restarts = int(np.clip(RESTARTS_WORK / max(ties.nnz, 1), *RESTARTS))
    best, found = -np.inf, np.zeros(ties.shape[0], np.int64)
    with _one_thread(ties) as graph:
        for i in range(restarts):
            nk.setSeed(seed * 1_000 + i, False)
            run = nk.community.ParallelLeiden(graph, iterations=ITERATIONS, gamma=resolution).run()
            labels = np.asarray(run.getPartition().getVector(), np.int64)
            quality = modularity(ties, labels, resolution)
            if quality > best + 1e-12:
                best, found = quality, labels
    found[np.diff(ties.indptr) == 0] = -1
    return by_size(found)


def modularity(ties: Ties, labels: Ints, resolution: float = 1.0) -> float:
    """Newman's: share of tie weight inside communities over what chance would put there."""
    total = float(ties.sum())
    _, place = np.unique(labels, return_inverse=True)
    strength = np.asarray(ties.sum(1)).ravel()
    rows = np.repeat(np.arange(ties.shape[0]), np.diff(ties.indptr))
    inside = float(ties.data[place[rows] == place[ties.indices]].sum())
    held = np.bincount(place, strength)
    return inside / total - resolution * float((held**2).sum()) / total**2


def betweenness(ties: Ties, *, seed: int = 0) -> Floats:
    """Share of all shortest paths between other users that lead over each user [n], ties counted without weight.

    Exact (Brandes 2001) where that is no more work than estimating it from sampled sources with linear scaling (Geisberger et al.
    2008), which does not favour whoever stands near a source.
    """
    nk = _networkit()

    n = ties.shape[0]
    pivots = int(np.clip(PIVOTS_WORK / max(ties.nnz, 1), *PIVOTS))
    with _one_thread(ties, weighted=False) as graph:  # a weight would be read as a distance
        if pivots >= n:
            return np.asarray(nk.centrality.Betweenness(graph, normalized=True).run().scores())
        nk.setSeed(seed, False)
        return np.asarray(nk.centrality.EstimateBetweenness(graph, pivots, normalized=True).run().scores())


def _networkit() -> Any:
    """NetworKit; on import it puts the script and style sheet of a profiler into a notebook, which are kept out of it."""
    with ExitStack() as quiet:
        if "IPython" in sys.modules and "networkit" not in sys.modules:
            from IPython.utils.capture import capture_output

            quiet.enter_context(capture_output(stdout=False, stderr=False))
        import networkit
    return networkit


@contextmanager
def _one_thread(ties: Ties, *, weighted: bool = True) -> "Iterator[Graph]":
    """The graph as NetworKit has it, and its threads at one while it is used: parallel sums are not repeatable."""
    nk = _networkit()

    upper = sparse.triu(ties, k=1).tocoo()
    graph = nk.Graph(ties.shape[0], weighted=weighted)
    ends = (upper.row.astype(np.uint64), upper.col.astype(np.uint64))
    graph.addEdges((upper.data.astype(np.float64), ends) if weighted else ends)
    threads = nk.getMaxNumberOfThreads()
    nk.setNumberOfThreads(1)
    try:
        yield graph
    finally:
        nk.setNumberOfThreads(threads)
