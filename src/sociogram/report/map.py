"""Everyone on a plane, and what they can be coloured by; the plane is laid out once a run and kept in its folder."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sociogram.graph.profile import Key, Profiles
from sociogram.report.layout import positions, strongest_tag

FILE = "map.npz"
NAMED_MOST = 12  # groups with a colour of their own
KINDS_MOST = 50  # values, up to which an attribute colours


@dataclass(frozen=True)
class UserPoints:
    """Users by row: where they stand, and what is known of them."""

    keys: list[Key]
    names: list[str]
    xy: NDArray[np.float64]  # [users, 2], rounded: a picture needs no more
    method: str
    segments: list[str | None]
    influence: NDArray[np.float64]  # 0 where it is not known
    strongest: list[str | None]  # tag
    tags: list[str]  # most used first
    having: dict[str, NDArray[np.int64]]  # tag -> rows
    attributes: dict[str, list[str | None]]  # predicted values

    def __len__(self) -> int:
        return len(self.keys)

    def groups(self, by: str, of: str = "") -> tuple[list[str], NDArray[np.int64]]:
        """Names of the largest groups, and each user's position among them (-1: another, or none)."""
        if by == "tag" and of in self.having:
            group = np.full(len(self), -1, np.int64)
            group[self.having[of]] = 0
            return [of], group
        values = self.strongest if by == "tag" else self.attributes.get(by.removeprefix("attribute:"), self.segments)
        counted: dict[str, int] = {}
        for value in values:
            if value is not None:
                counted[value] = counted.get(value, 0) + 1
        names = sorted(counted, key=lambda n: (-counted[n], n))[:NAMED_MOST]
        place = {name: i for i, name in enumerate(names)}
        return names, np.array([place.get(v, -1) if v is not None else -1 for v in values], np.int64)


def map_of(folder: Path, profiles: Profiles) -> tuple[NDArray[np.float64], str]:
    """Positions [users, 2] and the method, from the run's folder; laid out and kept there the first time."""
    file = folder / FILE
    if file.exists():
        with np.load(file) as kept:
            if len(kept["xy"]) == len(profiles.keys[profiles.user_label]):
                return kept["xy"], str(kept["method"])
    xy, method = positions(profiles)
    staged = folder / f".map.{os.getpid()}.npz"
    np.savez_compressed(staged, xy=xy, method=method)
    staged.rename(file)
    return xy, method


def user_points(profiles: Profiles, laid: tuple[NDArray[np.float64], str]) -> UserPoints:
    """What a picture of the users needs."""
    label = profiles.user_label
    xy, method = laid
    users = profiles.users
    span = float(np.ptp(xy)) or 1.0
    tags = profiles.tags[profiles.tags["shown"].astype(bool) | profiles.tags["observed"].astype(bool)]
    having: dict[str, Any] = {}
    pairs: Any = tags.groupby(["topic_label", "topic"])["user"]
    for (topics, topic), rows in pairs:
        having[profiles.names[str(topics)][int(topic)]] = np.unique(rows.to_numpy(np.int64))
    strongest = [None if t is None else profiles.names[t[0]][t[1]] for t in strongest_tag(profiles)]
    named: list[str | None] = [None] * len(profiles.keys[label])
    if users is not None:
        named = [n if isinstance(n, str) else None for n in users["segment_name"].tolist()]
    influence = np.zeros(len(named)) if users is None else np.nan_to_num(users["influence"].to_numpy(np.float64))
    attributes = {
        name: [None if v is None else str(v) for v in a.values]
        for name, a in profiles.attributes.items()
        if a.kind == "class" and len({str(v) for v in a.values}) <= KINDS_MOST
    }
    return UserPoints(
        profiles.keys[label], profiles.names[label], np.round(1000 * (xy - xy.mean(0)) / span, 2), method, named, influence,
        strongest, sorted(having, key=lambda t: (-len(having[t]), t)), having, attributes,
    )  # fmt: skip
