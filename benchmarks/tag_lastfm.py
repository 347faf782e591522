"""Last.fm 2K as a task of the ladder: a fifth of each user's tags hidden, what is known of a user masked, and its own simple rows."""

import json
import time
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import bench_tags
from benchmarks.tag_rows import Answer, Method
from benchmarks.tag_tasks import Task
from sociogram.gnn import split
from sociogram.gnn.config import FitConfig

SETTINGS = {"min_topic_users": 30, "holdout": "pairs"}
FEW = 8  # judged tags known of a user up to which the user is light: nobody with less than five pairs is tested


def hidden_pairs(data: Path, folder: Path, seed: int) -> Task:
    """Task (i) of BENCHMARKS C: every user with at least five of the judged tags is tested on a fifth of them."""
    hidden, judged = bench_tags.hide(bench_tags.read(data, "user_taggedartists.dat"), seed)
    s = bench_tags.snapshot(folder / "lastfm", data, hidden)
    users, tags = s.users.row, s.nodes["Topic"].row
    topics = np.array([tags[tag] for tag in judged], np.int64)
    place = {tag: i for i, tag in enumerate(judged)}
    known = split.interests(s).pairs[:, topics].toarray() > 0
    truth = np.zeros(known.shape, bool)
    truth[[users[u] for u in hidden.userID], [place[t] for t in hidden.tagID]] = True
    counts, test = known.sum(1), truth.any(1)
    light = test & (counts <= FEW)
    return Task(
        f"(i) seed {seed}", s, topics, known, known.any(1), truth, test, light, counts, known=known, settings=SETTINGS
    )


def ridge(name: str) -> Method:
    """One of the simple rows of the tags benchmark."""
    return partial(_ridge, name=name)


def _ridge(task: Task, folder: Path, *, name: str) -> Answer:
    scores, threshold, seconds = _parts(task, folder, name)
    return scores, scores.clip(0, 1), threshold, {"seconds": seconds}


def _parts(task: Task, folder: Path, name: str) -> tuple[np.ndarray, float, float]:
    """Scores, threshold and the seconds of all parts together: they are fitted as one, so once a task."""
    stored, notes = folder / "lastfm-simple.npz", folder / "lastfm-simple.json"
    if not notes.exists():
        started = time.monotonic()
        parts = bench_tags.simple_parts(task.snapshot, FitConfig(mode="frozen", **SETTINGS), task.topics.tolist())
        np.savez(stored, **{part: scores for part, (scores, _) in parts.items()})
        thresholds = {part: threshold for part, (_, threshold) in parts.items()}
        notes.write_text(json.dumps({"seconds": time.monotonic() - started, "thresholds": thresholds}))
    said = json.loads(notes.read_text())
    with np.load(stored) as parts:
        return parts[name].astype(np.float32), said["thresholds"][name], said["seconds"]
