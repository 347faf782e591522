"""The vectors in memory: exact, whatever is asked at once."""

import numpy as np
import pytest

from sociogram.graph.published_tags import tag_lists
from sociogram.queries.similar.memory import BLOCK, HeldRun

NO_TAGS = tag_lists([])


def made(users: int, width: int = 16, seed: int = 0) -> tuple[HeldRun, np.ndarray]:
    x = np.random.default_rng(seed).normal(size=(users, width)).astype(np.float32)
    return HeldRun("r", [f"u{i}" for i in range(users)], x, NO_TAGS), x / np.linalg.norm(x, axis=1, keepdims=True)


@pytest.mark.parametrize("users", [1, BLOCK - 1, BLOCK, BLOCK + 1, 10 * BLOCK + 7])
@pytest.mark.parametrize("k", [1, 3, BLOCK, 1_000])
def test_the_nearest_are_those_of_all(users: int, k: int) -> None:
    table, unit = made(users)
    for row in {0, users // 2, users - 1}:
        found = table.nearest([unit[row].tolist()], k)[0]
        all_of_them = unit @ unit[row]
        best = np.argsort(-all_of_them)[:k]
        assert found.keys == [f"u{i}" for i in best.tolist()]
        assert np.allclose(found.cosines, all_of_them[best], atol=1e-6)


def test_all_on_the_far_side() -> None:
    x = -np.abs(np.random.default_rng(0).normal(size=(100, 8))).astype(np.float32)
    found = HeldRun("r", list(range(100)), x, NO_TAGS).nearest([[1.0] + [0.0] * 7], 100)[0]
    assert sorted(found.keys) == list(range(100))  # what fills the last block has a cosine of 0, above all of these
    assert max(found.cosines) < 0


def test_zeros_are_near_nobody() -> None:
    x = np.eye(4, dtype=np.float32)
    x[2] = 0
    table = HeldRun("r", ["a", "b", "c", "d"], x, tag_lists([["t"], ["t", "s"], ["zero"], ["s"]]))
    assert len(table) == 3
    assert [table.tags(key) for key in ("b", "d", "nobody")] == [["t", "s"], ["s"], []]
    assert set(table.nearest([[0.0, 0.0, 1.0, 0.0]], 9)[0].keys) == {"a", "b", "d"}


def test_several_at_once_as_each_alone() -> None:
    table, unit = made(5_000)
    asked = unit[:16].tolist()
    together = table.nearest(asked, 12)
    for one, alone in zip(together, (table.nearest([vector], 12)[0] for vector in asked), strict=True):
        assert one.keys == alone.keys
        assert np.allclose(one.cosines, alone.cosines, atol=1e-12)
    with pytest.raises(ValueError, match="at most 16 vectors, got 17"):
        table.nearest(unit[:17].tolist(), 3)


def test_equals_stand_by_key() -> None:
    x = np.ones((6, 4), np.float32)
    x[0, 0] = 2
    assert HeldRun("r", [5, 4, "b", 3, "a", 10], x, NO_TAGS).nearest([[0.5] * 4], 9)[0].keys == ["a", "b", 3, 4, 10, 5]


def test_a_user_s_direction() -> None:
    table, unit = made(5)
    assert np.allclose(table.vector("u3"), unit[3])
    assert table.vector("nobody") is None
