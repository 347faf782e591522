"""Guess a graph mapping from an existing database, and check one against it."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from sociogram.errors import InputError, MappingError
from sociogram.graph.guess import PropertyGuess, guess_property, is_label_of
from sociogram.graph.mapping import (
    GraphMapping,
    NodeMapping,
    NodeRole,
    RelationshipMapping,
    RelationshipRole,
    WriteMapping,
)
from sociogram.graph.publish_lock import LOCK_LABEL
from sociogram.graph.publish_runs import RUN_LABEL, written_by_us
from sociogram.graph.schema import quote
from sociogram.graph.store import Store
from sociogram.graph.stored_mapping import MAPPING_LABEL, stored_mapping
from sociogram.said import Joined, Said

SAMPLE = 2_000  # nodes or relationships looked at per label or type
PAIRS_EXACT = 2_000_000  # types with more relationships than this have their end labels sampled


@dataclass
class Found:
    """A guessed mapping and why each choice was made (for the comments in graph.toml)."""

    mapping: GraphMapping
    comments: dict[str, str] = field(default_factory=dict)

    def to_toml(self) -> str:
        return self.mapping.to_toml(self.comments)


def inspect(store: Store) -> Found:
    """Look at labels, types and a sample of properties and guess their roles; what Sociogram wrote is never an input.

    Raises InputError where the database is empty or no label can be the users.
    """
    ours, our_types = written_by_us(store)
    labels = [row["label"] for row in store.read("CALL db.labels() YIELD label RETURN label ORDER BY label")]
    counts = {
        label: store.read(f"MATCH (n:{quote(label)}) RETURN count(*) AS n")[0]["n"]
        for label in labels
        if label not in (RUN_LABEL, MAPPING_LABEL, LOCK_LABEL)
    }
    counts = {label: n for label, n in counts.items() if n}
    if not counts:
        raise InputError(
            Said("the graph at {address} is empty. Load something first: sociogram load --help", address=store.address)
        )
    pairs = _pairs(store, our_types, set(counts))
    roles = _roles(counts, pairs)
    found = Found(GraphMapping((NodeMapping(next(label for label, r in roles.items() if r == "user"), "user"),)))
    nodes = tuple(_node(store, label, roles[label], counts[label], ours.get(label, set()), found) for label in counts)
    links = tuple(_link(store, pair, n, roles, found) for pair, n in sorted(pairs.items(), key=lambda p: (-p[1], p[0])))
    found.mapping = _with_stored(store, GraphMapping(nodes, links, WriteMapping()))
    return found


def _with_stored(store: Store, guessed: GraphMapping) -> GraphMapping:
    """What a load has said of its own labels and types is better than a guess."""
    stored = stored_mapping(store)
    if stored is None or stored.user.label != guessed.user.label:
        return guessed
    nodes = {n.label: n for n in stored.nodes}
    links = {r.key: r for r in stored.relationships}
    return GraphMapping(
        tuple(nodes.get(n.label, n) for n in guessed.nodes),
        tuple(links.get(r.key, r) for r in guessed.relationships),
        stored.write,
    )


def check(store: Store, mapping: GraphMapping, *, typed: bool = True) -> list[str]:
    """Compare a mapping with the database; returns notes, raises MappingError for labels, types or keys that are not there.

    Without `typed` nobody wrote the mapping down: a relationship type of which a load kept no row is a note and no slip of the pen.
    """
    notes = []
    labels = [row["label"] for row in store.read("CALL db.labels() YIELD label RETURN label")]
    types = [row["t"] for row in store.read("CALL db.relationshipTypes() YIELD relationshipType AS t RETURN t")]
    properties = [row["k"] for row in store.read("CALL db.propertyKeys() YIELD propertyKey AS k RETURN k")]
    for n in mapping.nodes:
        if n.role == "ignore":
            continue
        _exists(n.label, labels, f"label {n.label!r}", store)
        size = store.read(f"MATCH (n:{quote(n.label)}) RETURN count(*) AS n, count(n.{quote(n.key)}) AS keyed")[0]
        if size["keyed"] < size["n"]:
            raise MappingError(
                f"{n.label}.{n.key} is mapped as the key, but {size['n'] - size['keyed']:,} of {size['n']:,} nodes do not have it. "
                f"Map a property that every {n.label} has."
            )
        notes += [f"{n.label}.{p} is not in the database" for p in n.properties if p not in properties]
    for r in mapping.relationships:
        if r.role == "ignore":
            continue
        if typed:
            _exists(r.type, types, f"relationship type {r.type!r}", store)
        query = f"MATCH (:{quote(r.source)})-[r:{quote(r.type)}]->(:{quote(r.target)}) RETURN r LIMIT 1"
        if not store.read(query):
            notes.append(f"there is no ({r.source})-[{r.type}]->({r.target}) in the database")
    return notes


def _exists(name: str, known: Iterable[str], what: str, store: Store) -> None:
    known = list(known)
    if name not in known:
        near = get_close_matches(name, known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise MappingError(
            f"{what} is not in the database at {store.address} (there are: {', '.join(sorted(known)) or 'none'}).{hint}"
        )


Pair = tuple[str, str, str]


def _pairs(store: Store, ours: set[str], labels: set[str]) -> dict[Pair, int]:
    pairs: Counter[Pair] = Counter()
    for row in store.read("CALL db.relationshipTypes() YIELD relationshipType AS t RETURN t ORDER BY t"):
        kind = row["t"]
        where = "WHERE NOT coalesce(r.run IS :: STRING, false)" if kind in ours else ""
        total = store.read(f"MATCH ()-[r:{quote(kind)}]->() RETURN count(*) AS n")[0]["n"]
        limit = f"WITH a, r, b LIMIT {SAMPLE * 50}" if total > PAIRS_EXACT else ""
        rows = store.read(
            f"MATCH (a)-[r:{quote(kind)}]->(b) {where} {limit} RETURN labels(a) AS s, labels(b) AS t, count(*) AS n"
        )
        for pair in rows:
            source, target = _main(pair["s"], labels), _main(pair["t"], labels)
            if source and target:
                pairs[source, kind, target] += pair["n"]
    return dict(pairs)


def _main(labels: list[str], known: set[str]) -> str | None:
    """The label that a node with several is taken under: a user's first, else alphabetically."""
    usable = sorted(label for label in labels if label in known)
    return next((label for label in usable if is_label_of(label, "user")), usable[0] if usable else None)


def _roles(counts: dict[str, int], pairs: dict[Pair, int]) -> dict[str, NodeRole]:
    own_ties: Counter[str] = Counter()
    for (source, _, target), n in pairs.items():
        if source == target:
            own_ties[source] += n
    named = [label for label in counts if is_label_of(label, "user")]
    pool = named or list(own_ties) or sorted({s for s, _, _ in pairs}) or list(counts)
    user = max(pool, key=lambda label: (own_ties[label], counts[label]))
    roles: dict[str, NodeRole] = {}
    for label in counts:
        linked = any(label in (s, t) for s, _, t in pairs)
        if label == user:
            roles[label] = "user"
        elif not linked:
            roles[label] = "topic" if is_label_of(label, "topic") else "ignore"
        else:
            roles[label] = "topic" if is_label_of(label, "topic") or _said_of(label, user, counts, pairs) else "item"
    return roles


def _said_of(label: str, user: str, counts: dict[str, int], pairs: dict[Pair, int]) -> bool:
    """Whether users point to it, and so do more numerous things that users point to, and it points to nothing: a hobby, a cuisine."""
    sources = {s for s, _, t in pairs if t == label} - {label}
    things = {t for s, _, t in pairs if s == user} - {label, user}
    points_on = any(s == label and t != label for s, _, t in pairs)
    return user in sources and not points_on and any(counts[s] > counts[label] for s in sources & things)


def _node(store: Store, label: str, role: NodeRole, count: int, ours: set[str], found: Found) -> NodeMapping:
    sample = store.read(f"MATCH (n:{quote(label)}) WITH n LIMIT {SAMPLE} RETURN properties(n) AS p")
    values = _columns([row["p"] for row in sample], ours)
    key = _key(store, label, values)
    guesses = {name: guess_property(name, column) for name, column in values.items() if name != key}
    alone = role == "ignore"
    found.comments[label] = (
        Said("{n:,} nodes; no relationships: ignored", n=count) if alone else Said("{n:,} nodes", n=count)
    )
    shown = _shown(guesses)
    for name, guess in guesses.items():
        taken = "name" if name == shown else guess.role
        found.comments[f"{label}.{name}"] = Said("{role}: {why}", role=taken, why=guess.why)
    roles = {p: g for p, g in guesses.items() if p != shown}
    texts = _with(roles, "text")
    if role in ("topic", "item") and shown:
        texts = (shown, *texts)  # a title says what an item is about; a person's name says nothing
    times = _with(roles, "time")
    return NodeMapping(
        label,
        role,
        key=key,
        name=shown,
        text=texts,
        numeric=_with(roles, "numeric"),
        categorical=_with(roles, "categorical"),
        time=times[0] if times else None,
        private=_with(roles, "private"),
    )


_NAMES = ("name", "displayName", "fullName", "title", "username", "login", "label", "firstName")
_NAME = re.compile(r"(name|title|headline|heading|caption|subject|label)$", re.IGNORECASE)
_KEY = re.compile(
    r"(^|[\W_])(id|uid|uuid|guid|key|code|slug|no|nr|number|isbn|ean|sku|ref|handle)$|[a-z](Id|ID|Uid|UID|Uuid|Key|Code|No|Nr|Number)$"
)


def _shown(guesses: dict[str, PropertyGuess]) -> str | None:
    """What a node is called."""
    usable = [p for p, guess in guesses.items() if guess.role in ("text", "categorical", "name", "ignore")]
    return next((p for p in (*_NAMES, *(u for u in usable if _NAME.search(u))) if p in usable), None)


def _with(guesses: dict[str, PropertyGuess], role: str) -> tuple[str, ...]:
    return tuple(sorted(name for name, guess in guesses.items() if guess.role == role))


def _columns(rows: list[dict[str, Any]], ours: set[str]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for row in rows:
        for name, value in row.items():
            if name not in ours and name not in _BOOKKEEPING:
                columns.setdefault(name, []).append(value)
    return dict(sorted(columns.items()))


_BOOKKEEPING = frozenset({"provenance", "source"})  # what the loaders note on every node


def _key(store: Store, label: str, values: dict[str, list[Any]]) -> str:
    """A property that every node has and that is unique: one with a constraint first, then by name."""
    constrained = [
        row["p"][0]
        for row in store.read(
            "SHOW CONSTRAINTS YIELD labelsOrTypes AS l, properties AS p, type WHERE type CONTAINS 'UNIQUENESS' OR type CONTAINS 'KEY' "
            "RETURN l, p"
        )
        if row["l"] == [label] and len(row["p"]) == 1
    ]
    named = [p for p in values if _KEY.search(p) or _KEY.search(p.lower())]
    exact = [p for p in values if p.lower() in ("id", f"{label}id".lower(), f"{label}_id".lower(), "key")]
    rest = [p for p, column in values.items() if guess_property(p, column).role in ("ignore", "numeric", "categorical")]
    names = (*exact, *sorted(named), *(p for p in _NAMES if p in values), *rest)
    for name in dict.fromkeys((*constrained, *names)):
        column = values.get(name, [])
        if not column or any(isinstance(v, bool) or not isinstance(v, str | int) for v in column):
            continue
        p = f"n.{quote(name)}"
        row = store.read(
            f"MATCH (n:{quote(label)}) RETURN count(*) AS n, count({p}) AS filled, count(DISTINCT {p}) AS kinds"
        )[0]
        if row["n"] == row["filled"] == row["kinds"]:
            return str(name)
    raise InputError(
        f"no property of {label} can be its key: a key is a string or an integer that every node has and that is unique "
        f"(found: {', '.join(values) or 'no properties'}). Add one, for instance: "
        f"MATCH (n:{quote(label)}) SET n.id = randomUUID()"
    )


def _link(store: Store, pair: Pair, count: int, roles: dict[str, NodeRole], found: Found) -> RelationshipMapping:
    source, kind, target = pair
    query = f"MATCH (:{quote(source)})-[r:{quote(kind)}]->(:{quote(target)}) WITH r LIMIT {SAMPLE} RETURN properties(r) AS p"
    values = _columns([row["p"] for row in store.read(query)], set())
    values.pop("eventId", None)
    guesses = {name: guess_property(name, column) for name, column in values.items()}
    weight = next((p for p in _WEIGHTS if p in guesses and guesses[p].role == "numeric"), None)
    times = _with(guesses, "time")
    role = _link_role(roles[source], roles[target], kind)
    note = Said("{n:,} relationships", n=count)
    found.comments[kind] = Joined("\n", [found.comments[kind], note]) if kind in found.comments else note
    return RelationshipMapping(
        kind,
        source,
        target,
        role,
        weight=weight,
        time=times[0] if times else None,
        text=_with(guesses, "text"),
        numeric=tuple(p for p in _with(guesses, "numeric") if p != weight),
        categorical=_with(guesses, "categorical"),
        private=_with(guesses, "private"),
    )


_WEIGHTS = ("weight", "count", "rating", "score", "strength", "plays", "times", "stars", "value")
_ROLES: dict[tuple[NodeRole, NodeRole], RelationshipRole] = {
    ("user", "user"): "tie",
    ("user", "item"): "behaviour",
    ("item", "topic"): "about",
    ("user", "topic"): "interest",
    ("topic", "topic"): "parent",
}


def _link_role(source: NodeRole, target: NodeRole, kind: str) -> RelationshipRole:
    if "ignore" in (source, target):
        return "ignore"
    role = _ROLES.get((source, target), "related")
    broader = any(word in kind.upper() for word in ("BROADER", "PARENT", "CHILD_OF", "SUBTOPIC_OF", "IS_A", "PART_OF"))
    return "related" if role == "parent" and not broader else role
