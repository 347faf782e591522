"""Model inputs: text maps, degrees, recency, mapped properties, collaborative factors and the lexical channel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.graph.snapshot import NO_TIME, Edges, Nodes, Snapshot

Matrix = sparse.csr_array
Floats = NDArray[np.float32]
DAY = 86_400_000.0
CATEGORIES = 20  # most frequent values of a categorical property; the rest share one column
LEXICAL = 64  # width of the SVD-reduced lexical channel
TERMS = 20_000


@dataclass(frozen=True)
class Texts:
    """Each distinct text once, and who has it.

    `maps[label]` are sparse [n, distinct] averaging matrices: a text input of the model is `map @ table`, so a new table
    (joint training) gives new inputs, with gradient. Users have: own, on own relationships, then a mean per kind of neighbour.
    """

    distinct: list[str]
    maps: dict[str, list[Matrix]]
    own: Matrix  # [users, distinct] counts: own text and texts on own relationships
    neighbours: Matrix  # [users, distinct] mean over kinds of neighbours
    topics: Matrix  # [topics, distinct]
    user: str  # label of the users


@dataclass(frozen=True)
class Features:
    """All inputs that do not depend on what is hidden."""

    texts: Texts
    static: dict[str, Floats]  # label -> [n, d] standardised
    own_terms: Matrix  # [users, terms] TF-IDF of own text, rows of length 1
    neighbour_terms: Matrix  # [users, terms] TF-IDF of neighbours' text
    behaviour: Matrix  # [users, items of all labels] confidence per user by rank
    friends: Matrix  # [users, users] row-normalised, both directions


def csr(content: Any, shape: tuple[int, int] | None = None) -> Matrix:
    """float32 CSR from whatever scipy takes; (rows, columns) gives an empty one."""
    matrix: Matrix = sparse.csr_array(content, shape=shape, dtype=np.float32)
    return matrix


def beside(*blocks: Any) -> Matrix:
    """Blocks of equal height side by side."""
    return csr(sparse.hstack(blocks, format="csr"))


def mean_rows(matrix: Matrix) -> Matrix:
    """Rows scaled to sum one."""
    total = np.asarray(matrix.sum(1)).ravel()
    scale = np.divide(1.0, total, out=np.zeros_like(total, dtype=np.float64), where=total > 0)
    return sparse.csr_array(sparse.diags_array(scale) @ matrix, dtype=np.float32)


def unit_rows(matrix: Matrix) -> Matrix:
    """Rows scaled to Euclidean length one."""
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(1)).ravel())
    scale = np.divide(1.0, length, out=np.zeros_like(length, dtype=np.float64), where=length > 0)
    return sparse.csr_array(sparse.diags_array(scale) @ matrix, dtype=np.float32)


def counted(e: Edges) -> Matrix:
    """[sources, targets] with log(1 + summed positive weight)."""
    matrix = e.matrix()
    matrix.data = np.log1p(np.maximum(np.nan_to_num(matrix.data, posinf=0.0), 0.0)).astype(np.float32)
    return matrix


def collect_texts(snapshot: Snapshot) -> Texts:
    """Gather every text of nodes and relationships, each distinct one once, the empty one left out."""
    index: dict[str, int] = {}

    def rows(texts: list[str]) -> NDArray[np.int64]:
        return np.array([index.setdefault(t, len(index)) if t.strip() else -1 for t in texts], np.int64)

    node_rows = {label: rows(_node_texts(n)) for label, n in snapshot.nodes.items()}
    user = snapshot.users.label
    edge_rows = [(e, rows(e.texts)) for e in snapshot.edges.values() if e.mapping.source == user and e.texts]
    size = len(index)
    nodes = {label: _one_hot(r, size) for label, r in node_rows.items()}
    written = csr((len(snapshot.users), size))
    for e, r in edge_rows:
        keep = r >= 0
        pairs = (e.sources[keep], r[keep])
        written = csr(written + csr((np.ones(int(keep.sum()), np.float32), pairs), written.shape))
    own_all = sparse.csr_array(nodes[user] + written)
    around = _neighbour_maps(snapshot, nodes, mean_rows(own_all))
    maps = {label: [m] for label, m in nodes.items()}
    maps[user] = [nodes[user], *([mean_rows(sparse.csr_array(written))] if edge_rows else []), *around]
    neighbours = sparse.csr_array(sum(around, start=sparse.csr_array(written.shape, dtype=np.float32)))
    topics = [nodes[n.label] for n in snapshot.with_role("topic")]
    topic_map = sparse.vstack(topics, format="csr") if topics else sparse.csr_array((0, size), dtype=np.float32)
    return Texts(list(index), maps, own_all, neighbours, sparse.csr_array(topic_map), user)


def _node_texts(n: Nodes) -> list[str]:
    """Text of a node; a topic without one is read by its name, since a new topic must be scored from that."""
    if n.role != "topic":
        return n.texts
    return [text or name for text, name in zip(n.texts, n.names, strict=True)]


def _one_hot(rows: NDArray[np.int64], size: int) -> Matrix:
    at = np.flatnonzero(rows >= 0)
    return sparse.csr_array((np.ones(len(at), np.float32), (at, rows[at])), shape=(len(rows), size))


def _neighbour_maps(snapshot: Snapshot, nodes: Mapping[str, Matrix], own: Matrix) -> list[Matrix]:
    user = snapshot.users.label
    maps = []
    for e in snapshot.edges.values():
        if user not in (e.mapping.source, e.mapping.target) or e.role in ("interest", "ignore") or not len(e):
            continue
        both = e.matrix(weighted=False)
        if e.mapping.source == e.mapping.target:
            maps.append(mean_rows(sparse.csr_array(both + both.T)) @ own)
        elif e.mapping.source == user:
            maps.append(mean_rows(both) @ nodes[e.mapping.target])
        else:
            maps.append(mean_rows(sparse.csr_array(both.T)) @ nodes[e.mapping.source])
    maps.append(_two_hop(snapshot, nodes, own.shape))
    return [sparse.csr_array(m) for m in maps if m.nnz]


def _two_hop(snapshot: Snapshot, nodes: Mapping[str, Matrix], shape: tuple[int, int]) -> Matrix:
    """Texts of items related to a user's items: of the question that an answer of theirs belongs to, say."""
    total = csr(shape)
    for e in snapshot.edges_with_role("behaviour"):
        acts = e.matrix(weighted=False)
        for r in snapshot.edges_with_role("related"):
            beyond = r.matrix(weighted=False)
            if r.mapping.source == e.mapping.target:
                total = csr(total + acts @ mean_rows(beyond) @ nodes[r.mapping.target])
            if r.mapping.target == e.mapping.target:
                total = csr(total + acts @ mean_rows(sparse.csr_array(beyond.T)) @ nodes[r.mapping.source])
    return mean_rows(total)


def build_features(
    snapshot: Snapshot, texts: Texts, factors: Mapping[str, Floats], tokenize: Callable[[str], list[str]], *, seed: int
) -> Features:
    """Everything the model reads besides the message graph and the text table."""
    terms = term_matrix(texts.distinct, tokenize)
    own, around = unit_rows(texts.own @ terms), unit_rows(texts.neighbours @ terms)
    static = {}
    lexical = _reduced(texts, terms, own, around, seed)
    for label, n in snapshot.nodes.items():
        blocks = [_activity(snapshot, n), _properties(n), *lexical[label]]
        if label == snapshot.users.label:
            blocks.append(_edge_properties(snapshot))
        if label in factors:
            blocks.append(standardise(factors[label]))
        static[label] = np.concatenate(blocks, 1).astype(np.float32)
    return Features(texts, static, own, around, _behaviour(snapshot), _friends(snapshot))


def term_matrix(texts: list[str], tokenize: Callable[[str], list[str]]) -> Matrix:
    """TF-IDF with sublinear counts [texts, terms]: (1 + log tf) (log((1 + n) / (1 + df)) + 1), terms in two texts at least."""
    vocabulary: dict[str, int] = {}
    rows, columns = [], []
    for i, text in enumerate(texts):
        for token in tokenize(text[:20_000]):
            rows.append(i)
            columns.append(vocabulary.setdefault(token, len(vocabulary)))
    shape = (len(texts), max(len(vocabulary), 1))
    counts = sparse.csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
    counts.sum_duplicates()
    frequency = np.bincount(counts.indices, minlength=shape[1])
    kept = np.sort(np.argsort(-frequency, kind="stable")[:TERMS])
    kept = kept[frequency[kept] > 1]
    counts = sparse.csr_array(counts[:, kept])
    counts.data = (1.0 + np.log(counts.data)).astype(np.float32)
    weight = np.log((1 + len(texts)) / (1 + frequency[kept])) + 1.0
    return csr(counts @ sparse.diags_array(weight))


def _reduced(texts: Texts, terms: Matrix, own: Matrix, around: Matrix, seed: int) -> dict[str, list[Floats]]:
    """Terms projected on their leading singular directions, one set of directions for all labels."""
    from sklearn.utils.extmath import randomized_svd

    width = min(LEXICAL, min(terms.shape) - 1)
    if width < 2 or not terms.nnz:
        return {label: [] for label in texts.maps}
    basis = unit_rows(terms)
    _, _, directions = randomized_svd(sparse.csr_matrix(basis), width, random_state=seed)
    reduced = {
        label: [standardise(np.asarray(unit_rows(maps[0] @ terms) @ directions.T, np.float32))]
        for label, maps in texts.maps.items()
    }
    reduced[texts.user] = [standardise(np.asarray(m @ directions.T, np.float32)) for m in (own, around)]
    return reduced


def standardise(x: Floats) -> Floats:
    """Columns to mean 0 and SD 1 over rows that are not all zero; SDs floored at .3 of their median (dead dimensions)."""
    if not x.size:
        return x
    rows = np.any(x != 0, axis=1)
    if rows.sum() < 2:
        return np.zeros_like(x)
    mean, deviation = moments(x)
    return np.where(rows[:, None], (x - mean) / deviation, 0.0).astype(np.float32)


def moments(x: Floats) -> tuple[Floats, Floats]:
    """Mean and SD by which `standardise` does it."""
    rows = np.any(x != 0, axis=1)
    if rows.sum() < 2:
        return np.zeros(x.shape[1], np.float32), np.ones(x.shape[1], np.float32)
    mean, deviation = x[rows].mean(0), x[rows].std(0)
    return mean, np.maximum(deviation, max(0.3 * float(np.median(deviation)), 1e-6))


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
