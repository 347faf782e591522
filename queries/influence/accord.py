"""What users did of their own accord, and where they are on the graph's map.

Only behaviours that no friend had shown before tell taste from influence: where nobody passes anything on, they are of taste; where
everything is passed on, they are the beginnings, and lie anywhere in the graph.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.queries.influence.behaviours import BehaviourLog
from sociogram.queries.influence.cascades import CascadeGraph, Floats, Ints

PLACES = 8  # dimensions of the map


def own_accord(graph: CascadeGraph, log: BehaviourLog) -> NDArray[np.bool_]:
    """Mask of the log's rows [m]: nobody who influences the user had adopted the item before, or at the same moment."""
    n = len(graph)
    into = sparse.csr_array((np.ones(graph.edges, np.int8), graph.incoming.others, graph.incoming.indptr), shape=(n, n))
    out = np.ones(len(log), np.bool_)
    when = np.full(n, np.inf)
    for i in range(len(log.items)):
        rows = slice(int(log.starts[i]), int(log.starts[i + 1]))
        users, times = log.user[rows], log.time[rows]
        if len(users) < 2:
            continue
        when[users] = times
        ties = into[users]
        earliest = np.full(len(users), np.inf)
        owner = np.repeat(np.arange(len(users)), np.diff(ties.indptr))
        np.minimum.at(earliest, owner, when[ties.indices])
        out[rows] = ~(earliest <= times)
        when[users] = np.inf
    return out


def places(graph: CascadeGraph) -> Floats:
    """The graph's map [n, d], rows of length one before they are centred: eigenvectors of its regularised, normalised adjacency.

    The first, which only says who has many ties, is left out; d is PLACES, or less in a tiny graph.
    """
    from scipy.sparse.linalg import eigsh

    n = len(graph)
    left, right = np.concatenate([_pairs(graph), _pairs(graph)[::-1]], axis=1)
    adjacency = sparse.csr_array((np.ones(len(left)), (left, right)), shape=(n, n))
    degree = np.asarray(adjacency.sum(1)).ravel()
    scale = sparse.diags_array(1 / np.sqrt(degree + degree.mean()))  # small components must not take all dimensions
    value, vector = eigsh(scale @ adjacency @ scale, k=min(PLACES + 1, n - 1), which="LA", v0=np.ones(n), tol=1e-3)
    z = vector[:, np.argsort(-value)[1:]]
    z = z / np.maximum(np.sqrt((z**2).sum(1, keepdims=True)), 1e-12)
    return np.ascontiguousarray(z - z[degree > 0].mean(0))


def _pairs(graph: CascadeGraph) -> Ints:
    """Each tie once, whatever its direction [2, ties]."""
    target = np.repeat(np.arange(len(graph)), np.diff(graph.incoming.indptr))
    both = np.sort(np.stack([graph.incoming.others.astype(np.int64), target]), axis=0)
    return np.asarray(np.unique(both, axis=1))
