"""The tags of each user as a run publishes them, kept small: names once, and a number for each."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sociogram.graph.mapping import GraphMapping
from sociogram.graph.profile import Key
from sociogram.graph.schema import quote
from sociogram.graph.store import Store


@dataclass(frozen=True)
class TagLists:
    """Names, and by user the places [start[row], start[row + 1]) of `tags` [m], which holds rows of names, strongest first."""

    names: list[str]
    start: NDArray[np.int64]
    tags: NDArray[np.int32]

    def of(self, row: int) -> list[str]:
        """One user's."""
        return [self.names[tag] for tag in self.tags[self.start[row] : self.start[row + 1]].tolist()]


def read_tags(folder: Path) -> TagLists:
    """From a run folder, by the rows of its users."""
    record: dict[str, Any] = json.loads((folder / "profiles.json").read_text(encoding="utf-8"))
    users = len(record["keys"][record["user_label"]])
    table = pq.read_table(folder / "tags.parquet", columns=["user", "topic", "topic_label", "shown"])
    table = table.filter(table["shown"])
    names: list[str] = []
    tags = np.zeros(len(table), np.int32)
    for label in pc.unique(table["topic_label"]).to_pylist():
        mine = pc.equal(table["topic_label"], label).to_numpy()
        tags[mine] = table["topic"].to_numpy()[mine] + len(names)
        names += map(str, record["names"][label])
    start = np.searchsorted(table["user"].to_numpy(), np.arange(users + 1))
    return TagLists(names, start.astype(np.int64), tags)


def published_tags(store: Store, mapping: GraphMapping, run: str, ids: Sequence[Key]) -> TagLists:
    """The same from the graph, for a run that is live there and was made elsewhere, by the rows of `ids`."""
    w = mapping.write
    key, tags, mark = (quote(name) for name in (mapping.user.key, w.name("tags"), w.name("run")))
    rows = store.read(
        f"MATCH (n:{quote(mapping.user.label)}) WHERE n.{mark} = $run RETURN n.{key} AS id, n.{tags} AS tags", run=run
    )
    found = {row["id"]: row["tags"] or () for row in rows}
    return tag_lists(found.get(key, ()) for key in ids)


def tag_lists(lists: Iterable[Iterable[str]]) -> TagLists:
    """From each user's names."""
    place: dict[str, int] = {}
    numbers: list[int] = []
    ends = [0]
    for names in lists:
        numbers += [place.setdefault(name, len(place)) for name in names]
        ends.append(len(numbers))
    return TagLists(list(place), np.asarray(ends, np.int64), np.asarray(numbers, np.int32))
