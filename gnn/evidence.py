"""The friends, items, topics and texts that carry each interest of a user, by leaving each out of the trained model's sight.

c(u, t, e) = s(u, t) - s(u without e, t), s the combination's score (Robnik-Sikonja and Kononenko 2008; on graphs, occlusion). What all of
them together carry, s(u, t) - s(u without anything, t), is dealt over those with c > 0; the rest is the user's general profile.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sociogram.gnn.choose import Choice
from sociogram.gnn.matrices import Floats, Matrix, csr
from sociogram.gnn.model import Sociogram
from sociogram.gnn.occlusion import Occlusion
from sociogram.gnn.phase import Context, Phase
from sociogram.gnn.removal import Ints
from sociogram.gnn.sage import weights
from sociogram.gnn.split import topic_mapping
from sociogram.progress import Stage

TEXT = "text"  # stands for the label of a text
ROWS = 1024  # judged at a time
MOST_UNITS = 200  # of a user: the heaviest neighbours
MOST_ROWS = 2_000_000  # of all users: larger communities get fewer units each
FEWEST_UNITS = 8
FAINT = 0.005  # a piece with less of the claim is not worth a line


@dataclass(frozen=True)
class Units:
    """What may be left out of sight, one a row, users together."""

    users: Ints  # [units] snapshot row of the user
    kind: Ints  # [units] number of the label in `labels`; the last is TEXT
    node: Ints  # [units] row of the node, or of the text among the distinct ones
    labels: tuple[str, ...]

    def entries(self, rows: Ints, at: Ints) -> tuple[dict[str, tuple[Ints, Ints]], tuple[Ints, Ints]]:
        """Units `at`, each in its row, as `Occlusion.hide` takes them: by label, and texts."""
        found = {
            label: (rows[m], self.node[at[m]]) for k, label in enumerate(self.labels) if (m := self.kind[at] == k).any()
        }
        none = np.zeros(0, np.int64)
        texts = found.pop(TEXT, (none, none))
        return found, texts


class Evidence:
    """Judges units on a trained model."""

    def __init__(self, c: Context, phase: Phase, choice: Choice, model: Sociogram) -> None:
        self.occlusion = Occlusion(c, phase, choice, model)
        user = c.snapshot.users.label
        self.near: dict[str, Matrix] = {}  # label -> [users, nodes] weight of each neighbour
        for (source, _, target), a in phase.graph.items():
            if target == user:
                mine = weights(a)
                self.near[source] = csr(self.near[source] + mine) if source in self.near else csr(mine)
        if user in self.near:
            self.near[user].setdiag(0)
            self.near[user].eliminate_zeros()
        self.own = c.features.texts.own

    def units(self, users: Ints, most: int = MOST_UNITS) -> Units:
        """Every neighbour and own text of these users, ascending; of more than `most` of a kind those of the most weight."""
        pieces = []
        for k, matrix in enumerate((*self.near.values(), self.own)):
            rows = matrix[users].tocoo()
            place = _place(rows.row.astype(np.int64), rows.data)
            pieces.append(np.stack([rows.row, np.full(rows.nnz, k), rows.col, place]).astype(np.int64))
        row, kind, node, place = np.concatenate(pieces, 1)
        kept = np.flatnonzero(place < most)
        order = kept[np.lexsort((node[kept], kind[kept], row[kept]))]
        return Units(users[row[order]], kind[order], node[order], (*self.near, TEXT))

    def judge(self, units: Units) -> tuple[Ints, Floats, Floats, Floats]:
        """Users [n], their scores [n, targets], those without any unit, and what each unit adds [units, targets]."""
        users, row = np.unique(units.users, return_inverse=True)
        count, n = len(units.users), len(users)
        nodes, texts = units.entries(np.arange(count), np.arange(count))
        judged = np.concatenate([units.users, users, users])
        beyond = units.entries(count + n + row, np.arange(count))
        for label, (rows, columns) in beyond[0].items():
            nodes[label] = (np.concatenate([nodes[label][0], rows]), np.concatenate([nodes[label][1], columns]))
        texts = (np.concatenate([texts[0], beyond[1][0]]), np.concatenate([texts[1], beyond[1][1]]))
        scores = self.occlusion.scores(self.occlusion.hide(judged, nodes, texts))
        whole = scores[count : count + n]
        return users, whole, scores[count + n :], whole[row] - scores[:count]


def find_evidence(evidence: Evidence, wanted: pd.DataFrame, keep: int, stage: Stage | None = None) -> pd.DataFrame:
    """The `keep` best units of every (user, target) pair: columns user, target, place, label, node, share, weight; sorted so.

    `wanted` has columns user and target (the place of a topic among the targets); pairs that nothing speaks for have no row.
    """
    frames = []
    for units, pairs in _blocks(evidence, wanted):
        frames.append(_best(evidence, units, pairs, keep))
        if stage:
            stage.advance(len(pairs))
    return pd.concat(frames, ignore_index=True)


def _blocks(evidence: Evidence, wanted: pd.DataFrame) -> Iterator[tuple[Units, pd.DataFrame]]:
    """Users with about ROWS units together, and their pairs."""
    users = np.unique(wanted["user"].to_numpy(np.int64))
    most = max(FEWEST_UNITS, min(MOST_UNITS, MOST_ROWS // max(len(users), 1)))
    size = np.sum([np.diff(m.indptr) for m in (*evidence.near.values(), evidence.own)], 0)[users]
    ends = np.cumsum(np.minimum(size, most) + 2)
    block = ends // ROWS
    of_user = wanted["user"].to_numpy(np.int64)
    for k in np.unique(block):
        mine = users[block == k]
        low, high = np.searchsorted(of_user, [mine[0], mine[-1] + 1])
        yield evidence.units(mine, most), wanted.iloc[low:high]


def _best(evidence: Evidence, units: Units, pairs: pd.DataFrame, keep: int) -> pd.DataFrame:
    users, whole, none, added = evidence.judge(units)
    starts = np.searchsorted(units.users, users)
    stops = np.searchsorted(units.users, users, side="right")
    rows = []
    for user, target in zip(pairs["user"].tolist(), pairs["target"].tolist(), strict=True):
        at = int(np.searchsorted(users, user))
        if at == len(users) or users[at] != user:
            continue  # a user with nothing to leave out
        weight = added[starts[at] : stops[at], target]
        shares = shares_of(weight, float(whole[at, target]), float(none[at, target]))
        best = np.argsort(-weight, kind="stable")[:keep]
        best = best[shares[best] >= FAINT]
        for place, i in enumerate(best.tolist()):
            unit = starts[at] + i
            rows.append(
                (user, target, place, units.labels[units.kind[unit]], int(units.node[unit]), shares[i], weight[i])
            )
    return pd.DataFrame(rows, columns=["user", "target", "place", "label", "node", "share", "weight"])


def shares_of(weight: Floats, whole: float, none: float) -> NDArray[np.float64]:
    """What each unit carries of the claim [units], in [0, 1], together at most 1: the rest is the user's general profile.

    (s - s_none)+ / ((s - s_none)+ + s_none+) is dealt over the units in proportion to what each adds.
    """
    added = np.maximum(weight.astype(np.float64), 0)
    carried, own = max(whole - none, 0.0), max(none, 0.0)
    if not added.sum() or not carried:
        return np.zeros(len(weight))
    return np.asarray(added / added.sum() * carried / (carried + own))


def _place(rows: Ints, weight: NDArray[np.floating]) -> Ints:
    """Place of each entry within its row by weight, the heaviest first; earlier ones first of equals."""
    order = np.lexsort((np.arange(len(rows)), -weight, rows))
    starts = np.searchsorted(rows[order], rows[order])
    place = np.empty(len(rows), np.int64)
    place[order] = np.arange(len(rows)) - starts
    return place


def predicted_pairs(c: Context, tags: pd.DataFrame) -> pd.DataFrame:
    """The shown tags that the model says, not the graph: columns user, target, sorted by user."""
    column = {pair: i for i, pair in enumerate(topic_mapping(c.found, c.snapshot))}
    target = np.full(c.found.topics, -1)
    target[c.split.targets] = np.arange(len(c.split.targets))
    said = tags[tags["shown"].to_numpy(bool) & ~tags["observed"].to_numpy(bool)]
    at = [column[pair] for pair in zip(said["topic_label"], said["topic"], strict=True)]
    return pd.DataFrame(
        {"user": said["user"].to_numpy(np.int64), "target": target[at] if at else np.zeros(0, np.int64)}
    )
