"""Evidence is staged beside the tags it belongs to, whatever the order and the type of the keys."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sociogram.graph.mapping import default_mapping
from sociogram.graph.profile import Profiles
from sociogram.graph.publish_links import EVIDENCE, PIECES, SEPARATOR, link_groups

PIECE = {
    "kind": "item",
    "key": "7",
    "name": "Seven",
    "share": 0.25,
    "path": "(u)",
    "sentence": f"with a {SEPARATOR} in it",
}


def profiles(evidence: pd.DataFrame | None) -> Profiles:
    keys: dict[str, list[Any]] = {"User": ["a", "b"], "Topic": [1, "two", 3]}
    tags = pd.DataFrame(
        [(0, 2, 0.9), (0, 1, 0.8), (0, 0, 0.7), (1, 1, 0.6)], columns=["user", "topic", "probability"]
    ).assign(topic_label="Topic", shown=True, observed=False)
    none = pd.DataFrame({"seen": np.zeros(0, bool)})
    names = {label: [str(k) for k in ks] for label, ks in keys.items()}
    vectors = {label: np.zeros((len(ks), 2), np.float32) for label, ks in keys.items()}
    return Profiles("User", keys, names, vectors, tags, none, [[], []], evidence=evidence)


def test_every_tag_has_its_own_pieces(tmp_path: Path) -> None:
    rows = [(0, 0, place) for place in range(PIECES + 2)] + [(0, 2, 0), (1, 1, 0)]
    table = pd.DataFrame(rows, columns=["user", "topic", "place"]).assign(topic_label="Topic", **PIECE)
    table["path"] = [f"{u}-{t}-{p}" for u, t, p in rows]
    profiles(table).save(tmp_path)
    made = Profiles.load(tmp_path)
    assert made.evidence is not None
    found = {}
    for group in link_groups(default_mapping(), made, 5):
        for user in range(2):
            held = dict(zip(group.columns, group.of(user), strict=True))
            for i, topic in enumerate(held["to"] or ()):
                found[user, topic] = [held[name][i].split(SEPARATOR) for name in EVIDENCE]
    assert found[0, 1][0] == [f"0-0-{p}" for p in range(PIECES)]
    assert found[0, 3][0] == ["0-2-0"]
    assert found[1, "two"][0] == ["1-1-0"]
    assert found[0, "two"] == [[""]] * len(EVIDENCE)
    assert found[1, "two"][1:] == [["item"], ["7"], ["with a   in it"], ["0.2500"]]


def test_a_run_without_reasons_has_no_such_lists(tmp_path: Path) -> None:
    profiles(None).save(tmp_path)
    made = Profiles.load(tmp_path)
    assert made.evidence is None
    assert all("evidence" not in group.columns for group in link_groups(default_mapping(), made, 5))
