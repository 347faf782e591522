"""Rows of the ladder: skipped methods, groups of test users, what is masked."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import SkippedError, bench_joint, tag_rows
from benchmarks.tag_gds import own_database
from benchmarks.tag_rows import Answer, Rows, judge, summary
from benchmarks.tag_tasks import Task


def _task(name: str, test: list[bool], known: np.ndarray | None = None) -> Task:
    truth = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]], bool)
    at = np.array(test)
    return Task(name, None, np.arange(3), truth & ~at[:, None], ~at, truth, at, at, np.zeros(4, np.int64), known)  # type: ignore[arg-type]


def _perfect(task: Task, folder: Path) -> Answer:
    p = np.array([[0.9, 0.1, 0.1], [0.1, 0.9, 0.1], [0.1, 0.1, 0.9], [0.9, 0.9, 0.1]], np.float32)
    return p, p, 0.5, {}


def _worst(task: Task, folder: Path) -> Answer:
    p = 1 - _perfect(task, folder)[0]
    return p, p, 0.5, {}


def _no_server(task: Task, folder: Path) -> Answer:
    raise SkippedError("no server is named")


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rows:
    monkeypatch.setattr(tag_rows, "HERE", tmp_path)
    return Rows("trial")


def test_a_skipped_method_leaves_no_row_and_says_why(rows: Rows, capsys: pytest.CaptureFixture[str]) -> None:
    tasks = (_task("all", [True] * 3 + [False]),)
    rows.run(lambda folder: tasks, {"peer": _no_server, "perfect": _perfect}, ("set", 0))
    assert [r["method"] for r in rows.done] == ["perfect"]
    assert "peer skipped: no server is named" in capsys.readouterr().out


def test_groups_are_kept_apart_and_not_done_twice(rows: Rows) -> None:
    groups = (_task("known", [True, True, False, False]), _task("new", [False, False, True, True]))
    methods = {"perfect": _perfect, "worst": _worst}
    keys = (("set", 0), ("set, newcomers", 0))
    rows.run(lambda folder: groups, methods, *keys)
    assert [(r["task"][0], r["method"]) for r in rows.done] == [
        ("set", "perfect"),
        ("set, newcomers", "perfect"),
        ("set", "worst"),
        ("set, newcomers", "worst"),
    ]
    for key in keys:
        (gain,) = rows.compared([key], list(methods), [("perfect", "worst")], draws=20)
        assert gain["tasks"] == 1
        assert gain["LRAP gain"] > 0.3
    assert [r["method"] for r in summary([r for r in rows.done if r["task"][0] == keys[1][0]])] == list(methods)
    again = Rows("trial")
    again.run(lambda folder: pytest.fail("all rows are there"), methods, *keys)


def test_paired_differences_are_over_all_test_users_though_scores_are_kept_of_light_ones(rows: Rows) -> None:
    task = replace(_task("all", [True] * 4), labelled=np.ones(4, bool), light=np.array([False, True, True, True]))
    methods = {"perfect": _perfect, "worst": _worst}
    rows.run(lambda folder: (task,), methods, ("set", 0))
    (gain,) = rows.compared([("set", 0)], list(methods), [("perfect", "worst")], draws=20)
    a, b = rows.done
    for measure in ("LRAP", "light", "macro F1"):
        assert gain[f"{measure} gain"] == pytest.approx(a[measure] - b[measure]), measure


def test_what_is_known_counts_nowhere() -> None:
    known = np.zeros((4, 3), bool)
    known[0, 1] = known[3, 2] = True
    task = _task("pairs", [True] * 4, known)
    scores = _perfect(task, Path())[0].copy()
    scores[known] = 1.0  # ahead of all that is asked for, and shown
    judged = judge(replace(task, labelled=np.ones(4, bool)), scores, scores, 0.5)
    assert judged["LRAP"] == judged["light"] == judged["precision"] == judged["micro F1"] == 1.0
    assert judged["accuracy"] == 1.0


def test_every_set_names_methods_that_exist() -> None:
    for name, kind in bench_joint.SETS.items():
        assert set(kind.methods) <= set(bench_joint.METHODS), name
        assert len(kind.methods) == len(set(kind.methods))
    assert bench_joint.SETS["se ii"].titles("se ii") == ["se ii", "se ii, newcomers"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "is not set"),
        ("bolt://192.0.2.1:7687", "a server on this machine"),
        ("bolt://[bad", "a server on this machine"),
        ("bolt://127.0.0.1:1", "no Neo4j answers"),
    ],
)
def test_only_a_server_of_this_machine_is_asked(address: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIOGRAM_GDS", address)
    with pytest.raises(SkippedError, match=said), own_database():
        pass
