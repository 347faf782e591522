"""Collaborative and content priors: iALS, a ridge linear autoencoder, item topics; each scores every item for a block of users."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

Matrix = sparse.csr_array
Floats = NDArray[np.float32]
Rows = NDArray[np.integer[Any]]

DUAL_USERS = 6_000  # up to so many users the autoencoder is solved on the user side (users x users, 144 MB)
PRIMAL_ITEMS = 6_000  # else on the item side, on the so many most popular items
GRAM_LIMIT = 4_000_000_000  # sum over users of items^2 beyond which the autoencoder is left out


class Part(Protocol):
    """One way to score items."""

    def scores(self, rows: Rows) -> Floats:
        """Scores of all items for these users [rows, items]; higher is better, zeros where nothing is known."""


@dataclass(frozen=True)
class Factors:
    """score(u, i) = user_u . item_i."""

    user: Floats  # [users, d]
    item: Floats  # [items, d]
    seeds: int = 1  # models side by side

    def first_seed(self) -> "Factors":
        width = self.user.shape[1] // self.seeds
        return Factors(self.user[:, :width] * np.float32(self.seeds), self.item[:, :width])

    def scores(self, rows: Rows) -> Floats:
        return np.asarray(self.user[rows] @ self.item.T, np.float32)


@dataclass(frozen=True)
class Popularity:
    """The same scores for every user: confidence summed over users."""

    count: Floats  # [items]

    def scores(self, rows: Rows) -> Floats:
        return np.repeat(self.count[None], len(rows), 0)


@dataclass(frozen=True)
class UserSide:
    """score = G[u] X: the autoencoder solved on the user side, or any user-to-user similarity."""

    gram: Floats  # [users, users]
    x: Matrix  # [users, items]

    def scores(self, rows: Rows) -> Floats:
        return np.asarray(self.gram[rows] @ self.x, np.float32)


@dataclass(frozen=True)
class ItemSide:
    """score = X[u] B on the chosen columns; 0 on the others."""

    x: Matrix  # [users, columns]
    weights: Floats  # [columns, columns]
    columns: NDArray[np.int64]
    items: int

    def scores(self, rows: Rows) -> Floats:
        out = np.zeros((len(rows), self.items), np.float32)
        out[:, self.columns] = self.x[rows] @ self.weights
        return out


@dataclass(frozen=True)
class Content:
    """score = p_u . c_i: profile of the user's items against each item, over topics."""

    profile: Matrix  # [users, topics]
    item: Matrix  # [topics, items]

    def scores(self, rows: Rows) -> Floats:
        return np.asarray(self.profile[rows].toarray() @ self.item, np.float32)


def confidences(users: Rows, items: Rows, weight: Floats, shape: tuple[int, int]) -> Matrix:
    """Per-user ranks of the weights as confidences in (.5, 1.5), mean 1 per user; repeated pairs are summed first.

    c = .5 + (rank - .5) / n with rank averaged over equal weights, so that binary weights give 1 everywhere.
    Raw or log counts hurt (benchmarks/bench_recommend.py).
    """
    x = sparse.csr_array((weight.astype(np.float64), (users, items)), shape=shape)
    x.sum_duplicates()
    counts = np.diff(x.indptr)
    row = np.repeat(np.arange(shape[0]), counts)
    order = np.lexsort((x.data, row))  # rows stay in place, weights ascend inside
    within = np.arange(len(row)) - x.indptr[row]
    ordered = x.data[order]
    fresh = np.ones(len(row), bool)
    fresh[1:] = (ordered[1:] != ordered[:-1]) | (row[1:] != row[:-1])
    group = np.cumsum(fresh) - 1
    rank = (np.bincount(group, within) / np.maximum(np.bincount(group), 1))[group] + 0.5
    data = np.empty(len(row), np.float32)
    data[order] = 0.5 + rank / counts[row]
    return sparse.csr_array((data, x.indices, x.indptr), shape=shape)


def fit_ials(
    x: Matrix,
    ties: Matrix | None = None,
    *,
    seeds: Sequence[int] = range(5),
    factors: int = 64,
    regularization: float = 50.0,
    alpha: float = 10.0,
    iterations: int = 15,
    threads: int = 1,
) -> Factors:
    """Implicit ALS (Hu, Koren, Volinsky 2008) with friends as extra columns; scores are the mean over seeds.

    The mean of s models is one model of width s * factors: [U_1 ... U_s] / s against [V_1 ... V_s]. Each row is solved by itself,
    so that the result does not depend on `threads` beyond the order of float sums inside BLAS, which is held to one thread.
    """
    from implicit.cpu.als import AlternatingLeastSquares

    columns = x if ties is None else sparse.csr_array(sparse.hstack([x, ties], format="csr"))
    table = sparse.csr_matrix(columns, dtype=np.float32)
    users, items = [], []
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "OpenBLAS is configured", RuntimeWarning
        )  # told by import order, not by limits
        for seed in seeds:
            model = AlternatingLeastSquares(
                factors=factors,
                regularization=regularization,
                alpha=alpha,
                iterations=iterations,
                num_threads=threads,
                random_state=seed,
            )
            model.fit(table, show_progress=False)
            users.append(model.user_factors / len(seeds))
            items.append(model.item_factors[: x.shape[1]])
    return Factors(np.hstack(users).astype(np.float32), np.hstack(items).astype(np.float32), len(seeds))


def fit_autoencoder(
    x: Matrix, similarity: Floats | None = None, *, ridge: float = 100.0, power: float = 0.15
) -> Part | None:
    """Ridge linear autoencoder, no zero diagonal, on degree-damped items: Y = X D^-power, B = (Y'Y + lambda s I)^-1 Y'X, score = Y B.

    s is the mean of Y's squared entries, so that lambda keeps its meaning. By Woodbury Y B = G X with K = YY' / s + `similarity` and
    G = K (K + lambda I)^-1 = I - lambda (K + lambda I)^-1: users x users, and any other kernel between users can be added. Without
    room for that, B on the PRIMAL_ITEMS most popular items and no `similarity`; None where even Y'Y is too large.
    """
    users, items = x.shape
    degree = np.maximum(np.bincount(x.indices, minlength=items), 1).astype(np.float32)
    y = sparse.csr_array((x.data * degree[x.indices] ** -power, x.indices, x.indptr), shape=x.shape)
    scale = float(np.mean(y.data**2))
    if users <= DUAL_USERS:
        kernel = (y @ y.T).toarray().astype(np.float32) / np.float32(scale)
        if similarity is not None:
            kernel += similarity
        return UserSide(_shrunk(kernel, ridge), x)
    if float((np.diff(x.indptr).astype(np.float64) ** 2).sum()) > GRAM_LIMIT:
        return None
    columns = np.sort(np.argsort(-degree, kind="stable")[:PRIMAL_ITEMS]).astype(np.int64)
    inner = sparse.csr_array(y[:, columns])
    weights = _shrunk((inner.T @ inner).toarray().astype(np.float32) / np.float32(scale), ridge)
    weights *= degree[columns] ** power  # X = Y D^power
    return ItemSide(inner, weights, columns, items)


def _shrunk(gram: Floats, ridge: float) -> Floats:
    """I - lambda (gram + lambda I)^-1, in place where LAPACK can; float32 is enough: the condition is gram / lambda."""
    size = len(gram)
    gram[np.diag_indices(size)] += ridge
    factor, failed = linalg.lapack.spotrf(gram, lower=0, overwrite_a=1)
    inverse, failed2 = linalg.lapack.spotri(factor, lower=0, overwrite_c=1)
    if failed or failed2:
        raise ArithmeticError(f"the ridge system of {size} rows is not positive definite (ridge {ridge})")
    upper = np.triu(inverse)
    full = upper + np.triu(upper, 1).T
    full *= -ridge
    full[np.diag_indices(size)] += 1.0
    return np.ascontiguousarray(full, np.float32)


def fit_neighbours(x: Matrix, *, ridge: float = 10.0) -> Part | None:
    """ItemKNN by cosine over all items (shrunk by `ridge`); a baseline, not a part. None where it is too large."""
    items = x.shape[1]
    if float((np.diff(x.indptr).astype(np.float64) ** 2).sum()) > GRAM_LIMIT // 20:
        return None
    gram = sparse.coo_array(x.T @ x)
    diagonal = np.asarray(x.multiply(x).sum(0), np.float64)
    data = gram.data / (np.sqrt(diagonal[gram.row] * diagonal[gram.col]) + ridge)
    data[gram.row == gram.col] = 0
    return _Product(x, sparse.csr_array((data.astype(np.float32), (gram.row, gram.col)), shape=(items, items)))


@dataclass(frozen=True)
class _Product:
    x: Matrix
    similarity: Matrix

    def scores(self, rows: Rows) -> Floats:
        return np.asarray((self.x[rows] @ self.similarity).toarray(), np.float32)


def fit_content(x: Matrix, about: Matrix) -> Content | None:
    """Topics of the items: c_i = TF-IDF of the item-topic weights, length 1; p_u = confidence-weighted mean over the user's items.

    tf = log(1 + weight), idf = log((1 + items) / (1 + df)) + 1. None where no item has a topic.
    """
    if about.nnz == 0:
        return None
    tf = sparse.csr_array(about, copy=True).astype(np.float32)
    tf.data = np.log1p(np.maximum(tf.data, 0))
    df = np.bincount(tf.indices, minlength=tf.shape[1])
    idf = np.log((1 + tf.shape[0]) / (1 + df)) + 1
    tf.data *= idf[tf.indices].astype(np.float32)
    length = np.sqrt(np.asarray(tf.multiply(tf).sum(1)))
    tf.data /= np.repeat(np.maximum(length, 1e-12), np.diff(tf.indptr)).astype(np.float32)
    total = np.maximum(np.asarray(x.sum(1)), 1e-12)
    profile = sparse.csr_array(x @ tf)
    profile.data /= np.repeat(total, np.diff(profile.indptr)).astype(np.float32)
    return Content(profile.astype(np.float32), sparse.csr_array(tf.T))


def alike(content: Content, weight: float = 10.0) -> Floats | None:
    """Cosine between the topic profiles of users, times `weight` [users, users]; None where that is too large."""
    p = content.profile
    if p.shape[0] > DUAL_USERS:
        return None
    gram = (p @ p.T).toarray().astype(np.float32)
    length = np.sqrt(np.maximum(gram.diagonal(), 1e-12))
    scaled = np.float32(weight) * gram / np.outer(length, length)
    return np.asarray(scaled, np.float32)


def befriended(ties: Matrix, weight: float = 20.0) -> Floats | None:
    """weight * (I + D^-1/2 A D^-1/2) [users, users], positive semi-definite; None where that is too large."""
    if ties.shape[0] > DUAL_USERS:
        return None
    root = np.sqrt(np.maximum(ties.sum(1), 1)).astype(np.float32)
    gram = ties.toarray().astype(np.float32) / np.outer(root, root)
    gram[np.diag_indices(len(gram))] += 1
    return np.asarray(np.float32(weight) * gram, np.float32)


def standardised(scores: Floats) -> Floats:
    """Each row with mean 0 and SD 1; a constant row becomes zeros."""
    centred = scores - scores.mean(1, keepdims=True)
    spread = np.sqrt(np.einsum("ij,ij->i", centred, centred, dtype=np.float64) / max(scores.shape[1], 1))
    floor = 1e-6 * np.abs(scores).max(1, initial=0) + 1e-30
    scale = np.where(spread > floor, 1 / np.maximum(spread, 1e-30), 0).astype(np.float32)
    centred *= scale[:, None]
    return np.asarray(centred, np.float32)
