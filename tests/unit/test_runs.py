"""Run folders by id."""

from pathlib import Path

import pytest

from sociogram.errors import NotFoundError
from sociogram.runs import Runs


@pytest.mark.parametrize("run_id", ["", ".", "..", "../runs/r1", "r1/../r1", "/r1", "r\0", "0" * 5_000, "r1\n"])
def test_an_id_is_no_path(tmp_path: Path, run_id: str) -> None:
    runs = Runs(tmp_path / "runs")
    made = runs.begin("hash", {})
    (tmp_path / "runs" / "r1").symlink_to(made.folder)
    assert runs.get("r1").record["id"] == runs.get(made.id).id
    assert run_id not in runs
    with pytest.raises(NotFoundError, match="there is no run"):
        runs.get(run_id)
