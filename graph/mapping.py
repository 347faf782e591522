"""The graph mapping: which labels, relationship types and properties play which role (`graph.toml`)."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args

from sociogram.errors import MappingError

NodeRole = Literal["user", "item", "topic", "ignore"]
RelationshipRole = Literal["tie", "behaviour", "about", "interest", "parent", "related", "ignore"]
AttributeKind = Literal["class", "multilabel", "number"]

BEGUN = 60  # characters of an item's text that stand for a name it does not have


@dataclass(frozen=True)
class NodeMapping:
    """One label: its role and the role of each of its properties."""

    label: str
    role: NodeRole
    key: str = "id"
    name: str | None = None
    text: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    time: str | None = None
    predict: Mapping[str, AttributeKind] = field(default_factory=dict)
    private: tuple[str, ...] = ()  # never read, never written anywhere

    @property
    def properties(self) -> tuple[str, ...]:
        """Every property that is read, each once, the key first."""
        named = (self.key, *filter(None, (self.name, self.time)), *self.text, *self.numeric, *self.categorical)
        return tuple(dict.fromkeys((*named, *self.predict)))


@dataclass(frozen=True)
class RelationshipMapping:
    """One relationship type between two labels.

    Roles: `tie` user-user, `behaviour` user-item, `about` item-topic, `interest` user-topic (what is predicted),
    `parent` topic to its broader topic, `related` any other pair of mapped labels.
    """

    type: str
    source: str
    target: str
    role: RelationshipRole
    weight: str | None = None
    time: str | None = None
    text: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    item: str | None = None  # on an interest: the key of the item through which it was observed
    private: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.source, self.type, self.target)


@dataclass(frozen=True)
class WriteMapping:
    """Names of what Sociogram writes; `prefix` is put before each property name."""

    prefix: str = ""
    embedding: str = "embedding"
    tags: str = "tags"
    tag_scores: str = "tagScores"
    keywords: str = "keywords"
    run: str = "profileRun"
    published_at: str = "profiledAt"
    influence: str = "influence"
    reach: str = "reach"
    community: str = "community"
    bridging: str = "bridging"
    segment: str = "segment"
    segment_name: str = "segmentName"
    interested_in: str = "INTERESTED_IN"
    recommended: str = "RECOMMENDED"
    confidence: str = "Confidence"  # put after the name of a predicted attribute
    filters: tuple[str, ...] = ()  # properties of users that the vector index can filter by; chosen where none is named

    def name(self, which: str) -> str:
        """The property name written for a field of this class, or for `predicted:ATTRIBUTE[Confidence]`."""
        return self.prefix + str(getattr(self, which))


@dataclass(frozen=True)
class GraphMapping:
    """All of `graph.toml`."""

    nodes: tuple[NodeMapping, ...]
    relationships: tuple[RelationshipMapping, ...] = ()
    write: WriteMapping = WriteMapping()

    def __post_init__(self) -> None:
        _check(self)

    def node(self, label: str) -> NodeMapping:
        return next(n for n in self.nodes if n.label == label)

    def labels(self, role: NodeRole) -> tuple[str, ...]:
        return tuple(n.label for n in self.nodes if n.role == role)

    @property
    def user(self) -> NodeMapping:
        """The one label that is profiled."""
        return next(n for n in self.nodes if n.role == "user")

    def with_role(self, role: RelationshipRole) -> tuple[RelationshipMapping, ...]:
        return tuple(r for r in self.relationships if r.role == role)

    @classmethod
    def read(cls, path: Path) -> "GraphMapping":
        """Read and validate a file; raises MappingError."""
        try:
            return cls.parse(path.read_text(encoding="utf-8"), str(path))
        except FileNotFoundError:
            raise MappingError(f"{path}: no such file. Make one with `sociogram inspect > {path}`.") from None
        except UnicodeDecodeError as error:
            raise MappingError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start}).") from None

    @classmethod
    def parse(cls, text: str, where: str = "graph.toml") -> "GraphMapping":
        """From TOML text; raises MappingError that names the line or the key."""
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise MappingError(f"{where}: not valid TOML: {error}.") from None
        _known(raw, ("nodes", "relationships", "write"), where)
        try:
            nodes = tuple(_node(label, entry, where) for label, entry in _table(raw, "nodes", where).items())
            relationships = tuple(_relationship(entry, where) for entry in raw.get("relationships", ()))
            write = _table(raw, "write", where)
            _known(write, [f.name for f in fields(WriteMapping)], f"{where} [write]")
            return cls(nodes, relationships, WriteMapping(**_values(write, set(write) - {"filters"}, "[write]")))
        except MappingError as error:
            message = str(error)
            raise MappingError(message if message.startswith(where) else f"{where}: {message}") from None

    def to_toml(self, comments: Mapping[str, str] | None = None) -> str:
        """The same mapping as TOML; `comments` maps `LABEL`, `LABEL.property`, `TYPE` to a line of explanation."""
        from sociogram.graph.mapping_toml import render

        return render(self, comments or {})


def _node(label: str, entry: Any, where: str) -> NodeMapping:
    place = f"{where} [nodes.{label}]"
    if not isinstance(entry, dict):
        raise MappingError(f"{place}: expected a table, got {type(entry).__name__}.")
    _known(entry, [f.name for f in fields(NodeMapping) if f.name != "label"], place)
    values = dict(entry)
    role = _choice(values.pop("role", None), get_args(NodeRole), f"{place} role")
    predict = values.pop("predict", {})
    if not isinstance(predict, dict):
        raise MappingError(f'{place} predict: expected a table such as {{ plan = "class" }}.')
    kinds = {name: _choice(kind, get_args(AttributeKind), f"{place} predict.{name}") for name, kind in predict.items()}
    return NodeMapping(label=label, role=role, predict=kinds, **_values(values, ("key", "name", "time"), place))


def _relationship(entry: Any, where: str) -> RelationshipMapping:
    place = f"{where} [[relationships]]"
    if not isinstance(entry, dict):
        raise MappingError(f"{place}: expected a table, got {type(entry).__name__}.")
    names = [{"source": "from", "target": "to"}.get(f.name, f.name) for f in fields(RelationshipMapping)]
    _known(entry, names, f"{place} type {entry.get('type', '?')!r}")
    for needed in ("type", "from", "to", "role"):
        if needed not in entry:
            raise MappingError(f"{place} type {entry.get('type', '?')!r}: {needed!r} is missing.")
    values = dict(entry)
    role = _choice(values.pop("role"), get_args(RelationshipRole), f"{place} {entry['type']} role")
    values["source"], values["target"] = values.pop("from"), values.pop("to")
    strings = ("type", "source", "target", "weight", "time", "item")
    return RelationshipMapping(role=role, **_values(values, strings, f"{place} {entry['type']}"))


def _values(entry: Mapping[str, Any], strings: Iterable[str], place: str) -> dict[str, Any]:
    strings = tuple(strings)
    return {
        name: _string(value, f"{place} {name}") if name in strings else _strings(value, f"{place} {name}")
        for name, value in entry.items()
    }


def _table(raw: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    table = raw.get(name, {})
    if not isinstance(table, dict):
        raise MappingError(f"{where} [{name}]: expected a table, got {type(table).__name__}.")
    return table


def _known(entry: Mapping[str, Any], names: Iterable[str], place: str) -> None:
    names = list(names)
    for key in entry:
        if key not in names:
            near = get_close_matches(key, names, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise MappingError(f"{place}: unknown key {key!r} (known: {', '.join(names)}).{hint}")


def _choice(value: Any, choices: tuple[Any, ...], place: str) -> Any:
    if value not in choices:
        raise MappingError(f"{place}: expected one of {', '.join(choices)}; got {value!r}.")
    return value


def _string(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise MappingError(f"{place}: expected a string, got {value!r}.")
    return value


def _strings(value: Any, place: str) -> tuple[str, ...]:
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise MappingError(f"{place}: expected a list of property names, got {value!r}.")
    return tuple(value)


_ENDS: dict[RelationshipRole, tuple[NodeRole, NodeRole]] = {
    "tie": ("user", "user"),
    "behaviour": ("user", "item"),
    "about": ("item", "topic"),
    "interest": ("user", "topic"),
    "parent": ("topic", "topic"),
}


def _check(mapping: GraphMapping) -> None:
    roles = {n.label: n.role for n in mapping.nodes}
    users = mapping.labels("user")
    if len(users) != 1:
        found = ", ".join(users) or "none"
        raise MappingError(f'exactly one label must have role = "user" (found: {found}).')
    seen = set()
    for r in mapping.relationships:
        if r.key in seen:
            raise MappingError(f"relationship {r.source}-{r.type}->{r.target} is mapped twice.")
        seen.add(r.key)
        if r.role == "ignore":
            continue
        for end in (r.source, r.target):
            if end not in roles:
                near = get_close_matches(end, roles, 1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise MappingError(f"relationship {r.type}: label {end!r} has no [nodes.{end}] table.{hint}")
        wanted = _ENDS.get(r.role)
        if wanted and (roles[r.source], roles[r.target]) != wanted:
            got = f"{roles[r.source]} to {roles[r.target]}"
            raise MappingError(
                f"relationship {r.type}: role {r.role!r} goes from {wanted[0]} to {wanted[1]}, not {got}."
            )
    for n in mapping.nodes:
        doubled = set(n.predict) & {*n.numeric, *n.categorical, *n.text, n.key}
        if doubled:
            raise MappingError(f"{n.label}.{doubled.pop()}: an attribute to predict cannot be an input as well.")
    for f in fields(WriteMapping):
        value = getattr(mapping.write, f.name)
        if f.name != "prefix" and not all(
            re.search(r"\S", name) for name in ([value] if isinstance(value, str) else value)
        ):
            raise MappingError(f"[write] {f.name}: a name cannot be empty.")


def default_mapping() -> GraphMapping:
    """The default schema: User, Item, Topic, KNOWS, TAGGED, ABOUT."""
    return GraphMapping(
        nodes=(
            NodeMapping("User", "user", name="name", text=("bio",)),
            NodeMapping("Item", "item", name="title", text=("title", "text")),
            NodeMapping("Topic", "topic", name="name", text=("name", "description")),
        ),
        relationships=(
            RelationshipMapping("KNOWS", "User", "User", "tie", weight="weight", time="at"),
            RelationshipMapping("ABOUT", "Item", "Topic", "about", weight="weight"),
            RelationshipMapping("TAGGED", "User", "Topic", "interest", weight="weight", time="at"),
        ),
    )
