"""Who a user is, in one sentence: a template filled from the published profile."""

from collections.abc import Mapping, Sequence
from typing import Any

from sociogram.graph.mapping import NodeMapping
from sociogram.queries.rows import Tag, readable
from sociogram.said import Joined, Said, listed

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
) -> Said:
    """For example: Mara (Bern, age 31) is into climbing and baking, likely photography; most like u0077; in segment makers."""
    facts = [readable(properties[p]) for p in mapping.categorical if properties.get(p) not in (None, "")]
    facts += [f"{p} {readable(properties[p])}" for p in mapping.numeric if properties.get(p) is not None]
    who = Said("{name} ({facts})", name=name, facts=Joined(", ", facts[:FACTS])) if facts else name
    known, likely = ([t.name for t in tags if t.observed is seen][:INTERESTS] for seen in (True, False))
    parts: list[Said] = [_likes(known, likely)]
    if not known and not likely and keywords:
        parts.append(Said("writes of {words}", words=listed(keywords[:WORDS])))
    if like is not None:
        parts.append(Said("most like {other}", other=like))
    if segment is not None:
        parts.append(Said("in segment {segment}", segment=readable(segment)))
    return Said("{who} {parts}.", who=who, parts=Joined("; ", parts))


def _likes(known: Sequence[str], likely: Sequence[str]) -> Said:
    if known and likely:
        return Said("is into {known}, likely {likely}", known=listed(known), likely=listed(likely))
    if known:
        return Said("is into {known}", known=listed(known))
    if likely:
        return Said("is likely into {likely}", likely=listed(likely))
    return Said("has no interest that is sure enough to show")
