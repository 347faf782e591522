"""The map of the embeddings, the charts and the choice of example users."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sociogram.report import layout, plots
from sociogram.report.examples import examples
from sociogram.report.layout import principal, strongest_tag, unit_rows, user_map

Make = Callable[..., Any]


def test_users_of_one_topic_stand_together_and_every_run_draws_the_same(community: Make) -> None:
    _, profiles, _ = community(120, 0, 4)
    first, second = user_map(profiles), user_map(profiles)
    assert first.method == "t-SNE"
    assert_array_equal(first.points, second.points)
    centres = np.stack([first.points[first.group == g].mean(0) for g in range(4)])
    nearest = np.linalg.norm(first.points[:, None] - centres[None], axis=2).argmin(1)
    assert (nearest == first.group).mean() > 0.95
    assert first.sizes == sorted(first.sizes, reverse=True)
    assert sum(first.sizes) == 120


def test_many_users_are_drawn_by_pca_and_sampled_evenly(community: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "TSNE_MOST", 30)
    monkeypatch.setattr(layout, "DRAWN_MOST", 50)
    _, profiles, _ = community(101, 0, 4)
    drawn = user_map(profiles)
    assert drawn.method == "PCA"
    assert drawn.points.shape == (50, 2)
    assert (drawn.rows[0], drawn.rows[-1]) == (0, 100)
    assert sum(drawn.sizes) == 101


@pytest.mark.parametrize("users", [1, 2, 12, 40])
def test_equal_and_zero_embeddings(community: Make, users: int) -> None:
    _, profiles, _ = community(users, 0, 2)
    for value in (0.0, 3.0):
        profiles.embeddings["User"][:] = value
        assert np.isfinite(user_map(profiles).points).all()


def test_principal_components_equal_those_of_an_svd() -> None:
    x = np.random.default_rng(0).normal(size=(50, 6)) * [5, 3, 1, 1, 1, 1]
    u, s, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
    assert_allclose(np.abs(principal(x, 2)), np.abs(u[:, :2] * s[:2]), atol=1e-9)
    assert principal(x[:, :1], 2).shape == (50, 2)


def test_unit_rows_have_length_one_or_zero() -> None:
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0], [np.nan, np.inf]]))
    assert_allclose(rows, [[0.6, 0.8], [0, 0], [0, 0]])


def test_strongest_tag_counts_only_shown_or_observed(community: Make) -> None:
    _, profiles, _ = community(6, 0, 3)
    best = strongest_tag(profiles)
    assert all(t is not None for t in best)
    profiles.tags["shown"] = False
    profiles.tags["observed"] = profiles.tags["user"] == 2
    assert [t is None for t in strongest_tag(profiles)] == [True, True, False, True, True, True]


def test_examples_have_different_tags_and_the_right_neighbours(community: Make) -> None:
    _, profiles, snapshot = community(40, 12, 10)
    found = examples(profiles, snapshot)
    assert len({e.tags[0].name for e in found}) == 5
    assert all(e.text for e in found)
    x = profiles.embeddings["User"].astype(float)
    for e in found:
        row = profiles.keys["User"].index(e.key)
        cosine = x @ x[row] / np.linalg.norm(x, axis=1) / np.linalg.norm(x[row])
        cosine[row] = -2
        assert [name for name, _ in e.similar] == [profiles.names["User"][i] for i in np.argsort(-cosine)[:5]]
        assert len(e.recommendations) == 5  # the seen one is left out
        assert len(e.similar) == 5


def test_ticks_are_round_and_inside() -> None:
    assert plots.ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert plots.ticks(-0.013, 0.48) == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert plots.ticks(3, 3) == [3]
    assert len(plots.ticks(1e-9, 7e9)) <= 6


def test_lines_skip_what_is_not_a_number() -> None:
    series = plots.Series("a", [0, 1, 2, 3], [1.0, float("nan"), None, 2.0])  # type: ignore[list-item]
    assert str(plots.lines([series], "x", "y", "t")).count(",") >= 2
    assert plots.lines([plots.Series("a", [0], [float("nan")])], "x", "y", "t") == ""
    assert "<circle" in plots.lines([plots.Series("a", [0], [1.0])], "x", "y", "t")


def test_labels_of_a_map_do_not_overlap() -> None:
    points = np.zeros((60, 2))
    group = np.arange(60) % 6
    svg = str(plots.scatter(points, group, [f"topic {i}" for i in range(6)], "map"))
    heights = sorted(float(part.split('"')[0]) for part in svg.split(' y="')[1:])
    assert min(np.diff(heights)) >= 14.9
