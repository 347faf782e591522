"""A few users as the report shows them: what was known, what was predicted, who is alike."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sociogram.graph.profile import Profiles
from sociogram.graph.snapshot import Snapshot
from sociogram.report.layout import strongest_tag, unit_rows
from sociogram.report.plots import short

TAGS, SIMILAR, RECOMMENDED = 7, 5, 5  # how many of each are shown


@dataclass(frozen=True)
class Tag:
    name: str
    probability: float
    observed: bool
    shown: bool


@dataclass(frozen=True)
class Example:
    """One user, ready to be printed."""

    key: str
    name: str
    text: str
    tags: list[Tag]
    keywords: list[str]
    attributes: list[tuple[str, str, float | None]]  # name, value, confidence; None where the model abstains
    recommendations: list[str]
    similar: list[tuple[str, float]]  # name, cosine


def examples(profiles: Profiles, snapshot: Snapshot, count: int = 5) -> list[Example]:
    """Users with different strongest tags, the first of each with a text and a tag that the graph does not state."""
    vectors = unit_rows(profiles.embeddings.get(profiles.user_label, np.zeros((0, 1), np.float32)))
    return [_example(row, profiles, snapshot, vectors) for row in _pick(profiles, snapshot, count)]


def _pick(profiles: Profiles, snapshot: Snapshot, count: int) -> list[int]:
    texts = snapshot.users.texts
    predicted = profiles.tags[profiles.tags["shown"].astype(bool) & ~profiles.tags["observed"].astype(bool)]
    found = set(predicted["user"].astype(int))
    tag = strongest_tag(profiles)
    order = sorted(range(len(tag)), key=lambda row: (tag[row] is None, not texts[row], row not in found, row))
    chosen: list[int] = []
    taken: set[tuple[str, int] | None] = set()
    for row in order:
        if tag[row] not in taken:
            chosen.append(row)
            taken.add(tag[row])
    chosen += [row for row in order if row not in set(chosen)]
    return chosen[:count]


def _example(row: int, profiles: Profiles, snapshot: Snapshot, vectors: Any) -> Example:
    label = profiles.user_label
    return Example(
        key=short(str(profiles.keys[label][row]), 60),
        name=short(profiles.names[label][row], 80),
        text=short(snapshot.users.texts[row], 240),
        tags=_tags(row, profiles),
        keywords=[short(word, 40) for word in profiles.keywords[row][:8]] if row < len(profiles.keywords) else [],
        attributes=[
            (short(name, 60), _value(a.values[row]), None if a.values[row] is None else float(a.confidence[row]))
            for name, a in profiles.attributes.items()
        ],
        recommendations=_recommendations(row, profiles),
        similar=_similar(row, profiles, vectors),
    )


def _tags(row: int, profiles: Profiles) -> list[Tag]:
    rows = profiles.tags[profiles.tags["user"] == row].sort_values("probability", ascending=False, kind="stable")
    columns = (rows[c] for c in ("topic", "topic_label", "probability", "observed", "shown"))
    tags = [
        Tag(short(profiles.names[str(label)][int(topic)], 60), float(p), bool(observed), bool(shown))
        for topic, label, p, observed, shown in zip(*columns, strict=True)
    ]
    said = [t for t in tags if t.shown or t.observed]
    return (said or tags[:3])[:TAGS]


def _value(value: Any) -> str:
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return "not sure"
    if isinstance(value, list | tuple):
        return short(", ".join(map(str, value)), 80) or "none"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return short(str(value), 80)


def _recommendations(row: int, profiles: Profiles) -> list[str]:
    rows = profiles.recommendations
    rows = rows[(rows["user"] == row) & ~rows["seen"].astype(bool)].sort_values("rank", kind="stable")[:RECOMMENDED]
    return [
        short(profiles.names[str(label)][int(item)], 90)
        for label, item in zip(rows["item_label"], rows["item"], strict=True)
    ]


def _similar(row: int, profiles: Profiles, vectors: Any) -> list[tuple[str, float]]:
    if len(vectors) < 2 or not vectors[row].any():
        return []
    cosine = vectors @ vectors[row]
    cosine[row] = -np.inf
    best = np.lexsort((np.arange(len(cosine)), -cosine))[: min(SIMILAR, len(cosine) - 1)]
    names = profiles.names[profiles.user_label]
    return [(short(names[i], 60), float(cosine[i])) for i in best]
