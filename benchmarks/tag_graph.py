"""The graph that the peers' networks read: every relationship but interests and what those left in ABOUT."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.tag_rows import Floats
from sociogram.gnn import split
from sociogram.graph.snapshot import EdgeKey, Edges, Snapshot


def relations(s: Snapshot) -> dict[EdgeKey, NDArray[np.int64]]:
    """Rows of the ends [2, relationships], repeated ones once; a label must not be among the inputs of its own user."""
    out = {}
    for key, e in s.edges.items():
        if e.role in ("interest", "ignore"):
            continue
        matrix = (_foreign_about(s, e) if e.role == "about" else e.matrix(weighted=False)).tocoo()
        if matrix.nnz:
            out[key] = np.stack([matrix.row, matrix.col]).astype(np.int64)
    return out


def connected(vectors: Mapping[str, Floats], graph: Mapping[EdgeKey, Any]) -> dict[str, Floats]:
    """Vectors of the labels that have a relationship."""
    return {label: x for label, x in vectors.items() if any(label in (key[0], key[2]) for key in graph)}


def _foreign_about(s: Snapshot, e: Edges) -> sparse.csr_array:
    """ABOUT without the triples of any interest."""
    found = split.interests(s)
    return split.about_without(e, found, found.pairs)
