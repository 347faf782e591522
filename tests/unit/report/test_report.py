"""report.html: every section, nothing fetched, hostile names harmless, missing parts told in a sentence."""

import json
import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sociogram.report.report import render, write_report
from sociogram.report.tables import methods
from sociogram.report.words import plain, seconds

Make = Callable[..., Any]
VOID = {"meta", "br", "hr", "img", "input", "link"}
SECTIONS = ("tags", "calibration", "items", "attributes", "map", "segments", "people", "learning", "data", "cost")


class Page(HTMLParser):
    """Elements, attributes and text of a page; fails where tags do not close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words += data


def test_every_section_is_there_with_baselines_beside_ours(community: Make, tmp_path: Path) -> None:
    report, profiles, snapshot = community()
    path = write_report(tmp_path / "run", report, profiles, snapshot)
    page = Page(path.read_text(encoding="utf-8"))
    assert [a["id"] for tag, a in page.elements if tag == "section" and "id" in a] == list(SECTIONS)
    for words in (
        "0.712",
        "best other 0.611",
        "+0.073 to +0.128",
        "popularity",
        "iALS",
        "majority",
        "0.885",
        "1 min 6 s",
        "1,432 MB",
    ):
        assert words in page.words
    assert json.loads((tmp_path / "run/report.json").read_text(encoding="utf-8")) == report


def test_the_candidates_of_the_text_encoder_are_told(community: Make) -> None:
    report, profiles, snapshot = community()
    words = Page(render(report, profiles, snapshot)).words
    for said in ("+0.021 (-0.004 to +0.045) over frozen", "0.0123", "skipped: no time left", "two_step, training loss"):
        assert said in words
    report["modes"] = {**report["modes"], "candidates": report["modes"]["candidates"][:1], "curves": {}}
    assert "The text encoder" not in Page(render(report, profiles, snapshot)).words  # one candidate: nothing was chosen
    report["attributes"] = {"town": {"skipped": "all users who have it have the same value"}}
    assert "town is not predicted: all users" in Page(render(report, profiles, snapshot)).words


def test_nothing_is_fetched_and_only_our_script_may_run(community: Make) -> None:
    html = render(*community())
    page = Page(html)
    assert not {tag for tag, _ in page.elements} & {"link", "img", "iframe", "object", "embed", "base"}
    for tag, attributes in page.elements:
        assert all(str(attributes.get(name, "#")).startswith("#") for name in ("src", "href", "xlink:href")), tag
        assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html


def test_the_same_input_gives_the_same_page(community: Make) -> None:
    made = community()
    assert render(*made) == render(*made)


HOSTILE = ['<script>alert(1)</script>', '"><img src=x onerror=alert(2)>', "{{ 7*7 }}", "</title></style></svg><b>", "\u202eevil\x00\x07", "a" * 100_000, "=cmd()|'!A1'", "' onmouseover='x", "", "\U0001f469\u200d\U0001f680"]  # fmt: skip


def test_hostile_names_texts_and_figures_stay_text(community: Make) -> None:
    report, profiles, snapshot = community(10, 10, 10, user_names=HOSTILE, topic_names=HOSTILE, texts=HOSTILE)
    profiles.keywords[0] = HOSTILE
    profiles.attributes["plan"].values[0] = HOSTILE[0]
    report["run"] = HOSTILE[0]
    report["tags"]["rows"][0]["method"] = HOSTILE[1]
    report["tags"]["versus"][0]["baseline"] = HOSTILE[1]
    report["attributes"][HOSTILE[0]] = report["attributes"].pop("plan")
    report["cost"]["seconds"][HOSTILE[3]] = 1.0
    report["curves"] = [{"step": 0, "loss": 1.0, "loss" + HOSTILE[1]: 2.0}, {"step": 1, "loss": 0.5}]
    html = render(report, profiles, snapshot)
    page = Page(html)
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert not [a for _, a in page.elements if any(name.startswith("on") for name in a)]
    assert "<script>alert(1)</script>" in page.words
    assert "{{ 7*7 }}" in page.words
    assert not set("\u202e\x00\x07") & set(html)
    assert len(html) < 120_000
    assert max(len(line) for line in page.words.splitlines()) < 2_000


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("tags", "No tags were measured"),
        ("items", "No recommendations were measured"),
        ("attributes", "names no attribute to predict"),
        ("curves", "kept no learning curves"),
        ("cost", "No times were kept"),
    ],
)
def test_a_missing_part_is_one_sentence(community: Make, part: str, sentence: str) -> None:
    report, profiles, snapshot = community()
    whole = Page(render(report, profiles, snapshot))
    assert sentence not in whole.words
    for empty in ({k: v for k, v in report.items() if k != part}, {**report, part: {}}, {**report, part: None}):
        assert sentence in Page(render(empty, profiles, snapshot)).words


@pytest.mark.parametrize(
    ("users", "items", "topics"), [(0, 0, 0), (1, 0, 0), (1, 1, 1), (2, 0, 1), (3, 5, 0), (12, 0, 2)]
)
def test_small_graphs(community: Make, users: int, items: int, topics: int) -> None:
    _, profiles, snapshot = community(users, items, topics)
    page = Page(render({}, profiles, snapshot))
    assert "This run has no measured figures" in page.words
    assert ("at least two users" in page.words) == (users < 2)
    assert len([tag for tag, _ in page.elements if tag == "article"]) == min(users, 5)
    assert ("recommended" in page.words) == (users > 0 and items > 1)


def test_numbers_that_are_not_finite_become_null(community: Make, tmp_path: Path) -> None:
    report, profiles, snapshot = community()
    report["tags"]["ece"] = math.nan
    report["tags"]["rows"][3]["map"] = np.float32("inf")
    report["curves"][3]["loss"] = -math.inf
    report["data"]["nodes"] = {"User": np.int64(3)}
    profiles.embeddings["User"][:3] = np.nan
    html = write_report(tmp_path, report, profiles, snapshot).read_text(encoding="utf-8")
    again = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert again["tags"]["ece"] is None
    assert again["tags"]["rows"][3]["map"] is None
    assert again["data"]["nodes"] == {"User": 3}
    body = re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.S)
    assert not re.search(r"\b(nan|inf|infinity)\b", body, re.I)


def test_accessible(community: Make) -> None:
    page = Page(render(*community()))
    names = [tag for tag, _ in page.elements]
    pictures = [i for i, tag in enumerate(names) if tag == "svg"]
    assert len(pictures) == 5
    for i in pictures:
        assert page.elements[i][1]["role"] == "img"
        assert names[i + 1 : i + 3] == ["title", "desc"]
    assert all("scope" in a for tag, a in page.elements if tag == "th")
    assert ("html", {"lang": "en"}) in page.elements
    headings = [int(tag[1]) for tag in names if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(headings))


def test_best_figure_of_a_column_is_marked_and_ours_comes_first() -> None:
    table = methods(
        [{"method": "mean", "mae": 2.0, "r2": 0.1}, {"method": "sociogram", "mae": 3.0, "r2": 0.4, "own": 1.0}]
    )
    assert table is not None
    assert [c.title for c in table.columns] == ["MAE", "R²", "own"]
    ours, mean = table.rows
    assert ours == ("sociogram", True, [("3.000", False), ("0.400", True), ("1.000", False)])
    assert mean == ("mean", False, [("2.000", True), ("0.100", False), ("–", False)])
    assert methods([{"method": "sociogram", "split": "test"}]) is None


def test_figures_as_learning_reports_them(community: Make) -> None:
    report, profiles, snapshot = community()
    report["tags"]["ece"] = {"shown": 0.0414, "p>=.2": None}
    report["tags"]["per_topic"][0]["ap"] = None
    report["items"] = {
        "rows": [
            {"method": "popularity", "split": "validation", "ndcg@10": 0.1},
            {"method": "blend", "split": "validation", "ndcg@10": 0.2},
            {"ndcg@10": 0.9},
        ]
    }
    page = Page(render(report, profiles, snapshot))
    assert "over shown tags; 0 is perfect" in page.words
    assert "1 tag has no held-out user." in page.words
    assert "a little too kind" in page.words
    assert "0.900" not in page.words.split("Held-out items")[-1].split("Attributes")[0]
    assert "best other 0.100" in page.words


def test_a_report_is_replaced_and_leaves_no_part(community: Make, tmp_path: Path) -> None:
    made = community()
    for run in ("r1", "r2"):
        write_report(tmp_path / "run", {"run": run}, *made[1:])
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["report.html", "report.json"]
    assert "<h1>Run r2</h1>" in (tmp_path / "run/report.html").read_text(encoding="utf-8")


def test_words_for_values() -> None:
    assert [seconds(s) for s in (0.04, 59.94, 61, 3_725, None, math.nan)] == [
        "0.0 s",
        "59.9 s",
        "1 min 1 s",
        "1 h 2 min",
        "–",
        "–",
    ]
    assert plain({1: (np.float32(0.5), np.bool_(True), Path("a"), None)}) == {"1": [0.5, True, "a", None]}
