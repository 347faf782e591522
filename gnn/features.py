"""Model inputs: text maps, degrees, recency, mapped properties, collaborative factors and the lexical channel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.gnn.lexical import Lexical, Terms, read_terms, reduced
from sociogram.gnn.matrices import Floats, Matrix, csr, mean_rows, standardise, unit_rows
from sociogram.gnn.texts import Texts
from sociogram.graph.snapshot import NO_TIME, Edges, Nodes, Snapshot

DAY = 86_400_000.0
CATEGORIES = 20  # most frequent values of a categorical property; the rest share one column


@dataclass(frozen=True)
class Features:
    """All inputs that do not depend on what is hidden."""

    texts: Texts
    static: dict[str, Floats]  # label -> [n, d] standardised
    own_terms: Matrix  # [users, terms] TF-IDF of own text, rows of length 1
    neighbour_terms: Matrix  # [users, terms] TF-IDF of neighbours' text
    behaviour: Matrix  # [users, items of all labels] confidence per user by rank
    friends: Matrix  # [users, users] row-normalised, both directions
    terms: Terms
    lexical: Lexical | None


def counted(e: Edges) -> Matrix:
    """[sources, targets] with log(1 + summed positive weight)."""
    matrix = e.matrix()
    matrix.data = np.log1p(np.maximum(np.nan_to_num(matrix.data, posinf=0.0), 0.0)).astype(np.float32)
    return matrix


def build_features(
    snapshot: Snapshot, texts: Texts, factors: Mapping[str, Floats], tokenize: Callable[[str], list[str]], *, seed: int
) -> Features:
    """Everything the model reads besides the message graph and the text table."""
    terms = read_terms(texts.distinct, tokenize)
    own, around = unit_rows(texts.own @ terms.matrix), unit_rows(texts.neighbours @ terms.matrix)
    static, lexical = {}, None
    directions, channel = reduced(texts, terms.matrix, own, around, seed)
    for label, n in snapshot.nodes.items():
        blocks = [_activity(snapshot, n), _properties(n)]
        if label == snapshot.users.label and directions is not None:
            lexical = Lexical.of(directions, own, around, sum(b.shape[1] for b in blocks))
        blocks += channel[label]
        if label == snapshot.users.label:
            blocks.append(_edge_properties(snapshot))
        if label in factors:
            blocks.append(standardise(factors[label]))
        static[label] = np.concatenate(blocks, 1).astype(np.float32)
    return Features(texts, static, own, around, _behaviour(snapshot), _friends(snapshot), terms, lexical)


def robust(values: NDArray[np.float64]) -> Floats:
    """A numeric column [n] as [n, 2]: clipped at the 1 % and 99 % quantiles and standardised, and a flag where missing."""
    known = np.isfinite(values)
    out = np.zeros((len(values), 2), np.float32)
    out[:, 1] = ~known
    if known.sum() > 1:
        low, high = np.quantile(values[known], (0.01, 0.99))
        clipped = np.clip(values[known], low, high)
        out[known, 0] = (clipped - clipped.mean()) / max(float(clipped.std()), 1e-9)
    return out


def _categories(values: list[str | None]) -> Floats:
    """One-hot over the most frequent values, one column for the rest and one for missing."""
    counts: dict[str, int] = {}
    for v in values:
        if v is not None:
            counts[v] = counts.get(v, 0) + 1
    top = {v: i for i, v in enumerate(sorted(counts, key=lambda v: (-counts[v], v))[:CATEGORIES])}
    out = np.zeros((len(values), len(top) + 2), np.float32)
    at = [len(top) + 1 if v is None else top.get(v, len(top)) for v in values]
    out[np.arange(len(values)), at] = 1.0
    return out


def _properties(n: Nodes) -> Floats:
    blocks = [robust(n.numeric(name)) for name in n.mapping.numeric]
    blocks += [_categories(n.column(name)) for name in n.mapping.categorical]
    return np.concatenate([np.zeros((len(n), 0), np.float32), *blocks], 1)


def _activity(snapshot: Snapshot, n: Nodes) -> Floats:
    """Degrees (log) and days since the last event per relation end; interests and ABOUT are left out, since they are hidden in part."""
    columns = [robust(np.where(n.times == NO_TIME, np.nan, n.times / DAY))]
    for e in snapshot.edges.values():
        if e.role in ("interest", "about") or not len(e):
            continue
        timed = e.time != NO_TIME
        for end, at in ((e.mapping.source, e.sources), (e.mapping.target, e.targets)):
            if end != n.label:
                continue
            columns.append(standardise(np.log1p(np.bincount(at, minlength=len(n)))[:, None].astype(np.float32) + 1e-3))
            if timed.any():
                last = np.full(len(n), -np.inf)
                np.maximum.at(last, at[timed], e.time[timed] / DAY)
                columns.append(robust(np.log1p(np.max(e.time[timed]) / DAY - last)))
    return np.concatenate(columns, 1)


def _edge_properties(snapshot: Snapshot) -> Floats:
    """Means over a user's own relationships of their mapped numeric properties and of their categories."""
    user = snapshot.users
    blocks = [np.zeros((len(user), 0), np.float32)]
    for e in snapshot.edges.values():
        if e.mapping.source != user.label or e.features is None or not len(e) or e.role == "interest":
            continue
        average = mean_rows(
            sparse.csr_array(
                (np.ones(len(e), np.float32), np.arange(len(e), dtype=np.int64), e.indptr), shape=(len(user), len(e))
            )
        )
        for name in e.mapping.numeric:
            values = np.asarray(e.features.column(name).cast("float64").fill_null(np.nan).to_numpy(), np.float64)
            blocks.append(np.asarray(average @ robust(values), np.float32))
        for name in e.mapping.categorical:
            blocks.append(np.asarray(average @ _categories(e.features.column(name).to_pylist()), np.float32))
    return np.concatenate(blocks, 1)


def _behaviour(snapshot: Snapshot) -> Matrix:
    """User-item confidence [users, all items]: per-user rank of the summed weight, .5 (least) to 1.5 (most)."""
    users = len(snapshot.users)
    blocks = []
    for n in snapshot.with_role("item"):
        block = sparse.csr_array((users, len(n)), dtype=np.float32)
        for e in snapshot.edges_with_role("behaviour"):
            if e.mapping.target == n.label:
                block = block + e.matrix()
        blocks.append(sparse.csr_array(block))
    if not blocks:
        return csr((users, 0))
    matrix = sparse.csr_array(sparse.hstack(blocks, format="csr"))
    for i in range(users):
        part = slice(matrix.indptr[i], matrix.indptr[i + 1])
        values = matrix.data[part]
        if len(values):
            _, rank = np.unique(values, return_inverse=True)
            matrix.data[part] = 0.5 + (rank + 0.5) / (rank.max() + 1)
    return matrix


def _friends(snapshot: Snapshot) -> Matrix:
    """Ties in both directions, weighted by log(1 + weight), rows summing to one."""
    users = len(snapshot.users)
    total = sparse.csr_array((users, users), dtype=np.float32)
    for e in snapshot.edges_with_role("tie"):
        matrix = counted(e)
        total = total + matrix + matrix.T
    return mean_rows(sparse.csr_array(total))
