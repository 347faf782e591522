"""Which kind of table a file is, when only its path was given: by its columns, else by its name."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from sociogram.loaders.admin_header import groups, is_admin_header
from sociogram.loaders.columns import Kind, role_by_name
from sociogram.loaders.readers import CsvTable, Discard, Table, open_table
from sociogram.loaders.types import first_label

_WORDS: dict[Kind, str] = {
    "users": "user people person member customer profile account author subscriber client reader listener",
    "items": "item product movie film post article artist song track album book video document question page offer game",
    "topics": "topic tag category genre interest subject theme",
    "ties": "tie friend friendship follow follower edge knows network trust contact connection social relation relationship",
    "events": "event rating play listen view click purchase order interaction review behaviour behavior like visit read",
}
_KIND_OF = {word: kind for kind, words in _WORDS.items() for word in words.split()}


def open_tables(paths: Iterable[str | Path]) -> list[Table]:
    """Open files in order; a neo4j-admin header in a file of its own is the header of the files after it."""
    tables: list[Table] = []
    header: CsvTable | None = None
    for path in paths:
        table = open_table(path)
        if isinstance(table, CsvTable):
            if is_admin_header(table.columns):
                header = table if table.header_only() else None
                if header is not None:
                    continue
            elif header is not None and len(table.columns) == len(header.columns):
                table = table.under(header)
        tables.append(table)
    return tables


def by_kind(tables: Sequence[Table]) -> dict[Kind, list[Table]]:
    """Each table under its kind; links of neo4j-admin files are ties where both ends are among the user tables' IDs."""
    kinds: dict[Kind, list[Table]] = {"users": [], "items": [], "topics": [], "ties": [], "events": []}
    links: list[Table] = []
    for table in tables:
        (links if groups(table.columns, "START_ID") else kinds[kind_of(table)]).append(table)
    of_users = {group for table in kinds["users"] for group in groups(table.columns, "ID")}
    for link in links:
        both = groups(link.columns, "START_ID") | groups(link.columns, "END_ID")
        kinds["ties" if both <= of_users else "events"].append(link)
    return kinds


def kind_of(table: Table) -> Kind:
    """The likeliest kind; users where nothing tells."""
    columns = table.columns
    named = _by_words(Path(table.name).stem)
    if named in ("users", "items", "topics") and role_by_name(named, columns[0]) == "id":
        return named
    if named in ("ties", "events"):
        return named
    if not any(role_by_name(kind, name) == "name" for kind in ("users", "items") for name in columns):
        for ends in ("ties", "events"):
            if {"source", "target"} <= {role_by_name(ends, name) for name in columns}:
                return ends
    return _by_label(table) or named or _by_words(columns[0]) or "users"


def _by_label(table: Table) -> Kind | None:
    """By the first label of a neo4j-admin file, else by the group or the name of its IDs."""
    ids = " ".join(name for name in table.columns if groups([name], "ID"))
    position = next((i for i, name in enumerate(table.columns) if groups([name], "LABEL")), None)
    labels = (
        ""
        if position is None
        else " ".join(first_label(cells[position]) for _, cells in islice(table.rows(Discard()), 1))
    )
    return _by_words(labels) or _by_words(ids)


def _by_words(text: str) -> Kind | None:
    """By the last word that is known: `user_friends` are ties."""
    for word in reversed(re.findall(r"[A-Z]?[a-z]+|[A-Z]+", text)):
        lower = word.lower()
        for form in (lower, lower.removesuffix("s"), lower.removesuffix("ies") + "y"):
            if form in _KIND_OF:
                return _KIND_OF[form]
    return None
