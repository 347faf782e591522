"""Users by name and by what they are, with how many there are of each tag, segment and value of an attribute."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sociogram.errors import InputError
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.schema import quote
from sociogram.graph.store import Store
from sociogram.queries.ask import Asker, Key, spellings
from sociogram.queries.library import translate
from sociogram.queries.one_run import of_one_run
from sociogram.queries.rows import Rows
from sociogram.queries.similar.facts import Facts
from sociogram.queries.similar.statements import Statements
from sociogram.queries.similar.values import typed
from sociogram.queries.similar.where import parse
from sociogram.said import Joined, Said

TOP = 40  # values of one facet
VALUES_MOST = 60  # distinct values, up to which an attribute is a facet
SHOWN = 4  # tags of a row
NAMED = 5  # keys in an error


@dataclass(frozen=True)
class Person:
    """One user as a list shows it."""

    id: Key
    name: str
    tags: list[str]
    scores: list[float]
    segment: str | None
    influence: float | None
    text: str | None


@dataclass(frozen=True)
class Facet:
    """A value that users may have, and how many of those found have it."""

    value: Any
    users: int


class People(Rows[Person]):
    """Some of the users who were found; `total` counts them all, `facets` by tag, segment and attribute."""

    def __init__(self, rows: Sequence[Person], total: int, facets: dict[str, list[Facet]] | None = None) -> None:
        super().__init__(rows)
        self.total, self.facets = total, facets or {}


class Directory:
    """Finds users of the live run; what it has learned of their properties is kept until another run is live."""

    def __init__(self, store: Store, mapping: GraphMapping) -> None:
        self._store, self._mapping = store, mapping
        self._facts: Facts | None = None

    @of_one_run
    def find(self, name: str = "", where: Any = None, *, k: int = 50, skip: int = 0, facets: bool = False) -> People:
        """Users whose name or key holds `name` and who satisfy `where` (as for similar), the most influential first.

        Scans the users: a part of a name has no index. Raises InputError for a filter that cannot be meant.
        """
        if k < 1 or skip < 0:
            raise InputError(Said("k must be at least 1 and skip at least 0, got {k} and {skip}.", k=k, skip=skip))
        found, values = self._found(name, where)
        influence = f"u.{quote(self._mapping.write.name('influence'))}"
        rows = self._store.read(
            f"{found} WITH u ORDER BY coalesce({influence}, -1) DESC, u.{quote(self._mapping.user.key)} SKIP $sg_skip LIMIT $sg_k "
            f"WITH u AS user {translate(self._person(), self._mapping)}",
            values | {"sg_skip": skip, "sg_k": k},
        )
        counted = self._store.read(f"{found} RETURN count(u) AS n", values)[0]["n"]
        people = [_person_of(row) for row in rows]
        return People(people, counted, self._counts(found, values) if facets else {})

    @of_one_run
    def keys(self, name: str = "", where: Any = None) -> list[Key]:
        """Keys of all of them."""
        found, values = self._found(name, where)
        key = quote(self._mapping.user.key)
        return [row["id"] for row in self._store.read(f"{found} RETURN u.{key} AS id ORDER BY id", values)]

    @of_one_run
    def known(self, keys: Sequence[Key]) -> list[Key]:
        """Those of these keys that users have, in the order given; raises InputError for one that none has."""
        asked = [spellings(key) for key in dict.fromkeys(keys)]
        read = translate("MATCH (user:User) WHERE user.id IN $keys RETURN user.id AS id", self._mapping)
        there = {row["id"] for row in self._store.read(read, keys=[spelt for one in asked for spelt in one])}
        found = [next((spelt for spelt in one if spelt in there), None) for one in asked]
        missing = [str(one[0]) for one, key in zip(asked, found, strict=True) if key is None]
        if missing:
            some = Joined(", ", missing[:NAMED])
            if len(missing) > NAMED:
                raise InputError(Said("these are no users: {some} and others.", some=some))
            raise InputError(Said("these are no users: {some}.", some=some))
        return [key for key in found if key is not None]

    @of_one_run
    def some(self, keys: Sequence[Key]) -> list[Person]:
        """These users, in the order given; those who are gone are left out."""
        read = "MATCH (user:User) WHERE user.id IN $keys " + self._person()
        rows = self._store.read(translate(read, self._mapping), keys=list(keys))
        known = {row["id"]: _person_of(row) for row in rows}
        return [known[key] for key in keys if key in known]

    def _person(self) -> str:
        texts = ", ".join(f"user.{quote(p)}" for p in self._mapping.user.text)
        return (
            f"RETURN user.id AS id, user.name AS name, coalesce(user.tags, [])[..{SHOWN}] AS tags, "
            f"coalesce(user.tagScores, [])[..{SHOWN}] AS scores, user.segmentName AS segment, user.influence AS influence, "
            f"{f'left(coalesce({texts}), 160)' if texts else 'null'} AS text"
        )

    def _found(self, name: str, where: Any) -> tuple[str, dict[str, Any]]:
        facts = self._known()
        wanted = parse(where)
        conditions = [typed(c, facts.kind(c.property)) for c in wanted.conditions]
        parts = Statements(
            self._mapping, self._store.supports_search, conditions, wanted.tags, wanted.predicates, facts.within, facts.seekable
        )  # fmt: skip
        values = parts.parameters() | {"sg_run": facts.run}
        found = parts.everyone()
        if name.strip():
            user = self._mapping.user
            called = [
                f"toLower(toString(u.{quote(p)})) CONTAINS $sg_name"
                for p in dict.fromkeys(filter(None, (user.name, user.key)))
            ]
            found += f" WHERE {' OR '.join(called)}"
            values["sg_name"] = name.strip().lower()
        return found, values

    def _known(self) -> Facts:
        live = Asker(self._store, self._mapping).live()
        if self._facts is None or self._facts.run != live:
            self._facts = Facts(self._store, self._mapping, live)
        return self._facts

    def _counts(self, found: str, values: dict[str, Any]) -> dict[str, list[Facet]]:
        w, user = self._mapping.write, self._mapping.user
        attributes = [p for p in dict.fromkeys((*user.categorical, *user.predict)) if p not in user.private]
        several = {"tag": f"coalesce(u.{quote(w.name('tags'))}, [])"}
        several |= {"segment": f"[u.{quote(w.name('segment_name'))}]"}
        several |= {
            p: f"CASE WHEN u.{quote(p)} IS :: LIST<ANY> THEN u.{quote(p)} ELSE [u.{quote(p)}] END" for p in attributes
        }
        columns = ", ".join(
            f"COLLECT {{ UNWIND us AS u UNWIND {values_of} AS value WITH value WHERE value IS NOT NULL WITH value, count(*) AS n "
            f"ORDER BY n DESC, value LIMIT {VALUES_MOST + 1} RETURN {{value: value, users: n}} }} AS facet_{i}"
            for i, values_of in enumerate(several.values())
        )
        row = self._store.read(f"{found} WITH collect(u) AS us RETURN {columns}", values)[0]
        counted = {name: row[f"facet_{i}"] for i, name in enumerate(several)}
        return {
            name: [Facet(r["value"], r["users"]) for r in rows[:TOP]]
            for name, rows in counted.items()
            if rows and (name in ("tag", "segment") or len(rows) <= VALUES_MOST)
        }


def _person_of(row: dict[str, Any]) -> Person:
    return Person(**{**row, "name": str(row["name"])})
