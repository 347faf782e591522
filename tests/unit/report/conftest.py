"""A made-up run: profiles around topic centres, a snapshot with the same rows and a full report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sociogram.graph.mapping import default_mapping
from sociogram.graph.profile import Attribute, Profiles
from sociogram.graph.snapshot import Snapshot

TOPICS = ["climbing", "baking", "jazz", "trail running", "astronomy", "围棋", "gardening", "film", "cycling", "chess"]
Made = tuple[dict[str, Any], Profiles, Snapshot]


@pytest.fixture
def community(tmp_path: Path) -> Callable[..., Made]:
    """A function of the numbers of users and items; each call makes its own snapshot folder."""

    def make(users: int = 40, items: int = 12, topics: int = 10, **names: Any) -> Made:
        return made_up(tmp_path / f"snapshot-{users}-{items}-{topics}", users, items, topics, **names)

    return make


def made_up(
    folder: Path,
    users: int,
    items: int,
    topics: int,
    *,
    user_names: list[str] | None = None,
    topic_names: list[str] | None = None,
    texts: list[str] | None = None,
) -> Made:
    rng = np.random.default_rng(7)
    user_names = user_names or [f"Person {i}" for i in range(users)]
    topic_names = topic_names or [TOPICS[i % len(TOPICS)] + ("" if i < len(TOPICS) else f" {i}") for i in range(topics)]
    home = rng.integers(0, topics, users) if topics else np.zeros(users, int)
    texts = texts or [
        "" if i % 4 == 3 else f"Weekends are for {topic_names[home[i]] if topics else 'rest'}." for i in range(users)
    ]
    titles = [f"Item number {i}" for i in range(items)]
    nodes = {
        "User": pa.table(
            {"key": [f"u{i:04}" for i in range(users)], "name": user_names, "text": texts}, _text("key", "name", "text")
        ),
        "Item": pa.table({"key": [f"i{i:04}" for i in range(items)], "name": titles}, _text("key", "name")),
        "Topic": pa.table({"key": [f"t{i:04}" for i in range(topics)], "name": topic_names}, _text("key", "name")),
    }
    ties = {"source": [f"u{i:04}" for i in range(users - 1)], "target": [f"u{i + 1:04}" for i in range(users - 1)]}
    edges = {("User", "KNOWS", "User"): pa.table(ties, _text("source", "target"))}
    snapshot = Snapshot.create(folder, default_mapping(), nodes, edges)
    centres = rng.normal(size=(max(topics, 1), 16))
    embeddings = (centres[home] + rng.normal(0, 0.45, (users, 16))).astype(np.float32)
    profiles = Profiles(
        user_label="User",
        keys={label: n.keys for label, n in snapshot.nodes.items()},
        names={label: n.names for label, n in snapshot.nodes.items()},
        embeddings={"User": embeddings},
        tags=_tags(rng, home, topics),
        recommendations=_recommendations(rng, users, items),
        keywords=[[topic_names[home[i]], "weekend"] if topics else [] for i in range(users)],
        attributes={
            "plan": Attribute(
                "class", [None if i % 5 == 4 else "gold" for i in range(users)], np.full(users, 0.8, np.float32)
            ),
            "age": Attribute("number", [31.5] * users, np.full(users, 0.4, np.float32)),
            "languages": Attribute("multilabel", [["en", "中文"]] * users, np.full(users, 0.7, np.float32)),
        },
    )
    return full_report(topic_names), profiles, snapshot


def full_report(topics: list[str]) -> dict[str, Any]:
    """A report with every section."""
    rng = np.random.default_rng(3)

    def tags(method: str, level: float) -> dict[str, Any]:
        figures = {"map": level, "lrap": level + 0.03, "precision@3": level - 0.1, "micro_f1": level - 0.04}
        figures |= {
            "macro_f1": level - 0.09,
            "precision": level + 0.1,
            "recall": level - 0.12,
            "accuracy": 0.9 + level / 12,
        }
        return {"method": method, "split": "test", **figures, "coverage": 0.5 + level / 2}

    def items(method: str, level: float) -> dict[str, Any]:
        return {
            "method": method,
            "ndcg@10": level,
            "precision@10": level * 0.7,
            "recall@10": level * 0.8,
            "ndcg@20": level + 0.02,
            "recall@20": level + 0.05,
        }

    steps = range(0, 340, 10)
    return {
        "run": "r1",
        "createdAt": "2026-11-24T22:00:00+00:00",
        "mode": "frozen",
        "seed": 0,
        "data": {
            "nodes": {"User": 1500, "Item": 800, "Topic": 24},
            "relationships": {"User-KNOWS->User": 9412, "User-LIKED->Item": 31877, "User-TAGGED->Topic": 4102},
            "texts": 3824,
            "distinct_texts": 1931,
            "hash": "8f2c" * 16,
        },
        "modes": {
            "asked": "auto",
            "kept": "two_step",
            "sentence": "auto keeps two_step: validation mAP 0.712, +0.021 (-0.004 to +0.045) over frozen on 61 users",
            "candidates": [
                {"name": "frozen", "seconds": 20.1, "steps": 0, "validation_map": 0.691, "users": 61},
                {
                    "name": "two_step",
                    "seconds": 44.0,
                    "steps": 120,
                    "validation_map": 0.712,
                    "users": 61,
                    "weight_change": 0.0123,
                    "difference": 0.021,
                    "low": -0.004,
                    "high": 0.045,
                },
                {"name": "joint", "seconds": 0.0, "skipped": "no time left within the budget"},
            ],
            "curves": {"two_step": [{"step": s, "loss_links": 3.0 * 0.99**s} for s in range(1, 40)]},
        },
        "split": {"kind": "users", "train": 1050, "validation": 150, "test": 300},
        "curves": [
            {
                "step": s,
                "loss": 2.1 * 0.985**s + 0.4,
                "loss_tags": 1.5 * 0.98**s + 0.25,
                "loss_items": 0.6 * 0.99**s + 0.15,
                "validation_map": 0.71 - 0.5 * 0.98**s + float(rng.normal(0, 0.006)),
            }
            for s in steps
        ],
        "tags": {
            "rows": [
                tags("popularity", 0.231),
                tags("TF-IDF + LR, own text", 0.518),
                tags("TF-IDF + LR, own + neighbours' text", 0.611),
                tags("sociogram", 0.712),
            ],
            "versus": [
                {"baseline": "popularity", "difference": 0.481, "low": 0.446, "high": 0.516},
                {"baseline": "TF-IDF + LR, own text", "difference": 0.194, "low": 0.161, "high": 0.226},
                {"baseline": "TF-IDF + LR, own + neighbours' text", "difference": 0.101, "low": 0.073, "high": 0.128},
            ],
            "train_minus_test": {"map": 0.084, "micro_f1": 0.071},
            "per_topic": [
                {
                    "topic": t,
                    "users": 20 + 11 * i,
                    "ap": float(rng.uniform(0.4, 0.95)),
                    "base_rate": float(rng.uniform(0.04, 0.2)),
                }
                for i, t in enumerate(topics)
            ],
            "reliability": [
                {
                    "predicted": 0.05 + i / 10,
                    "observed": min(1.0, max(0.0, 0.05 + i / 10 + float(rng.normal(0, 0.025)))),
                    "count": 4000 // (1 + i * i),
                }
                for i in range(10)
            ],
            "ece": 0.031,
            "threshold": 0.42,
            "sure": {"threshold": 0.81, "pairs": 40, "precision": 0.88, "recall": 0.38},
        },
        "items": {"rows": [items("popularity", 0.083), items("iALS", 0.204), items("sociogram", 0.231)]},
        "attributes": {
            "plan": {
                "kind": "class",
                "rows": [{"method": "majority", "accuracy": 0.44}, {"method": "sociogram", "accuracy": 0.67}],
            },
            "age": {
                "kind": "number",
                "rows": [{"method": "mean", "mae": 9.81, "r2": 0.0}, {"method": "sociogram", "mae": 5.6, "r2": 0.61}],
            },
        },
        "planted": {"precision": 0.9, "recall": 0.87, "f1": 0.885, "map": 0.82},
        "cost": {
            "seconds": {"load": 6.2, "snapshot": 3.1, "text": 12.4, "training": 41.3, "publish": 2.8},
            "peak_memory_mb": 1432.0,
        },
    }


def _tags(rng: np.random.Generator, home: Any, topics: int) -> pd.DataFrame:
    rows = []
    for user, topic in enumerate(home if topics else []):
        score = rng.uniform(0.02, 0.4, topics)
        score[topic] = rng.uniform(0.6, 0.98)
        rows += [
            (user, int(t), "Topic", score[t], score[t] > 0.35, bool(t == topic and user % 3 == 0))
            for t in np.argsort(-score)
        ]
    columns = ["user", "topic", "topic_label", "probability", "shown", "observed"]
    return (
        pd.DataFrame(rows, columns=columns).astype({"probability": np.float32})
        if rows
        else pd.DataFrame(columns=columns)
    )


def _recommendations(rng: np.random.Generator, users: int, items: int) -> pd.DataFrame:
    columns = ["user", "item", "item_label", "rank", "score", "seen"]
    rows = [
        (user, int(item), "Item", rank + 1, 1.0 - rank / 10, rank == 0)
        for user in range(users)
        for rank, item in enumerate(rng.permutation(items)[:6])
    ]
    return pd.DataFrame(rows, columns=columns)


def _text(*names: str) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in names])
