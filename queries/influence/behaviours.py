"""Who did what first when: the timed behaviours of a snapshot as one log, by item and time."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sociogram.errors import InputError
from sociogram.graph.snapshot import NO_TIME, Key, Snapshot
from sociogram.queries.influence.cascades import Ints


@dataclass(frozen=True)
class BehaviourLog:
    """The first time of each user on each item [m], sorted by item, then time, then user; item i has rows starts[i]:starts[i+1]."""

    starts: Ints  # [items + 1]
    user: Ints  # [m] row of the user
    time: Ints  # [m] epoch ms, or any unit
    items: Sequence[tuple[str, Key, str]]  # label, key and name of each item

    def __len__(self) -> int:
        return len(self.user)

    @cached_property
    def item(self) -> Ints:
        """Number of the item, one per row [m]."""
        return np.repeat(np.arange(len(self.items)), np.diff(self.starts))

    @classmethod
    def build(
        cls, user: Ints, item: Ints, time: Ints, items: "Sequence[tuple[str, Key, str]] | None" = None
    ) -> "BehaviourLog":
        """From rows in any order, repeats allowed; `item` numbers the items from 0."""
        frame = pd.DataFrame({"user": user, "item": item, "time": time})
        first = frame.sort_values(["item", "time", "user"]).drop_duplicates(["item", "user"])
        count = len(items) if items is not None else (int(frame["item"].max()) + 1 if len(frame) else 0)
        starts = np.searchsorted(first["item"].to_numpy(), np.arange(count + 1))
        named = items if items is not None else [("Item", i, str(i)) for i in range(count)]
        return cls(starts.astype(np.int64), first["user"].to_numpy(np.int64), first["time"].to_numpy(np.int64), named)


def behaviour_log(snapshot: Snapshot, types: Sequence[str] = ()) -> BehaviourLog:
    """All timed behaviours on items and timed interests in topics, or those of the given relationship types."""
    label = snapshot.mapping.user.label
    found = [e for role in ("behaviour", "interest") for e in snapshot.edges_with_role(role) if e.key[0] == label]  # type: ignore[arg-type]
    known = [e.key[1] for e in found]
    for type_ in types:
        if type_ not in known:
            there = ", ".join(dict.fromkeys(known)) or "none"
            raise InputError(f"type {type_!r} is no behaviour or interest of the graph (there are: {there}).")
    parts = []
    items: list[tuple[str, Key, str]] = []
    place: dict[str, int] = {}
    for e in found:
        timed = np.flatnonzero(np.asarray(e.time) != NO_TIME)
        if (types and e.key[1] not in types) or not len(timed):
            continue
        nodes = snapshot.nodes[e.key[2]]
        if e.key[2] not in place:
            place[e.key[2]] = len(items)
            items += [(e.key[2], key, name) for key, name in zip(nodes.keys, nodes.names, strict=True)]
        parts.append((e.sources[timed], e.targets[timed] + place[e.key[2]], np.asarray(e.time)[timed]))
    if not parts:
        raise InputError(
            "no behaviour has a time, and without times nobody is before anybody. Map a time on a behaviour in graph.toml."
        )
    user, item, time = (np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True))
    return BehaviourLog.build(user, item, time, items)
