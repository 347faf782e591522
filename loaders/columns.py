"""What each column of a table is: guessed from its name and values, read off a neo4j-admin header, or said by the user."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal, get_args

from sociogram.errors import InputError
from sociogram.loaders.admin_header import admin_field, is_admin_header
from sociogram.loaders.clean import Refused, clean_number, clean_time, is_missing, now_ms
from sociogram.loaders.readers import Discard, Table
from sociogram.said import Joined, Said

Kind = Literal["users", "items", "topics", "ties", "events"]
Role = Literal[
    "id", "name", "text", "time", "numeric", "categorical", "property", "topics", "parent", "label",
    "source", "target", "weight", "type", "event", "private", "ignore",
]  # fmt: skip

SAMPLE = 20_000  # rows looked at for a guess
CATEGORIES = 50  # distinct values of a categorical column, at most
LONG = 40  # characters: texts are longer than categories on average
RESERVED = ("source", "provenance")  # node properties that the loader itself writes

_WORDS: dict[Kind, dict[Role, str]] = {
    "users": {
        "id": "id uid userid user key username login handle personid memberid customerid clientid accountid subscriberid "
        "contactid patientid studentid employeeid playerid nodeid",
        "name": "name displayname fullname nickname username screenname title",
        "text": "bio about aboutme description profile text summary posts statement",
        "time": "createdat created creationdate joined joinedat registered registeredat signup since date time timestamp at",
        "topics": "tags tag interests interest topics topic",
    },
    "items": {
        "id": "id itemid item iid key postid articleid productid movieid artistid songid trackid bookid videoid docid "
        "documentid sku isbn asin ean nodeid",
        "name": "title name headline label",
        "text": "text body description content abstract summary about overview plot",
        "time": "createdat created creationdate published publishedat released date time timestamp at",
        "topics": "topics topic tags tag genres genre keywords subjects categories category",
    },
    "topics": {
        "id": "id topicid topic tagid tag categoryid key nodeid",
        "name": "name label title tagvalue",
        "text": "description text about definition",
        "parent": "parent parentid broader parenttopic",
    },
    "ties": {
        "source": "source from src user userid useri uid follower followerid user1 userid1 a start u sender fromid sourceid "
        "customer customerid client clientid member memberid person personid account accountid",
        "target": "target to dst friend friendid followee followeeid followed user2 userid2 b end v receiver recipient toid "
        "targetid userj",
        "weight": "weight strength count trust value score",
        "time": "at time timestamp date createdat created since datetime when",
        "type": "type relationship relation rel kind",
        "text": "text message comment body",
        "event": "eventid event messageid",
    },
    "events": {
        "source": "user userid uid source from src author authorid customer customerid member memberid person personid client "
        "clientid account accountid subscriberid contactid patientid studentid employeeid playerid",
        "target": "item itemid iid target to dst artist artistid product productid movie movieid post postid article "
        "articleid song songid track trackid book bookid video videoid sku isbn asin ean",
        "weight": "weight rating count value score stars plays listens amount",
        "time": "at time timestamp date createdat created datetime when ratedat listenedat orderedat "
        "orderdate purchasedat purchasedate boughtat viewedat",
        "type": "type behaviour behavior action event relationship rel kind verb",
        "text": "text review comment query message body",
        "event": "eventid interactionid reviewid commentid",
    },
}  # fmt: skip
_GUESSES = {
    kind: {word: role for role, text in reversed(words.items()) for word in text.split()}
    for kind, words in _WORDS.items()
}
_NEEDED: dict[Kind, tuple[Role, ...]] = {
    "users": ("id",),
    "items": ("id",),
    "topics": ("id",),
    "ties": ("source", "target"),
    "events": ("source", "target"),
}
_ONE: frozenset[Role] = frozenset(
    ("id", "name", "time", "parent", "label", "source", "target", "weight", "type", "event")
)
_PRIVATE = re.compile(r"e?mail(address)?|.*email|ip|ipaddr(ess)?|(last|client|remote|user)ip(address)?|ipv[46]")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_IP = re.compile(r"(\d{1,3}\.){3}\d{1,3}")
_NUMBER = re.compile(  # customer_no, customerKey
    r"[_ -](?i:no|nr|num|number|key|uuid|guid)$|(?<=[a-z])(No|Nr|Num|Number|Key|Uuid|Guid)$"
)
_ALIASES: dict[Kind, dict[str, Role]] = {
    "events": {"user": "source", "item": "target", "at": "time", "eventId": "event"},
    "ties": {"user": "source", "friend": "target", "at": "time", "eventId": "event"},
    "users": {"tags": "topics", "user_id": "id", "bio": "text", "key": "id"},
    "items": {"tags": "topics", "item_id": "id", "title": "name", "key": "id"},
    "topics": {"topic_id": "id", "key": "id"},
}


@dataclass(frozen=True)
class Column:
    """One column: where it is, what it is, and the property that it becomes."""

    position: int
    name: str
    role: Role
    property: str
    type: str | None = None  # declared in a neo4j-admin header
    many: bool = False  # declared as an array
    group: str | None = None  # of a neo4j-admin ID


@dataclass(frozen=True)
class Layout:
    """A table and what its columns are."""

    kind: Kind
    table: Table
    columns: tuple[Column, ...]
    admin: bool = False
    labels: tuple[str, ...] = ()  # of the nodes in it, by a :LABEL column or the default

    @property
    def missing(self) -> tuple[Role, ...]:
        """What it needs and no column is."""
        return tuple(role for role in _NEEDED[self.kind] if self.one(role) is None)

    def one(self, role: Role) -> Column | None:
        return next((c for c in self.columns if c.role == role), None)

    def all(self, *roles: Role) -> tuple[Column, ...]:
        return tuple(c for c in self.columns if c.role in roles)


Overrides = Mapping[str, str | Sequence[str]]


def lay_out(kind: Kind, table: Table, overrides: Overrides) -> Layout:
    """Guess the role of each column; `overrides` maps `KIND.ROLE` to a column's name or several."""
    said = _said(kind, table, overrides)
    admin = is_admin_header(table.columns)
    columns = []
    for position, name in enumerate(table.columns):
        column = _admin_column(kind, position, name) if admin else None
        column = column or Column(position, name, role_by_name(kind, name), name)
        columns.append(replace(column, role=said[name]) if name in said else column)
    columns = _positional(kind, _one_each(columns, said))
    columns = _by_values(table, columns, said)
    return Layout(kind, table, tuple(_named(kind, c, admin=admin) for c in columns), admin)


def check_complete(layout: Layout) -> None:
    """InputError where a needed column is not found, with what was found and how to say which one it is."""
    for role in layout.missing:
        raise _missing(layout.kind, layout.table, role)


def check_overrides(overrides: Overrides) -> None:
    """InputError for a kind or a role that does not exist."""
    for key in overrides:
        kind, _, role = key.partition(".")
        if kind not in get_args(Kind):
            raise InputError(f"column option {key!r}: expected KIND.ROLE with a kind of {', '.join(get_args(Kind))}.")
        if role not in get_args(Role) and role not in _ALIASES[_kind(kind)]:
            raise InputError(f"column option {key!r}: unknown role {role!r} (known: {', '.join(get_args(Role))}).")


def _kind(text: str) -> Kind:
    return next(kind for kind in get_args(Kind) if kind == text)


def _role(kind: Kind, word: str) -> Role:
    if word in _ALIASES[kind]:
        return _ALIASES[kind][word]
    role: Role = next(r for r in get_args(Role) if r == word)
    return role


def _said(kind: Kind, table: Table, overrides: Overrides) -> dict[str, Role]:
    said: dict[str, Role] = {}
    for key, value in overrides.items():
        place, _, word = key.partition(".")
        if place != kind:
            continue
        role = _role(kind, word)
        names = [value] if isinstance(value, str) else list(value)
        for name in names:
            if name in table.columns:
                said[name] = role
        if role in _NEEDED[kind] and not any(name in table.columns for name in names):
            found = ", ".join(table.columns)
            raise InputError(f'{table.name} has no column "{", ".join(names)}" (found: {found}), given as {key}.')
    return said


def _missing(kind: Kind, table: Table, role: Role) -> InputError:
    words = {"id": f"{kind[:-1]}_id", "source": "user" if kind == "events" else "source"}
    words["target"] = "item" if kind == "events" else "target"
    option = {"source": words["source"], "target": words["target"]}.get(role, role)
    names = [name for name in table.columns if name] or ["COLUMN"]
    return InputError(
        Said(
            '{table} has no column "{column}" (found: {found}).\nSay which one it is: --column {option}={name}',
            table=table.name,
            column=words[role],
            found=Joined(", ", table.columns),
            option=f"{kind}.{option}",
            name=names[0],
        )
    )


def _plain(name: str) -> str:
    return re.sub(r"[^\w]|_", "", name).lower()


def role_by_name(kind: Kind, name: str) -> Role:
    """What a column of that name is likely to be in a table of this kind."""
    plain = _plain(name)
    if _PRIVATE.fullmatch(plain):
        return "private"
    if not name:
        return "ignore"
    return _GUESSES[kind].get(plain) or _GUESSES[kind].get(_plain(_NUMBER.sub("id", name)), "property")


def _one_each(columns: list[Column], said: Mapping[str, Role]) -> list[Column]:
    """Roles that only one column can have go to the one that was said, else to the likeliest word, else to the first."""
    best: dict[Role, Column] = {}
    for column in columns:
        if column.role in _ONE:
            rival = best.get(column.role)
            if rival is None or (column.name in said and rival.name not in said) or _better(column, rival, said):
                best[column.role] = column
    return [c if c.role not in _ONE or best[c.role] is c else replace(c, role="property") for c in columns]


def _better(column: Column, rival: Column, said: Mapping[str, Role]) -> bool:
    if rival.name in said or column.type is not None:
        return False
    return _rank(column) < _rank(rival)


def _rank(column: Column) -> int:
    plain = _plain(column.name)
    ranks = [
        words[column.role].split().index(plain)
        for words in _WORDS.values()
        if column.role in words and plain in words[column.role].split()
    ]
    return min(ranks, default=99)


def _positional(kind: Kind, columns: list[Column]) -> list[Column]:
    """Two columns of ties or events are the two ends, whatever their names; a topics file of names alone is keyed by them."""
    roles = [c.role for c in columns]
    if kind in ("ties", "events") and len(columns) == 2 and not {"source", "target"} <= set(roles):
        return [replace(columns[0], role="source"), replace(columns[1], role="target")]
    if kind == "topics" and "id" not in roles and "name" in roles:
        return [replace(c, role="id") if c.role == "name" else c for c in columns]
    if kind == "users" and "id" not in roles:
        named = next((c for c in columns if _plain(c.name) in ("username", "screenname", "login")), None)
        return [replace(c, role="id") if c is named else c for c in columns]
    return columns


def _by_values(table: Table, columns: list[Column], said: Mapping[str, Role]) -> list[Column]:
    """Decide what the columns without a known name are, and check guessed times, by a sample of the rows."""
    open_ones = [c for c in columns if c.role in ("property", "time") and c.name not in said and c.type is None]
    if not open_ones:
        return columns
    rows = [cells for _, cells in islice(table.rows(Discard()), SAMPLE)]
    decided = {c.position: _role_of_values(c, [cells[c.position] for cells in rows]) for c in open_ones}
    return [replace(c, role=decided.get(c.position, c.role)) for c in columns]


def _role_of_values(column: Column, values: list[Any]) -> Role:
    present = [v for v in values if not is_missing(v)]
    if not present:
        return "property" if column.role == "property" else column.role
    if column.role == "time":
        return (
            "time" if _share(present, _is_time) >= 0.5 else _role_of_values(replace(column, role="property"), present)
        )
    if any(isinstance(v, list | dict) for v in present):
        return "property"
    texts = [str(v) for v in present]
    if _share(texts, _EMAIL.fullmatch) > 0.5 or _share(texts, _IP.fullmatch) > 0.5:
        return "private"
    if all(isinstance(v, bool) for v in present):
        return "categorical"
    if _share(present, _is_number) >= 0.9:
        return "property" if _plain(column.name).endswith("id") else "numeric"
    distinct = set(texts)
    length = sum(map(len, texts)) / len(texts)
    if len(distinct) <= CATEGORIES and len(distinct) < len(texts) and length <= LONG:
        return "categorical"
    words = sum(text.count(" ") for text in texts) / len(texts) + 1
    return "text" if not all(map(_is_time, present[:100])) and (length > LONG or words >= 4) else "property"


def _share(values: Sequence[Any], holds: Any) -> float:
    return sum(bool(holds(value)) for value in values) / len(values)


def _is_number(value: Any) -> bool:
    try:
        clean_number(value)
    except Refused as refused:
        return refused.reason == "number is infinite"
    return True


def _is_time(value: Any) -> bool:
    try:
        clean_time(value, now=now_ms(), earliest=-(10**15))
    except Refused as refused:
        return refused.reason == "time in the future"
    return True


_CANONICAL: dict[Role, str] = {"time": "createdAt", "event": "eventId", "weight": "weight"}


def _named(kind: Kind, column: Column, *, admin: bool) -> Column:
    """The property that a column becomes: the default schema's name for the known roles, else its own."""
    name = column.property
    nodes = kind not in ("ties", "events")
    if column.role == "id":
        name = name if admin and name else "id"
    elif admin and nodes and column.role in ("name", "time"):
        pass  # as they are
    elif column.role == "name":
        name = "title" if kind == "items" else "name"
    elif column.role == "time":
        name = "at" if kind in ("ties", "events") else "createdAt"
    elif column.role in _CANONICAL:
        name = _CANONICAL[column.role]
    elif name in _TAKEN[kind]:
        name += "_"
    return replace(column, property=name)


_TAKEN: dict[Kind, tuple[str, ...]] = {
    "users": ("id", "name", "createdAt", *RESERVED),
    "items": ("id", "title", "createdAt", *RESERVED),
    "topics": ("id", "name", "createdAt", *RESERVED),
    "ties": ("source", "target", "weight", "at", "eventId"),
    "events": ("source", "target", "weight", "at", "eventId"),
}


def _admin_column(kind: Kind, position: int, name: str) -> Column | None:
    """A column of a neo4j-admin import header, or None for a plain name."""
    field = admin_field(name)
    if field is None:
        return None
    if field.special is not None:
        return Column(position, name, _SPECIALS[field.special], field.name, "admin", group=field.group)
    role = role_by_name(kind, field.name)
    if role == "property" and not field.many:
        role = _TYPES.get(field.type, "property")
    declared = None if field.type == "string" and not field.many else field.type
    return Column(position, name, role, field.name, declared, field.many)


_SPECIALS: dict[str, Role] = {
    "ID": "id", "START_ID": "source", "END_ID": "target", "TYPE": "type", "LABEL": "label", "IGNORE": "ignore",
}  # fmt: skip
_TYPES: dict[str, Role] = {
    "int": "numeric", "long": "numeric", "float": "numeric", "double": "numeric", "byte": "numeric", "short": "numeric",
    "boolean": "categorical", "char": "categorical", "date": "time", "localdatetime": "time", "datetime": "time",
}  # fmt: skip
