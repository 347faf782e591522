"""The vectors in memory: exact, whatever is asked at once."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sociogram.queries.similar.memory import BLOCK, VectorTable


def made(users: int, width: int = 16, seed: int = 0) -> tuple[VectorTable, np.ndarray]:
    x = np.random.default_rng(seed).normal(size=(users, width)).astype(np.float32)
    return VectorTable("r", [f"u{i}" for i in range(users)], x), x / np.linalg.norm(x, axis=1, keepdims=True)


@pytest.mark.parametrize("users", [1, BLOCK - 1, BLOCK, BLOCK + 1, 10 * BLOCK + 7])
@pytest.mark.parametrize("k", [1, 3, BLOCK, 1_000])
def test_the_nearest_are_those_of_all(users: int, k: int) -> None:
    table, unit = made(users)
    for row in {0, users // 2, users - 1}:
        keys, cosines = table.nearest(unit[row].tolist(), k)
        all_of_them = unit @ unit[row]
        best = np.argsort(-all_of_them)[:k]
        assert keys == [f"u{i}" for i in best.tolist()]
        assert np.allclose(cosines, all_of_them[best], atol=1e-6)


def test_all_on_the_far_side() -> None:
    x = -np.abs(np.random.default_rng(0).normal(size=(100, 8))).astype(np.float32)
    keys, cosines = VectorTable("r", list(range(100)), x).nearest([1.0] + [0.0] * 7, 100)
    assert sorted(keys) == list(range(100))  # what fills the last block has a cosine of 0, above all of these
    assert max(cosines) < 0


def test_zeros_are_near_nobody() -> None:
    x = np.eye(4, dtype=np.float32)
    x[2] = 0
    table = VectorTable("r", ["a", "b", "c", "d"], x)
    assert len(table) == 3
    assert set(table.nearest([0.0, 0.0, 1.0, 0.0], 9)[0]) == {"a", "b", "d"}


def test_many_threads_at_once() -> None:
    table, unit = made(5_000)

    def ask(row: int) -> bool:
        k = 1 + row % 20
        return table.nearest(unit[row].tolist(), k)[0] == [f"u{i}" for i in np.argsort(-(unit @ unit[row]))[:k]]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(2_000)))
