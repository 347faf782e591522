"""Planted interests found: figures worked out by hand."""

import math
from pathlib import Path

import pandas as pd
import pytest

from sociogram.errors import InputError
from sociogram.evaluation.planted import found, load_truth, sentence
from sociogram.loaders.demo import demo
from sociogram.loaders.source import Quarantine


def truth_of(*rows: tuple[str, str, bool, list[str]]) -> pd.DataFrame:
    key = {"jazz": "t1", "baking": "t2", "sailing": "t3"}
    table = pd.DataFrame(rows, columns=["user", "archetype", "held_out", "interests"])
    return table.assign(topics=[[key[name] for name in names] for names in table["interests"]])


TRUTH = truth_of(
    ("a", "ordinary", True, ["jazz", "baking"]),
    ("b", "ordinary", True, ["sailing"]),
    ("c", "ordinary", False, ["jazz"]),  # declared: nothing to find
    ("d", "text_only", True, ["jazz"]),
    ("e", "bot", True, []),
)
TAGS = pd.DataFrame(
    [
        ("a", "jazz", 0.9, True),
        ("a", "sailing", 0.8, True),
        ("a", "baking", 0.7, False),
        ("b", "t3", 0.4, True),  # by key
        ("c", "baking", 1.0, True),
        ("d", "baking", 0.6, False),
        ("d", "jazz", 0.5, False),
        ("e", "jazz", 0.9, True),
    ],
    columns=["user", "topic", "probability", "shown"],
)


def test_figures_by_hand() -> None:
    figures = found(TRUTH, TAGS)
    assert (figures["users"], figures["planted"], figures["shown"], figures["hits"]) == (2, 3, 3, 2)
    assert figures["recall"] == pytest.approx(2 / 3)
    assert figures["precision"] == pytest.approx(2 / 3)
    assert figures["f1"] == pytest.approx(2 / 3)
    assert figures["map"] == pytest.approx(((1 + 2 / 3) / 2 + 1) / 2)
    assert figures["by_archetype"].keys() == {"ordinary", "text_only"}
    text_only = figures["by_archetype"]["text_only"]
    assert (text_only["hits"], text_only["recall"], text_only["map"]) == (0, 0.0, 0.5)
    assert math.isnan(text_only["precision"])
    assert sentence(figures) == "planted interests found: 67% (precision 0.67)"


def test_order_of_rows_does_not_matter() -> None:
    one, other = found(TRUTH, TAGS), found(TRUTH, TAGS.sample(frac=1, random_state=0))
    assert {k: v for k, v in one.items() if k != "by_archetype"} == {
        k: v for k, v in other.items() if k != "by_archetype"
    }


def test_a_user_or_topic_without_a_row_counts_as_not_found() -> None:
    figures = found(TRUTH, TAGS[TAGS["user"] != "b"])
    assert (figures["planted"], figures["hits"]) == (3, 1)
    assert figures["map"] == pytest.approx((1 + 2 / 3) / 4)


def test_nothing_held_out() -> None:
    figures = found(TRUTH.assign(held_out=False), TAGS)
    assert figures["users"] == 0
    assert math.isnan(figures["recall"])
    assert figures["by_archetype"] == {}
    assert "no held-out user" in sentence(figures)


def test_missing_columns_are_named() -> None:
    with pytest.raises(InputError, match="missing probability, shown"):
        found(TRUTH, TAGS[["user", "topic"]])


def test_truth_of_a_demo_found_perfectly(tmp_path: Path) -> None:
    source = demo(users=200, truth=tmp_path / "truth.parquet")
    with Quarantine(tmp_path / "q.parquet") as quarantine:
        for _ in source.batches(quarantine):
            pass
    truth = load_truth(source.truth)
    rows = [
        (user, topic, 1.0, True) for user, mine in zip(truth["user"], truth["interests"], strict=True) for topic in mine
    ]
    figures = found(truth, pd.DataFrame(rows, columns=["user", "topic", "probability", "shown"]))
    assert (figures["recall"], figures["precision"], figures["f1"], figures["map"]) == (1, 1, 1, 1)


def test_no_truth_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no planted truth there"):
        load_truth(tmp_path / "none.parquet")


def test_not_a_truth_file(tmp_path: Path) -> None:
    path = tmp_path / "truth.parquet"
    path.write_text("user,topic\n")
    with pytest.raises(InputError, match="expected a Parquet file"):
        load_truth(path)
    pd.DataFrame({"user": ["a"]}).to_parquet(path)
    with pytest.raises(InputError, match="missing archetype"):
        load_truth(path)
