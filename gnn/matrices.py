"""Rows of matrices: means, lengths, standard columns."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Matrix = sparse.csr_array
Floats = NDArray[np.float32]


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


def standardise(x: Floats) -> Floats:
    """Columns to mean 0 and SD 1 over rows that are not all zero; SDs floored at .3 of their median (dead dimensions)."""
    if not x.size:
        return x
    rows = np.any(x != 0, axis=1)
    if rows.sum() < 2:
        return np.zeros_like(x)
    mean, deviation = moments(x)
    return np.where(rows[:, None], (x - mean) / deviation, 0.0).astype(np.float32)


def moments_of(x: Floats) -> tuple[Floats, Floats] | None:
    """What `standardise` takes off and divides by; None where it makes all zero."""
    return moments(x) if np.any(x != 0, axis=1).sum() > 1 else None


def moments(x: Floats) -> tuple[Floats, Floats]:
    """Mean and SD by which `standardise` does it."""
    rows = np.any(x != 0, axis=1)
    if rows.sum() < 2:
        return np.zeros(x.shape[1], np.float32), np.ones(x.shape[1], np.float32)
    mean, deviation = x[rows].mean(0), x[rows].std(0)
    return mean, np.maximum(deviation, max(0.3 * float(np.median(deviation)), 1e-6))
