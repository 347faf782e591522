"""Options of `sociogram similar`, before any database is opened."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from sociogram.cli.app import app
from sociogram.cli.similar import conditions, read_vector
from sociogram.errors import InputError
from sociogram.queries.similar.where import Text, parse


def test_conditions_become_a_filter() -> None:
    found = conditions(
        ["country=DE", "age >= 18", "age<30", 'city=["Oslo", "Lyon"]', "plan!=free", "note=a=b"],
        ["climbing", "baking>=0.5"],
        ["u.x > $least"],
        ["least=3"],
    )
    assert found == {
        "country": {"eq": "DE"},
        "age": {"gte": "18", "lt": "30"},
        "city": {"in": ["Oslo", "Lyon"]},
        "plan": {"ne": "free"},
        "note": {"eq": "a=b"},
        "tag": [{"name": "climbing"}, {"name": "baking", "min": 0.5}],
        "cypher": [{"text": "u.x > $least", "parameters": {"least": 3}}],
    }
    assert isinstance(found["age"]["gte"], Text)
    assert len(parse(found).conditions) == 6
    assert conditions([], [], [], []) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((["country"], [], [], []), "expected for instance country=DE"),
        ((["=DE"], [], [], []), "expected for instance country=DE"),
        ((["a=1", "a=2"], [], [], []), r"'a' is tested twice by =.*a=\[...\]"),
        ((["tag=x"], [], [], []), "--where tag: say --tag instead"),
        (([], ["x>=.5.5"], [], []), "the least score must be a number"),
        (([], [], [], ["a=1"]), "--cypher, which is missing"),
        (([], [], ["u.x"], ["a"]), "expected name=value, got 'a'"),
    ],
)
def test_bad_options_are_named(given: tuple[list[str], ...], message: str) -> None:
    with pytest.raises(typer.BadParameter, match=message):
        conditions(*given)


@pytest.mark.parametrize("arguments", [[], ["u1", "--text", "climbers"], ["--text", "a", "--vector", "v.npy"]])
def test_one_subject(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["similar", *arguments])
    assert result.exit_code == 2
    assert "name one USER" in result.output


def test_vectors_from_files(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.arange(3.0))
    (tmp_path / "v.json").write_text(json.dumps([0, 1, 2]))
    assert list(read_vector(tmp_path / "v.npy")) == read_vector(tmp_path / "v.json") == [0, 1, 2]
    (tmp_path / "bad.npy").write_text("nothing")
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    for name in ("bad.npy", "objects.npy"):
        with pytest.raises(InputError, match=r"expected a vector as NumPy's .npy, or a JSON list"):
            read_vector(tmp_path / name)
    with pytest.raises(InputError, match="No such file"):
        read_vector(tmp_path / "none.npy")
