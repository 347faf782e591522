"""The segments' section: the map coloured by segment, sizes, words, and what the segmentation is worth in sentences."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sociogram.graph.profile import Profiles
from sociogram.report import plots
from sociogram.report.layout import NAMED_MOST, UserMap
from sociogram.report.plots import number, short
from sociogram.report.words import decimal
from sociogram.said import Said

WORDS = 6  # of a segment that are printed


def segments_view(section: Mapping[str, Any], profiles: Profiles, drawn: UserMap) -> dict[str, Any]:
    """What the template prints of the report's part `segments`; empty where the run has none."""
    rows = [s for s in section.get("segments") or [] if isinstance(s, Mapping)]
    if not rows:
        return {}
    shown = [
        {
            "id": s.get("id"),
            "name": short(str(s.get("name", "")), 60),
            "users": number(s.get("users")),
            "share": number(s.get("share")) or 0.0,
            "words": [(short(str(w["word"]), 40), number(w["lift"]), number(w["share"])) for w in s["words"][:WORDS]],
        }
        for s in rows
    ]
    method = str((section.get("settings") or {}).get("method", ""))
    return {
        "rows": shown,
        "method": {"leiden": "the ties (Leiden)", "rule": "rules"}.get(method, "the embeddings (k-means)"),
        "picture": _picture(rows, profiles, drawn),
        "said": [*sentences(section), *(short(str(note), 300) for note in section.get("notes") or [])],
    }


def _picture(rows: list[Mapping[str, Any]], profiles: Profiles, drawn: UserMap) -> Any:
    if profiles.users is None or len(drawn.rows) < 2:
        return ""
    named = [s for s in rows if s.get("id")][:NAMED_MOST]
    place = {s["id"]: i for i, s in enumerate(named)}
    ids = profiles.users["segment"].fillna(0).astype(int).tolist()
    group = np.array([place.get(ids[row], -1) for row in drawn.rows.tolist()], np.int64)
    return plots.scatter(drawn.points, group, [str(s["name"]) for s in named], "Map of the users by segment")


def sentences(section: Mapping[str, Any]) -> list[Said]:
    """Stability and lift in words, as far as they were measured."""
    said: list[Said] = []
    steady, lift = section.get("stability"), section.get("lift")
    if isinstance(steady, Mapping):
        said.append(
            Said(
                "stability: with other seeds the adjusted Rand index is {seeds} (least {seeds_least}), on resamples {again} "
                "(least {again_least}); 1 is the same, 0 chance",
                seeds=decimal(steady["seeds"]["mean"]),
                seeds_least=decimal(steady["seeds"]["least"]),
                again=decimal(steady["resamples"]["mean"]),
                again_least=decimal(steady["resamples"]["least"]),
            )
        )
    if isinstance(lift, Mapping):
        said.append(
            Said(
                "lift: a held-out behaviour is {lift:.2f} times (95 % {low:.2f} to {high:.2f}) as common in the user's "
                "own segment as among all; in random segments of the same sizes {random:.2f} times "
                "({random_low:.2f} to {random_high:.2f})",
                **{name: lift[name] for name in ("lift", "low", "high", "random", "random_low", "random_high")},
            )
        )
    return said
