"""The ladder's own networks learn what is planted, and are judged by what they may not know."""

from pathlib import Path

import numpy as np
import pytest
from gnn_community import community

from benchmarks import tag_lstm, tag_methods, tag_pyg
from benchmarks.first_time import FirstTime
from benchmarks.tag_graph import relations
from benchmarks.tag_lstm import lstm
from benchmarks.tag_methods import popularity
from benchmarks.tag_pyg import to_hetero_sage
from benchmarks.tag_rows import judge
from benchmarks.tag_tasks import Task, hide
from sociogram.encoders.cache import CachedEncoder
from sociogram.encoders.load import load_encoder
from sociogram.gnn import split


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    folder = tmp_path_factory.mktemp("task")
    s = community(folder / "whole", users=300, share=1.0)
    return hide(s, folder, 0, 0.6, np.zeros(300, np.int64))


def test_lstm_beats_popularity(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_lstm, "EPOCHS", 20)
    ours, base = (judge(task, *method(task, tmp_path)[:3]) for method in (lstm, popularity))
    assert ours["LRAP"] > base["LRAP"] + 0.05
    assert ours["light"] > base["light"] + 0.05


def test_to_hetero_beats_popularity(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        tag_methods, "first_time", lambda name: FirstTime(CachedEncoder(load_encoder("light"), tmp_path))
    )
    monkeypatch.setattr(tag_pyg, "RATES", (3e-3,))
    monkeypatch.setattr(tag_pyg, "DROPOUTS", (0.3,))
    ours, base = (judge(task, *method(task, tmp_path)[:3]) for method in (to_hetero_sage, popularity))
    assert ours["LRAP"] > base["LRAP"] + 0.1
    assert ours["light"] > base["light"] + 0.1


def test_same_seed_same_scores_and_torch_left_alone(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(tag_lstm, "EPOCHS", 2)
    before = torch.get_rng_state()
    first, second = lstm(task, tmp_path)[0], lstm(task, tmp_path)[0]
    assert np.array_equal(first, second)
    assert torch.equal(before, torch.get_rng_state())


def test_peers_do_not_see_test_users_words(task: Task) -> None:
    texts = [["only", "here"] if test else ["common"] for test in task.test]
    training = tag_lstm._Training(task, texts, np.flatnonzero(task.labelled), *tag_lstm.SETTINGS[0])
    assert all(set(training.words[u].tolist()) == {tag_lstm.UNKNOWN} for u in np.flatnonzero(task.test))


def test_relations_give_no_label_away(task: Task) -> None:
    s = task.snapshot
    graph = relations(s)
    assert ("User", "TAGGED", "Topic") not in graph
    about = s.edges["Item", "ABOUT", "Topic"].matrix().toarray()
    said = np.zeros(about.shape)
    for _, item, topic, weight in split.interests(s).triples["Item"]:
        said[int(item), int(topic)] += weight
    left = np.zeros(about.shape, bool)
    left[tuple(graph["Item", "ABOUT", "Topic"])] = True
    by_users_alone = (about > 0) & (said >= about)
    assert by_users_alone.any()
    assert np.array_equal(left, (about > 0) & ~by_users_alone)
