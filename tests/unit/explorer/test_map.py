"""The map's points as the browser gets them: few as lists, many packed, and every user in exactly one group."""

import base64
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.explorer_map import GROUPS, world
from sociogram.explorer.map import LARGE, RAMP, _View, bands, floats
from sociogram.explorer.words import Words
from sociogram.report.map import map_of, user_points


def unpacked(expression: str) -> Any:
    found = re.fullmatch(r"new Float32Array\(Uint8Array\.from\(atob\('([\w+/=]*)'\).*\)", expression)
    assert found
    return np.frombuffer(base64.b64decode(found[1]), "<f4").reshape(-1, 2)


def view(users: int, by: str, folder: Path) -> _View:
    page: Any = SimpleNamespace(words=Words("en"))
    made = _View(page, by, "")
    profiles = world(users)
    made.points = user_points(profiles, map_of(folder, profiles))
    return made


@pytest.mark.parametrize("by", ["segment", "tag", "influence"])
def test_many_points_are_packed_and_all_there(tmp_path: Path, by: str) -> None:
    made = view(LARGE + 1_500, by, tmp_path)
    options = made._options()
    assert options["brush"]["seriesIndex"] == []
    rows = np.concatenate(made.groups)
    assert sorted(rows.tolist()) == list(range(len(made.points)))
    assert len(options["series"]) == len(made.groups)
    for series, group in zip(options["series"], made.groups, strict=True):
        assert series["large"]
        assert "data" not in series
        np.testing.assert_allclose(unpacked(series[":data"]), made.points.xy[group], rtol=1e-6)
    shown = [s["name"] for s in options["series"]]
    named = [name for name in shown if name != "others"]
    assert shown[-len(named) :] == named  # the others lie under them
    assert named[: len(named) // 2] == named[len(named) // 2 :]  # and they take turns
    assert set(options["legend"]["data"]) == set(shown)
    if by == "segment":
        assert {s["name"] for s in options["series"]} <= {f"segment {i + 1}" for i in range(GROUPS)} | {"others"}


def test_few_points_are_lists_that_the_lasso_lights(tmp_path: Path) -> None:
    made = view(300, "influence", tmp_path)
    options = made._options()
    assert options["brush"]["seriesIndex"] == "all"
    (series,) = options["series"]
    assert len(series["data"]) == 300
    assert [round(v, 3) for v in made.points.influence] == [value for _, _, value in series["data"]]


def test_bands_part_the_whole_range() -> None:
    names, band = bands(np.array([0.0, 0.1, 0.17, 0.5, 0.99, 1.0]))
    assert len(names) == len(RAMP)
    assert band.tolist() == [0, 0, 1, 3, 5, 5]
    assert (names[0], names[-1]) == ("0.00 – 0.17", "0.83 – 1.00")


def test_nothing_packs_to_nothing() -> None:
    assert unpacked(floats(np.zeros((0, 2)))).shape == (0, 2)
