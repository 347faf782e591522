"""What changed about a user between two runs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from unit.queries.segments.planted import profiles_of, snapshot_of

from sociogram.errors import NotFoundError
from sociogram.graph.profile import Profiles
from sociogram.queries.changes import Change, changes


def run(folder: Path, seed: int = 0, **place: Any) -> Profiles:
    made = profiles_of(snapshot_of(folder, 12, []), np.zeros(12, int), seed)
    columns = {"influence": 0.5, "reach": 3.0, "community": 1, "bridging": 0.2, "segment": 1, "segment_name": "all"}
    made.users = pd.DataFrame({name: [value] * 12 for name, value in (columns | place).items()})
    return made


def test_what_came_went_and_moved(tmp_path: Path) -> None:
    before, after = run(tmp_path / "a"), run(tmp_path / "b", segment_name="climbing", influence=0.91, bridging=0.22)
    mine = after.tags["user"] == 3
    topic = int(after.tags[mine].iloc[0]["topic"])
    other = (topic + 2) % 5
    name, new = after.names["Topic"][topic], after.names["Topic"][other]
    after.tags.loc[mine & after.tags["shown"], "topic"] = other
    after.attributes["plan"].values[3] = "blue"
    found = list(changes(before, after, "u003"))
    assert found == [
        Change("segment", "all", "climbing"),
        Change("influence", 0.5, 0.91),
        Change(f"tag {name}", pytest.approx(0.9), None),
        Change("predicted plan", None, "blue"),
        Change(f"tag {new}", None, pytest.approx(0.9)),
    ]
    assert list(changes(before, before, "u003")) == []


def test_a_user_of_one_run_only_is_new_and_one_of_none_unknown(tmp_path: Path) -> None:
    before, after = run(tmp_path / "a"), run(tmp_path / "b")
    gone = replace(before, keys={**before.keys, "User": [f"x{i}" for i in range(12)]})
    found = {c.what: (c.before, c.after) for c in changes(gone, after, "u003")}
    assert found["segment"] == (None, "all")
    with pytest.raises(NotFoundError, match="no User with the key 'zzz' in either run"):
        changes(before, after, "zzz")
