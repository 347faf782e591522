"""Communities whose cause is known: are ties made by taste (homophily), do behaviours pass over them (influence), both, neither?

In all four worlds users have tastes, activity and popularity differ, and behaviours follow taste. Homophily: ties join users of one
taste, else anybody. Influence: who adopts may pass it on to who is tied, after a delay.
"""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
SPAN = 1_000_000  # of time
WORLDS = {"influence": (False, True), "homophily": (True, False), "both": (True, True), "neither": (False, False)}


@dataclass(frozen=True)
class World:
    """Ties [m] (source influences target; both directions), the log's rows, and the topic of each item."""

    users: int
    items: int
    source: Ints
    target: Ints
    user: Ints
    item: Ints
    time: Ints
    topic: Ints


def world(
    name: str,
    seed: int,
    *,
    users: int = 400,
    items: int = 80,
    topics: int = 6,
    degree: int = 8,
    passed: float = 0.08,
    circles: bool = False,
) -> World:
    """One community; `passed` is the probability that an adoption passes over a tie, in the worlds with influence.

    With `circles` ties keep to circles in the worlds without homophily too, but circles have nothing to do with taste.
    """
    homophily, influence = WORLDS[name]
    rng = np.random.default_rng(seed)
    mine = rng.integers(topics, size=users)
    taste = rng.dirichlet(np.full(topics, 0.5), users) * 0.5
    taste[np.arange(users), mine] += 0.5
    topic = rng.integers(topics, size=items)
    activity, popular = rng.gamma(2, 0.5, users), rng.gamma(2, 0.5, items)
    group = mine if homophily else rng.integers(topics, size=users)
    source, target = _ties(group, homophily or circles, users * degree // 2, rng)
    chance = 0.35 * activity[:, None] * popular[None, :] * taste[:, topic]
    when = rng.exponential(1 / np.maximum(chance, 1e-9)) * SPAN  # [users, items]
    neighbours: list[list[int]] = [[] for _ in range(users)]
    for s, t in zip(source.tolist(), target.tolist(), strict=True):
        neighbours[s].append(t)
    rows = []
    for i in range(items):
        adopted = _spread(when[:, i], neighbours, passed if influence else 0.0, rng)
        rows += [(u, i, round(t)) for u, t in adopted.items()]
    user, item, time = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return World(users, items, source, target, user, item, time, topic)


def _ties(group: Ints, within: bool, count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    users = len(group)
    pull = rng.gamma(2, 0.5, users)
    pull /= pull.sum()
    pairs: set[tuple[int, int]] = set()
    while len(pairs) < count:
        u, v = rng.choice(users, 2, p=pull).tolist()
        if u != v and (not within or group[u] == group[v] or rng.random() < 0.1):
            pairs.add((min(u, v), max(u, v)))
    once = np.array(sorted(pairs))
    both = np.concatenate([once, once[:, ::-1]])
    return both[:, 0], both[:, 1]


def _spread(
    own: NDArray[np.float64], neighbours: list[list[int]], passed: float, rng: np.random.Generator
) -> dict[int, float]:
    """When each adopted: at its own time or a while after somebody tied, whichever is first."""
    queue = [(t, u) for u, t in enumerate(own.tolist()) if t < SPAN]
    heapq.heapify(queue)
    adopted: dict[int, float] = {}
    while queue:
        t, u = heapq.heappop(queue)
        if u in adopted:
            continue
        adopted[u] = t
        for v in neighbours[u] if passed else ():
            if v not in adopted and rng.random() < passed:
                later = t + rng.exponential(0.05 * SPAN)
                if later < SPAN:
                    heapq.heappush(queue, (later, v))
    return adopted


@dataclass(frozen=True)
class Planted:
    """Ties [m], which of them are strong, and the log (user, item, time) of cascades that ran over them."""

    source: Ints
    target: Ints
    strong: NDArray[np.bool_]
    log: tuple[Ints, Ints, Ints]


def cascades(seed: int, *, users: int = 150, items: int = 120, strong: float = 0.5, weak: float = 0.0) -> Planted:
    """A quarter of random one-way ties passes a behaviour on with probability `strong`, the others with `weak`; four start each."""
    rng = np.random.default_rng(seed)
    pairs = np.unique(rng.integers(users, size=(users * 8, 2)), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    real = rng.random(len(pairs)) < 0.25
    out: list[list[tuple[int, float]]] = [[] for _ in range(users)]
    for (u, v), is_strong in zip(pairs.tolist(), real.tolist(), strict=True):
        out[u].append((v, strong if is_strong else weak))
    rows = []
    for item in range(items):
        queue = [(float(rng.exponential(1000)), int(u)) for u in rng.choice(users, 4, replace=False)]
        heapq.heapify(queue)
        done: set[int] = set()
        while queue:
            t, u = heapq.heappop(queue)
            if u in done:
                continue
            done.add(u)
            rows.append((u, item, round(t)))
            for v, p in out[u]:
                if v not in done and rng.random() < p:
                    heapq.heappush(queue, (t + 1 + float(rng.exponential(1000)), v))
    user, item_, time = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return Planted(pairs[:, 0], pairs[:, 1], real, (user, item_, time))
