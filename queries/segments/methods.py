"""The three ways to segment, each with its floor, its resamples and its view of what was held out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sociogram.errors import InputError
from sociogram.queries.segments.cluster import Floats, by_embedding, centres, choose_k, directions, nearest
from sociogram.queries.segments.match import by_size
from sociogram.queries.segments.network import Ties, communities
from sociogram.queries.segments.people import People
from sociogram.queries.segments.rules import by_rule, read_rules
from sociogram.queries.segments.settings import SegmentSettings
from sociogram.said import Said, counted

Ints = NDArray[np.int64]
LEFT_OUT = 0.1  # of the ties in a resample


@dataclass(frozen=True)
class Made:
    """Labels [users] 0.. by size (-1: other), floor applied; how they come out again; what may be said of held-out behaviours."""

    labels: Ints
    notes: list[Said] = field(default_factory=list)
    again: Callable[[int, bool], Ints] | None = None  # seed, on a resample: labels anew
    names: Sequence[str] = ()  # of the labels, where the method gives them
    unseen: Callable[[], Ints] | None = None  # labels that know nothing of what was held out; None: there are none


def make(people: People, settings: SegmentSettings) -> Made:
    """Segment; raises InputError where the method does not fit the graph."""
    least = settings.least(len(people))
    ways = {"embedding": _embedding, "leiden": _leiden, "rule": _rule}
    return ways[settings.method](people, settings, least)


def _embedding(people: People, settings: SegmentSettings, least: int) -> Made:
    x = directions(people.vectors)
    if settings.k is not None:
        k, notes = settings.k, []
    else:
        k, tried = choose_k(x, least, settings.seed)
        chosen = next((t for t in tried if t.k == k), None)
        notes = [
            Said("{n:,} users are too few for several segments of at least {least:,}", n=len(x), least=least)
            if chosen is None
            else Said(
                "{k} segments: the most that hold nearly as well as the best number (stability {stability:.2f}, "
                "silhouette {silhouette:.2f}; tried {tried})",
                k=k,
                stability=float(chosen.stability),
                silhouette=float(chosen.silhouette),
                tried=", ".join(str(t.k) for t in tried),
            )
        ]
    labels, dropped = _merged_near(x, by_embedding(x, k, settings.seed), least)

    def again(seed: int, resampled: bool) -> Ints:
        rng = np.random.default_rng((seed, 19))
        rows = rng.integers(len(x), size=len(x)) if resampled else np.arange(len(x))
        return _merged_near(x, nearest(x, centres(x[rows], k, rng)), least)[0]

    held = people.held_out
    return Made(
        labels,
        notes + _told(dropped, least, tied=False),
        again,
        unseen=None if held is None else lambda: _unseen(held.embeddings, k, settings.seed, least),
    )


def _unseen(vectors: Floats, k: int, seed: int, least: int) -> Ints:
    x = directions(vectors)
    return _merged_near(x, by_embedding(x, k, seed), least)[0]


def _merged_near(x: Floats, labels: Ints, least: int) -> tuple[Ints, int]:
    """The smallest segment below the floor is given up, its users going to the nearest other one, until none is below."""
    dropped = 0
    while True:
        labels = by_size(labels)
        sizes = np.bincount(labels)
        if len(sizes) < 2 or sizes[-1] >= least:
            return labels, dropped
        homeless = labels == len(sizes) - 1
        mean = np.stack([x[labels == g].mean(0) for g in range(len(sizes) - 1)])
        labels[homeless] = nearest(
            x[homeless], np.asarray(mean / np.maximum(np.linalg.norm(mean, axis=1), 1e-12)[:, None])
        )
        dropped += 1


def _leiden(people: People, settings: SegmentSettings, least: int) -> Made:
    ties = people.ties
    if ties is None:
        raise InputError(
            "method 'leiden' segments by ties, and the graph has none between users. Load ties, or take method 'embedding'."
        )
    labels, dropped = _merged_tied(ties, communities(ties, resolution=settings.resolution, seed=settings.seed), least)

    def again(seed: int, resampled: bool) -> Ints:
        some = _fewer(ties, seed) if resampled else ties
        return _merged_tied(some, communities(some, resolution=settings.resolution, seed=seed), least)[0]

    outside = int((labels < 0).sum())
    notes = _told(dropped, least, tied=True)
    if outside:
        notes.append(Said("{n:,} users have no tie to any segment of {least:,} or more: other", n=outside, least=least))
    return Made(labels, notes, again, unseen=lambda: labels)


def _merged_tied(ties: Ties, labels: Ints, least: int) -> tuple[Ints, int]:
    """The smallest segment below the floor joins the one that it has most tie weight with; without any tie its users are others."""
    dropped = 0
    while True:
        labels = by_size(labels)
        sizes = np.bincount(labels[labels >= 0])
        if not len(sizes) or sizes[-1] >= least:
            return labels, dropped
        last = len(sizes) - 1
        part: Any = ties[np.flatnonzero(labels == last)].tocoo()
        to = labels[part.col]
        out = (to >= 0) & (to != last)
        weight = np.bincount(to[out], part.data[out], minlength=1)
        labels[labels == last] = int(weight.argmax()) if out.any() else -1
        dropped += 1


def _fewer(ties: Ties, seed: int) -> Ties:
    """A random tenth of the ties left out."""
    from scipy import sparse

    upper: Any = sparse.triu(ties, k=1).tocoo()
    kept = np.random.default_rng((seed, 29)).random(upper.nnz) >= LEFT_OUT
    half = sparse.coo_array((upper.data[kept], (upper.row[kept], upper.col[kept])), shape=ties.shape)
    return sparse.csr_array(half + half.T)


def _rule(people: People, settings: SegmentSettings, least: int) -> Made:
    rules = read_rules(settings.rules)
    labels = by_rule(rules, people.facts())
    sizes = np.bincount(labels[labels >= 0], minlength=len(rules))
    notes: list[Said] = []
    for rule, size in zip(rules, sizes.tolist(), strict=True):
        if size < least:
            notes.append(
                Said(
                    "{rule!r} holds for {n:,} users not taken before, fewer than {least:,}: other",
                    rule=rule.name,
                    n=size,
                    least=least,
                )
            )
    kept = [i for i in np.argsort(-sizes, kind="stable").tolist() if sizes[i] >= least]
    place = np.full(len(rules) + 1, -1, np.int64)
    place[kept] = np.arange(len(kept))
    labels = place[labels]
    blind = not any(rule.learned for rule in rules)
    return Made(labels, notes, names=[rules[i].name for i in kept], unseen=(lambda: labels) if blind else None)


def _told(dropped: int, least: int, *, tied: bool) -> list[Said]:
    if not dropped:
        return []
    if tied:
        return [
            counted(
                dropped,
                "{n} segment below {least:,} users joined the most tied",
                "{n} segments below {least:,} users joined the most tied",
                least=least,
            )
        ]
    return [
        counted(
            dropped,
            "{n} segment below {least:,} users joined the nearest",
            "{n} segments below {least:,} users joined the nearest",
            least=least,
        )
    ]
