"""Splits of Last.fm 2K for the recommendation benchmark: SocialLGN's own, and 8:1:1 per user as RecBole draws it.

Artists' tags are leak-safe in both: of what users said of artists only what was said on a training pair is there.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.snapshot import Snapshot

MAPPING = GraphMapping(
    (NodeMapping("User", "user"), NodeMapping("Item", "item"), NodeMapping("Topic", "topic")),
    (
        RelationshipMapping("KNOWS", "User", "User", "tie"),
        RelationshipMapping("LISTENED", "User", "Item", "behaviour", weight="weight"),
        RelationshipMapping("ABOUT", "Item", "Topic", "about", weight="weight"),
        RelationshipMapping("TAGGED", "User", "Topic", "interest", item="item"),
    ),
)


@dataclass(frozen=True)
class Split:
    """Tables of rows 0..n-1: pairs have columns user and item, ties user and friend."""

    users: "pd.Series[int]"  # raw id -> row
    items: "pd.Series[int]"
    train: pd.DataFrame
    validation: pd.DataFrame  # not learned from either
    test: pd.DataFrame
    ties: pd.DataFrame

    def snapshot(self, raw: Path, folder: Path) -> Snapshot:
        """Train pairs with listening counts, ties, and the tag triples whose pair is in train."""
        train = self.train.merge(self._read(raw / "user_artists.dat"), on=["user", "item"], validate="one_to_one")
        tags = self._read(raw / "user_taggedartists.dat").rename(columns={"tagID": "topic"})
        tags = tags[["user", "item", "topic"]].drop_duplicates().merge(train[["user", "item"]], on=["user", "item"])
        about = tags.groupby(["item", "topic"]).size().rename("weight").reset_index()
        nodes = {
            "User": pa.table({"key": np.arange(len(self.users))}),
            "Item": pa.table({"key": np.arange(len(self.items))}),
            "Topic": pa.table({"key": np.unique(tags["topic"])}),
        }
        edges = {
            ("User", "KNOWS", "User"): _table(self.ties, source="user", target="friend"),
            ("User", "LISTENED", "Item"): _table(train, source="user", target="item", weight="weight"),
            ("Item", "ABOUT", "Topic"): _table(about, source="item", target="topic", weight="weight"),
            ("User", "TAGGED", "Topic"): _table(tags, source="user", target="topic", item="item"),
        }
        return Snapshot.create(folder, MAPPING, nodes, edges)

    def _read(self, file: Path) -> pd.DataFrame:
        table = pd.read_csv(file, sep="\t")
        table["user"], table["item"] = table["userID"].map(self.users), table["artistID"].map(self.items)
        return table.dropna(subset=["user", "item"]).astype({"user": int, "item": int})


def _table(frame: pd.DataFrame, **columns: str) -> pa.Table:
    return pa.table({name: pa.array(frame[column].to_numpy()) for name, column in columns.items()})


def social_lgn(folder: Path) -> Split:
    """The split that SocialLGN published (BENCHMARKS A): no validation pairs of its own."""
    users, items = (
        pd.Series(json.loads((folder / f"{name}Reindex.json").read_text())).rename(int) for name in ("user", "item")
    )
    train, test, ties = (pd.read_csv(folder / f"{name}.txt") for name in ("train_set", "test_set", "trust"))
    return Split(users, items, train, test.iloc[:0], test, ties)


def eight_one_one(raw: Path, seed: int) -> Split:
    """8:1:1 of each user's artists at random (BENCHMARKS B): of n pairs max(1, n // 10) are test and as many validation."""
    pairs = pd.read_csv(raw / "user_artists.dat", sep="\t")
    ties = pd.read_csv(raw / "user_friends.dat", sep="\t")
    users, items = (
        pd.Series(np.arange(len(ids)), ids)
        for ids in (np.unique(np.r_[pairs["userID"], ties["userID"], ties["friendID"]]), np.unique(pairs["artistID"]))
    )
    rows = pd.DataFrame({"user": pairs["userID"].map(users), "item": pairs["artistID"].map(items)})
    rows = rows.sample(frac=1, random_state=seed)
    place, size = rows.groupby("user").cumcount(), rows.groupby("user")["item"].transform("size")
    tenth = np.maximum(size // 10, 1)
    test = place < np.where(size > 1, tenth, 0)  # a user's only pair teaches
    validation = ~test & (place < np.where(size > 2, 2 * tenth, 0))
    friends = pd.DataFrame({"user": ties["userID"].map(users), "friend": ties["friendID"].map(users)})
    return Split(users, items, rows[~test & ~validation], rows[validation], rows[test], friends)
