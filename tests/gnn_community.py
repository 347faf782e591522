"""A small community with planted interests, for the tests of learning."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.snapshot import Snapshot

MAPPING = GraphMapping(
    nodes=(
        NodeMapping("User", "user", text=("bio",), predict={"age": "number", "city": "class", "likes": "multilabel"}),
        NodeMapping("Item", "item", text=("title",)),
        NodeMapping("Topic", "topic", name="name", text=("name",)),
    ),
    relationships=(
        RelationshipMapping("KNOWS", "User", "User", "tie"),
        RelationshipMapping("SAW", "User", "Item", "behaviour", time="at"),
        RelationshipMapping("ABOUT", "Item", "Topic", "about", weight="weight"),
        RelationshipMapping("TAGGED", "User", "Topic", "interest", weight="weight", item="item"),
    ),
)


def table(**columns: Any) -> pa.Table:
    """A table of lists."""
    return pa.table({name: pa.array(list(values)) for name, values in columns.items()})


def community(
    folder: Path,
    users: int = 150,
    items: int = 60,
    topics: int = 6,
    seed: int = 0,
    share: float = 0.6,
    *,
    interests: bool = True,
) -> Snapshot:
    """Users with one to three topics that show in their bio, friends and items; `share` of them have their interests in the graph.

    Without `interests` the graph has no topics at all.
    """
    rng = np.random.default_rng(seed)
    likes = np.zeros((users, topics), bool)
    for u in range(users):
        likes[u, rng.choice(topics, rng.integers(1, 4), replace=False)] = True
    about = rng.integers(topics, size=items)
    bios = [
        " ".join(
            [f"word{t}x{rng.integers(5)}" for t in np.flatnonzero(line) if rng.random() < 0.5]
            + [f"noise{rng.integers(30)}" for _ in range(4)]
        )
        for line in likes
    ]
    ties = {
        (u, int(v)) for u in range(users) for v in rng.choice(np.flatnonzero((likes & likes[u]).any(1)), 3) if u != v
    }
    acts = []
    for u in range(users):
        own = np.flatnonzero(likes[u][about])
        acts += [
            (u, int(rng.choice(own)) if len(own) and rng.random() < 0.8 else int(rng.integers(items))) for _ in range(5)
        ]
    acts = sorted(set(acts))
    through = {(u, int(about[i])): i for u, i in acts if likes[u, about[i]]}
    told = [(u, int(t)) for u in range(users) if rng.random() < share for t in np.flatnonzero(likes[u])]
    age = 30 + 6 * likes[:, 0] - 8 * likes[:, 1] + rng.normal(size=users) * 2
    nodes = {
        "User": table(
            key=[f"u{u:04d}" for u in range(users)],
            text=bios,
            age=[float(a) if rng.random() < 0.7 else None for a in age],
            city=[("Oslo" if line[0] else "Bern") if rng.random() < 0.8 else None for line in likes],
            likes=[[f"l{t}" for t in np.flatnonzero(line)] if rng.random() < 0.6 else None for line in likes],
        ),
        "Item": table(
            key=[f"i{i:04d}" for i in range(items)], text=[f"word{t}x{rng.integers(5)} thing" for t in about]
        ),
        "Topic": table(key=[f"t{t}" for t in range(topics)], name=[f"word{t}x0 word{t}x1" for t in range(topics)]),
    }
    edges = {
        ("User", "KNOWS", "User"): table(
            source=[f"u{a:04d}" for a, _ in sorted(ties)], target=[f"u{b:04d}" for _, b in sorted(ties)]
        ),
        ("User", "SAW", "Item"): table(
            source=[f"u{a:04d}" for a, _ in acts],
            target=[f"i{b:04d}" for _, b in acts],
            at=[10**12 + k for k in range(len(acts))],
        ),
        ("Item", "ABOUT", "Topic"): table(
            source=[f"i{i:04d}" for i in range(items) if i % 3],
            target=[f"t{about[i]}" for i in range(items) if i % 3],
            weight=[2.0] * sum(i % 3 > 0 for i in range(items)),
        ),
        ("User", "TAGGED", "Topic"): table(
            source=[f"u{u:04d}" for u, _ in told],
            target=[f"t{t}" for _, t in told],
            item=[f"i{through[p]:04d}" if p in through else None for p in told],
            weight=[1.0] * len(told),
        ),
    }
    if not interests:
        return Snapshot.create(
            folder,
            replace(MAPPING, nodes=MAPPING.nodes[:2], relationships=MAPPING.relationships[:2]),
            {label: columns for label, columns in nodes.items() if label != "Topic"},
            {key: columns for key, columns in edges.items() if "Topic" not in key},
        )
    return Snapshot.create(folder, MAPPING, nodes, edges)
