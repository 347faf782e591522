"""Users without some of their neighbours and texts: what becomes of the means that the models read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.gnn.matrices import Floats, Matrix, csr, mean_rows
from sociogram.gnn.phase import Context

Ints = NDArray[np.int64]
ALL = 1 - 1e-5  # of a mean's weight out of sight: nothing is left of it
ROUNDING = 1e-6  # what a subtraction leaves of equal numbers


@dataclass(frozen=True)
class Removal:
    """Users, one a row (a user may come often), and what each row is judged without."""

    users: Ints  # [rows]
    nodes: Mapping[str, Matrix]  # label -> [rows, nodes] 1 where all ties between user and node are out of sight
    items: Matrix  # [rows, items of all labels]: those of `nodes` side by side
    texts: Matrix  # [rows, distinct] 1 where a text of the user's own is


class Mean:
    """Means over one kind of neighbours [users, width], and how they change when some are out of sight."""

    def __init__(self, label: str | None, weights: Matrix, values: Any) -> None:
        """`label` None: items of all labels; weights [users, nodes], rows sum to one; values [nodes, width], dense or sparse."""
        self.label, self.weights, self.values = label, weights, values

    def lost(self, removal: Removal) -> Matrix:
        """The weights that are out of sight [rows, nodes]."""
        return csr(
            self.weights[removal.users].multiply(removal.items if self.label is None else removal.nodes[self.label])
        )

    def without(self, removal: Removal) -> Any:
        """mean' = (mean - sum of what is lost) / (1 - weight of what is lost) [rows, width]; zero where nothing is left."""
        lost = self.lost(removal)
        weight = np.asarray(lost.sum(1)).ravel()
        factor = np.where(weight < ALL, 1 / np.maximum(1 - weight, 1e-9), 0).astype(np.float32)
        users, row = np.unique(removal.users, return_inverse=True)
        whole: Any = self.weights[users] @ self.values
        left: Any = whole[row] - lost @ self.values
        if not sparse.issparse(left):
            return factor[:, None] * np.asarray(left)
        scale: Any = sparse.diags_array(factor)
        return csr(scale @ left)


class Texts:
    """The users' text inputs [rows, width] block by block (own, written, then each kind of neighbours), for one table of vectors."""

    def __init__(self, c: Context, table: Floats) -> None:
        texts = c.features.texts
        self.table, self.own, self.written = table, texts.maps[texts.user][0], texts.written
        self.writes = len(texts.maps[texts.user]) > 1 + len(texts.around)
        read: dict[int, Floats] = {}  # kinds of behaviour read the same items
        for k in texts.around:
            if id(k.texts) not in read:
                read[id(k.texts)] = np.asarray(k.texts @ table, np.float32)
        self.around = [Mean(k.label, k.weights, read[id(k.texts)]) for k in texts.around]

    def blocks(self, removal: Removal) -> list[Floats]:
        """One block a map of the user's texts."""
        own = [visible_rows(self.own, removal.users, removal.texts)]
        own += [mean_rows(visible_rows(self.written, removal.users, removal.texts))] if self.writes else []
        return [np.asarray(m @ self.table, np.float32) for m in own] + [m.without(removal) for m in self.around]


def visible_rows(matrix: Matrix, rows: Ints, hidden: Matrix) -> Matrix:
    """Rows of a matrix less the hidden entries."""
    mine = csr(matrix[rows])
    left = csr(mine - mine.multiply(hidden))
    left.eliminate_zeros()
    return left


def whole(x: Any) -> Any:
    """Without what rounding left: rows are told empty by it."""
    if not sparse.issparse(x):
        return np.where(np.abs(x).max(1, initial=0, keepdims=True) < ROUNDING, 0, x)
    left: Any = x
    left.data[np.abs(left.data) < ROUNDING] = 0
    left.eliminate_zeros()
    return left
