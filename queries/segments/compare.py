"""How segments lie to each other: alike in what their users like, next nearest, tied."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sociogram.graph.mapping import GraphMapping
from sociogram.graph.profile import Profiles
from sociogram.graph.store import Store
from sociogram.queries.library import translate
from sociogram.queries.one_run import in_one_run
from sociogram.queries.segments.cluster import directions, unit_length
from sociogram.queries.segments.segments import OTHER_ID

Table = NDArray[np.float64]  # [segments, segments]

_TIES = """
MATCH (user:User) WHERE user.segment IS NOT NULL
WITH user, user.segment AS source
MATCH (user)-[:KNOWS]->(other:User) WHERE other.segment IS NOT NULL AND other <> user
RETURN source, other.segment AS target, count(*) AS n"""


@dataclass(frozen=True)
class Borders:
    """Segments by segments, in the order of `ids`.

    `alike`: cosine of what their users like. `near`: share of the row's users to whom the column's centre is the nearest but their own.
    `ties`: share of the row's tie ends that lead into the column. `lift`: that share over the column's share of all tie ends, which is
    what chance gives. A row without ties is 0 in both.
    """

    ids: list[int]
    alike: Table
    near: Table
    ties: Table
    lift: Table

    def next_to(self, segment: int) -> tuple[int, float, float | None] | None:
        """Which segment most of this one's users are next nearest to, which share of them, and the lift of ties (None: it has none)."""
        row = self.ids.index(segment)
        if not self.near[row].any():
            return None
        at = int(self.near[row].argmax())
        return self.ids[at], float(self.near[row, at]), float(self.lift[row, at]) if self.ties[row].any() else None


def borders(store: Store, mapping: GraphMapping, profiles: Profiles, ids: Sequence[int]) -> Borders:
    """Of the live run's segments, whose profiles these are."""
    rows = in_one_run(store, lambda: store.read(translate(_TIES, mapping)))
    counts = np.zeros((len(ids), len(ids)))
    place = {segment: i for i, segment in enumerate(ids)}
    for row in rows:
        if row["source"] in place and row["target"] in place:
            counts[place[row["source"]], place[row["target"]]] += row["n"]
    share, lift = tied(counts)
    return Borders(list(ids), alike(profiles, ids), next_nearest(profiles, ids), share, lift)


def alike(profiles: Profiles, ids: Sequence[int]) -> Table:
    """Cosine of the mean tag probabilities of segments [segments, segments], in the order of `ids`; 0 where one likes nothing."""
    mine = _places(profiles, ids)
    tags = profiles.tags[profiles.tags["shown"].to_numpy(bool) | profiles.tags["observed"].to_numpy(bool)]
    topics = tags.groupby(["topic_label", "topic"]).ngroup().to_numpy()
    rows = mine[tags["user"].to_numpy(np.int64)]
    mass = np.zeros((len(ids), int(topics.max(initial=-1)) + 1))
    kept = rows >= 0
    np.add.at(mass, (rows[kept], topics[kept]), tags["probability"].to_numpy(np.float64)[kept])
    unit = mass / np.maximum(np.linalg.norm(mass, axis=1, keepdims=True), 1e-12)
    return np.asarray(unit @ unit.T, np.float64)


def next_nearest(profiles: Profiles, ids: Sequence[int]) -> Table:
    """Share of each segment's users (rows) to whom another segment's centre (columns) is the nearest but their own, by cosine.

    Users without a direction are not counted; nobody is next to the rest that has no segment, which is not in one place.
    """
    x, mine = directions(profiles.embeddings[profiles.user_label]), _places(profiles, ids)
    counted = np.flatnonzero((mine >= 0) & x.any(axis=1))
    x, mine = x[counted], mine[counted]
    centre = np.zeros((len(ids), x.shape[1]), np.float32)
    np.add.at(centre, mine, x)
    cosine = x @ unit_length(centre).T
    cosine[:, [segment == OTHER_ID or not centre[i].any() for i, segment in enumerate(ids)]] = -np.inf
    cosine[np.arange(len(mine)), mine] = -np.inf
    table = np.zeros((len(ids), len(ids)))
    there = np.isfinite(cosine).any(axis=1)
    np.add.at(table, (mine[there], cosine[there].argmax(axis=1)), 1.0)
    return _shares(table)


def tied(counts: Table) -> tuple[Table, Table]:
    """Share and lift (see Borders) of ties counted from segment (rows) to segment (columns), whichever way they point."""
    both = counts + counts.T
    share, chance = _shares(both), both.sum(0) / max(both.sum(), 1.0)
    return share, np.divide(share, chance[None], out=np.zeros_like(share), where=chance[None] > 0)


def _places(profiles: Profiles, ids: Sequence[int]) -> NDArray[np.int64]:
    """Of each user, the position of the segment in `ids`, -1 where it is none of them."""
    place = {segment: i for i, segment in enumerate(ids)}
    table: Any = profiles.users
    return np.asarray(table["segment"].fillna(-1).astype(int).map(lambda s: place.get(s, -1)), np.int64)


def _shares(table: Table) -> Table:
    return np.asarray(table / np.maximum(table.sum(1, keepdims=True), 1.0))
