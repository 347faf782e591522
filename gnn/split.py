"""What is hidden while learning: interests held out, and every trace that they leave in the graph."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.gnn.config import FitConfig
from sociogram.graph.mapping import RelationshipMapping
from sociogram.graph.snapshot import Edges, Snapshot

Matrix = sparse.csr_array
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Interests:
    """All user-topic interests; topic columns run over all topic labels, one after another.

    An interest may be seen through an item (a triple user, item, topic): hiding it must take the triple out of ABOUT as well.
    """

    pairs: Matrix  # [users, topics], 1 where observed
    offsets: dict[str, int]  # topic label -> first column
    triples: dict[str, NDArray[np.float64]]  # item label -> [k, 4] user, item row, topic column, weight
    derived: bool  # made from behaviours and aboutness, since the graph has no interest relationships

    @property
    def topics(self) -> int:
        return int(self.pairs.shape[1])


@dataclass(frozen=True)
class Split:
    """Disjoint parts of the observed interests; `train + validation + test = observed`."""

    kind: Literal["users", "pairs", "none"]
    observed: Matrix
    train: Matrix
    validation: Matrix
    test: Matrix
    targets: Ints  # topic columns that are predicted

    @property
    def held_out(self) -> Matrix:
        """What the message graph must not show while choosing and reporting."""
        return sparse.csr_array(self.validation + self.test)


def interests(snapshot: Snapshot) -> Interests:
    """Read the interests, or derive them from behaviours and aboutness where there are none."""
    topics = snapshot.with_role("topic")
    offsets, start = {}, 0
    for n in topics:
        offsets[n.label] = start
        start += len(n)
    users = len(snapshot.users)
    edges = [e for e in snapshot.edges_with_role("interest") if len(e)]
    if edges:
        return _observed(snapshot, edges, offsets, (users, start))
    return _derived(snapshot, offsets, (users, start))


def _observed(snapshot: Snapshot, edges: list[Edges], offsets: dict[str, int], shape: tuple[int, int]) -> Interests:
    rows, columns, triples = [], [], []
    items = [n.label for n in snapshot.with_role("item")]
    for e in edges:
        column = e.targets.astype(np.int64) + offsets[e.mapping.target]
        rows.append(e.sources.astype(np.int64))
        columns.append(column)
        if e.items is not None:
            known = np.asarray(e.items) >= 0
            triples.append(np.stack([e.sources, e.items, column, e.weight], 1)[known].astype(np.float64))
    pairs = _binary(np.concatenate(rows), np.concatenate(columns), shape)
    return Interests(pairs, offsets, {items[0]: np.concatenate(triples)} if triples and items else {}, False)


def _derived(snapshot: Snapshot, offsets: dict[str, int], shape: tuple[int, int]) -> Interests:
    pairs = sparse.csr_array(shape, dtype=np.float32)
    triples: dict[str, list[NDArray[np.float64]]] = {}
    for about in snapshot.edges_with_role("about"):
        label, offset = about.mapping.source, offsets[about.mapping.target]
        about_matrix = about.matrix()
        for behaviour in snapshot.edges_with_role("behaviour"):
            if behaviour.mapping.target != label or not len(behaviour) or not len(about):
                continue
            acts = behaviour.matrix(weighted=False).tocoo()
            width = np.diff(about_matrix.indptr)[acts.col]
            user = np.repeat(acts.row, width)
            item = np.repeat(acts.col, width)
            inner = np.arange(width.sum()) - np.repeat(np.cumsum(width) - width, width)
            at = np.repeat(about_matrix.indptr[acts.col], width) + inner
            column = about_matrix.indices[at].astype(np.int64) + offset
            pairs = pairs + _binary(user, column, shape)
            rows = np.stack([user, item, column, about_matrix.data[at]], 1).astype(np.float64)
            triples.setdefault(label, []).append(rows)
    pairs.data[:] = 1.0
    return Interests(
        sparse.csr_array(pairs), offsets, {label: np.concatenate(t) for label, t in triples.items()}, bool(triples)
    )


def _binary(rows: NDArray[np.integer], columns: NDArray[np.integer], shape: tuple[int, int]) -> Matrix:
    matrix = sparse.csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def split_interests(found: Interests, config: FitConfig) -> Split:
    """Cut validation and test from the observed interests.

    `users`: all interests of a fifth of the interested users for each part; `pairs`: a fifth of the pairs of users with at
    least five for each part. `auto` takes `users` where at least a tenth of the users that do anything have no interest
    at all: those are the ones to be predicted.
    """
    rng = np.random.default_rng(config.seed)
    pairs = found.pairs
    popular = np.asarray((pairs > 0).sum(0)).ravel()
    floor = max(1, min(config.min_topic_users, pairs.shape[0] // 20))
    candidates = np.flatnonzero(popular >= floor)
    targets = np.sort(candidates[np.argsort(-popular[candidates], kind="stable")][: config.max_topics])
    counts = np.diff(pairs.indptr)
    kind = config.holdout
    if kind == "auto":
        kind = "users" if (counts == 0).sum() >= 0.1 * max(len(counts), 1) else "pairs"
    is_target = np.zeros(found.topics, bool)
    is_target[targets] = True
    coo = pairs.tocoo()
    part = np.zeros(len(coo.row), np.int8)  # 0 train, 1 validation, 2 test
    if kind == "users":
        part = _by_user(np.flatnonzero(counts), len(counts), rng)[coo.row]
    else:
        _by_pair(coo, is_target, part, rng)
    part[~is_target[coo.col] & (kind == "pairs")] = 0

    def cut(which: int) -> Matrix:
        keep = part == which
        return _binary(coo.row[keep], coo.col[keep], pairs.shape)

    split = Split(kind, pairs, cut(0), cut(1), cut(2), targets.astype(np.int64))
    usable = split.train.nnz and split.validation.nnz
    return split if usable else Split("none", pairs, pairs, cut(3), cut(3), split.targets)


def _by_user(users: Ints, count: int, rng: np.random.Generator) -> NDArray[np.int8]:
    part = np.zeros(count, np.int8)
    order = rng.permutation(users)
    fifth = len(order) // 5
    part[order[:fifth]], part[order[fifth : 2 * fifth]] = 1, 2
    return part


def _by_pair(
    coo: sparse.coo_array, is_target: NDArray[np.bool_], part: NDArray[np.int8], rng: np.random.Generator
) -> None:
    scored = np.flatnonzero(is_target[coo.col])
    order = scored[np.lexsort((rng.random(len(scored)), coo.row[scored]))]
    rows = coo.row[order]
    counts = np.bincount(rows, minlength=coo.shape[0])
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)  # random rank within the user
    enough = counts[rows] >= 5
    validation = enough & (rank < counts[rows] // 5)
    # as many for test: probabilities are calibrated on validation, and a rarer event would make them look too sure
    test = enough & ~validation & (rank < 2 * (counts[rows] // 5))
    part[order[validation]], part[order[test]] = 1, 2


def fold_masks(train: Matrix, split: Split, folds: int, seed: int) -> list[Matrix]:
    """The train interests among the targets, dealt over `folds` disjoint parts: whole users, or pairs of a user."""
    rng = np.random.default_rng((seed, 7))
    coo = train.tocoo()
    if split.kind == "users":
        of_user = rng.permutation(train.shape[0]) % folds
        fold = of_user[coo.row]
    else:
        order = np.lexsort((rng.random(len(coo.row)), coo.row))
        fold = np.empty(len(order), np.int64)
        fold[order] = (np.arange(len(order)) + rng.integers(folds)) % folds
        fold[~np.isin(coo.col, split.targets)] = -1
    return [_binary(coo.row[fold == k], coo.col[fold == k], train.shape) for k in range(folds)]


def without(found: Interests, hidden: Matrix) -> Matrix:
    """Interests less the hidden ones."""
    left = sparse.csr_array(found.pairs - found.pairs.multiply(hidden))
    left.eliminate_zeros()
    return left


def about_without(about: Edges, found: Interests, hidden: Matrix) -> Matrix:
    """ABOUT [items, topics] less the weight of every hidden triple, clamped at zero."""
    matrix = about.matrix()
    triples = found.triples.get(about.mapping.source)
    if triples is None or not hidden.nnz or not len(triples):
        return matrix
    user, item, column = (triples[:, i].astype(np.int64) for i in range(3))
    offset = found.offsets[about.mapping.target]
    width = matrix.shape[1]
    hit = np.asarray(hidden[user, column]).ravel() > 0
    hit &= (column >= offset) & (column < offset + width)
    gone = sparse.csr_array((triples[hit, 3], (item[hit], column[hit] - offset)), shape=matrix.shape)
    left = sparse.csr_array(matrix - gone.multiply(matrix > 0))
    left.data[left.data < 1e-6] = 0
    left.eliminate_zeros()
    return Matrix(left.astype(np.float32))


def topic_mapping(found: Interests, snapshot: Snapshot) -> list[tuple[str, int]]:
    """(label, row) of each topic column."""
    return [(label, i) for label in found.offsets for i in range(len(snapshot.nodes[label]))]


def is_interest(mapping: RelationshipMapping) -> bool:
    """Whether a relationship carries what is predicted."""
    return mapping.role == "interest"
