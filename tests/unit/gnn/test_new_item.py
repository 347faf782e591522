"""Items that came after training, placed by their text."""

from pathlib import Path

import numpy as np
from scipy import sparse

from sociogram.gnn.interactions import Interactions
from sociogram.gnn.metrics import average_precision, mean
from sociogram.gnn.new_item import FEWEST, ItemTower, dot_moments, fit_tower
from sociogram.gnn.priors import fit_ials

TASTES, USERS, ITEMS, WIDTH = 4, 120, 100, 16


def planted(seed: int = 0, told: float = 1.0) -> tuple[Interactions, np.ndarray]:
    """Users of four tastes take items of theirs; the text of a share `told` of the items says which taste it is."""
    rng = np.random.default_rng(seed)
    taste = np.arange(USERS) % TASTES
    kind = np.arange(ITEMS) % TASTES
    chance = np.where(taste[:, None] == kind[None, :], 0.35, 0.03)
    x = sparse.csr_array((rng.random((USERS, ITEMS)) < chance).astype(np.float32))
    words = rng.normal(size=(TASTES, WIDTH))
    texts = words[kind] + 0.3 * rng.normal(size=(ITEMS, WIDTH))
    texts[rng.random(ITEMS) >= told] = 0
    none = np.zeros((0, 3), np.int64)
    return Interactions(x, ("Item",), (ITEMS,), None, None, none), texts.astype(np.float32)


def test_users_of_a_taste_are_first_for_a_new_item_of_it(tmp_path: Path) -> None:
    known, texts = planted()
    factors = fit_ials(known.x, seeds=range(1))
    fitted = fit_tower(known, texts, factors.item, seed=0)
    assert fitted is not None
    tower, check = fitted
    assert check.items == 20
    assert check.map > 2 * check.chance
    fresh, words = planted(seed=0)[1][:TASTES], np.arange(TASTES)
    scores = factors.user @ tower.vectors(fresh).T
    truth = (np.arange(USERS) % TASTES)[:, None] == words
    assert mean(average_precision(scores.T, truth.T)) > 0.9
    tower.save(tmp_path)
    again = ItemTower.load(tmp_path)
    assert again is not None
    np.testing.assert_array_equal(again.vectors(fresh), tower.vectors(fresh))
    assert (again.slope, again.level) == (tower.slope, tower.level)


def test_the_chance_is_that_of_the_next_tenth() -> None:
    known, texts = planted()
    factors = fit_ials(known.x, seeds=range(1))
    fitted = fit_tower(known, texts, factors.item, seed=0)
    assert fitted is not None
    tower = fitted[0]
    dots = factors.user @ factors.item.T
    z = (factors.user @ tower.vectors(texts).T - dots.mean(1, keepdims=True)) / dots.std(1, keepdims=True)
    p = 1 / (1 + np.exp(-(tower.slope * z + tower.level)))
    assert 0.3 < p.mean() / (0.1 * (known.x.toarray() > 0).mean()) < 3


def test_an_empty_text_is_nowhere_and_too_few_texts_make_no_tower(tmp_path: Path) -> None:
    known, texts = planted()
    factors = fit_ials(known.x, seeds=range(1))
    fitted = fit_tower(known, texts, factors.item, seed=0)
    assert fitted is not None
    assert not fitted[0].vectors(np.zeros((2, WIDTH), np.float32)).any()
    few = texts.copy()
    few[FEWEST - 1 :] = 0
    assert fit_tower(known, few, factors.item, seed=0) is None
    assert ItemTower.load(tmp_path) is None


def test_moments_of_dot_products() -> None:
    rng = np.random.default_rng(0)
    users, items = rng.normal(size=(5, 3)).astype(np.float32), rng.normal(size=(40, 3)).astype(np.float32) + 2
    centre, spread = dot_moments(users, items)
    dots = users @ items.T
    np.testing.assert_allclose(centre, dots.mean(1, keepdims=True), rtol=1e-4)
    np.testing.assert_allclose(spread, dots.std(1, keepdims=True), rtol=1e-4)
