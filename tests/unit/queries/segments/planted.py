"""A community whose groups are planted in ties, embeddings and tags alike."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sociogram.graph.held_out import HeldOutInterests
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.profile import Attribute, Profiles
from sociogram.graph.snapshot import Snapshot
from sociogram.queries.segments.people import People

MAPPING = GraphMapping(
    nodes=(
        NodeMapping("User", "user", name="name", numeric=("age",), categorical=("city",)),
        NodeMapping("Item", "item"),
        NodeMapping("Topic", "topic", name="name"),
    ),
    relationships=(
        RelationshipMapping("KNOWS", "User", "User", "tie", weight="weight"),
        RelationshipMapping("SAW", "User", "Item", "behaviour"),
        RelationshipMapping("TAGGED", "User", "Topic", "interest"),
    ),
)
TOPICS = ("climbing", "baking", "jazz", "chess", "science fiction")
CITIES = ("Wien", "Graz")
EACH = 40


def snapshot_of(folder: Path, users: int, ties: list[tuple[int, int]], acts: list[tuple[int, int]] = []) -> Snapshot:  # noqa: B006 - never changed
    """Users u0.. of two cities, and whatever ties and behaviours."""
    keys = [f"u{i:03}" for i in range(users)]
    nodes = {
        "User": pa.table(
            {
                "key": keys,
                "name": [f"Name {i}" for i in range(users)],
                "age": pa.array([None if i % 10 == 9 else 20 + i % 40 for i in range(users)], pa.int64()),
                "city": [CITIES[i % 2] for i in range(users)],
            }
        ),
        "Item": pa.table({"key": [f"i{i}" for i in range(20)]}),
        "Topic": pa.table({"key": [f"t{i}" for i in range(len(TOPICS))], "name": list(TOPICS)}),
    }
    links: dict[Any, Any] = {}
    if ties:
        ends = {"source": [keys[a] for a, _ in ties], "target": [keys[b] for _, b in ties]}
        links["User", "KNOWS", "User"] = pa.table({**ends, "weight": [1.0] * len(ties)})
    if acts:
        links["User", "SAW", "Item"] = pa.table(
            {"source": [keys[u] for u, _ in acts], "target": [f"i{i}" for _, i in acts]}
        )
    return Snapshot.create(folder, MAPPING, nodes, links)


def profiles_of(snapshot: Snapshot, group: np.ndarray[Any, Any], seed: int = 0, noise: float = 0.5) -> Profiles:
    """Embeddings around a centre for each group; members are likely to have the group's topic."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(max(int(group.max()) + 1, 1), 16))
    n = len(group)
    own = np.where(rng.random(n) < 0.8, group % len(TOPICS), rng.integers(len(TOPICS), size=n))
    tags = pd.DataFrame(
        {
            "user": np.repeat(np.arange(n), 2),
            "topic": np.stack([own, (own + 1) % len(TOPICS)], 1).ravel(),
            "topic_label": "Topic",
            "probability": np.tile(np.array([0.9, 0.2], np.float32), n),
            "shown": np.tile([True, False], n),
            "observed": False,
        }
    )
    return Profiles(
        user_label="User",
        keys={label: nodes.keys for label, nodes in snapshot.nodes.items()},
        names={label: nodes.names for label, nodes in snapshot.nodes.items()},
        embeddings={"User": (centres[group] + rng.normal(0, noise, (n, 16))).astype(np.float32)},
        tags=tags,
        recommendations=pd.DataFrame({c: [] for c in ("user", "item", "item_label", "rank", "score", "seen")}),
        keywords=[["weekend"] if u % 2 else [] for u in range(n)],
        attributes={
            "plan": Attribute("class", ["gold", None] * (n // 2) + ["gold"] * (n % 2), np.full(n, 0.8, np.float32))
        },
    )


def planted(
    folder: Path, groups: int = 4, *, each: int = EACH, seed: int = 0, held_out: bool = False
) -> tuple[People, np.ndarray[Any, Any]]:
    """Ties are 20 times as likely within a group; the true group of each user beside."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), each)
    n = len(group)
    near = rng.random((n, n)) < np.where(group[:, None] == group[None], 0.2, 0.01)
    ties = [(int(a), int(b)) for a, b in zip(*np.nonzero(np.triu(near, 1)), strict=True)]
    acts = [(u, int(i)) for u in range(n) for i in rng.choice(5, 3, replace=False) + 5 * (group[u] % 4)]
    snapshot = snapshot_of(folder, n, ties, acts)
    profiles = profiles_of(snapshot, group, seed)
    held = None
    if held_out:
        from scipy import sparse

        mine = rng.random((n, len(TOPICS))) < np.where(np.arange(len(TOPICS)) == group[:, None] % len(TOPICS), 0.7, 0.1)
        test = mine & (rng.random(mine.shape) < 0.3)
        known, seen = (sparse.csr_array(m.astype(np.float32)) for m in (mine & ~test, test))
        held = HeldOutInterests(profiles.embeddings["User"], known, seen)
    return People(profiles, snapshot, held), group
