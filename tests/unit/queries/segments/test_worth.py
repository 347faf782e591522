"""Words that set apart and lift, worked out by hand."""

import math

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from sociogram.queries.segments.measure import Agreement, held_out_lift, stability
from sociogram.queries.segments.words import PRIOR, Terms, Word, names, words_apart


def test_z_is_that_of_the_paper() -> None:
    held = np.zeros((40, 3))
    held[:15, 0] = 1  # jazz: 15 of the first 20, nobody else
    held[:, 1] = 1  # everybody
    held[20:38, 2] = 1
    terms = Terms(["jazz", "the", "chess"], sparse.csr_array(held))
    labels = np.repeat([0, 1], 20)
    first, second = words_apart(terms, labels, 2)
    assert [w.word for w in first] == ["jazz"]
    assert [w.word for w in second] == ["chess"]
    total, mine, rest = 73, 35, 38
    a, all_of_it = PRIOR * 15, PRIOR * total
    odds = math.log((15 + a) / (mine + all_of_it - 15 - a)) - math.log((0 + a) / (rest + all_of_it - 0 - a))
    assert first[0].z == pytest.approx(odds / math.sqrt(1 / (15 + a) + 1 / (0 + a)))
    assert (first[0].share, first[0].lift) == (0.75, 2.0)


def test_one_word_and_none_set_nobody_apart() -> None:
    labels = np.repeat([0, 1], 5)
    assert words_apart(Terms([], sparse.csr_array((10, 0))), labels, 2) == [[], []]
    assert words_apart(Terms(["a"], sparse.csr_array(np.ones((10, 1)))), labels, 2) == [[], []]


def test_names_differ_and_are_never_empty() -> None:
    def words(*said: str) -> list[Word]:
        return [Word(word, 0.5, 2.0, 3.0) for word in said]

    found = names(
        [words("pop", "rock", "jazz"), words("Pop", "rock", "metal"), [], words("solo"), words("solo")],
        [1, 2, 3, 4, 5],
        ["segment 3"],
    )
    assert found[:2] == ["pop · rock", "Pop · rock · metal"]
    assert found[2:] == ["segment 3.1", "solo", "solo 5"]
    assert names([[]], [7]) == ["segment 7"]
    rare = Word("rare", 0.01, 30.0, 9.0)
    assert names([[rare, *words("pop", "rock")]], [1]) == ["pop · rock"]
    assert len(names([words("a\n" * 100)], [1])[0]) <= 40


def test_lift_by_hand() -> None:
    known = np.zeros((8, 2))
    known[[0, 1, 2], 0] = 1  # three of the first four have the first topic
    known[[5], 0] = 1
    known[[4, 6], 1] = 1
    held = np.zeros((8, 2))
    held[3, 0] = held[7, 1] = 1
    labels = np.repeat([0, 1], 4)
    lift = held_out_lift(labels, sparse.csr_array(known), sparse.csr_array(held))
    assert lift is not None
    assert lift.lift == pytest.approx((3 / 4 + 2 / 4) / (4 / 8 + 2 / 8))
    assert (lift.pairs, lift.users) == (2, 2)
    assert lift.low <= lift.lift <= lift.high
    assert lift.random == pytest.approx(1, abs=0.25)


def test_users_without_a_segment_do_not_judge_and_nothing_held_out_gives_no_lift() -> None:
    known, held = sparse.csr_array(np.eye(4)), sparse.csr_array(np.eye(4)[::-1])
    lift = held_out_lift(np.array([-1, 0, 0, 0]), known, held)
    assert lift is not None
    assert lift.users == 3
    assert held_out_lift(np.zeros(4, int), known, sparse.csr_array((4, 4))) is None
    assert held_out_lift(np.full(4, -1), known, held) is None


def test_agreement_counts_users_of_both() -> None:
    labels, other = np.array([0, 0, 1, 1, -1]), np.array([1, 1, 0, -1, 0])
    assert Agreement.between(labels, [other]).mean == pytest.approx(adjusted_rand_score([0, 0, 1], [1, 1, 0]))
    seen: list[tuple[int, bool]] = []

    def again(seed: int, resampled: bool) -> np.ndarray:  # type: ignore[type-arg]
        seen.append((seed, resampled))
        return np.roll(labels, 1) if resampled else labels

    found = stability(labels, again, 10, runs=2)
    assert seen == [(11, False), (12, False), (11, True), (12, True)]
    assert found.seeds.mean == found.seeds.least == 1
    assert found.resamples.mean < 1
