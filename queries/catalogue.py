"""Which query files there are: ours by topic, and those in folders of the user's own."""

from collections.abc import Sequence
from difflib import get_close_matches
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from sociogram.errors import InputError, NotFoundError
from sociogram.queries.header import Query, read_file, read_query
from sociogram.said import Joined, Said

SUFFIX, LTS_SUFFIX = ".cypher", ".5.cypher"  # of a variant for Neo4j 5.26
OWN = "own"  # topic of files that lie in the user's folder itself
_PLACES = 2  # of `topic/name`


class Catalogue:
    """Query files by `topic/name`; a file of the user's takes the place of ours of the same name."""

    def __init__(self, folders: Sequence[Path] = (), *, lts: bool = False) -> None:
        """`lts` prefers the variants for Neo4j 5.26; raises InputError where a folder does not exist."""
        self._lts = lts
        self._files: dict[str, Traversable | Path] = dict(_files(resources.files("sociogram.queries")))
        for folder in folders:
            if not folder.is_dir():
                raise InputError(f"{folder}: no such folder. Name one that holds .cypher files.")
            own = dict(_files(folder, OWN))
            if not own:
                raise InputError(f"{folder} holds no .cypher file, neither itself nor one folder down.")
            self._files |= own

    @property
    def names(self) -> list[str]:
        """All of `topic/name`."""
        return sorted({_without_suffix(name) for name in self._files})

    def all(self) -> list[Query]:
        """Every query, by topic and name; raises InputError at the first file that is none."""
        return [self._read(name) for name in self.names]

    def get(self, name: str) -> Query:
        """By `topic/name` or the name alone; raises NotFoundError with the nearest names, InputError for a bad file."""
        wanted = name.removesuffix(SUFFIX)
        found = [full for full in self.names if wanted in (full, full.split("/")[1])]
        if not found:
            near = nearest(wanted.split("/")[-1], [full.split("/")[1] for full in self.names])
            raise NotFoundError(f"there is no query {name!r}.{near} All of them: sociogram queries")
        if len(found) > 1:
            raise InputError(f"more than one query is called {name!r}: say which ({', '.join(found)}).")
        return self._read(found[0])

    def _read(self, full: str) -> Query:
        wanted = (full + LTS_SUFFIX, full + SUFFIX) if self._lts else (full + SUFFIX, full + LTS_SUFFIX)
        file = next(self._files[name] for name in wanted if name in self._files)
        topic, name = full.split("/")
        if isinstance(file, Path):
            return read_file(file, topic, name)
        return read_query(file.read_text(encoding="utf-8"), topic, name, full)


def nearest(name: str, known: list[str]) -> Said:
    """What may have been meant, as the rest of an error; nothing where no name is near."""
    near = get_close_matches(name, known, 3, 0.4)
    return the_nearest(near)


def the_nearest(near: Sequence[str]) -> Said:
    """These, as the rest of an error; nothing where there are none."""
    return Said(" The nearest: {near}.", near=Joined(", ", near)) if near else Joined("", ())


def _without_suffix(name: str) -> str:
    return name.removesuffix(LTS_SUFFIX) if name.endswith(LTS_SUFFIX) else name.removesuffix(SUFFIX)


def _files(folder: Traversable, topic: str = "") -> list[tuple[str, Traversable]]:
    """(topic/file, file) of the files one folder down and, where a `topic` for them is given, in the folder itself."""
    found = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and not entry.name.startswith((".", "_")):
            inner = sorted(entry.iterdir(), key=lambda file: file.name)
            found += [(f"{entry.name}/{f.name}", f) for f in inner if f.name.endswith(SUFFIX) and f.is_file()]
        elif topic and entry.is_file() and entry.name.endswith(SUFFIX):
            found.append((f"{topic}/{entry.name}", entry))
    return found
