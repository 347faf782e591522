"""Ties and behaviours of a block of users: who knows whom, who looked at what, about what they post."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sociogram.loaders.demo_plan import BOT, EPOCH, FRIENDS_ONLY, NEWCOMER, ORDINARY, SPAN, TEXT_ONLY, Ints, Plan

_TIES = {ORDINARY: 6.3, BOT: 26.0, NEWCOMER: 0.0, TEXT_ONLY: 5.5, FRIENDS_ONLY: 8.5}  # mean number started by a user
_ACTS = {ORDINARY: 24.5, BOT: 70.0, NEWCOMER: 1.0, TEXT_ONLY: 4.0, FRIENDS_ONLY: 1.0}
_POSTS = {ORDINARY: 2.6, BOT: 5.0, NEWCOMER: 0.2, TEXT_ONLY: 3.0, FRIENDS_ONLY: 0.5}
_NEAR = 15  # how far apart in the neighbourhood acquaintances of one circle live
_ON_INTEREST = 0.7  # of an ordinary user's behaviours
KINDS = ("VIEWED", "LIKED", "BOUGHT")


@dataclass(frozen=True)
class Ties:
    source: Ints
    target: Ints
    weight: Ints
    at: Ints


@dataclass(frozen=True)
class Acts:
    user: Ints
    item: Ints
    kind: Ints  # index into KINDS
    at: Ints


@dataclass(frozen=True)
class Posts:
    user: Ints
    item: Ints
    topic: Ints  # -1: small talk
    at: Ints


def make_ties(plan: Plan, users: Ints, rng: np.random.Generator) -> Ties:
    """Homophily: most ties stay within an interest and near in the neighbourhood, some within a life stage, some are chance."""
    source = np.repeat(users, _counts(plan, users, _TIES, rng, 2.0))
    kind = plan.archetype[source]
    close = np.where(kind == FRIENDS_ONLY, 0.9, np.where(kind == ORDINARY, 0.55, 0.0))
    roll = rng.random(len(source))
    by_interest, by_stage = roll < close, (roll >= close) & (roll < close + 0.2) & (kind == ORDINARY)
    target = _anyone(plan, source, rng)
    topic = _own_topics(plan, source, rng)
    for groups, group, where in ((plan.circles, topic, by_interest), (plan.peers, plan.stage[source], by_stage)):
        for g, members in enumerate(groups):
            mine = np.flatnonzero(where & (group == g))
            if len(members) > 1:
                target[mine] = _near(plan, source[mine], members, rng)
    weight = rng.geometric(np.where(by_interest, 0.15, 0.3)).astype(np.int64)
    at = _times(np.maximum(plan.joined[source], plan.joined[target]), rng)
    keep = target != source
    keep[keep] = _first(source[keep] * plan.users + target[keep])
    return Ties(source[keep], target[keep], weight[keep], at[keep])


def make_acts(plan: Plan, users: Ints, rng: np.random.Generator) -> Acts:
    """Behaviours: 70 % on interest for ordinary users, the rest on distractors and on whatever is popular."""
    user = np.repeat(users, _counts(plan, users, _ACTS, rng, 1.2))
    topic = _topics(plan, user, _ON_INTEREST, 0.15, rng)
    spend = np.clip(plan.spend[user] / 200, 0.02, 0.3)  # who spends more, buys more often
    roll = rng.random(len(user))
    kind = np.where(roll < spend, 2, np.where(roll < spend + 0.25, 1, 0))
    item = _items(plan, topic, rng)
    return Acts(user, item, kind, _times(np.maximum(plan.joined[user], plan.published[item]), rng))


def make_posts(plan: Plan, users: Ints, rng: np.random.Generator) -> Posts:
    """Posts, each on an item; text-only users speak of their interests, others also of other things or of nothing."""
    user = np.repeat(users, _counts(plan, users, _POSTS, rng, 2.0))
    topic = _topics(plan, user, 0.68, 0.14, rng)
    text_only = plan.archetype[user] == TEXT_ONLY
    topic = np.where(text_only & (rng.random(len(user)) < 0.85), _own_topics(plan, user, rng), topic)
    shelf = np.where(text_only, -1, topic)  # what they post on says nothing
    item = _items(plan, shelf, rng)
    return Posts(user, item, topic, _times(np.maximum(plan.joined[user], plan.published[item]), rng))


def _counts(plan: Plan, users: Ints, means: dict[int, float], rng: np.random.Generator, shape: float) -> Ints:
    """Overdispersed counts: Poisson with a gamma rate of the archetype's mean."""
    mean = np.array([means[k] for k in range(len(means))])[plan.archetype[users]]
    return rng.poisson(mean * rng.gamma(shape, 1 / shape, len(users))).astype(np.int64)


def _own_topics(plan: Plan, user: Ints, rng: np.random.Generator) -> Ints:
    """One of the user's interests by weight; -1 if they have none."""
    cumulative = np.cumsum(plan.weights[user], axis=1)
    column = np.minimum((cumulative < rng.random(len(user))[:, None] * 0.999).sum(1), plan.interests.shape[1] - 1)
    topic: Ints = plan.interests[user, column].astype(np.int64)
    return topic


def _topics(plan: Plan, user: Ints, on: float, distracted: float, rng: np.random.Generator) -> Ints:
    """Topic of each act; -1 is anything. Only ordinary users act on their interests."""
    roll = rng.random(len(user))
    ordinary = plan.archetype[user] == ORDINARY
    distractor = plan.distractors[user, rng.integers(2, size=len(user))].astype(np.int64)
    topic = np.where(ordinary & (roll < on), _own_topics(plan, user, rng), -1)
    return np.where(ordinary & (roll >= on) & (roll < on + distracted), distractor, topic)


def _items(plan: Plan, topic: Ints, rng: np.random.Generator) -> Ints:
    """An item of the topic, popular ones more often; any item for -1 or an empty shelf."""
    roll = rng.random(len(topic)) ** 1.7
    item = (roll * plan.items).astype(np.int64)
    for t, shelf in enumerate(plan.shelves):
        mine = np.flatnonzero(topic == t)
        if len(shelf):
            item[mine] = shelf[(roll[mine] * len(shelf)).astype(np.int64)]
    return item


def _anyone(plan: Plan, source: Ints, rng: np.random.Generator) -> Ints:
    pool = plan.reachable
    return pool[rng.integers(len(pool), size=len(source))] if len(pool) else np.full(len(source), -1, np.int64)


def _near(plan: Plan, source: Ints, members: Ints, rng: np.random.Generator) -> Ints:
    """Members of a circle who live near."""
    place = np.searchsorted(plan.rank[members], plan.rank[source])
    step: Ints = rng.geometric(1 / _NEAR, len(source)) * rng.choice(np.array([-1, 1]), len(source))
    near: Ints = members[(place + step) % len(members)]
    return near


def _times(start: Ints, rng: np.random.Generator) -> Ints:
    """Epoch ms after both ends came to be, more of them lately."""
    return start + ((EPOCH + SPAN - start) * rng.random(len(start)) ** 0.8).astype(np.int64)


def _first(keys: Ints) -> NDArray[np.bool_]:
    """True where a key occurs for the first time."""
    first = np.zeros(len(keys), np.bool_)
    first[np.unique(keys, return_index=True)[1]] = True
    return first
