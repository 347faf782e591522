"""The candidates of one user: tiers that name where they come from, each continuing below the one before."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sociogram.recommending.options import Source
from sociogram.recommending.shelf import Shelf

Floats = NDArray[np.float32]
Odds = NDArray[np.floating]
Columns = NDArray[np.int64]
ALPHA = 10.0  # how much more an item that was taken counts than one that was not, as in the iALS of the run
RIDGE = 0.1  # of the mean of the diagonal
UNSURE = -4.0  # log-odds of an average item where nothing is calibrated


@dataclass
class Known:
    """What the graph says of one user: columns of the items had, friends who had an item, what the user's own text is near to."""

    had: Columns = field(default_factory=lambda: np.zeros(0, np.int64))
    friends: dict[int, int] = field(default_factory=dict)
    content: Floats | None = None  # [items], any unit; None: no text


@dataclass
class Pool:
    """Candidates in order, best first: columns, log-odds, sources; `more` adds a tier until there are `size`."""

    size: int
    columns: list[int] = field(default_factory=list)
    odds: list[float] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return len(self.columns) >= self.size

    def more(self, source: Source, columns: Columns, odds: Odds, floor: float | None = None) -> None:
        """The best of a tier; odds are pressed below the last of the tier before: 1 / (1 / odds + 1 / floor), the order stays."""
        if self.full or not len(columns):
            return
        best = np.argsort(-odds, kind="stable")[
            : self.size - len(self.columns)
        ]  # equals stay as they come: the list's by rank
        last = min([*self.odds[-1:], *([floor] if floor is not None else [])], default=None)
        chosen = odds[best].astype(np.float64)
        if last is not None:
            chosen = -np.logaddexp(-chosen, -last)
        self.columns += columns[best].tolist()
        self.odds += chosen.tolist()
        self.sources += [source] * len(best)

    def mix(self, source: Source, columns: Columns, odds: Odds) -> None:
        """A tier that stands among the others by its odds: only where both are calibrated on the same event."""
        every = [*zip(self.odds, self.columns, self.sources, strict=True)]
        every += [(float(o), int(c), source) for c, o in zip(columns, odds, strict=True)]
        every.sort(key=lambda row: -row[0])
        kept = every[: self.size]
        self.odds, self.columns = [o for o, _, _ in kept], [c for _, c, _ in kept]
        self.sources = [s for _, _, s in kept]


class Pools:
    """Makes pools from a shelf; `allowed` [items] are those that a filter leaves, `fame` how often each item was taken."""

    def __init__(
        self,
        shelf: Shelf,
        allowed: NDArray[np.bool_] | None,
        fame: Callable[[], Floats],
        *,
        size: int,
        include_seen: bool = False,
        include_new: bool = False,
    ) -> None:
        self.shelf, self.fame, self.size = shelf, fame, size
        self.include_seen, self.include_new = include_seen, include_new
        self.allowed = np.ones(len(shelf.items), bool) if allowed is None else allowed
        self._gram: Floats | None = None

    def of(self, row: int | None, known: Known) -> Pool:
        """The pool of a user in a row of the shelf, or of one who came after the run."""
        free = self.allowed.copy()
        if not self.include_seen:
            free[known.had] = False
        pool = Pool(self.size)
        if not free.any():
            return pool
        if len(known.had):
            self._of_active(pool, row if row is not None and self.shelf.active[row] else None, known, free)
        else:
            self._of_idle(pool, known, free)
        rest = np.flatnonzero(free)
        rest = rest[~np.isin(rest, pool.columns)] if not pool.full else rest[:0]
        if len(rest):
            pool.more("popular", rest, np.log1p(self.fame()[rest]) + UNSURE)
        return pool

    def _of_active(self, pool: Pool, row: int | None, known: Known, free: NDArray[np.bool_]) -> None:
        shelf = self.shelf
        floor = None
        if row is not None:
            part = shelf.listed.iloc[shelf.starts[row] : shelf.starts[row + 1]]
            columns, odds = part["column"].to_numpy(), special.logit(part["score"].to_numpy(np.float64))
            unseen = ~np.isin(columns, known.had)
            floor = float(odds[unseen].min()) if unseen.any() else None
            pool.more("model", columns[free[columns]], odds[free[columns]].astype(np.float32))
        if pool.full and not self.include_new:
            return
        taste = shelf.taste([row])[0] if row is not None else self._folded_in(known.had)
        dots = shelf.goods @ taste
        old = ~shelf.new
        centre, spread = (float(dots[old].mean()), float(dots[old].std())) if old.any() else (0.0, 0.0)
        z = (dots - centre) / max(spread, 1e-9)
        left = np.flatnonzero(free & old)
        left = left[~np.isin(left, pool.columns)]
        pool.more("embedding", left, shelf.embedding.slope * z[left] + shelf.embedding.offset, floor)
        fresh = np.flatnonzero(free & shelf.new & np.any(shelf.goods != 0, axis=1))
        if shelf.tower is not None and len(fresh):
            odds = (shelf.tower.slope * z[fresh] + shelf.tower.level).astype(np.float32)
            if self.include_new:
                pool.mix("text", fresh, odds)
            else:
                pool.more("text", fresh, odds)

    def _of_idle(self, pool: Pool, known: Known, free: NDArray[np.bool_]) -> None:
        """What friends had first, then what is near to the user's text; within both all evidence counts, popularity included.

        Friends or text alone find less than popularity does (benchmarks/bench_cold.py).
        """
        friends = np.zeros(len(free), np.float32)
        friends[list(known.friends)] = list(known.friends.values())
        evidence = _standard(self.fame()) + _standard(friends)
        if known.content is not None:
            evidence = evidence + _standard(known.content)
        theirs = np.flatnonzero(free & (friends > 0))
        pool.more("friends", theirs, evidence[theirs] + UNSURE)
        if known.content is not None:
            near = np.flatnonzero(free & (friends == 0) & np.any(self.shelf.vectors != 0, axis=1))
            pool.more("content", near, evidence[near] + UNSURE)

    def _folded_in(self, had: Columns) -> Floats:
        """The taste of a user whom the factors do not know, from the items had, by one step of iALS:

        u = (V'V + alpha V_s'V_s + lambda I)^-1 (1 + alpha) V_s'1.
        """
        goods = self.shelf.goods
        if self._gram is None:
            self._gram = goods.T @ goods
        own = goods[had]
        system = self._gram + ALPHA * own.T @ own
        system = system + (RIDGE * max(float(np.trace(self._gram)) / max(len(system), 1), 1e-9)) * np.eye(len(system))
        return np.asarray(np.linalg.solve(system, (1 + ALPHA) * own.sum(0)), np.float32)


def _standard(x: Floats) -> Floats:
    return np.asarray((x - x.mean()) / max(float(x.std()), 1e-9), np.float32)
