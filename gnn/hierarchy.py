"""Topics with broader topics: probabilities that do not contradict each other.

P(broader) >= P(narrower) P(broader | narrower), the last read off the observed interests: where users of a topic always have the broader one, a
child implies its parents; where they do not (people tag jazz and never music), nothing is forced.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.gnn.split import Interests, Split
from sociogram.graph.snapshot import Snapshot

Implied = tuple[int, int, float]  # narrower and broader target column, P(broader | narrower)
DOUBT = 2.0  # users with the narrower topic only that are added to the count
DEEPEST = 16  # levels; a circle of broader topics ends there


def implications(snapshot: Snapshot, found: Interests, split: Split) -> list[Implied]:
    """Every pair of targets that a `parent` relationship joins, with the rate among the users of the train part."""
    column = {topic: i for i, topic in enumerate(split.targets.tolist())}
    train = sparse.csc_array(split.train[:, split.targets] > 0).astype(np.float32)
    both = (train.T @ train).tocsr()
    out = []
    for e in snapshot.edges_with_role("parent"):
        left, right = found.offsets.get(e.mapping.source), found.offsets.get(e.mapping.target)
        if left is None or right is None:
            continue
        for child, parent in zip((e.sources + left).tolist(), (e.targets + right).tolist(), strict=True):
            if child in column and parent in column and child != parent:
                a, b = column[child], column[parent]
                out.append((a, b, float(both[a, b] / (both[a, a] + DOUBT))))
    return sorted(out)


def consistent(p: NDArray[np.float32], known: NDArray[np.bool_], implied: Sequence[Implied]) -> NDArray[np.float32]:
    """Probabilities [users, targets] raised where a narrower topic demands it; a known topic counts as certain below its parents."""
    if not implied:
        return p
    out = np.where(known, np.float32(1.0), p)
    for _ in range(DEEPEST):
        before = out.copy()
        for child, parent, rate in implied:
            np.maximum(out[:, parent], np.float32(rate) * out[:, child], out=out[:, parent])
        if np.array_equal(before, out):
            break
    return np.where(known, p, out)
