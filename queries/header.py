"""The header of a query file: what it answers, what it takes, what it reads."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sociogram.errors import InputError

_PARAMETER = re.compile(r"^:param\s+(\w+)\s*=>\s*(.+?)\s*;?$")
_TYPE = r"(?:KEY|NAME)\(\w+\)|[A-Z]+"
_MEANING = re.compile(rf"^\s+(LIST<(?:{_TYPE})>|{_TYPE})(?:\s+(>= \d+|[\d.]+?\.\.[\d.]+))?(, required)?: (.+)$")
_FIELD = re.compile(r"^(columns|index|scans|cost):\s*(.+)$")
QUIET = re.compile(r"//[^\n]*|/\*.*?\*/|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`(?:``|[^`])*`", re.DOTALL)
WRITE = re.compile(
    r"(?<![\w.$:])(CREATE|MERGE|DELETE|SET|REMOVE|DROP|FOREACH|LOAD\s+CSV|IN\s+(?:\d+\s+)?(?:CONCURRENT\s+)?TRANSACTIONS)(?!\w)",
    re.IGNORECASE,
)
USED = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Parameter:
    """One `// :param` of a header; the value of a required one is only an example."""

    name: str
    type: str  # as written: INTEGER, LIST<KEY(User)>
    limits: str  # ">= 1", "0..1" or ""
    required: bool
    value: str  # a Cypher expression
    meaning: str


@dataclass(frozen=True)
class Query:
    """A query file that was read and found fit."""

    topic: str  # its folder
    name: str
    text: str
    answers: str  # the first sentence
    notes: str
    parameters: tuple[Parameter, ...]
    columns: str
    index: str
    scans: str
    cost: str

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "topic": self.topic,
            "name": self.name,
            "answers": self.answers,
            "parameters": {p.name: p.type for p in self.parameters},
            "required": [p.name for p in self.parameters if p.required],
            "columns": self.columns,
        }

    @property
    def scanned(self) -> frozenset[str]:
        """Labels that the header says are scanned."""
        names = re.sub(r"\([^)]*\)", "", self.scans).split(",")
        return frozenset(n.strip() for n in names) - {"", "none"}

    @property
    def header(self) -> str:
        """The comments above the Cypher."""
        return "\n".join(_header_lines(self.text))

    @property
    def body(self) -> str:
        """The Cypher below the header."""
        return self.text[len(self.header) :].strip()


def read_query(text: str, topic: str, name: str, where: str) -> Query:
    """Check a file's text; raises InputError where the header is missing or the query writes."""
    header = [line[2:].removeprefix(" ") for line in _header_lines(text)]
    if not header or not header[0].strip() or _special(header[0]):
        raise InputError(
            f"{where} has no header: its first line must say what the query answers, as a comment (// Users who ...). "
            "Print one to copy: sociogram query similar_users --show"
        )
    prose, parameters, fields = _sections(header, where)
    query = Query(
        topic, name, text.rstrip() + "\n", prose[0], " ".join(prose[1:]), tuple(parameters),
        *(fields.get(field, "") for field in ("columns", "index", "scans", "cost")),
    )  # fmt: skip
    _check_code(query, where)
    return query


def _header_lines(text: str) -> list[str]:
    lines = text.splitlines()
    count = next((i for i, line in enumerate(lines) if not line.startswith("//")), len(lines))
    return lines[:count]


def _special(line: str) -> bool:
    return line.startswith(":param") or _FIELD.match(line) is not None


def _sections(header: list[str], where: str) -> tuple[list[str], list[Parameter], dict[str, str]]:
    prose: list[str] = []
    parameters: list[Parameter] = []
    fields: dict[str, str] = {}
    last = ""  # the field that an indented line goes on with
    for number, line in enumerate(header, 1):
        if line.startswith(":param"):
            parameters.append(_parameter(header, number, where))
            last = ""
        elif match := _FIELD.match(line):
            last = match[1]
            fields[last] = match[2]
        elif line.startswith(" ") and last:
            fields[last] += " " + line.strip()
        elif line.strip() and not line.startswith(" "):
            prose.append(line.strip())
    return prose, parameters, fields


def _parameter(header: list[str], number: int, where: str) -> Parameter:
    declared = _PARAMETER.match(header[number - 1])
    meaning = _MEANING.match(header[number]) if number < len(header) else None
    if not declared or not meaning:
        raise InputError(
            f"{where}, line {number}: expected `// :param name => value;` and on the next line `//   TYPE: meaning` "
            "(for instance `// :param k => 10;` and `//   INTEGER >= 1: how many rows`)."
        )
    return Parameter(declared[1], meaning[1], meaning[2] or "", bool(meaning[3]), declared[2], meaning[4])


def code_only(text: str) -> str:
    """Cypher without what is in comments, strings and quoted names."""
    return QUIET.sub(lambda m: "``" if m[0].startswith("`") else "''" if m[0][0] in "'\"" else " ", text)


def _check_code(query: Query, where: str) -> None:
    code = code_only(query.text)
    if not code.strip():
        raise InputError(f"{where} holds no query below its header.")
    if write := WRITE.search(code):
        raise InputError(f"{where} would write ({write[1].upper()}): queries only read. Take that clause out.")
    used, declared = set(USED.findall(code)), {p.name for p in query.parameters}
    if missing := sorted(used - declared):
        raise InputError(
            f"{where} uses ${missing[0]}, which its header does not declare. Add `// :param {missing[0]} => value;` and its type."
        )
    if spare := sorted(declared - used):
        raise InputError(f"{where} declares the parameter {spare[0]} and never uses it. Take it out of the header.")


def read_file(path: Path, topic: str, name: str) -> Query:
    """A file of the user's own; raises InputError."""
    try:
        return read_query(path.read_text(encoding="utf-8"), topic, name, str(path))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start}).") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}.") from None
