"""Ids that stay: groups of a new run take the ids of the groups of the run before that they overlap most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.graph.snapshot import Key

Ints = NDArray[np.int64]
OVERLAP = 1 / 3  # Jaccard from which on a group is the same: of two groups of one size, half of the members


@dataclass(frozen=True)
class Earlier:
    """Groups as they were: the id of every user that had one, and the id that a new group would get."""

    ids: Mapping[Key, int]
    next_id: int


def by_size(labels: Ints) -> Ints:
    """The same groups numbered 0.. from the largest on (ties by who comes first); -1 stays."""
    there = labels >= 0
    kinds, first, place, count = np.unique(labels[there], return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(kinds), np.int64)
    rank[np.lexsort((first, -count))] = np.arange(len(kinds))
    out = np.full(len(labels), -1, np.int64)
    out[there] = rank[place]
    return out


def stable_ids(
    labels: Ints, keys: Sequence[Key], before: Earlier | None, overlap: float = OVERLAP
) -> tuple[dict[int, int], int]:
    """The id of each group, and the id that the next new one would get; ids count from 1 and are never given twice.

    `labels` [n] numbers groups 0.. (-1: none) in the order in which new ids are given. Groups are matched one to one so that the sum of
    Jaccard overlaps is greatest (Hungarian method, Kuhn 1955); a pair below `overlap` is not matched.
    """
    groups = int(labels.max(initial=-1)) + 1
    same = {} if before is None else _matched(labels, keys, before, groups, overlap)
    free = 1 if before is None else before.next_id
    ids = {}
    for group in range(groups):
        if group not in same:
            same[group], free = free, free + 1
        ids[group] = same[group]
    return ids, free


def _matched(labels: Ints, keys: Sequence[Key], before: Earlier, groups: int, overlap: float) -> dict[int, int]:
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    old = np.array([before.ids.get(key, 0) for key in keys], np.int64)
    both = (labels >= 0) & (old > 0)
    if not both.any():
        return {}
    earlier, place = np.unique(old[both], return_inverse=True)
    shared = sparse.coo_array((np.ones(int(both.sum())), (labels[both], place)), shape=(groups, len(earlier)))
    shared.sum_duplicates()
    size = np.bincount(labels[labels >= 0], minlength=groups)
    held = np.unique(np.fromiter(before.ids.values(), np.int64), return_counts=True)
    former = dict(zip(*(part.tolist() for part in held), strict=True))
    was = np.array([former[i] for i in earlier.tolist()])
    jaccard = shared.data / (size[shared.row] + was[shared.col] - shared.data)
    keep = jaccard >= overlap
    row, column, value = shared.row[keep], shared.col[keep], jaccard[keep]
    # a partner of its own, worth nothing, for every group: then a full matching always exists, and the graph stays sparse
    alone = np.arange(groups)
    cost = sparse.csr_array(
        (
            np.concatenate([2 - value, np.full(groups, 2.0)]),
            (np.concatenate([row, alone]), np.concatenate([column, len(earlier) + alone])),
        ),
        shape=(groups, len(earlier) + groups),
    )
    left, right = min_weight_full_bipartite_matching(cost)
    return {int(g): int(earlier[c]) for g, c in zip(left, right, strict=True) if c < len(earlier)}
