"""A made-up community whose true interests and attributes are known: for first steps, tests and honest measurements.

What is planted is written to a Parquet file outside the database; `sociogram.evaluation.planted` compares with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sociogram.config import Home
from sociogram.errors import InputError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.loaders.demo_edges import KINDS, make_acts, make_posts, make_ties
from sociogram.loaders.demo_people import LANGUAGES, STAGES
from sociogram.loaders.demo_plan import ARCHETYPES, Ints, Plan, make_plan
from sociogram.loaders.demo_text import (
    Dice,
    Voice,
    city_name,
    write_bio,
    write_description,
    write_name,
    write_post,
    write_title,
)
from sociogram.loaders.demo_words import WORDS
from sociogram.loaders.source import Batch, NodeBatch, Provenance, Quarantine, RelationshipBatch

MOST_USERS = 1_000_000
_BLOCK = 2_000  # users or items written at a time, each block from its own seed
_ROWS = 10_000  # rows in a batch, at most
_NODES, _TIES, _ACTS, _ITEMS = 1, 2, 3, 4  # streams of randomness
_KINDS_OF_ITEM = ("guide", "course", "event", "book", "talk")
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)

TRUTH_SCHEMA = pa.schema(
    [
        ("user", pa.string()),
        ("archetype", pa.string()),
        ("held_out", pa.bool_()),
        ("interests", pa.list_(pa.string())),
        ("topics", pa.list_(pa.string())),
        ("weights", pa.list_(pa.float32())),
        ("attributes_held_out", pa.bool_()),
        ("lifeStage", pa.string()),
        ("languages", pa.list_(pa.string())),
        ("spend", pa.float64()),
    ]
)

MAPPING = GraphMapping(
    nodes=(
        NodeMapping(
            "User", "user", name="name", text=("bio",), categorical=("city",), time="joinedAt",
            predict={"lifeStage": "class", "languages": "multilabel", "spend": "number"},
        ),
        NodeMapping("Item", "item", name="title", text=("title", "text"), numeric=("price",), categorical=("kind",), time="publishedAt"),
        NodeMapping("Topic", "topic", name="name", text=("name", "description")),
    ),
    relationships=(
        RelationshipMapping("BROADER", "Topic", "Topic", "parent"),
        RelationshipMapping("ABOUT", "Item", "Topic", "about", weight="weight"),
        RelationshipMapping("KNOWS", "User", "User", "tie", weight="weight", time="at"),
        RelationshipMapping("VIEWED", "User", "Item", "behaviour", time="at"),
        RelationshipMapping("LIKED", "User", "Item", "behaviour", time="at"),
        RelationshipMapping("BOUGHT", "User", "Item", "behaviour", time="at", numeric=("amount",)),
        RelationshipMapping("POSTED", "User", "Item", "behaviour", time="at", text=("text",)),
        RelationshipMapping("TAGGED", "User", "Topic", "interest", weight="weight", time="at"),
    ),
)  # fmt: skip


def demo(
    users: int = 1500, items: int | None = None, topics: int = 24, seed: int = 0, truth: Path | None = None
) -> "Demo":
    """A community with a planted truth, equal for equal arguments; it is streamed, up to a million users.

    `items` defaults to 8/15 of the users. The topics are 6 broad ones with 3 narrower ones each, all of them possible interests;
    fewer are the first ones. `truth` is where the planted truth goes. Raises InputError for sizes out of range.
    """
    _within("users", users, 1, MOST_USERS)
    items = max(1, round(users * 8 / 15)) if items is None else items
    _within("items", items, 1, MOST_USERS)
    _within("topics", topics, 1, len(WORDS))
    _within("seed", seed, 0, 2**63)
    return Demo(
        users, items, topics, seed, truth or Home.default().truth / f"{_name(users, items, topics, seed)}.parquet"
    )


def _name(users: int, items: int, topics: int, seed: int) -> str:
    usual = items == max(1, round(users * 8 / 15)) and topics == len(WORDS)
    return f"demo-{users}-{seed}" if usual else f"demo-{users}-{seed}-{items}-{topics}"


def _within(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(
            f"demo: {what} must be from {low:,} to {high:,}, got {value:,}. Choose another number of {what}."
        )


@dataclass(frozen=True)
class Demo:
    """The source that `demo()` makes."""

    users: int
    items: int
    topics: int
    seed: int
    truth: Path  # written when the batches are read

    provenance: ClassVar[Provenance] = "public"
    mapping: ClassVar[GraphMapping] = MAPPING

    @property
    def name(self) -> str:
        """Another community is other data: users and items of the same key have nothing to do with each other."""
        return _name(self.users, self.items, self.topics, self.seed)

    @cached_property
    def plan(self) -> Plan:
        """Who is who; small arrays only."""
        return make_plan(self.users, self.items, self.topics, self.seed)

    def batches(self, quarantine: Quarantine) -> Iterator[Batch]:
        """Topics, users, items, then what relates them; the truth file appears once all users have been read."""
        for batch in self._stream():
            quarantine.read += len(batch.rows)
            yield batch

    def _stream(self) -> Iterator[Batch]:
        yield NodeBatch("Topic", [_topic(t) for t in range(self.topics)])
        parents = [
            {"source": _topic_id(t), "target": _topic_id(p)}
            for t, p in enumerate(self.plan.topics.parent.tolist())
            if p >= 0
        ]
        if parents:
            yield RelationshipBatch("BROADER", "Topic", "Topic", parents)
        yield from self._user_batches()
        for start in range(0, self.items, _BLOCK):
            block = np.arange(start, min(start + _BLOCK, self.items))
            yield NodeBatch("Item", self._item_rows(block))
            yield from _chunked("ABOUT", "Item", "Topic", self._about_rows(block))
        for start in range(0, self.users, _BLOCK):
            block = np.arange(start, min(start + _BLOCK, self.users))
            yield from self._tie_batches(block)
            yield from self._act_batches(block)

    def _rng(self, stream: int, block: Ints) -> np.random.Generator:
        return np.random.default_rng([self.seed, stream, int(block[0])])

    def _user_batches(self) -> Iterator[Batch]:
        self.truth.parent.mkdir(parents=True, exist_ok=True)
        part = self.truth.with_name(self.truth.name + ".part")
        with pq.ParquetWriter(part, TRUTH_SCHEMA) as writer:
            for start in range(0, self.users, _BLOCK):
                block = np.arange(start, min(start + _BLOCK, self.users))
                rows = [self._truth_row(u) for u in block.tolist()]
                writer.write_table(pa.Table.from_pylist(rows, TRUTH_SCHEMA))
                yield NodeBatch("User", self._user_rows(block))
        part.replace(self.truth)

    def _user_rows(self, block: Ints) -> list[dict[str, Any]]:
        dice = Dice(self._rng(_NODES, block))
        return [self._user(u, dice) for u in block.tolist()]

    def _user(self, u: int, dice: Dice) -> dict[str, Any]:
        plan = self.plan
        voice = Voice(dice, bool(plan.chinese[u]))
        row = {
            "id": self.user_id(u),
            "name": write_name(plan, u, dice),
            "bio": write_bio(plan, u, voice),
            "city": city_name(plan, u),
            "joinedAt": _time(plan.joined[u]),
        }
        return row | self._attributes(u) if plan.shown[u] else row

    def _attributes(self, u: int) -> dict[str, Any]:
        plan = self.plan
        languages = [name for name, known in zip(LANGUAGES, plan.languages[u].tolist(), strict=True) if known]
        return {"lifeStage": STAGES[plan.stage[u]], "languages": languages, "spend": round(float(plan.spend[u]), 2)}

    def _truth_row(self, u: int) -> dict[str, Any]:
        plan = self.plan
        mine = [t for t in plan.interests[u].tolist() if t >= 0]
        return {
            "user": self.user_id(u),
            "archetype": ARCHETYPES[plan.archetype[u]],
            "held_out": not plan.declared[u],
            "interests": [WORDS[t].name for t in mine],
            "topics": [_topic_id(t) for t in mine],
            "weights": plan.weights[u, : len(mine)].tolist(),
            "attributes_held_out": not plan.shown[u],
        } | self._attributes(u)

    def _item_rows(self, block: Ints) -> list[dict[str, Any]]:
        plan, dice = self.plan, Dice(self._rng(_ITEMS, block))
        taken: set[str] = set()
        rows = []
        for i in block.tolist():
            topic, second = int(plan.item_topic[i]), int(plan.item_second[i])
            rows.append(
                {
                    "id": self.item_id(i),
                    "title": _fresh_title(topic, dice, taken),
                    "text": write_description(topic, second, dice),
                    "kind": dice.pick(_KINDS_OF_ITEM),
                    "price": round(float(plan.item_price[i]), 2),
                    "publishedAt": _time(plan.published[i]),
                }
            )
        return rows

    def _about_rows(self, block: Ints) -> list[dict[str, Any]]:
        plan, rows = self.plan, []
        for i in block.tolist():
            label, first, second = int(plan.item_label[i]), int(plan.item_topic[i]), int(plan.item_second[i])
            if label == 0:
                rows.append(
                    {"source": self.item_id(i), "target": _topic_id(first), "weight": 1.0 if second < 0 else 0.7}
                )
                if second >= 0:
                    rows.append({"source": self.item_id(i), "target": _topic_id(second), "weight": 0.3})
            elif label == 1:
                rows.append(
                    {"source": self.item_id(i), "target": _topic_id(int(plan.topics.area[first])), "weight": 1.0}
                )
        return rows

    def _tie_batches(self, block: Ints) -> Iterator[Batch]:
        ties = make_ties(self.plan, block, self._rng(_TIES, block))
        columns = (ties.source.tolist(), ties.target.tolist(), ties.weight.tolist(), ties.at.tolist())
        rows = [
            {"source": self.user_id(s), "target": self.user_id(t), "weight": float(w), "at": _time(at)}
            for s, t, w, at in zip(*columns, strict=True)
        ]
        yield from _chunked("KNOWS", "User", "User", rows)

    def _act_batches(self, block: Ints) -> Iterator[Batch]:
        plan, rng = self.plan, self._rng(_ACTS, block)
        acts = make_acts(plan, block, rng)
        rows: list[list[dict[str, Any]]] = [[] for _ in KINDS]
        for u, i, kind, at in zip(
            acts.user.tolist(), acts.item.tolist(), acts.kind.tolist(), acts.at.tolist(), strict=True
        ):
            row = {"source": self.user_id(u), "target": self.item_id(i), "at": _time(at)}
            if KINDS[kind] == "BOUGHT":
                row["amount"] = round(float(plan.item_price[i]), 2)
            rows[kind].append(row)
        for type_, found in zip(KINDS, rows, strict=True):
            yield from _chunked(type_, "User", "Item", found)
        yield from _chunked("POSTED", "User", "Item", self._post_rows(block, rng))
        yield from _chunked("TAGGED", "User", "Topic", self._tagged_rows(block, rng))

    def _post_rows(self, block: Ints, rng: np.random.Generator) -> list[dict[str, Any]]:
        plan, posts, dice = self.plan, make_posts(self.plan, block, rng), Dice(rng)
        voices: dict[int, Voice] = {}
        rows = []
        columns = (posts.user.tolist(), posts.item.tolist(), posts.topic.tolist(), posts.at.tolist())
        for n, (u, i, topic, at) in enumerate(zip(*columns, strict=True)):
            # now and then a Chinese speaker answers in English
            voice = voices.setdefault(u, Voice(dice, bool(plan.chinese[u]) and dice.chance(0.85)))
            text = write_post(plan, u, topic, voice)
            event = f"p{int(block[0])}-{n}"
            rows.append(
                {"source": self.user_id(u), "target": self.item_id(i), "text": text, "at": _time(at), "eventId": event}
            )
        return rows

    def _tagged_rows(self, block: Ints, rng: np.random.Generator) -> list[dict[str, Any]]:
        plan, rows = self.plan, []
        for u in block[plan.declared[block]].tolist():
            at = plan.joined[u] + rng.integers(86_400_000)
            for topic, weight in zip(plan.interests[u].tolist(), plan.weights[u].tolist(), strict=True):
                if topic >= 0:
                    rows.append(
                        {
                            "source": self.user_id(u),
                            "target": _topic_id(topic),
                            "weight": round(weight, 3),
                            "at": _time(at),
                        }
                    )
        return rows

    def user_id(self, u: int) -> str:
        return f"u{u + 1:0{max(4, len(str(self.users)))}d}"

    def item_id(self, i: int) -> str:
        return f"i{i + 1:0{max(4, len(str(self.items)))}d}"


def _topic(t: int) -> dict[str, Any]:
    return {"id": _topic_id(t), "name": WORDS[t].name, "description": WORDS[t].about}


def _topic_id(t: int) -> str:
    return f"t{t + 1:02d}"


def _time(ms: int) -> datetime:
    return _ZERO + timedelta(milliseconds=int(ms))


def _fresh_title(topic: int, dice: Dice, taken: set[str]) -> str:
    """A title that is new in its block, if a few tries find one."""
    title = write_title(topic, dice)
    for _ in range(20):
        if title not in taken:
            break
        title = write_title(topic, dice)
    taken.add(title)
    return title


def _chunked(type_: str, source: str, target: str, rows: list[dict[str, Any]]) -> Iterator[Batch]:
    for start in range(0, len(rows), _ROWS):
        yield RelationshipBatch(type_, source, target, rows[start : start + _ROWS])
