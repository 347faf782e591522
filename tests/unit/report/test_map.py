"""Everyone on a plane: laid out once, coloured by what is known."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sociogram.report import layout
from sociogram.report.map import FILE, map_of, user_points

Make = Callable[..., Any]


def test_the_plane_is_laid_out_once(community: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, profiles, _ = community(80, 0, 4)
    folder = tmp_path / "run"
    folder.mkdir()
    first = map_of(folder, profiles)
    assert first[1] == "t-SNE"
    monkeypatch.setattr(layout, "TSNE_MOST", 0)  # would be PCA if it were laid out again
    second = map_of(folder, profiles)
    assert second[1] == "t-SNE"
    assert_array_equal(first[0], second[0])
    _, more, _ = community(90, 0, 4)
    assert map_of(folder, more)[1] == "PCA"
    assert [p.name for p in folder.iterdir()] == [FILE]


def test_nobody_is_left_out_and_groups_are_the_largest(community: Make, tmp_path: Path) -> None:
    _, profiles, _ = community(120, 0, 4)
    points = user_points(profiles, map_of(tmp_path, profiles))
    assert len(points) == len(points.xy) == 120
    names, group = points.groups("tag")
    assert len(names) == 4
    counts = [int((group == g).sum()) for g in range(4)]
    assert counts == sorted(counts, reverse=True)
    one, having = points.groups("tag", names[0])
    assert one == [names[0]]
    assert set(np.unique(having)) <= {-1, 0}
    assert points.groups("attribute:nothing of the kind")[1].shape == (120,)
