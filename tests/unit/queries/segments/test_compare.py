"""Which segment borders on which, by embedding and by ties: planted, and worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from sociogram.graph.profile import Profiles
from sociogram.queries.segments.compare import Borders, alike, next_nearest, tied

IDS = [3, 5, 8, 0]  # 0: the rest


def profiles(vectors: list[list[float]], segments: list[int], tags: list[tuple[int, int]]) -> Profiles:
    """Users at these places, in these segments; a pair is a user and a topic that is sure."""
    users, topics = zip(*tags, strict=True)
    keys = [f"u{i}" for i in range(len(vectors))]
    return Profiles(
        "User",
        {"User": list(keys), "Topic": ["t0", "t1"]},
        {"User": keys, "Topic": ["jazz", "chess"]},
        {"User": np.array(vectors, np.float32)},
        pd.DataFrame(
            {
                "user": users,
                "topic": topics,
                "topic_label": "Topic",
                "probability": np.float32(1.0),
                "shown": True,
                "observed": False,
            }
        ),
        pd.DataFrame(),
        [[] for _ in keys],
        users=pd.DataFrame({"segment": pd.array(segments, "Int64")}),
    )


@pytest.fixture
def planted() -> Profiles:
    """Segments 3 and 5 lie at right angles to each other and opposite to 8; one of 3 leans towards 8; one user is nowhere."""
    places = [[9, 0, 0], [9, 1, 0], [5, -6, 0], [0, 9, 0], [0, 9, 1], [-9, -9, 0], [-9, -8, 0], [0, 0, 9], [0, 0, 0]]
    return profiles(places, [3, 3, 3, 5, 5, 8, 8, 0, 3], [(0, 0), (1, 0), (3, 0), (5, 1)])


def test_next_nearest_is_the_second_best_centre(planted: Profiles) -> None:
    found = next_nearest(planted, IDS)
    x = planted.embeddings["User"][:8]
    x = x - planted.embeddings["User"][:8].mean(0)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    segment = np.array([3, 3, 3, 5, 5, 8, 8, 0])
    by_hand = np.zeros((4, 4))
    for i, vector in enumerate(x):
        others = {s: x[segment == s].mean(0) for s in (3, 5, 8) if s != segment[i]}
        best = max(others, key=lambda s: vector @ others[s] / np.linalg.norm(others[s]))  # called at once
        by_hand[IDS.index(int(segment[i])), IDS.index(best)] += 1
    np.testing.assert_allclose(found, by_hand / by_hand.sum(1, keepdims=True))
    assert found[0, 2] == pytest.approx(1 / 3)  # who leans towards 8
    assert not found[:, 3].any()  # nobody is next to the rest
    assert not np.diag(found).any()


def test_a_lone_segment_borders_on_nothing(planted: Profiles) -> None:
    assert not next_nearest(planted, [3]).any()
    none = np.zeros((1, 1))
    assert Borders([3], none, none, none, none).next_to(3) is None


def test_ties_are_held_against_chance_both_ways() -> None:
    counts = np.array([[8.0, 3.0, 0.0], [1.0, 4.0, 0.0], [0.0, 0.0, 0.0]])
    share, lift = tied(counts)
    # ends: 16 within the first, 4 between, 8 within the second: 20 of 32 are the first's, 12 the second's
    np.testing.assert_allclose(share[:2], [[16 / 20, 4 / 20, 0], [4 / 12, 8 / 12, 0]])
    np.testing.assert_allclose(lift[:2, :2], [[0.8 * 32 / 20, 0.2 * 32 / 12], [32 / 60, (8 / 12) * (32 / 12)]])
    assert not share[2].any()
    assert not lift[:, 2].any()


def test_ties_drawn_by_chance_have_a_lift_of_one() -> None:
    rng = np.random.default_rng(0)
    sizes = np.array([500, 300, 200])
    segment = np.repeat(np.arange(3), sizes)
    a, b = rng.integers(1000, size=(2, 200_000))
    counts = np.zeros((3, 3))
    np.add.at(counts, (segment[a], segment[b]), 1)
    np.testing.assert_allclose(tied(counts)[1], 1.0, atol=0.03)


def test_what_is_said_of_a_segment(planted: Profiles) -> None:
    share, lift = tied(np.array([[4, 2, 0, 0], [0, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], float))
    found = Borders(IDS, alike(planted, IDS), next_nearest(planted, IDS), share, lift)
    told = found.next_to(5)
    assert told is not None
    assert (told[0], told[1]) == (3, 1.0)
    assert told[2] == pytest.approx(found.lift[1, 0])
    alone = found.next_to(8)
    assert alone is not None
    assert alone[2] is None  # it has no ties
    np.testing.assert_allclose(found.alike[:3, :3], [[1, 1, 0], [1, 1, 0], [0, 0, 1]])
