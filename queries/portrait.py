"""Who a user is, in one sentence: a template filled from the published profile."""

from collections.abc import Mapping, Sequence
from typing import Any

from sociogram.graph.mapping import NodeMapping
from sociogram.queries.rows import Tag, readable

INTERESTS = 4  # named at most, of those that are known and of those that are likely
WORDS = 3
FACTS = 3


def portrait(
    name: str,
    mapping: NodeMapping,
    properties: Mapping[str, Any],
    tags: Sequence[Tag],
    keywords: Sequence[str],
    like: str | None,
    segment: Any = None,
) -> str:
    """For example: Mara (Bern, age 31) is into climbing and baking, likely photography; most like u0077; in segment makers."""
    facts = [readable(properties[p]) for p in mapping.categorical if properties.get(p) not in (None, "")]
    facts += [f"{p} {readable(properties[p])}" for p in mapping.numeric if properties.get(p) is not None]
    who = f"{name} ({', '.join(facts[:FACTS])})" if facts else name
    known, likely = ([t.name for t in tags if t.observed is seen][:INTERESTS] for seen in (True, False))
    likes = [f"is into {listed(known)}"] if known else []
    likes += [f"{'likely' if known else 'is likely into'} {listed(likely)}"] if likely else []
    parts = [", ".join(likes) or "has no interest that is sure enough to show"]
    if not likes and keywords:
        parts.append(f"writes of {listed(keywords[:WORDS])}")
    if like is not None:
        parts.append(f"most like {like}")
    if segment is not None:
        parts.append(f"in segment {readable(segment)}")
    return f"{who} {'; '.join(parts)}."


def listed(words: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
