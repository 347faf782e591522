"""Conditions on properties: what is understood, and what is said of the rest."""

from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from sociogram.cli.app import app
from sociogram.cli.where import read_where
from sociogram.errors import InputError
from sociogram.queries.narrow import conditions
from sociogram.queries.similar.where import Condition, Text


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, ()),
        ({}, ()),
        ({"country": "DE"}, (Condition("country", "eq", "DE"),)),
        ({"age": {"gte": 18, "lt": 30}}, (Condition("age", "gte", 18), Condition("age", "lt", 30))),
        ({"city": ["Bern", "Basel"]}, (Condition("city", "in", ["Bern", "Basel"]),)),
        ({"n": np.int64(3), "ok": True}, (Condition("n", "eq", 3), Condition("ok", "eq", True))),
    ],
)
def test_understood(where: Any, expected: tuple[Condition, ...]) -> None:
    assert conditions(where) == expected


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ([("a", 1)], "must be a mapping"),
        ({"": 1}, "property names"),
        ({3: 1}, "property names"),
        ({"a": {}}, "at least one of eq, ne"),
        ({"a": {"gtr": 1}}, "unknown operator 'gtr'.*Did you mean gt"),
        ({"a": {"in": 3}}, "`in` takes a list"),
        ({"a": []}, "at least one value"),
        ({"a": float("inf")}, "finite"),
        ({"a": None}, "a: None is no value.$"),
        ({"a": {"lt": 1, "lte": 2}}, "give lt or lte, not both"),
        ({"a": {"eq": {"b": 1}}}, "expected text, a number"),
    ],
)
def test_refused(where: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        conditions(where)


def test_from_the_command_line() -> None:
    texts = ["kind=course", "price>=20", "price < 30", 'city=["Bern", 4]', "title!=a=b", "on>2024-01-31", "odd=[x"]
    found = read_where(texts)
    assert found == {
        "kind": {"eq": "course"},
        "price": {"gte": "20", "lt": "30"},
        "city": {"in": ["Bern", 4]},
        "title": {"ne": "a=b"},
        "on": {"gt": "2024-01-31"},
        "odd": {"eq": "[x"},
    }
    assert isinstance(found["price"]["gte"], Text)
    assert read_where([]) == {}


@pytest.mark.parametrize("command", [["recommend", "u1"], ["similar", "u1"]])
@pytest.mark.parametrize(
    ("given", "said"),
    [(["kind"], "expected for instance country=DE"), (["year>=1", "year>=2"], "'year' is tested twice by >=")],
)
def test_refused_on_the_command_line(command: list[str], given: list[str], said: str) -> None:
    result = CliRunner().invoke(app, [*command, *(part for text in given for part in ("--where", text))])
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())
