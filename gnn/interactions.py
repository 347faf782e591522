"""Users and items of a snapshot as matrices: confidences, ties, topics that do not leak, validation cuts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.gnn.priors import Matrix, Rows, confidences
from sociogram.graph.snapshot import Snapshot

JUDGES = 2_000  # users that judge on validation


@dataclass(frozen=True)
class Interactions:
    """What the snapshot knows about users and items, all item labels side by side."""

    x: Matrix  # [users, items] confidences
    labels: tuple[str, ...]  # of the items, in column order
    sizes: tuple[int, ...]
    ties: Matrix | None  # [users, users] ones, both directions
    about: Matrix | None  # [items, topics] weights that no user's interest stands behind
    triples: NDArray[np.int64]  # [m, 3] user, item, topic: interests observed through an item

    def topics(self, x: Matrix) -> Matrix | None:
        """Item-topic weights that know of no user-item pair outside `x`: a triple counts only if its pair is in `x`.

        Where an item has triples, its ABOUT weights may be their sum and are left out: they would tell of the hidden pairs.
        """
        if self.about is None:
            return None
        if not len(self.triples):
            return self.about
        users, items, topics = self.triples.T
        seen = np.isin(users * x.shape[1] + items, _pairs(x))
        counted = sparse.csr_array((np.ones(int(seen.sum())), (items[seen], topics[seen])), shape=self.about.shape)
        counted.sum_duplicates()
        return sparse.csr_array(self.about + counted.astype(np.float32))

    def with_x(self, x: Matrix) -> "Interactions":
        return replace(self, x=x)


def read_interactions(snapshot: Snapshot) -> Interactions | None:
    """All behaviours, ties and topics of a snapshot as matrices; None when there are no behaviours."""
    items, topics = snapshot.with_role("item"), snapshot.with_role("topic")
    first = dict(zip((n.label for n in items), np.cumsum([0, *map(len, items)]), strict=False))
    first_topic = dict(zip((n.label for n in topics), np.cumsum([0, *map(len, topics)]), strict=False))
    users, width = len(snapshot.users), sum(map(len, items))
    x = sparse.csr_array((users, width), dtype=np.float32)
    for e in snapshot.edges_with_role("behaviour"):
        if len(e):  # counts of one type are ranked among themselves: plays and stars have no common unit
            x = x + confidences(e.sources, e.targets + first[e.key[2]], np.asarray(e.weight), (users, width))
    if x.nnz == 0:
        return None
    ties = _ties(snapshot, users)
    about, triples = _topics(snapshot, first, first_topic, (width, sum(map(len, topics))))
    return Interactions(sparse.csr_array(x), tuple(first), tuple(map(len, items)), ties, about, triples)


def _ties(snapshot: Snapshot, users: int) -> Matrix | None:
    ends = [(e.sources, e.targets) for e in snapshot.edges_with_role("tie") if len(e)]
    if not ends:
        return None
    left, right = (np.concatenate(side) for side in zip(*ends, strict=True))
    apart = left != right
    left, right = left[apart], right[apart]
    both = (np.concatenate([left, right]), np.concatenate([right, left]))
    ties = sparse.csr_array((np.ones(len(both[0]), np.float32), both), shape=(users, users))
    ties.sum_duplicates()
    ties.data[:] = 1
    return ties


def _topics(
    snapshot: Snapshot, first: Mapping[str, int], first_topic: Mapping[str, int], shape: tuple[int, int]
) -> tuple[Matrix | None, NDArray[np.int64]]:
    triples = [np.zeros((0, 3), np.int64)]
    for e in snapshot.edges_with_role("interest"):
        if e.items is not None and first:  # items of an interest are rows of the first item label
            through = np.flatnonzero(np.asarray(e.items) >= 0)
            topics = e.targets[through] + first_topic[e.key[2]]
            triples.append(np.stack([e.sources[through], e.items[through], topics], 1).astype(np.int64))
    told = np.concatenate(triples)
    about = sparse.csr_array(shape, dtype=np.float32)
    for e in snapshot.edges_with_role("about"):
        rows, columns = e.sources + first[e.key[0]], e.targets + first_topic[e.key[2]]
        free = ~np.isin(rows, told[:, 1])
        about = about + sparse.csr_array((np.asarray(e.weight)[free], (rows[free], columns[free])), shape=shape)
    known = about.nnz > 0 or len(told) > 0
    return (sparse.csr_array(about) if known else None), told


def _pairs(x: Matrix) -> NDArray[np.int64]:
    rows = np.repeat(np.arange(x.shape[0], dtype=np.int64), np.diff(x.indptr))
    return rows * x.shape[1] + x.indices


@dataclass(frozen=True)
class Cut:
    """A validation cut: what is left to learn from and what is hidden, for the users that judge."""

    train: Matrix
    hidden: Matrix
    judges: NDArray[np.int64]


def cut(x: Matrix, seed: int, share: float = 0.1) -> Cut:
    """Hide a tenth of the pairs of each user with at least five (three where no user has five), one at least per user."""
    rng = np.random.default_rng(seed)
    counts = np.diff(x.indptr)
    least = 5 if (counts >= 5).any() else 3
    row = np.repeat(np.arange(x.shape[0]), counts)
    order = np.lexsort((rng.random(x.nnz), row))
    within = np.empty(x.nnz, np.int64)
    within[order] = np.arange(x.nnz) - x.indptr[row]
    quota = np.where(counts >= least, np.maximum(np.round(share * counts), 1), 0)
    hide = within < quota[row]
    judges = np.flatnonzero(quota)
    if len(judges) > JUDGES:
        judges = np.sort(rng.choice(judges, JUDGES, replace=False))
        hide &= np.isin(row, judges)
    return Cut(_only(x, ~hide), _only(x, hide), judges)


def _only(x: Matrix, keep: NDArray[np.bool_]) -> Matrix:
    starts = np.concatenate([[0], np.cumsum(keep)])[x.indptr]
    return sparse.csr_array((x.data[keep], x.indices[keep], starts), shape=x.shape)


def mask(x: Matrix, rows: Rows) -> NDArray[np.bool_]:
    """True where a user has an item [rows, items]."""
    out = np.zeros((len(rows), x.shape[1]), bool)
    picked = x[rows]
    out[np.repeat(np.arange(len(rows)), np.diff(picked.indptr)), picked.indices] = True
    return out
