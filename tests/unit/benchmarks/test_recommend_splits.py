"""The splits of the recommendation benchmark: nothing hidden is learned from, not by way of tags either."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.recommend_splits import eight_one_one


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """30 users: user u has listened to u artists, and has tagged each of them with the tag 1000 + artist."""
    rows = [(u, 100 + (7 * u + i) % 40, 1 + i) for u in range(1, 31) for i in range(u)]
    plays = pd.DataFrame(rows, columns=["userID", "artistID", "weight"])
    plays.to_csv(tmp_path / "user_artists.dat", sep="\t", index=False)
    plays.assign(tagID=1000 + plays["artistID"]).to_csv(tmp_path / "user_taggedartists.dat", sep="\t", index=False)
    pd.DataFrame({"userID": [1, 2], "friendID": [2, 99]}).to_csv(tmp_path / "user_friends.dat", sep="\t", index=False)
    return tmp_path


def test_a_tenth_of_each_users_artists_each(raw: Path) -> None:
    split = eight_one_one(raw, seed=0)
    parts = [split.train, split.validation, split.test]
    pairs = pd.concat(parts)
    assert len(pairs) == len(pairs.drop_duplicates()) == sum(range(1, 31))
    sizes = [part["user"].value_counts() for part in parts]
    of = {u: tuple(int(size.get(split.users[u], 0)) for size in sizes) for u in (1, 2, 3, 10, 25, 30)}
    assert of == {1: (1, 0, 0), 2: (1, 0, 1), 3: (1, 1, 1), 10: (8, 1, 1), 25: (21, 2, 2), 30: (24, 3, 3)}
    assert split.users[99] == 30  # has friends only
    again, other = eight_one_one(raw, seed=0), eight_one_one(raw, seed=1)
    pd.testing.assert_frame_equal(again.test, split.test)
    assert not other.test.sort_index().equals(split.test.sort_index())


def test_what_is_hidden_is_not_in_the_graph(raw: Path, tmp_path: Path) -> None:
    split = eight_one_one(raw, seed=0)
    s = split.snapshot(raw, tmp_path / "snapshot")
    (acts,), (said,) = s.edges_with_role("behaviour"), s.edges_with_role("interest")
    wanted = set(zip(split.train["user"], split.train["item"], strict=True))
    assert set(zip(np.asarray(acts.sources).tolist(), np.asarray(acts.targets).tolist(), strict=True)) == wanted
    assert said.items is not None
    assert set(zip(np.asarray(said.sources).tolist(), np.asarray(said.items).tolist(), strict=True)) == wanted
