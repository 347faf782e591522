"""The weights of a fitted part give its scores, in the dual, on singular directions and in the span of the rows that teach."""

import numpy as np
import pytest
from scipy import sparse

from sociogram.gnn.solvers import KERNEL, Linear, Ridge, logistic, logistic_weights, split_weights


def problem(users: int, columns: int, *, dense: bool = False) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = sparse.random_array((users, columns), density=0.05, format="csr", dtype=np.float32, rng=rng)
    y = (x @ rng.normal(size=(columns, 3)) > 0.2).astype(np.float32)
    return (x.toarray() if dense else sparse.csr_array(x)), y, rng.random(users) < 0.5


@pytest.mark.parametrize(
    ("users", "columns", "dense"),
    [(80, 40, False), (80, 40, True), (KERNEL + 10, 300, False), (KERNEL + 10, 50, False)],
)
@pytest.mark.parametrize("centred", [False, True])
def test_ridge(users: int, columns: int, *, dense: bool, centred: bool) -> None:
    x, y, rows = problem(users, columns, dense=dense)
    ridge = Ridge(x, y, rows, 0, centred=centred)
    scores = x @ ridge.weights(3.0) + ridge.mean
    np.testing.assert_allclose(scores, ridge.scores(3.0), atol=1e-3)


@pytest.mark.parametrize("columns", [20, 400])
def test_logistic(columns: int) -> None:
    x, y, rows = problem(120, columns)
    weights, level = logistic_weights(x, y, rows, 4.0)
    np.testing.assert_allclose(x @ weights + level, logistic(x, y, rows, 4.0), atol=1e-3)


def test_nobody_to_learn_from() -> None:
    x, y, _ = problem(10, 5)
    none = np.zeros(10, bool)
    assert not logistic(x, y, none, 1.0).any()
    assert not np.concatenate([part.ravel() for part in logistic_weights(x, y, none, 1.0)]).any()


def test_inputs_side_by_side_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    a, b, w = rng.normal(size=(6, 2)), rng.normal(size=(6, 3)), rng.normal(size=(5, 4)).astype(np.float32)
    part = Linear(split_weights(w, [("a", 2, 1.0), ("b", 3, 0.5)]), np.ones(4, np.float32))
    np.testing.assert_allclose(part({"a": a, "b": b}), np.hstack([a, 0.5 * b]) @ w + 1, atol=1e-5)
