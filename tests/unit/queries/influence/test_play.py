"""One cascade, step by step."""

import numpy as np
import pytest

from sociogram.errors import InputError, NotFoundError
from sociogram.queries.influence.cascades import CascadeGraph
from sociogram.queries.influence.play import play


def line(p: float, model: str = "ic") -> CascadeGraph:
    source, target = np.array([0, 1, 2, 0]), np.array([1, 2, 3, 4])
    return CascadeGraph.build(source, target, ids=list("abcde"), model=model, p=p if model == "ic" else None)


def test_a_sure_cascade_goes_tie_by_tie():
    told = play(line(1.0), ["a"])
    assert [(a.step, a.id, a.by) for a in told] == [
        (0, "a", None),
        (1, "b", "a"),
        (1, "e", "a"),
        (2, "c", "b"),
        (3, "d", "c"),
    ]


def test_a_seed_is_never_reached_again_and_the_most_are_kept():
    assert [a.id for a in play(line(1.0), ["a", "b"])] == ["a", "b", "e", "c", "d"]
    assert len(play(line(1.0), ["a"], most=3)) == 3


def test_mean_size_is_the_models():
    sizes = [len(play(line(0.5), ["a"], seed=s)) for s in range(4000)]
    assert np.mean(sizes) == pytest.approx(1 + 0.5 + 0.5 + 0.25 + 0.125, abs=0.06)
    sure = [len(play(line(1.0, "lt"), ["a"], seed=s)) for s in range(50)]
    assert set(sure) == {5}  # each has one neighbour, whose weight is 1


def test_seeds_must_be_there():
    with pytest.raises(InputError, match="at least one"):
        play(line(1.0), [])
    with pytest.raises(NotFoundError):
        play(line(1.0), ["nobody"])
