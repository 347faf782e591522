"""Rules: what is read, what holds, what is refused."""

from pathlib import Path

import numpy as np
import pytest

from sociogram.errors import InputError
from sociogram.queries.segments.rules import Facts, by_rule, read_rules

FACTS = Facts(
    4,
    {
        "jazz": (np.array([0, 1]), np.array([0.9, 0.4], np.float32), np.array([True, False])),
        "Science Fiction": (np.array([2]), np.array([0.7], np.float32), np.array([True])),
    },
    {
        "city": ["Wien", "wien", None, "New York"],
        "age": [30, 17.5, None, "41"],
        "plan": [["gold", "blue"], ["blue"], [], None],
        "vip": [True, False, None, True],
    },
)


@pytest.mark.parametrize(
    ("condition", "users"),
    [
        ("tag jazz", {0}),
        ("tag jazz >= .4", {0, 1}),
        ("tag jazz>=0.4", {0, 1}),
        ("tag Jazz > 0.4", {0}),
        ("tag science fiction >= .6", {2}),
        ("tag 'science fiction' or tag jazz", {0, 2}),
        ("not tag jazz", {1, 2, 3}),
        ("tag jazz < .1", {2, 3}),
        ("city = Wien", {0}),
        ("city == Wien", {0}),
        ("city != Wien", {1, 3}),
        ("City = New York", {3}),
        ('city = "New York" and age > 40', {3}),
        ("age >= 18 and city = Wien or age < 18", {0, 1}),
        ("age = 41", {3}),
        ("age != 41", {0, 1}),
        ("plan = gold", {0}),
        ("plan != gold", {1, 2}),
        ("vip = true", {0, 3}),
        ("not age > 0", {2}),
    ],
)
def test_conditions(condition: str, users: set[int]) -> None:
    labels = by_rule(read_rules({"r": condition}), FACTS)
    assert set(np.flatnonzero(labels == 0).tolist()) == users


def test_the_first_rule_that_holds_counts() -> None:
    labels = by_rule(read_rules(["old: age > 20", "all: age > 0", "towns: city != Bonn"]), FACTS)
    assert labels.tolist() == [0, 1, -1, 0]


def test_rules_from_a_file_keep_their_order(tmp_path: Path) -> None:
    file = tmp_path / "segments.toml"
    file.write_text('[segments]\nzoo = "age > 20"\n"a b" = "tag jazz"\n')
    assert [(r.name, r.learned) for r in read_rules(file)] == [("zoo", False), ("a b", True)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "none were given"),
        (["climbers"], "expected NAME: CONDITION"),
        ([": tag jazz"], "expected NAME: CONDITION"),
        (["a: tag jazz", "a: age > 3"], "'a' is named twice"),
        (["other: age > 3"], "Choose another name"),
        ({"a": "age"}, "expected `tag TOPIC >= NUMBER` or `PROPERTY OP VALUE`, got 'age'"),
        ({"a": "age > 3 and"}, "got 'nothing'"),
        ({"a": "age > "}, "nothing to compare 'age' with"),
        ({"a": "1 < age < 5"}, "got '1 < age < 5'"),
        ({"a": "tag jazz >= 1.2"}, "from 0 to 1, got '1.2'"),
        ({"a": "tag jazz = many"}, "from 0 to 1, got 'many'"),
        ({"a": "city = 'Wien"}, "A quote may be open"),
        ({"a": "tag"}, "expected `tag TOPIC"),
        ({"a": "size > 3"}, "there is no property 'size'. There are: age, city, plan, vip."),
        ({"a": "tag blues"}, "there is no topic 'blues'"),
    ],
)
def test_wrong_rules_are_told(given: list[str] | dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as told:
        by_rule(read_rules(given), FACTS)
    assert message in str(told.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("segments = 3", "expected a table [segments]"),
        ("[segments]\na = 3", "expected a table [segments]"),
        ("[segments", "not valid TOML"),
        (None, "No such file"),
    ],
)
def test_wrong_files_are_told(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "r.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InputError) as told:
        read_rules(file)
    assert message in str(told.value)
