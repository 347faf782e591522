"""Audiences: groups of users that somebody has saved, each a file in the Home."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sociogram.errors import InputError, NotFoundError
from sociogram.graph.files import write_private
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.schema import quote
from sociogram.graph.snapshot import Key, now
from sociogram.said import Said

NAME_MOST = 80


@dataclass(frozen=True)
class Audience:
    """Who was meant when it was saved; `asked` says how they were found, `run` which profiles they had."""

    name: str
    users: list[Key]
    asked: dict[str, Any]
    run: str | None
    created: str

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)

    def csv(self, names: Sequence[str] = ()) -> str:
        """One user a line, under a header; cells that a spreadsheet would take for a formula begin with an apostrophe."""
        out = io.StringIO()
        table = csv.writer(out, lineterminator="\n")
        rows = list(names) or [""] * len(self.users)
        table.writerow(("id", "name") if names else ("id",))
        for key, name in zip(self.users, rows, strict=True):
            table.writerow([_harmless(key), *([_harmless(name)] if names else [])])
        return out.getvalue()

    def cypher(self, mapping: GraphMapping) -> str:
        """A query that finds them again in any client."""
        keys = json.dumps(self.users, ensure_ascii=True)
        user = mapping.user
        return f"MATCH (u:{quote(user.label)}) WHERE u.{quote(user.key)} IN {keys}\nRETURN u\n"


def _harmless(value: Any) -> Any:
    text = str(value)
    return f"'{text}" if re.match(r"[=+\-@\t\r]", text) and not isinstance(value, int | float) else value


class Audiences:
    """All that are saved under one folder; the files are for their owner alone, since they hold users' keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[Audience]:
        """By name."""
        found = [self._read(file) for file in self.folder.glob("*.json")]
        return sorted(found, key=lambda audience: audience.name.casefold())

    def get(self, name: str) -> Audience:
        """Raises NotFoundError with the names that there are."""
        file = self._file(name)
        if not file.exists():
            known = ", ".join(a.name for a in self.all()[:10]) or "none yet"
            raise NotFoundError(Said("there is no audience {name!r} (there are: {known}).", name=name, known=known))
        return self._read(file)

    def save(self, name: str, users: Sequence[Key], asked: dict[str, Any], run: str | None) -> Audience:
        """Keep it under a name, in place of one that has it; raises InputError without a name, or where nobody is in it."""
        name = " ".join(name.split())
        if not name or len(name) > NAME_MOST or any("\ud800" <= c <= "\udfff" for c in name):
            raise InputError(Said("an audience needs a name of 1 to {most} characters.", most=NAME_MOST))
        if not users:
            raise InputError(Said("nobody is in this audience. Widen the search first."))
        made = Audience(name, list(dict.fromkeys(users)), asked, run, now())
        self.folder.mkdir(parents=True, exist_ok=True)
        write_private(self._file(name), json.dumps(made.to_dict(), ensure_ascii=False, indent=1))
        return made

    def remove(self, name: str) -> None:
        """Raises NotFoundError for a name that none has."""
        self.get(name)
        self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        """Of a name in whatever script: a path is never made of it."""
        digest = hashlib.sha256(" ".join(name.split()).casefold().encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / f"{digest[:24]}.json"

    @staticmethod
    def _read(file: Path) -> Audience:
        return Audience(**json.loads(file.read_text(encoding="utf-8")))
