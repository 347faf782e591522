"""What a recommendation needs of the graph as it is now: who had what, who knows whom, which items there are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sociogram.errors import InputError, NotFoundError
from sociogram.graph.export import join_texts
from sociogram.graph.mapping import GraphMapping, NodeMapping
from sociogram.graph.schema import quote
from sociogram.graph.store import Store
from sociogram.queries.narrow import conditions, narrowed

Key = int | str
Item = tuple[str, Key]  # label and key: two labels may share a key


@dataclass(frozen=True)
class Reasons:
    """Why an item suits a user, beyond its score."""

    name: str
    friends: int
    topics: list[str]


@dataclass(frozen=True)
class Newcomer:
    """An item without a vector of the live run."""

    item: Item
    name: str
    text: str


class Serving:
    """Reads for recommendations; users are named by their keys."""

    def __init__(self, store: Store, mapping: GraphMapping) -> None:
        self._store, self._mapping = store, mapping
        self._user, self._key = quote(mapping.user.label), quote(mapping.user.key)
        self.labels = mapping.labels("item")

    def _behaviour(self, label: str) -> str:
        """Types of behaviour towards a label of items, as a pattern takes them; `-` is a type that nothing has."""
        types = {r.type for r in self._mapping.with_role("behaviour") if r.target == label}
        return "|".join(map(quote, sorted(types))) or "`-`"

    @property
    def _ties(self) -> str:
        return "|".join(sorted({quote(r.type) for r in self._mapping.with_role("tie")})) or "`-`"

    @property
    def _idle(self) -> str:
        """That a user u has no item."""
        had = " OR ".join(f"EXISTS {{ (u)-[:{self._behaviour(n)}]->(:{quote(n)}) }}" for n in self.labels)
        return f"NOT ({had or 'false'})"

    def _item(self, label: str) -> tuple[NodeMapping, str, str]:
        node = self._mapping.node(label)
        return node, quote(label), quote(node.key)

    def had(self, user: Key | None = None) -> Iterator[tuple[Key, str, list[Key]]]:
        """(user, label, keys of the items that the user has) of one user or of all who have any."""
        one = "" if user is None else f" WHERE u.{self._key} = $user"
        for label in self.labels:
            _, quoted, key = self._item(label)
            query = (
                f"MATCH (u:{self._user}){one} MATCH (u)-[:{self._behaviour(label)}]->(i:{quoted}) "
                f"RETURN u.{self._key} AS user, collect(DISTINCT i.{key}) AS items"
            )
            for row in self._store.stream(query, {"user": user}):
                yield row["user"], label, row["items"]

    def friends_had(self, user: Key | None = None) -> Iterator[tuple[Key, Item, int]]:
        """(user, item, friends who had it) for one user or for all who have nothing themselves."""
        who = self._idle if user is None else f"u.{self._key} = $user"
        for label in self.labels:
            _, quoted, key = self._item(label)
            query = (
                f"MATCH (u:{self._user}) WHERE {who} MATCH (u)-[:{self._ties}]-(f:{self._user}) WITH DISTINCT u, f "
                f"MATCH (f)-[:{self._behaviour(label)}]->(i:{quoted}) "
                f"RETURN u.{self._key} AS user, i.{key} AS item, count(DISTINCT f) AS friends"
            )
            for row in self._store.stream(query, {"user": user}):
                yield row["user"], (label, row["item"]), row["friends"]

    def fame(self) -> dict[Item, int]:
        """How often each item was taken: behaviours, not users, since those can be counted without being read."""
        found: dict[Item, int] = {}
        for label in self.labels:
            _, quoted, key = self._item(label)
            query = f"MATCH (i:{quoted}) RETURN i.{key} AS item, COUNT {{ (i)<-[:{self._behaviour(label)}]-() }} AS n"
            found |= {(label, row["item"]): row["n"] for row in self._store.stream(query)}
        return found

    def wanted(self, where: Any, topic: str | None) -> set[Item]:
        """The items that satisfy a filter and are about a topic, all where neither is given.

        Raises InputError for a filter that cannot be meant, NotFoundError for an unknown topic and where nothing satisfies them.
        """
        about = None if topic is None else self.topic(topic)
        asked = conditions(where)
        found: set[Item] = set()
        for n in narrowed(self._store, self._mapping, "item", asked):
            _, quoted, key = self._item(n.label)
            near = "true" if about is None else self._about(n.label)
            rows = self._store.stream(
                f"MATCH (n:{quoted}) WHERE {n.test} AND {near} RETURN n.{key} AS item",
                n.parameters | {"topic": about and about[1]},
            )
            found |= {(n.label, row["item"]) for row in rows}
        if not found and (asked or topic):
            said = " and ".join([*map(str, asked), *([f"about {topic!r}"] if topic else [])])
            raise NotFoundError(f"no item is left by the filter: {said}. Ask for less, or see which values there are.")
        return found

    def _about(self, label: str) -> str:
        pairs = [(r.type, r.target) for r in self._mapping.with_role("about") if r.source == label]
        tests = [
            f"EXISTS {{ (n)-[:{quote(t)}]->(t:{quote(to)}) WHERE t.{quote(self._mapping.node(to).key)} = $topic }}"
            for t, to in pairs
        ]
        return f"({' OR '.join(tests)})" if tests else "false"

    def topic(self, name: str) -> tuple[str, Key]:
        """Label and key of a topic by name or key; raises NotFoundError with the nearest names."""
        from sociogram.queries.ask import spellings
        from sociogram.queries.catalogue import nearest

        labels = self._mapping.labels("topic")
        known: list[str] = []
        for label in labels:
            node = self._mapping.node(label)
            called = quote(node.name or node.key)
            rows = self._store.read(
                f"MATCH (t:{quote(label)}) WHERE t.{called} = $name OR t.{quote(node.key)} IN $keys "
                f"RETURN t.{quote(node.key)} AS key LIMIT 1",
                name=name,
                keys=spellings(name),
            )
            if rows:
                return label, rows[0]["key"]
            known += [
                str(r["n"]) for r in self._store.read(f"MATCH (t:{quote(label)}) RETURN t.{called} AS n LIMIT 10000")
            ]
        raise NotFoundError(f"there is no topic {name!r}.{nearest(name, known)}")

    def newcomers(self, run: str) -> list[Newcomer]:
        """Items that the live run does not know: a label scan for each label of items."""
        found = []
        mark = quote(self._mapping.write.name("run"))
        for label in self.labels:
            node, quoted, key = self._item(label)
            name = f"n.{quote(node.name)}" if node.name else "null"
            rows = self._store.read(
                f"MATCH (n:{quoted}) WHERE n.{mark} IS NULL OR n.{mark} <> $run "
                f"RETURN n.{key} AS key, {name} AS name, [{', '.join(f'n.{quote(p)}' for p in node.text)}] AS text",
                run=run,
            )
            for row in rows:
                text = join_texts(row["text"])
                found.append(Newcomer((label, row["key"]), str(row["name"] or text[:60] or row["key"]), text))
        return found

    def writes(self, user: Key) -> str:
        """A user's own text."""
        texts = ", ".join(f"u.{quote(p)}" for p in self._mapping.user.text)
        rows = self._store.read(
            f"MATCH (u:{self._user}) WHERE u.{self._key} = $user RETURN [{texts}] AS text", user=user
        )
        return join_texts(rows[0]["text"]) if rows else ""

    def written(self) -> Iterator[tuple[Key, str]]:
        """(user, own text) of all users with a text who have no item."""
        texts = ", ".join(f"u.{quote(p)}" for p in self._mapping.user.text)
        query = f"MATCH (u:{self._user}) WHERE {self._idle} RETURN u.{self._key} AS user, [{texts}] AS text"
        for row in self._store.stream(query):
            if text := join_texts(row["text"]):
                yield row["user"], text

    def reasons(self, user: Key, items: Sequence[Item]) -> dict[Item, Reasons]:
        """Name, friends who had it and topics in common with the user's tags, of those items that the graph still has."""
        found: dict[Item, Reasons] = {}
        for label in self.labels:
            keys = [key for of, key in items if of == label]
            if not keys:
                continue
            node, quoted, key = self._item(label)
            rows = self._store.read(
                f"MATCH (u:{self._user}) WHERE u.{self._key} = $user WITH u LIMIT 1 "
                f"UNWIND $keys AS key MATCH (i:{quoted} {{{key}: key}}) "
                f"RETURN key, {f'i.{quote(node.name)}' if node.name else 'null'} AS name, "
                f"COUNT {{ MATCH (u)-[:{self._ties}]-(f:{self._user})-[:{self._behaviour(label)}]->(i) RETURN DISTINCT f }} AS friends, "
                f"{self._shared(label)} AS topics",
                user=user,
                keys=keys,
            )
            found |= {(label, r["key"]): Reasons(str(r["name"] or ""), r["friends"], r["topics"]) for r in rows}
        return found

    def _shared(self, label: str) -> str:
        tags = f"u.{quote(self._mapping.write.name('tags'))}"
        lists = []
        for r in self._mapping.with_role("about"):
            if r.source == label:
                topic = self._mapping.node(r.target)
                name = f"t.{quote(topic.name or topic.key)}"
                lists.append(
                    f"COLLECT {{ MATCH (i)-[:{quote(r.type)}]->(t:{quote(r.target)}) WHERE {name} IN {tags} RETURN DISTINCT {name} ORDER BY {name} LIMIT 3 }}"
                )
        return f"({' + '.join(lists)})[..3]" if lists else "[]"

    def published(self, user: Key, run: str) -> tuple[list[float] | None, list[tuple[Item, float]]]:
        """The live vector of a user and the published list, for a run whose folder is not here."""
        w = self._mapping.write
        rows = self._store.read(
            f"MATCH (u:{self._user}) WHERE u.{self._key} = $user AND u.{quote(w.name('run'))} = $run "
            f"RETURN u.{quote(w.name('embedding'))} AS v",
            user=user,
            run=run,
        )
        listed: list[tuple[Item, float]] = []
        for label in self.labels:
            _, quoted, key = self._item(label)
            found = self._store.read(
                f"MATCH (u:{self._user}) WHERE u.{self._key} = $user MATCH (u)-[r:{quote(w.recommended)}]->(i:{quoted}) "
                f"WHERE r.run = $run RETURN i.{key} AS item, r.score AS score",
                user=user,
                run=run,
            )
            listed += [((label, row["item"]), row["score"]) for row in found]
        return (rows[0]["v"] if rows else None), sorted(listed, key=lambda row: -row[1])

    def vectors(self, run: str) -> Iterable[tuple[Item, str, list[float]]]:
        """(item, name, vector) of all items of the live run, for a run whose folder is not here."""
        w = self._mapping.write
        for label in self.labels:
            node, quoted, key = self._item(label)
            name = f"n.{quote(node.name)}" if node.name else f"n.{key}"
            query = (
                f"MATCH (n:{quoted}) WHERE n.{quote(w.name('run'))} = $run "
                f"RETURN n.{key} AS key, toString({name}) AS name, n.{quote(w.name('embedding'))} AS v"
            )
            for row in self._store.stream(query, {"run": run}):
                yield (label, row["key"]), row["name"] or str(row["key"]), row["v"]


def control(name: str, value: Any, low: float, high: float) -> float:
    """A number within its limits; raises InputError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(f"{name}: expected a number from {low:g} to {high:g}, got {value!r}.")
    return float(value)
