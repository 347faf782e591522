"""Ridge and logistic regression for many topics at once: scores of all users, and the weights by input that give them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, sparse, special

Matrix = sparse.csr_array
Floats = NDArray[np.float32]
KERNEL = 6000  # up to this many users ridge is solved exactly in the dual
REDUCED = 256  # above it, on this many singular directions
SPAN = 50_000_000  # users x labelled users for which logistic regression works in the span of the labelled rows


@dataclass(frozen=True)
class Linear:
    """scores = sum over inputs of X W + level: a fitted part, ready for rows that it was not fitted on."""

    weights: Mapping[str, Floats]  # input -> [columns, targets]
    level: Floats  # [targets]

    def __call__(self, inputs: Mapping[str, Matrix | Floats]) -> Floats:
        """Scores [rows, targets] of the named inputs [rows, columns]."""
        return np.asarray(sum((inputs[name] @ w for name, w in self.weights.items()), start=self.level), np.float32)


def split_weights(weights: Floats, widths: Sequence[tuple[str, int, float]]) -> dict[str, Floats]:
    """The weights of inputs that stood side by side: (input, columns, what its columns were multiplied by)."""
    out, start = {}, 0
    for name, width, factor in widths:
        out[name] = np.asarray(factor * weights[start : start + width], np.float32)
        start += width
    return out


class Ridge:
    """X (X_r'X_r + s m I)^-1 X_r'Y_r for a relative strength s; m is the mean squared row length, r the rows that teach.

    Exact through the kernel X X' up to KERNEL users, on singular directions above. `centred` takes the column means of Y off first.
    """

    def __init__(
        self,
        x: Matrix | Floats | None,
        y: Floats,
        rows: NDArray[np.bool_],
        seed: int,
        *,
        centred: bool,
        kernel: Floats | None = None,
    ) -> None:
        """`x` may be None where a kernel of several inputs is given."""
        self.x, self.seed, self.at = x, seed, np.flatnonzero(rows)
        self.mean = y[self.at].mean(0) if centred and len(self.at) else np.zeros(y.shape[1], np.float32)
        self.goal = y[self.at] - self.mean
        self.dual = len(y) <= KERNEL
        if self.dual:
            self.kernel = gram(x) if kernel is None else kernel
            self.inner = self.kernel[np.ix_(self.at, self.at)]
            self.scale = max(float(np.trace(self.inner)) / max(len(self.at), 1), 1e-9)

    def scores(self, strength: float) -> Floats:
        """Scores of all users [users, targets]."""
        if self.dual:
            return np.asarray(self.kernel[:, self.at] @ self.alpha(strength) + self.mean, np.float32)
        return (self._reduced[0] @ self._primal(strength) + self.mean).astype(np.float32)

    def alpha(self, strength: float) -> Floats:
        """Dual weights [teaching rows, targets]."""
        shifted = self.inner + np.float32(strength * self.scale) * np.eye(len(self.inner), dtype=np.float32)
        factor = linalg.cho_factor(shifted, overwrite_a=True, check_finite=False)
        return np.asarray(linalg.cho_solve(factor, self.goal), np.float32)

    def weights(self, strength: float) -> Floats:
        """Weights of the columns of X [columns, targets]."""
        if self.dual:
            return np.asarray(taught(self.x, self.at) @ self.alpha(strength), np.float32)
        directions, primal = self._reduced[1], self._primal(strength)
        return np.asarray(primal if directions is None else directions.T @ primal, np.float32)

    @cached_property
    def _reduced(self) -> tuple[NDArray[np.float64], Floats | None]:
        rows, directions = reduce(self.x, REDUCED, self.seed)
        return np.asarray(rows, np.float64), directions

    @cached_property
    def _moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        x = self._reduced[0][self.at]
        return x.T @ x, x.T @ self.goal

    def _primal(self, strength: float) -> NDArray[np.float64]:
        square, moment = self._moments
        scale = max(float(np.trace(square)) / max(len(self.at), 1), 1e-9)
        return np.asarray(np.linalg.solve(square + strength * scale * np.eye(len(square)), moment))


def taught(x: Any, at: NDArray[np.int64]) -> Any:
    """Columns by teaching rows, X_r'."""
    return sparse.csr_array(x[at].T) if hasattr(x, "toarray") else x[at].T


def gram(x: Any) -> Floats:
    """X X' [users, users]."""
    product = x @ x.T
    return np.asarray(product.toarray() if hasattr(product, "toarray") else product, np.float32)


def reduce(x: Any, width: int, seed: int) -> tuple[Floats, Floats | None]:
    """Rows on the leading singular directions, and these [width, columns]; None where X is narrow enough as it is."""
    from sklearn.utils.extmath import randomized_svd

    if min(x.shape) <= width:
        return np.asarray(x.toarray() if hasattr(x, "toarray") else x, np.float32), None
    _, _, right = randomized_svd(sparse.csr_matrix(x) if hasattr(x, "toarray") else x, width, random_state=seed)
    return np.asarray(x @ right.T, np.float32), np.asarray(right, np.float32)  # as rows to come are read


def logistic(x: Matrix, y: Floats, rows: NDArray[np.bool_], cost: float) -> Floats:
    """Log-odds of all users from one L2-regularised logistic regression per topic (intercept free), by L-BFGS.

    min_W |W|^2 / 2 + C sum log(1 + exp(-(2y - 1)(xW + b))), as scikit-learn's.
    """
    at = np.flatnonzero(rows)
    if not len(at):
        return np.zeros(y.shape, np.float32)
    whole, _ = _span(x, at)
    w = _fitted(whole, y, at, cost)
    return np.asarray(whole @ w[:-1] + w[-1], np.float32)


def logistic_weights(x: Matrix, y: Floats, rows: NDArray[np.bool_], cost: float) -> tuple[Floats, Floats]:
    """What `logistic` fits: weights of the columns of X [columns, targets] and intercepts [targets]."""
    at = np.flatnonzero(rows)
    if not len(at):
        return np.zeros((x.shape[1], y.shape[1]), np.float32), np.zeros(y.shape[1], np.float32)
    whole, basis = _span(x, at)
    w = _fitted(whole, y, at, cost)
    inner = w[:-1] if basis is None else taught(x, at) @ (basis @ w[:-1])
    return np.asarray(inner, np.float32), np.asarray(w[-1], np.float32)


def _fitted(whole: Any, y: Floats, at: NDArray[np.int64], cost: float) -> NDArray[np.float64]:
    """Weights, and intercepts in the last row [columns + 1, targets]."""
    goal, fit = y[at].astype(np.float64), whole[at]
    width, transposed = whole.shape[1], fit.T if isinstance(whole, np.ndarray) else sparse.csr_array(fit.T)
    out = np.zeros((width + 1, y.shape[1]))
    for start in range(0, y.shape[1], 32):  # chunks bound the memory of L-BFGS
        part = goal[:, start : start + 32]
        shape = (width + 1, part.shape[1])

        def loss(flat: NDArray[np.float64], part: NDArray[np.float64] = part) -> tuple[float, NDArray[np.float64]]:
            w = flat.reshape(width + 1, -1)
            z = fit @ w[:-1] + w[-1]
            value = 0.5 * float((w[:-1] ** 2).sum()) + cost * float((np.logaddexp(0, z) - part * z).sum())
            residual = cost * (special.expit(z) - part)
            return value, np.concatenate([transposed @ residual + w[:-1], residual.sum(0)[None]]).ravel()

        first = np.zeros(shape)
        rate = (part.sum(0) + 0.5) / (len(part) + 1.0)
        first[-1] = special.logit(rate)
        found = optimize.minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 60})
        out[:, start : start + 32] = found.x.reshape(shape)
    return out


def _span(x: Matrix, at: NDArray[np.int64]) -> tuple[Any, NDArray[np.float64] | None]:
    """All rows in an orthonormal basis of the rows `at`, X X_r' B, and B: an L2-regularised model fitted on those has its weights in
    their span, so that it is the same model with as many inputs as there are rows. X as it is, and None, where that saves nothing."""
    if 2 * len(at) >= x.shape[1] or len(at) * x.shape[0] > SPAN:
        return x, None
    across = np.asarray((x @ taught(x, at)).toarray(), np.float64)
    values, vectors = linalg.eigh(across[at])
    keep = values > 1e-7 * max(float(values[-1]), 1e-12)
    basis = vectors[:, keep] / np.sqrt(values[keep])
    return np.asarray(across @ basis), basis
