"""Items for one user or for all: pools of candidates, then their order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from sociogram.gnn.rerank import rerank
from sociogram.graph.profile import Key
from sociogram.queries.rows import Recommendation
from sociogram.queries.serving import Item, Serving
from sociogram.recommending.options import Options
from sociogram.recommending.pool import Known, Pool, Pools
from sociogram.recommending.shelf import Shelf

if TYPE_CHECKING:
    from sociogram.encoders.encoder import Encoder

Floats = NDArray[np.float32]
POOL = 100  # candidates from which diversity and popularity choose, at least
TIMES = 5  # as many candidates as are asked for
BLOCK = 500  # users that are ordered together


@dataclass(frozen=True)
class Choice:
    """What one user gets: columns of the shelf, best first, their scores and sources."""

    columns: list[int]
    scores: list[float]
    sources: list[str]


class Recommender:
    """Recommendations from a shelf and the graph; `encoder` opens the run's text encoder, which only new texts need."""

    def __init__(
        self, shelf: Shelf, serving: Serving, encoder: "Callable[[], Encoder] | None", options: Options
    ) -> None:
        self._serving, self._encoder, self.options = serving, encoder, options
        self._old = shelf
        self._fame: Floats | None = None

    def one(self, user: Key) -> list[Recommendation]:
        """Rows for one user who is in the graph, with reasons."""
        known = self._known_of(user)
        banned: set[int] = set()
        while True:
            choice = next(self._choices([self.shelf.row.get(user)], [known], banned))
            items = [self.shelf.items[c] for c in choice.columns]
            reasons = self._serving.reasons(user, items)
            gone = {c for c, item in zip(choice.columns, items, strict=True) if item not in reasons}
            if not gone:  # an item that was deleted since the run makes room for the next
                break
            banned |= gone
        had = set(known.had.tolist())
        return [
            Recommendation(
                item[1],
                reasons[item].name or self.shelf.names[column],
                rank,
                score,
                reasons[item].friends,
                reasons[item].topics,
                column in had,
                source,
            )
            for rank, (item, column, score, source) in enumerate(
                zip(items, choice.columns, choice.scores, choice.sources, strict=True), 1
            )
        ]

    def all(self, *, named: bool = False) -> pd.DataFrame:
        """Columns user, item, rank, score, source (and, where `named`, name and seen) for every user of the run.

        The graph is read once, not once for each user.
        """
        shelf = self.shelf
        known = self._known_of_all()
        parts = []
        for rows in _blocks(len(shelf.users)):
            choices = self._choices(rows, [known[row] for row in rows], set())
            for row, choice in zip(rows, choices, strict=True):
                parts.append((row, choice))
        counts = [len(choice.columns) for _, choice in parts]
        users = np.repeat(np.arange(len(parts)), counts)
        columns = [c for _, choice in parts for c in choice.columns]
        table = pd.DataFrame(
            {
                "user": [shelf.users[u] for u in users.tolist()],
                "item": [shelf.items[c][1] for c in columns],
                "rank": np.concatenate([np.zeros(0, np.int64), *(np.arange(1, n + 1) for n in counts)]),
                "score": np.array([s for _, choice in parts for s in choice.scores], np.float32),
                "source": [s for _, choice in parts for s in choice.sources],
            }
        )
        if named:
            had = [set(known[row].had.tolist()) for row, _ in parts]
            table["name"] = [shelf.names[c] for c in columns]
            table["seen"] = [c in had[u] for u, c in zip(users.tolist(), columns, strict=True)]
        return table

    # what the graph knows -------------------------------------------------------------------------------------------

    @cached_property
    def shelf(self) -> Shelf:
        """The run's items and those that came after it."""
        newcomers = self._serving.newcomers(self._old.run)
        if not newcomers:
            return self._old
        width = self._old.vectors.shape[1]
        vectors = np.zeros((len(newcomers), width), np.float32)
        if self._old.tower is not None and (self.options.include_new or self.options.narrowing):
            vectors = self._placed([n.text for n in newcomers])
        return self._old.with_new(newcomers, vectors)

    def _placed(self, texts: Sequence[str]) -> Floats:
        tower = self._old.tower
        if tower is None or self._encoder is None:
            return np.zeros((len(texts), self._old.vectors.shape[1]), np.float32)
        return tower.vectors(self._encoder().encode(list(texts)))

    @cached_property
    def _allowed(self) -> NDArray[np.bool_] | None:
        if not self.options.narrowing:
            return None
        wanted = self._serving.wanted(self.options.where, self.options.topic)
        return np.fromiter((item in wanted for item in self.shelf.items), bool, len(self.shelf.items))

    def _famous(self) -> Floats:
        if self._fame is None:
            found = self._serving.fame()
            self._fame = np.fromiter(
                (found.get(item, 0) for item in self.shelf.items), np.float32, len(self.shelf.items)
            )
        return self._fame

    def _columns(self, items: Iterable[Item]) -> NDArray[np.int64]:
        found = (self.shelf.column.get(item) for item in items)
        return np.array([c for c in found if c is not None], np.int64)

    def _known_of(self, user: Key) -> Known:
        had = [(label, key) for _, label, keys in self._serving.had(user) for key in keys]
        if had:
            return Known(self._columns(had))
        friends = {
            column: count
            for _, item, count in self._serving.friends_had(user)
            if (column := self.shelf.column.get(item)) is not None
        }
        text = self._serving.writes(user)
        return Known(friends=friends, content=self._near([text])[0] if text and self._old.tower else None)

    def _known_of_all(self) -> list[Known]:
        known = [Known() for _ in self.shelf.users]
        for user, label, keys in self._serving.had():
            if (row := self.shelf.row.get(user)) is not None:
                columns = self._columns((label, key) for key in keys)
                known[row] = replace(known[row], had=np.concatenate([known[row].had, columns]))
        idle = {row for row, k in enumerate(known) if not len(k.had)}
        if not idle:
            return known
        for user, item, count in self._serving.friends_had():
            row, column = self.shelf.row.get(user), self.shelf.column.get(item)
            if row in idle and column is not None:
                known[row].friends[column] = count
        texts = {row: text for user, text in self._serving.written() if (row := self.shelf.row.get(user)) in idle}
        rows = [row for row in texts if len(known[row].friends) < self._size]
        if rows and self._old.tower is not None:
            for row, near in zip(rows, self._near([texts[row] for row in rows]), strict=True):
                known[row].content = near
        return known

    def _near(self, texts: Sequence[str]) -> Floats:
        """How near each item is to what users write [texts, items]: cosine of the vector that the text would have as an item."""
        placed, items = _unit(self._placed(texts)), _unit(self.shelf.vectors)
        return np.asarray(placed @ items.T, np.float32)

    # the order ------------------------------------------------------------------------------------------------------

    @property
    def _reordered(self) -> bool:
        return bool(self.options.diversity or self.options.popularity)

    @property
    def _size(self) -> int:
        return max(POOL, TIMES * self.options.k) if self._reordered else self.options.k

    def _choices(self, rows: Sequence[int | None], known: Sequence[Known], banned: set[int]) -> Iterator[Choice]:
        o = self.options
        allowed = self._allowed
        if banned:
            allowed = np.ones(len(self.shelf.items), bool) if allowed is None else allowed.copy()
            allowed[list(banned)] = False
        pools = Pools(
            self.shelf, allowed, self._famous, size=self._size, include_seen=o.include_seen, include_new=o.include_new
        )
        made = [pools.of(row, k) for row, k in zip(rows, known, strict=True)]
        places = self._order(made) if self._reordered else [list(range(min(o.k, len(p.columns)))) for p in made]
        for pool, chosen in zip(made, places, strict=True):
            yield Choice(
                [pool.columns[i] for i in chosen],
                [float(special.expit(pool.odds[i])) for i in chosen],
                [pool.sources[i] for i in chosen],
            )

    def _order(self, pools: Sequence[Pool]) -> list[list[int]]:
        width = max((len(p.columns) for p in pools), default=0)
        relevance = np.full((len(pools), width), -np.inf, np.float32)
        columns = np.zeros((len(pools), width), np.int64)
        for i, pool in enumerate(pools):
            relevance[i, : len(pool.odds)] = pool.odds
            columns[i, : len(pool.columns)] = pool.columns
        fame = np.log1p(self._famous()[columns]) if self.options.popularity else np.zeros_like(relevance)
        places = rerank(
            relevance,
            self.shelf.vectors[columns],
            fame,
            self.options.k,
            diversity=self.options.diversity,
            popularity=self.options.popularity,
        )
        return [[p for p in row if p >= 0] for row in places.tolist()]


def _unit(x: Floats) -> Floats:
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12), np.float32)


def _blocks(users: int) -> Iterator[list[int]]:
    for start in range(0, users, BLOCK):
        yield list(range(start, min(users, start + BLOCK)))
