"""Are reasons true? Against the planted causes of a demo community, and by taking them away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sociogram.gnn.evidence import TEXT, Evidence, Units
from sociogram.graph.snapshot import Snapshot
from sociogram.loaders.demo import Demo
from sociogram.loaders.demo_words import WORDS
from sociogram.loaders.demo_words_zh import WORDS_ZH

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Planted:
    """What a demo community planted: which friend, item, text or topic speaks for which topic."""

    def __init__(self, demo: Demo, snapshot: Snapshot, texts: Sequence[str]) -> None:
        """`texts` are the distinct ones, in the order in which units name them."""
        plan, users, topics = demo.plan, snapshot.users, snapshot.nodes["Topic"]
        of_topic = {w.name: t for t, w in enumerate(WORDS)}
        order = [of_topic[name] for name in topics.names]  # planted topic of each topic row
        who = [users.row[demo.user_id(u)] for u in range(demo.users)]
        what = [snapshot.nodes["Item"].row[demo.item_id(i)] for i in range(demo.items)]
        interests = np.zeros((demo.users, len(WORDS)), bool)
        about = np.zeros((demo.items, len(WORDS)), bool)
        for column in plan.interests.T:
            interests[np.flatnonzero(column >= 0), column[column >= 0]] = True
        for column in (plan.item_topic, plan.item_second):
            about[np.flatnonzero(column >= 0), column[column >= 0]] = True
        area = plan.topics.area[np.array(order)]
        cues = [_cues(t) for t in order]
        self.interests = np.zeros((len(users), len(order)), bool)
        self.interests[who] = interests[:, order]
        items = np.zeros((demo.items, len(order)), bool)
        items[what] = about[:, order]
        said = np.array([[any(cue in text.lower() for cue in mine) for mine in cues] for text in texts])
        self.speaks: dict[str, Bools] = {
            users.label: self.interests,
            "Item": items,
            "Topic": area[:, None] == area[None],
            TEXT: said.reshape(len(texts), len(order)),
        }

    def of(self, label: NDArray[np.object_], node: Ints, topic: Ints) -> Bools:
        """Whether each unit speaks for a topic (row)."""
        out = np.zeros(len(node), bool)
        for name, speaks in self.speaks.items():
            at = np.flatnonzero(label == name)
            out[at] = speaks[node[at], topic[at]]
        return out


def _cues(topic: int) -> list[str]:
    words = WORDS[topic]
    found = [*words.names, *words.doing, *words.things, *words.places]
    chinese = WORDS_ZH.get(words.name)
    found += [*chinese.names, *chinese.doing, *chinese.things] if chinese else []
    return [cue.lower() for cue in found]


@dataclass(frozen=True)
class Drops:
    """By how much each claim's score falls when its evidence goes, or as many other units [claims]."""

    evidence: NDArray[np.float64]
    random: NDArray[np.float64]  # mean over the draws

    @property
    def ratio(self) -> float:
        """Mean fall by evidence over mean fall by chance (by its size where chance lifts the score)."""
        return float(self.evidence.mean() / max(abs(self.random.mean()), 1e-12))


def random_units(units: Units, wanted: pd.DataFrame, seed: int, *, alike: bool = False) -> pd.DataFrame:
    """For each piece of evidence another unit of the same user, drawn without replacement within a claim; of the same kind if `alike`.

    `wanted` has the columns user, target, place, label; the result has these and node, with fewer rows where a user has not enough.
    """
    rng = np.random.default_rng(seed)
    kinds = np.asarray(units.labels, object)[units.kind]
    rows = []
    claims: Any = wanted.groupby(["user", "target"], sort=False)
    for (user, target), claim in claims:
        low, high = np.searchsorted(units.users, [user, user + 1])
        pool = rng.permutation(np.arange(low, high))
        for place, label in zip(claim["place"], claim["label"], strict=True):
            fit = pool[kinds[pool] == label] if alike else pool
            if len(fit):
                rows.append((user, target, place, kinds[fit[0]], int(units.node[fit[0]])))
                pool = pool[pool != fit[0]]
    return pd.DataFrame(rows, columns=["user", "target", "place", "label", "node"])


def fall(evidence: Evidence, pieces: pd.DataFrame, block: int = 500) -> "pd.Series[float]":
    """By how much the score of each claim (user, target) falls without all of its pieces together; indexed by claim."""
    claims = pieces[["user", "target"]].drop_duplicates().reset_index(drop=True)
    place = pd.MultiIndex.from_frame(claims)
    row = place.get_indexer(pd.MultiIndex.from_frame(pieces[["user", "target"]]))
    falls = np.zeros(len(claims))
    for start in range(0, len(claims), block):
        rows = np.arange(start, min(start + block, len(claims)))
        users, target = claims["user"].to_numpy(np.int64)[rows], claims["target"].to_numpy(np.int64)[rows]
        mine = np.flatnonzero((row >= start) & (row < start + block))
        label, node = pieces["label"].to_numpy(object)[mine], pieces["node"].to_numpy(np.int64)[mine]
        hidden = {name: (row[mine][label == name] - start, node[label == name]) for name in evidence.near}
        none = np.zeros(0, np.int64)
        texts = (row[mine][label == TEXT] - start, node[label == TEXT])
        judge = evidence.occlusion
        whole = judge.scores(judge.hide(users, {}, (none, none)))
        without = judge.scores(judge.hide(users, hidden, texts))
        at = np.arange(len(rows))
        falls[rows] = whole[at, target] - without[at, target]
    return pd.Series(falls, index=place)


def deletion(
    evidence: Evidence, units: Units, pieces: pd.DataFrame, draws: int = 5, *, alike: bool = False, seed: int = 0
) -> Drops:
    """Take each claim's pieces away, then as many random units of the same user, `draws` times."""
    mine = fall(evidence, pieces)
    chance = [
        fall(evidence, random_units(units, pieces, seed + d, alike=alike)).reindex(mine.index) for d in range(draws)
    ]
    mean = np.nanmean(np.stack([c.to_numpy() for c in chance]), 0)
    return Drops(np.asarray(mine, np.float64), np.nan_to_num(np.asarray(mean, np.float64)))


@dataclass(frozen=True)
class Times:
    """How many times as large one mean is as another, with the bounds of its interval."""

    ratio: float
    low: float
    high: float
    users: int


def times(mine: ArrayLike, theirs: ArrayLike, users: ArrayLike, *, draws: int = 2000, seed: int = 0) -> Times:
    """mean(mine) / mean(theirs) over claims, 95 % by drawing users with replacement, each with all claims; NaN in either leaves a claim out.

    Claims of one user share friends, items and texts: they are no independent draws. Infinite where `theirs` is not above zero.
    """
    a, b = np.asarray(mine, np.float64), np.asarray(theirs, np.float64)
    there = ~(np.isnan(a) | np.isnan(b))
    who, row = np.unique(np.asarray(users)[there], return_inverse=True)
    if not len(who):
        return Times(float("nan"), float("nan"), float("nan"), 0)
    sums = np.stack([np.bincount(row, v[there], len(who)) for v in (a, b)], 1)
    rng = np.random.default_rng(seed)
    drawn = np.stack([sums[rng.integers(0, len(who), len(who))].sum(0) for _ in range(draws)])
    low, high = np.quantile(_over(drawn), [0.025, 0.975], method="nearest")
    return Times(float(_over(sums.sum(0)[None])[0]), float(low), float(high), len(who))


def _over(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.full(len(pairs), np.inf)
    return np.asarray(np.divide(pairs[:, 0], pairs[:, 1], out=out, where=pairs[:, 1] > 0))
