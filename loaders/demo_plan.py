"""Who is who in the demo community, before a word is written: a few small arrays per user and item, drawn at once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sociogram.loaders.demo_people import CITIES, LANGUAGES, STAGES
from sociogram.loaders.demo_words import WORDS

ARCHETYPES = ("ordinary", "bot", "newcomer", "text_only", "friends_only")
ORDINARY, BOT, NEWCOMER, TEXT_ONLY, FRIENDS_ONLY = range(5)
_SHARES = (0.72, 0.02, 0.06, 0.10, 0.10)
MOST_INTERESTS = 4
_COUNT_SHARES = (0.25, 0.35, 0.25, 0.15)  # of users with 1, 2, 3, 4 interests
DECLARED = 0.6  # share of users whose interests are stored as TAGGED; the others are held out
SHOWN = 0.7  # share of users whose attributes are stored
LABELS = (0.35, 0.3, 0.35)  # items that say their topics, only the broad one, none
EPOCH = 1_704_067_200_000  # 2024-01-01 in ms: nothing depends on today's date
SPAN = 912 * 86_400_000  # up to 2026-07-01
_DEAR = {"photography", "sailing", "cycling", "synthesizers", "travel", "coffee"}  # interests that cost money

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def draw(rng: np.random.Generator, shares: Floats | tuple[float, ...], size: int) -> Ints:
    """Category numbers drawn with the given shares [size]."""
    cumulative = np.cumsum(np.asarray(shares, np.float64))
    return np.searchsorted(cumulative / cumulative[-1], rng.random(size), side="right").astype(np.int64)


@dataclass(frozen=True)
class Topics:
    """Tree of the first n topics: `parent` [n] (-1 for a broad one), `area` [n]."""

    parent: Ints
    area: Ints
    share: Floats  # how common an interest is [n]

    @classmethod
    def first(cls, n: int) -> "Topics":
        names = [w.name for w in WORDS[:n]]
        parent = np.array([names.index(w.broader) if w.broader else -1 for w in WORDS[:n]], np.int64)
        area = np.where(parent < 0, np.arange(n), parent)
        # hundreds of interests are never equally common: the most common is about 2.5 times the rarest
        share = 1 / (8 + ((np.arange(n) * 7) % n) * 12 / n)
        return cls(parent, area, share / share.sum())

    def __len__(self) -> int:
        return len(self.parent)


@dataclass(frozen=True)
class Plan:
    """The planted truth and the shape of the community; n users, m items."""

    seed: int
    topics: Topics
    archetype: Ints  # [n]
    interests: NDArray[np.int8]  # [n, 4], -1 where there are fewer
    weights: NDArray[np.float32]  # [n, 4], rows sum to 1; 0 where there is none
    distractors: NDArray[np.int8]  # [n, 2] looked at often, cared for little (-1 where there is none)
    declared: NDArray[np.bool_]  # [n]
    shown: NDArray[np.bool_]  # [n]
    stage: NDArray[np.int8]  # [n]
    city: NDArray[np.int8]  # [n]
    languages: NDArray[np.bool_]  # [n, 5]
    spend: NDArray[np.float32]  # [n] per month
    chinese: NDArray[np.bool_]  # [n] writes mostly Chinese
    joined: Ints  # [n] epoch ms
    rank: NDArray[np.int32]  # [n] place in the neighbourhood: who is near knows each other
    item_topic: NDArray[np.int8]  # [m]
    item_second: NDArray[np.int8]  # [m], -1 where there is none
    item_label: NDArray[np.int8]  # [m] 0 all topics stored, 1 the broad one only, 2 none
    item_price: NDArray[np.float32]  # [m]
    published: Ints  # [m] epoch ms

    @property
    def users(self) -> int:
        return len(self.archetype)

    @property
    def items(self) -> int:
        return len(self.item_topic)

    @cached_property
    def reachable(self) -> Ints:
        """Users whom others may know, by neighbourhood."""
        return self._ordered(self.archetype != NEWCOMER)

    @cached_property
    def circles(self) -> list[Ints]:
        """Users of each topic whose ties follow their interests, by neighbourhood."""
        social = (self.archetype == ORDINARY) | (self.archetype == FRIENDS_ONLY)
        return [self._ordered(social & (self.interests == t).any(1)) for t in range(len(self.topics))]

    @cached_property
    def peers(self) -> list[Ints]:
        """Users of each life stage, by neighbourhood."""
        return [self._ordered((self.archetype == ORDINARY) & (self.stage == s)) for s in range(len(STAGES))]

    @cached_property
    def shelves(self) -> list[Ints]:
        """Items of each topic, the most popular first."""
        return [np.flatnonzero((self.item_topic == t) | (self.item_second == t)) for t in range(len(self.topics))]

    def _ordered(self, members: NDArray[np.bool_]) -> Ints:
        found = np.flatnonzero(members)
        return found[np.argsort(self.rank[found], kind="stable")]


def make_plan(users: int, items: int, topics: int, seed: int) -> Plan:
    """Draw the plan; equal arguments give equal plans."""
    rng = np.random.default_rng([seed, 0])
    tree = Topics.first(topics)
    archetype = draw(rng, _SHARES, users)
    interests = _interests(rng, tree, users)
    interests[archetype == BOT] = -1
    weights = np.sort(rng.gamma(2.5, size=(users, MOST_INTERESTS)) + 0.4, axis=1)[:, ::-1]
    weights = np.where(interests >= 0, weights, 0)
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-9)
    stage = draw(rng, (0.22, 0.42, 0.22, 0.14), users)
    city = rng.integers(len(CITIES), size=users)
    languages = _languages(rng, city)
    chinese = languages[:, LANGUAGES.index("Chinese")] & (rng.random(users) < 0.6) & (archetype != BOT)
    first, second, label, price = _items(rng, tree, items)
    return Plan(  # draws happen in this order
        seed=seed,
        topics=tree,
        archetype=archetype,
        interests=interests,
        weights=weights.astype(np.float32),
        distractors=_distractors(rng, tree, interests),
        declared=rng.random(users) < DECLARED,
        shown=rng.random(users) < SHOWN,
        stage=stage.astype(np.int8),
        city=city.astype(np.int8),
        languages=languages,
        spend=_spend(rng, interests, weights, stage),
        chinese=chinese,
        joined=EPOCH + (rng.random(users) ** 0.7 * 0.8 * SPAN).astype(np.int64),
        rank=rng.permutation(users).astype(np.int32),
        item_topic=first,
        item_second=second,
        item_label=label,
        item_price=price,
        published=EPOCH + (rng.random(items) ** 2 * 0.9 * SPAN).astype(np.int64),
    )


def _interests(rng: np.random.Generator, tree: Topics, users: int) -> NDArray[np.int8]:
    wanted = 1 + draw(rng, _COUNT_SHARES, users)
    chosen = np.full((users, MOST_INTERESTS), -1, np.int8)
    chosen[:, 0] = draw(rng, tree.share, users)
    for j in range(1, MOST_INTERESTS):
        for _ in range(4):  # a topic drawn twice is drawn again
            open_ = np.flatnonzero((wanted > j) & (chosen[:, j] < 0))
            new = _near_or_any(rng, tree, chosen[open_, 0], 0.45)
            fresh = (chosen[open_, :j] != new[:, None]).all(1)
            chosen[open_[fresh], j] = new[fresh]
    # gaps (no topic left) to the end, order kept
    order = np.argsort(chosen < 0, axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)


def _near_or_any(rng: np.random.Generator, tree: Topics, of: NDArray[np.int8], near: float) -> Ints:
    """A topic of the same area with probability `near`, else any."""
    anywhere = draw(rng, tree.share, len(of))
    result = anywhere.copy()
    stays = rng.random(len(of)) < near
    for area in np.unique(tree.area):
        mine = np.flatnonzero(stays & (of >= 0) & (tree.area[of] == area))
        result[mine] = rng.choice(np.flatnonzero(tree.area == area), size=len(mine))
    return result


def _distractors(rng: np.random.Generator, tree: Topics, interests: NDArray[np.int8]) -> NDArray[np.int8]:
    found = np.stack([_near_or_any(rng, tree, interests[:, 0], near) for near in (0.4, 0.1)], axis=1).astype(np.int8)
    taken = (found[:, :, None] == interests[:, None, :]).any(2)
    return np.where(taken, -1, found).astype(np.int8)


def _languages(rng: np.random.Generator, city: Ints) -> NDArray[np.bool_]:
    """Everybody has English here; the language of the city is likely, others are rare."""
    local = np.array([LANGUAGES.index(language) for _, language in CITIES])[city]
    known = rng.random((len(city), len(LANGUAGES))) < 0.12
    known[np.arange(len(city)), local] |= rng.random(len(city)) < 0.85
    known[:, 0] = rng.random(len(city)) < 0.9
    known[~known.any(1), 0] = True
    return known


def _spend(rng: np.random.Generator, interests: NDArray[np.int8], weights: Floats, stage: Ints) -> NDArray[np.float32]:
    """Monthly spend: log-linear in life stage and dear interests, with noise."""
    dear = np.array([w.name in _DEAR for w in WORDS], np.float64)
    share = (np.where(interests >= 0, dear[interests], 0) * weights).sum(1)
    level = np.array([2.7, 3.6, 3.2, 3.4])[stage]
    spend: Floats = np.exp(level + 0.9 * share + rng.normal(0, 0.35, len(stage)))
    return spend.round(2).astype(np.float32)


def _items(
    rng: np.random.Generator, tree: Topics, items: int
) -> tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.int8], NDArray[np.float32]]:
    first = draw(rng, tree.share, items)
    second = _near_or_any(rng, tree, first.astype(np.int8), 0.5)
    second = np.where((second == first) | (rng.random(items) < 0.6), -1, second)
    price = np.exp(rng.normal(3.0, 0.7, items)).round(2).astype(np.float32)
    return first.astype(np.int8), second.astype(np.int8), draw(rng, LABELS, items).astype(np.int8), price
