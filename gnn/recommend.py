"""Items for users: what the snapshot says, a blend of priors chosen on a validation cut, stored factors, the table of the best."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from sociogram.gnn import metrics
from sociogram.gnn.priors import (
    Factors,
    Floats,
    Matrix,
    Part,
    Popularity,
    Rows,
    confidences,
    fit_autoencoder,
    fit_content,
    fit_ials,
    standardised,
)
from sociogram.graph.snapshot import Snapshot
from sociogram.progress import SILENT, Progress

WIDTH = 64  # of the stored factors
CELLS = 16_000_000  # of a block of scores: 64 MB
JUDGES = 2_000  # users that judge on validation
LARGE = 3_000_000  # user-item pairs from which on iALS gets one seed and the cut is made once


@dataclass(frozen=True)
class Interactions:
    """What the snapshot knows about users and items, all item labels side by side."""

    x: Matrix  # [users, items] confidences
    labels: tuple[str, ...]  # of the items, in column order
    sizes: tuple[int, ...]
    ties: Matrix | None  # [users, users] ones, both directions
    about: Matrix | None  # [items, topics] weights that no user's interest stands behind
    triples: NDArray[np.int64]  # [m, 3] user, item, topic: interests observed through an item

    def topics(self, x: Matrix) -> Matrix | None:
        """Item-topic weights that know of no user-item pair outside `x`: a triple counts only if its pair is in `x`.

        Where an item has triples, its ABOUT weights may be their sum and are left out: they would tell of the hidden pairs.
        """
        if self.about is None:
            return None
        if not len(self.triples):
            return self.about
        users, items, topics = self.triples.T
        seen = np.isin(users * x.shape[1] + items, _pairs(x))
        counted = sparse.csr_array((np.ones(int(seen.sum())), (items[seen], topics[seen])), shape=self.about.shape)
        counted.sum_duplicates()
        return sparse.csr_array(self.about + counted.astype(np.float32))

    def with_x(self, x: Matrix) -> "Interactions":
        return Interactions(x, self.labels, self.sizes, self.ties, self.about, self.triples)


def read_interactions(snapshot: Snapshot) -> Interactions | None:
    """All behaviours, ties and topics of a snapshot as matrices; None when there are no behaviours."""
    items, topics = snapshot.with_role("item"), snapshot.with_role("topic")
    first = dict(zip((n.label for n in items), np.cumsum([0, *map(len, items)]), strict=False))
    first_topic = dict(zip((n.label for n in topics), np.cumsum([0, *map(len, topics)]), strict=False))
    users, width = len(snapshot.users), sum(map(len, items))
    x = sparse.csr_array((users, width), dtype=np.float32)
    for e in snapshot.edges_with_role("behaviour"):
        if len(e):  # counts of one type are ranked among themselves: plays and stars have no common unit
            x = x + confidences(e.sources, e.targets + first[e.key[2]], np.asarray(e.weight), (users, width))
    if x.nnz == 0:
        return None
    ties = _ties(snapshot, users)
    about, triples = _topics(snapshot, first, first_topic, (width, sum(map(len, topics))))
    return Interactions(sparse.csr_array(x), tuple(first), tuple(map(len, items)), ties, about, triples)


def _ties(snapshot: Snapshot, users: int) -> Matrix | None:
    ends = [(e.sources, e.targets) for e in snapshot.edges_with_role("tie") if len(e)]
    if not ends:
        return None
    left, right = (np.concatenate(side) for side in zip(*ends, strict=True))
    apart = left != right
    left, right = left[apart], right[apart]
    both = (np.concatenate([left, right]), np.concatenate([right, left]))
    ties = sparse.csr_array((np.ones(len(both[0]), np.float32), both), shape=(users, users))
    ties.sum_duplicates()
    ties.data[:] = 1
    return ties


def _topics(
    snapshot: Snapshot, first: Mapping[str, int], first_topic: Mapping[str, int], shape: tuple[int, int]
) -> tuple[Matrix | None, NDArray[np.int64]]:
    triples = [np.zeros((0, 3), np.int64)]
    for e in snapshot.edges_with_role("interest"):
        if e.items is not None and first:  # items of an interest are rows of the first item label
            through = np.flatnonzero(np.asarray(e.items) >= 0)
            columns = (e.sources[through], e.items[through], e.targets[through] + first_topic[e.key[2]])
            triples.append(np.stack(columns, 1).astype(np.int64))
    told = np.concatenate(triples)
    about = sparse.csr_array(shape, dtype=np.float32)
    for e in snapshot.edges_with_role("about"):
        rows, columns = e.sources + first[e.key[0]], e.targets + first_topic[e.key[2]]
        free = ~np.isin(rows, told[:, 1])
        about = about + sparse.csr_array((np.asarray(e.weight)[free], (rows[free], columns[free])), shape=shape)
    known = about.nnz > 0 or len(told) > 0
    return (sparse.csr_array(about) if known else None), told


def _pairs(x: Matrix) -> NDArray[np.int64]:
    rows = np.repeat(np.arange(x.shape[0], dtype=np.int64), np.diff(x.indptr))
    return rows * x.shape[1] + x.indices


@dataclass
class ItemModel:
    """Scores of all items for all users, and factors whose dot product ranks nearly alike."""

    user_factors: Floats  # [users, WIDTH]
    item_factors: dict[str, Floats]  # label -> [n, WIDTH]
    report: dict[str, Any]
    interactions: Interactions = field(repr=False)
    blend: "Blend" = field(repr=False)
    calibration: "Calibration" = field(repr=False)

    def scores(self, rows: Rows) -> Floats:
        """Blended scores [rows, items of all labels in order], z-scored per user and part: comparable within a user only."""
        return self.blend.scores(rows)

    def table(self, k: int = 20, seen: bool = True) -> pd.DataFrame:
        """The best k unseen items per user and, where `seen`, the best k seen ones, as `Profiles.recommendations`.

        Columns user (row), item (row), item_label, rank, score, seen. `rank` counts from 1 over seen and unseen together by score:
        to leave the seen out, drop them and keep the order; to take them in, take the first k. `score` is in (0, 1),
        monotone in the model's score and calibrated on the validation cut: the chance that an unseen item is among those that the cut
        hid of the user. Of a seen item it says only how well the item fits.
        """
        frames = [self._rows(rows, k, seen) for rows in self._blocks()]
        return pd.concat(frames, ignore_index=True)

    def _blocks(self) -> Iterator[NDArray[np.int64]]:
        return blocks(*self.interactions.x.shape)

    def _rows(self, rows: NDArray[np.int64], k: int, seen: bool) -> pd.DataFrame:
        scores, known = self.scores(rows), mask(self.interactions.x, rows)
        parts = [metrics.top_k(scores, k, known)]
        if seen:
            parts.append(metrics.top_k(scores, k, ~known))
        best = np.hstack(parts)
        user, place = np.nonzero(best >= 0)
        item = best[user, place]
        frame = pd.DataFrame({"at": user, "user": rows[user], "column": item, "seen": known[user, item]})
        frame["raw"] = scores[user, item]
        frame = frame.sort_values(["user", "raw", "column"], ascending=[True, False, True], kind="stable")
        frame["rank"] = (frame.groupby("user").cumcount() + 1).astype(np.int32)
        frame["score"] = self.calibration(frame["raw"].to_numpy())
        edges = np.cumsum((0, *self.interactions.sizes))
        which = np.searchsorted(edges, frame["column"], side="right") - 1
        frame["item"] = frame["column"].to_numpy() - edges[which]
        frame["item_label"] = np.asarray(self.interactions.labels, object)[which]
        return frame[["user", "item", "item_label", "rank", "score", "seen"]].reset_index(drop=True)


@dataclass(frozen=True)
class Blend:
    """Weighted sum of parts, each z-scored per user; popularity where no part knows the user."""

    parts: Mapping[str, Part]
    weights: Mapping[str, float]
    popularity: Popularity

    def scores(self, rows: Rows) -> Floats:
        return mix(
            {n: standardised(self.parts[n].scores(rows)) for n, w in self.weights.items() if w},
            self.weights,
            self.popularity,
        )


@dataclass(frozen=True)
class Calibration:
    """p = 1 / (1 + exp(-(slope * score + offset)))."""

    slope: float = 1.0
    offset: float = -4.0

    def __call__(self, scores: NDArray[np.floating[Any]]) -> Floats:
        return (1 / (1 + np.exp(-np.clip(self.slope * scores + self.offset, -30, 30)))).astype(np.float32)


def mix(scores: Mapping[str, Floats], weights: Mapping[str, float], popularity: Popularity) -> Floats:
    """Weighted sum of z-scores; users for whom it is constant get popularity."""
    total = np.zeros_like(next(iter(scores.values())))
    for name, weight in weights.items():
        if weight:
            total += np.float32(weight) * scores[name]
    unknown = np.flatnonzero(np.ptp(total, axis=1) == 0) if total.shape[1] else np.zeros(0, np.int64)
    if len(unknown):
        total[unknown] = standardised(popularity.scores(unknown))
    return total


def blocks(users: int, items: int) -> Iterator[NDArray[np.int64]]:
    step = max(1, CELLS // max(items, 1))
    for start in range(0, users, step):
        yield np.arange(start, min(users, start + step))


def mask(x: Matrix, rows: Rows) -> NDArray[np.bool_]:
    """True where a user has an item [rows, items]."""
    out = np.zeros((len(rows), x.shape[1]), bool)
    picked = x[rows]
    out[np.repeat(np.arange(len(rows)), np.diff(picked.indptr)), picked.indices] = True
    return out


# --- fitting ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cut:
    """A validation cut: what is left to learn from and what is hidden, for the users that judge."""

    train: Matrix
    hidden: Matrix
    judges: NDArray[np.int64]


def cut(x: Matrix, seed: int, share: float = 0.1) -> Cut:
    """Hide a tenth of the pairs of each user with at least five (three where no user has five), one at least per user."""
    rng = np.random.default_rng(seed)
    counts = np.diff(x.indptr)
    least = 5 if (counts >= 5).any() else 3
    row = np.repeat(np.arange(x.shape[0]), counts)
    order = np.lexsort((rng.random(x.nnz), row))
    within = np.empty(x.nnz, np.int64)
    within[order] = np.arange(x.nnz) - x.indptr[row]
    quota = np.where(counts >= least, np.maximum(np.round(share * counts), 1), 0)
    hide = within < quota[row]
    judges = np.flatnonzero(quota)
    if len(judges) > JUDGES:
        judges = np.sort(rng.choice(judges, JUDGES, replace=False))
        hide &= np.isin(row, judges)
    return Cut(_only(x, ~hide), _only(x, hide), judges)


def _only(x: Matrix, keep: NDArray[np.bool_]) -> Matrix:
    starts = np.concatenate([[0], np.cumsum(keep)])[x.indptr]
    return sparse.csr_array((x.data[keep], x.indices[keep], starts), shape=x.shape)


def fit_items(snapshot: Snapshot, *, seed: int = 0, progress: Progress = SILENT) -> ItemModel | None:
    """Learn who would like which item; None when the snapshot has no behaviours."""
    known = read_interactions(snapshot)
    if known is None:
        return None
    held = cut(known.x, seed)
    with progress.stage("items", 3, "steps") as stage:
        weights, rows, calibration = {"iALS": 1.0}, [], Calibration()
        if len(held.judges):
            parts = fit_parts(known.with_x(held.train), seed)
            rows, weights = choose(parts, held)
        stage.advance(1, "blend chosen")
        final = fit_parts(known, seed)
        stage.advance(1, "refitted on all")
        blend = Blend(final, weights, popularity(known.x))
        user, item = final["iALS"].user[:, :WIDTH], final["iALS"].item[:, :WIDTH]
        stage.advance(1)
    ends = np.cumsum(known.sizes)[:-1]
    factors = dict(zip(known.labels, np.split(item, ends), strict=True))
    return ItemModel(user, factors, {"rows": rows, "chosen": weights}, known, blend, calibration)


def popularity(x: Matrix) -> Popularity:
    return Popularity(np.asarray(x.sum(0), np.float32))


def fit_parts(known: Interactions, seed: int) -> dict[str, Part]:
    parts: dict[str, Part] = {"iALS": fit_ials(known.x, known.ties, seeds=range(seed, seed + 5))}
    autoencoder = fit_autoencoder(known.x)
    if autoencoder is not None:
        parts["LAE"] = autoencoder
    about = known.topics(known.x)
    content = None if about is None else fit_content(known.x, about)
    if content is not None:
        parts["content"] = content
    return parts


def choose(parts: Mapping[str, Part], held: Cut) -> tuple[list[dict[str, Any]], dict[str, float]]:
    grid = [{"iALS": a, "LAE": 1 - a, "content": c} for a in (0, 0.25, 0.5, 0.75, 1) for c in (0, 0.1, 0.2, 0.4)]
    grid = [{n: w for n, w in g.items() if n in parts and w} for g in grid]
    grid = [g for g in grid if g]
    pop = popularity(held.train)
    found = [[] for _ in grid]
    for block in blocks(len(held.judges), held.train.shape[1]):
        rows = held.judges[block]
        z = {n: standardised(p.scores(rows)) for n, p in parts.items()}
        known, truth = mask(held.train, rows), mask(held.hidden, rows)
        for g, out in zip(grid, found, strict=True):
            out.append(metrics.ndcg_at_k(mix(z, g, pop), truth, 10, known))
    value = [metrics.mean(np.concatenate(f)) for f in found]
    return [{"weights": g, "ndcg@10": v} for g, v in zip(grid, value)], grid[int(np.argmax(value))]
