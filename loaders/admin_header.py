"""The column names of neo4j-admin import: `:ID(Person)`, `:START_ID`, `born:int`, `tags:string[]`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_SPECIAL = re.compile(r"(?P<name>[^:]*):(?P<special>ID|START_ID|END_ID|TYPE|LABEL|IGNORE)(\((?P<group>.*)\))?(\{.*\})?")
_TYPED = re.compile(
    r"(?P<name>.+):(?P<type>int|long|float|double|boolean|byte|short|char|string|point|date|localtime|time|localdatetime|"
    r"datetime|duration)(?P<many>\[\])?(\{.*\})?"
)


@dataclass(frozen=True)
class AdminField:
    """One name, taken apart; either `special` (ID, START_ID, END_ID, TYPE, LABEL, IGNORE) or `type` is set."""

    name: str
    special: str | None = None
    type: str = ""
    many: bool = False  # an array
    group: str | None = None  # of an ID


def admin_field(name: str) -> AdminField | None:
    """The name taken apart, or None for a plain one."""
    if special := _SPECIAL.fullmatch(name):
        return AdminField(special["name"], special["special"], group=special["group"])
    if typed := _TYPED.fullmatch(name):
        return AdminField(typed["name"], type=typed["type"], many=bool(typed["many"]))
    return None


def is_admin_header(columns: Iterable[str]) -> bool:
    """Whether these are the columns of a neo4j-admin file: one of them is `:ID`, `:START_ID` or the like."""
    return any(_SPECIAL.fullmatch(name) for name in columns)


def groups(columns: Iterable[str], special: str) -> set[str | None]:
    """The ID groups of the columns of that kind; empty where there is no such column."""
    fields = map(admin_field, columns)
    return {field.group for field in fields if field is not None and field.special == special}
