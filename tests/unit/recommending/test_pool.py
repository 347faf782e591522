"""The order of the tiers, and that each continues below the one before."""

import numpy as np
import pandas as pd
import pytest

from sociogram.gnn.new_item import ItemTower
from sociogram.queries.serving import Newcomer
from sociogram.recommending.pool import Known, Pool, Pools
from sociogram.recommending.shelf import Shelf

ITEMS, WIDTH, SHARED = 12, 6, 2


def shelf(seed: int = 0) -> Shelf:
    """Two users; the model lists items 3, 1, 5 for the first, and has seen nothing of the second."""
    rng = np.random.default_rng(seed)
    listed = pd.DataFrame(
        {
            "user": [0, 0, 0, 0],
            "column": [7, 3, 1, 5],
            "score": np.float32([0.8, 0.6, 0.4, 0.3]),
            "seen": [True, False, False, False],
        }
    )
    tower = ItemTower(
        rng.normal(size=(4, WIDTH)).astype(np.float32), np.zeros(WIDTH, np.float32), np.zeros(4, np.float32),
        np.ones(4, np.float32), 1.0, -3.0,
    )  # fmt: skip
    return Shelf(
        run="r1",
        items=[("Item", i) for i in range(ITEMS)],
        names=[f"item {i}" for i in range(ITEMS)],
        vectors=rng.normal(size=(ITEMS, WIDTH)).astype(np.float32),
        new=np.zeros(ITEMS, bool),
        users=["a", "b"],
        user_vectors=rng.normal(size=(2, WIDTH)).astype(np.float32),
        active=np.array([True, False]),
        listed=listed,
        shared=SHARED,
        tower=tower,
    )


def pools(size: int, of: Shelf | None = None, allowed: np.ndarray | None = None, **options: bool) -> Pools:
    return Pools(
        of or shelf(), allowed, lambda: np.arange(len((of or shelf()).items), dtype=np.float32), size=size, **options
    )


def test_the_stored_list_comes_first_and_embeddings_go_on_below_it() -> None:
    s = shelf()
    pool = pools(ITEMS, s).of(0, Known(np.array([7])))
    assert pool.columns[:3] == [3, 1, 5]
    assert pool.sources == ["model"] * 3 + ["embedding"] * 8
    assert pool.odds == sorted(pool.odds, reverse=True)
    assert 7 not in pool.columns
    dots = s.goods @ s.taste([0])[0]
    rest = [i for i in range(ITEMS) if i not in (7, 3, 1, 5)]
    assert pool.columns[3:] == sorted(rest, key=lambda i: -dots[i])
    assert pool.odds[3] < np.log(0.3 / 0.7)


def test_a_filter_leaves_only_what_it_allows_and_the_rest_stays_below_the_whole_list() -> None:
    allowed = np.isin(np.arange(ITEMS), [1, 7, 8, 9])
    pool = pools(ITEMS, allowed=allowed).of(0, Known(np.array([7])))
    assert pool.columns[0] == 1
    assert sorted(pool.columns) == [1, 8, 9]
    assert pool.odds[1] < np.log(0.3 / 0.7)  # not only below item 1, that is .4
    seen = pools(ITEMS, allowed=allowed, include_seen=True).of(0, Known(np.array([7])))
    assert seen.columns[:2] == [7, 1]


def test_users_with_nothing_friends_then_text_then_popular() -> None:
    s = shelf()
    near = np.zeros(ITEMS, np.float32)
    near[3] = 9.0  # outweighs how popular any other is
    everything = pools(ITEMS, s).of(1, Known(friends={2: 3, 4: 1}, content=near))
    assert everything.columns == [2, 4, 3, 11, 10, 9, 8, 7, 6, 5, 1, 0]
    assert everything.sources == ["friends"] * 2 + ["content"] * 10
    level = pools(2, s).of(1, Known(friends={2: 1, 4: 1}))
    assert level.columns == [4, 2]  # of equals the better known first
    silent = pools(4, s).of(1, Known(friends={4: 1}))
    assert silent.columns == [4, 11, 10, 9]
    assert silent.sources == ["friends", "popular", "popular", "popular"]
    nothing = pools(3, s).of(None, Known())
    assert (nothing.columns, nothing.sources) == ([11, 10, 9], ["popular"] * 3)
    assert nothing.odds == sorted(nothing.odds, reverse=True)


def test_a_user_the_run_does_not_know_is_placed_by_what_was_had() -> None:
    s = shelf()
    alike = s.vectors.copy()
    alike[4] = alike[2]  # whoever had one is near to the other
    s = Shelf(**{**s.__dict__, "vectors": alike})
    for row in (None, 1):
        pool = pools(5, s).of(row, Known(np.array([2])))
        assert pool.columns[0] == 4
        assert set(pool.sources) == {"embedding"}


def test_new_items_come_last_unless_they_may_compete() -> None:
    s = shelf()
    taste = np.zeros((3, WIDTH), np.float32)
    taste[0, SHARED:] = 50 * s.taste([0])[0]  # just what the user likes
    taste[1, SHARED:] = -s.taste([0])[0]
    s = s.with_new([Newcomer(("Item", f"n{i}"), f"n{i}", "text") for i in range(3)], taste)
    known = Known(np.array([7]))
    last = pools(ITEMS + 3, s).of(0, known)
    assert last.sources == ["model"] * 3 + ["embedding"] * 8 + ["text"] * 2 + ["popular"]
    assert last.columns[-3:] == [ITEMS, ITEMS + 1, ITEMS + 2]
    mixed = pools(4, s, include_new=True).of(0, known)
    assert mixed.columns[0] == ITEMS
    assert mixed.sources[0] == "text"
    assert len(mixed.columns) == 4
    assert mixed.odds == sorted(mixed.odds, reverse=True)
    again = s.with_new([Newcomer(("Item", "n1"), "n1", "text")], taste[:1])
    assert len(again.items) == len(s.items)


def test_a_tier_is_pressed_below_the_one_before_and_keeps_its_order() -> None:
    pool = Pool(6)
    pool.more("model", np.array([0, 1]), np.array([2.0, -1.0]))
    pool.more("embedding", np.array([2, 3, 4]), np.array([-3.0, 5.0, 5.0]))
    assert pool.columns == [0, 1, 3, 4, 2]
    assert pool.odds[2] == pool.odds[3] < -1.0
    assert pool.odds[4] == pytest.approx(-np.log(np.exp(3.0) + np.exp(1.0)))
    pool.more("popular", np.array([5, 6]), np.array([0.0, 0.0]))
    assert pool.full


def test_where_there_is_nothing_nothing_is_recommended() -> None:
    none = shelf()
    none = Shelf(
        **{
            **none.__dict__,
            "items": [],
            "names": [],
            "vectors": none.vectors[:0],
            "new": none.new[:0],
            "listed": none.listed[:0],
        }
    )
    for known in (Known(), Known(friends={}, content=np.zeros(0, np.float32))):
        assert pools(3, none).of(0, known).columns == []
    assert pools(3, allowed=np.zeros(ITEMS, bool)).of(0, Known(np.array([7]))).columns == []
