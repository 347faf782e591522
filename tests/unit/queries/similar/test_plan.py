"""Which plan is chosen when."""

from dataclasses import replace

import numpy as np
import pytest

from sociogram.errors import InputError
from sociogram.queries.similar.plan import MOST_COUNTED, MOST_FETCHED, Plan, Situation, first, following
from sociogram.queries.similar.subject import direction, matching

BASE = Situation(k=10, users=100_000, indexed=True, inside=False, outside=True)


def test_the_index_alone_where_it_tests_all() -> None:
    assert first(replace(BASE, outside=False)).kind == "index"
    assert first(replace(BASE, inside=True, outside=False)).kind == "index"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"indexed": False}, "exact"),
        ({"k": 100_000}, "exact"),
        ({"k": MOST_FETCHED}, "exact"),
        ({"counted": None}, "over-fetch"),
        ({"counted": 0}, "exact"),
        ({"counted": 100}, "exact"),
        ({"counted": MOST_COUNTED}, "over-fetch"),
        ({"counted": 60_000}, "over-fetch"),
    ],
)
def test_first(changes: dict[str, object], kind: str) -> None:
    plan = first(replace(BASE, **changes))  # type: ignore[arg-type]
    assert plan.kind == kind
    assert plan.why
    assert (plan.fetch > 0) == (kind != "exact")


def test_a_large_share_needs_few_candidates() -> None:
    half, tenth = (first(replace(BASE, counted=n)).fetch for n in (50_000, 10_000))
    assert half < tenth < 1_000


def test_after_an_index_that_came_short_all_are_looked_at() -> None:
    assert following(replace(BASE, outside=False, inside=True), Plan("index", 100, ""), 3, tied=False).kind == "exact"


def test_more_is_fetched_until_it_costs_more_than_all() -> None:
    plan = following(BASE, Plan("over-fetch", 100, ""), 5, tied=False)
    assert plan.kind == "over-fetch"
    assert plan.fetch >= 200
    assert following(BASE, Plan("over-fetch", 100, ""), 0, tied=False).kind == "over-fetch"
    assert following(BASE, Plan("over-fetch", 6_000, ""), 1, tied=False).kind == "exact"
    assert following(replace(BASE, users=300), Plan("over-fetch", 200, ""), 5, tied=False).kind == "exact"


def test_a_tie_at_the_edge_is_looked_into() -> None:
    plan = following(replace(BASE, outside=False), Plan("index", 100, ""), 10, tied=True)
    assert (plan.kind, plan.fetch >= 200) == ("index", True)


def test_it_always_ends() -> None:
    plan, looks = first(BASE), 0
    while plan.kind != "exact":
        plan, looks = following(BASE, plan, 0, tied=looks % 2 == 0), looks + 1
    assert looks < 12


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        ([1.0] * 7, r"the vector has 7 numbers; the live run's embeddings have 8"),
        (np.ones((1, 8)), r"the vector has the shape \(1, 8\)"),
        ([1.0] * 7 + [float("nan")], r"holds nan at place 7; every number must be finite"),
        ([float("inf")] + [1.0] * 7, r"holds inf at place 0"),
        ([0.0] * 8, r"is all zero: it points nowhere"),
        ("climbing", r"must be a list of 8 numbers, got str"),
        ([[1.0], [1.0, 2.0]], r"must be a list of 8 numbers, got list"),
        (5, r"the vector has the shape \(\)"),
    ],
)
def test_bad_vectors_are_named(vector: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        direction(vector, 8)


@pytest.mark.parametrize("size", [1e-300, 1.0, 1e300])
def test_a_direction_has_length_one(size: float) -> None:
    assert np.allclose(direction([size, 0, 0, size], 4), [0.5**0.5, 0, 0, 0.5**0.5])


def test_the_topics_near_a_vector_are_those_that_others_lack() -> None:
    rows = [{"tags": ["chess", "tea"], "scores": [0.9, 0.9]}, {"tags": ["tea"], "scores": [0.8]}]
    assert matching(rows, {"chess": 0.1, "tea": 0.9}) == ["chess"]
    assert matching(rows, {"chess": 0.1, "tea": 0.2}) == ["tea", "chess"]
