"""Conditions on properties: what is understood, and what is said of the rest."""

from typing import Any

import numpy as np
import pytest

from sociogram.cli.recommend import conditions as typed
from sociogram.errors import InputError
from sociogram.queries.narrow import Condition, conditions


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
        ({"a": {"eq": {"b": 1}}}, "expected text, a number"),
    ],
)
def test_refused(where: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        conditions(where)


def test_from_the_command_line() -> None:
    texts = ["kind=course", "price>=20", "price < 30", 'city=["Bern", "Basel"]', "title!=a=b", "on>2024-01-31"]
    assert typed(texts) == {
        "kind": {"eq": "course"},
        "price": {"gte": 20, "lt": 30},
        "city": {"in": ["Bern", "Basel"]},
        "title": {"ne": "a=b"},
        "on": {"gt": "2024-01-31"},
    }
    assert typed(None) is None
