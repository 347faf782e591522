"""All items side by side in columns, with their vectors, and the users' vectors and stored lists."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sociogram.gnn.blend import Calibration
from sociogram.gnn.new_item import ItemTower
from sociogram.graph.profile import Key, Profiles
from sociogram.queries.serving import Item, Newcomer, Serving
from sociogram.runs import Run

Floats = NDArray[np.float32]
SHARED = 64  # columns of the network's half where a run does not say


@dataclass(frozen=True)
class Shelf:
    """One run as recommendations read it.

    `listed` has the columns user (row), column, score and seen, sorted by user, then score descending; `active` says which users had
    behaviours when the run was learned.
    """

    run: str
    items: list[Item]
    names: list[str]
    vectors: Floats  # [items, d]; of items that came after training from their text, zero where that says nothing
    new: NDArray[np.bool_]  # [items]
    users: list[Key]
    user_vectors: Floats  # [users, d]
    active: NDArray[np.bool_]  # [users]
    listed: pd.DataFrame
    shared: int = SHARED
    embedding: Calibration = field(default_factory=Calibration)
    tower: ItemTower | None = None

    @cached_property
    def column(self) -> dict[Item, int]:
        """The column of each item."""
        return {item: i for i, item in enumerate(self.items)}

    @cached_property
    def row(self) -> dict[Key, int]:
        """The row of each user."""
        return {user: i for i, user in enumerate(self.users)}

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where the list of each user begins in `listed` [users + 1]."""
        return np.searchsorted(self.listed["user"].to_numpy(), np.arange(len(self.users) + 1)).astype(np.int64)

    def taste(self, rows: Sequence[int] | NDArray[np.int64]) -> Floats:
        """The collaborative half of users' vectors."""
        return self.user_vectors[rows][:, self.shared :]

    @cached_property
    def goods(self) -> Floats:
        """The collaborative half of the items' vectors."""
        return np.ascontiguousarray(self.vectors[:, self.shared :])

    def with_new(self, newcomers: Sequence[Newcomer], vectors: Floats) -> "Shelf":
        """The same with items that the run does not know, behind the others."""
        fresh = [i for i, n in enumerate(newcomers) if n.item not in self.column]
        return replace(
            self,
            items=[*self.items, *(newcomers[i].item for i in fresh)],
            names=[*self.names, *(newcomers[i].name for i in fresh)],
            vectors=np.concatenate([self.vectors, vectors[fresh]]).astype(np.float32),
            new=np.concatenate([self.new, np.ones(len(fresh), bool)]),
        )


def shelf_of_run(run: Run, profiles: Profiles, labels: Sequence[str]) -> Shelf:
    """From the run's folder; `labels` are those of items in the mapping."""
    there = [label for label in labels if label in profiles.embeddings]
    first = dict(zip(there, np.cumsum([0, *(len(profiles.keys[n]) for n in there)]).tolist(), strict=False))
    width = profiles.embeddings[profiles.user_label].shape[1]
    table = profiles.recommendations[profiles.recommendations["item_label"].isin(there)]
    listed = pd.DataFrame(
        {
            "user": table["user"].to_numpy(np.int64),
            "column": table["item"].to_numpy(np.int64) + table["item_label"].map(first).to_numpy(np.int64),
            "score": table["score"].to_numpy(np.float32),
            "seen": table["seen"].to_numpy(bool),
        }
    ).sort_values(["user", "score"], ascending=[True, False], kind="stable")
    users = profiles.keys[profiles.user_label]
    active = np.zeros(len(users), bool)
    active[listed["user"].to_numpy()[listed["seen"].to_numpy()]] = True
    calibration = _calibration(run)
    return Shelf(
        run=run.id,
        items=[(label, key) for label in there for key in profiles.keys[label]],
        names=[name for label in there for name in profiles.names[label]],
        vectors=np.concatenate([np.zeros((0, width), np.float32), *(profiles.embeddings[n] for n in there)]),
        new=np.zeros(sum(len(profiles.keys[n]) for n in there), bool),
        users=users,
        user_vectors=profiles.embeddings[profiles.user_label],
        active=active,
        listed=listed,
        shared=int(run.record["config"].get("shared", SHARED)),
        embedding=calibration,
        tower=ItemTower.load(run.folder),
    )


def _calibration(run: Run) -> Calibration:
    stored = run.report.get("items", {}).get("embedding")  # runs of older versions have none
    return Calibration(**stored) if stored else Calibration()


def shelf_of_graph(serving: Serving, run: str, shared: int, user: Key) -> Shelf:
    """For one user, from what was published: for a live run whose folder is not here."""
    vector, listed = serving.published(user, run)
    read = list(serving.vectors(run))
    width = len(read[0][2]) if read else 0
    column = {item: i for i, (item, _, _) in enumerate(read)}
    known = [(column[item], score) for item, score in listed if item in column]
    frame = pd.DataFrame(
        {"user": 0, "column": [c for c, _ in known], "score": [s for _, s in known], "seen": False}
    ).astype({"user": np.int64, "column": np.int64, "score": np.float32, "seen": bool})
    has: list[Any] = [] if vector is None else [vector]
    return Shelf(
        run=run,
        items=[item for item, _, _ in read],
        names=[name for _, name, _ in read],
        vectors=np.asarray([v for _, _, v in read], np.float32).reshape(len(read), width),
        new=np.zeros(len(read), bool),
        users=[user] if has else [],
        user_vectors=np.asarray(has, np.float32).reshape(len(has), width or len(vector or ())),
        active=np.ones(len(has), bool),
        listed=frame if has else frame[:0],
        shared=shared,
    )
