"""The blend in 64 numbers a side: the head of its list survives."""

import numpy as np
import pytest
from scipy import sparse

from sociogram.gnn import distil as distilling
from sociogram.gnn.blend import Blend
from sociogram.gnn.distil import distil
from sociogram.gnn.factorise import factorise
from sociogram.gnn.interactions import mask
from sociogram.gnn.metrics import top_k
from sociogram.gnn.priors import Factors

USERS, ITEMS = 80, 150


class Teacher:
    """Scores that no few factors can hold: each user has a handful of favourites of its own over a common taste."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.table = (rng.normal(size=(USERS, 4)) @ rng.normal(size=(4, ITEMS))).astype(np.float32)
        for u in range(USERS):
            self.table[u, rng.choice(ITEMS, 8, replace=False)] += 6

    def scores(self, rows: np.ndarray) -> np.ndarray:
        return self.table[rows]


@pytest.fixture(scope="module")
def taught() -> tuple[Blend, sparse.csr_array, Factors]:
    x = sparse.csr_array((np.random.default_rng(1).random((USERS, ITEMS)) < 0.05).astype(np.float32))
    blend = Blend({"teacher": Teacher()}, {"teacher": 1.0}, Blend.popular(x))
    return blend, x, factorise(blend, x.shape, 1.0, 0, width=16)


def kept(blend: Blend, x: sparse.csr_array, factors: Factors) -> float:
    """How many of the teacher's ten are among the pupil's ten."""
    rows = np.arange(USERS)
    known = mask(x, rows)
    a, b = top_k(blend.scores(rows), 10, known), top_k(factors.scores(rows), 10, known)
    return float(np.mean([len(set(p) & set(q)) / 10 for p, q in zip(a.tolist(), b.tolist(), strict=True)]))


def test_the_head_of_the_list_is_kept_better_than_by_svd(taught: tuple[Blend, sparse.csr_array, Factors]) -> None:
    blend, x, start = taught
    made = distil(blend, x, start)
    assert made is not None
    assert (made.user.shape, made.item.shape) == (start.user.shape, start.item.shape)
    assert made.user.dtype == made.item.dtype == np.float32
    assert kept(blend, x, made) > kept(blend, x, start) + 0.03
    lengths = [float(np.linalg.norm(side, axis=1).mean()) for side in (made.user, made.item)]
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-3)
    again = distil(blend, x, start)
    assert again is not None
    np.testing.assert_array_equal(made.user, again.user)


def test_what_a_user_has_is_neither_taught_nor_needed(taught: tuple[Blend, sparse.csr_array, Factors]) -> None:
    blend, x, start = taught
    full = x.tolil()
    full[0, :] = 1  # a user who has everything
    made = distil(blend, sparse.csr_array(full.tocsr()), start)
    assert made is not None
    assert np.isfinite(made.user).all()
    assert np.isfinite(made.item).all()


def test_too_large_is_left_alone(
    taught: tuple[Blend, sparse.csr_array, Factors], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distilling, "MOST_CELLS", USERS * ITEMS - 1)
    assert distil(*taught) is None
