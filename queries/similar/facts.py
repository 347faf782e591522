"""What the database has to say before a search: the live run, its index, the types of properties, how many satisfy a part of a filter."""

from dataclasses import dataclass
from typing import Any

from sociogram.errors import InputError
from sociogram.graph.filters import plain
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.publish import NEXT
from sociogram.graph.schema import quote
from sociogram.graph.store import Store
from sociogram.graph.vector_index import index_name
from sociogram.queries.catalogue import nearest
from sociogram.queries.library import written_name

SAMPLE = 200  # values of a property whose types are looked at
KNOWN = 1_000  # users whose properties are listed where one is unknown
FREQUENT = 5  # values named where nobody satisfies a filter


@dataclass(frozen=True)
class PropertyKind:
    """The types that a property has on users, most frequent first, and one of its values."""

    property: str  # as it is called in the graph
    types: tuple[str, ...]  # STRING, INTEGER, LIST<STRING>, ...
    example: Any

    def __str__(self) -> str:
        return f"{self.property} holds {' or '.join(self.types)} (for instance {self.example!r})"


class Facts:
    """Facts about one live run, each looked up once."""

    def __init__(self, store: Store, mapping: GraphMapping, run: str) -> None:
        self._store, self._mapping, self.run = store, mapping, run
        self._label = quote(mapping.user.label)
        self._kinds: dict[str, PropertyKind] = {}
        index = self._vector_index()
        self.indexed = index is not None
        properties = index["properties"] if index else []
        self.within = frozenset(properties[1:]) if store.supports_search else frozenset()
        self.width = int(index["width"]) if index else self._width_of_a_user()
        self.seekable = self._seekable()
        self.users = int(store.read(f"MATCH (u:{self._label}) RETURN count(*) AS n")[0]["n"])

    def _vector_index(self) -> dict[str, Any] | None:
        rows = self._store.read(
            "SHOW VECTOR INDEXES YIELD name, state, options, properties WHERE name = $name AND state = 'ONLINE' "
            "RETURN properties, options.indexConfig['vector.dimensions'] AS width",
            name=index_name(self._mapping.user.label),
        )
        return rows[0] if rows else None

    def _width_of_a_user(self) -> int:
        w = self._mapping.write
        rows = self._store.read(
            f"MATCH (u:{self._label}) WHERE u.{quote(w.name('run'))} = $run RETURN size(u.{quote(w.name('embedding'))}) AS n LIMIT 1",
            run=self.run,
        )
        return int(rows[0]["n"]) if rows else 0

    def _seekable(self) -> frozenset[str]:
        rows = self._store.read(
            "SHOW INDEXES YIELD type, state, labelsOrTypes AS labels, properties "
            "WHERE type = 'RANGE' AND state = 'ONLINE' AND labels = [$label] AND size(properties) = 1 RETURN properties[0] AS name",
            label=self._mapping.user.label,
        )
        return frozenset(row["name"] for row in rows)

    def kind(self, name: str) -> PropertyKind:
        """Of a property of users; raises InputError where none has it, or where it is private."""
        if name not in self._kinds:
            self._kinds[name] = self._kind(name)
        return self._kinds[name]

    def _kind(self, name: str) -> PropertyKind:
        if name in self._mapping.user.private:
            raise InputError(f"{self._mapping.user.label}.{name} is private in the mapping: nothing reads it.")
        for called in dict.fromkeys([written_name(self._mapping, name), name]):
            rows = self._store.read(
                f"MATCH (u:{self._label}) WHERE u.{quote(called)} IS NOT NULL WITH u.{quote(called)} AS value LIMIT $sample "
                "RETURN valueType(value) AS type, count(*) AS n, collect(value)[0] AS example ORDER BY n DESC, type",
                sample=SAMPLE,
            )
            if rows and not name.startswith(NEXT):
                return PropertyKind(
                    called, tuple(dict.fromkeys(plain(row["type"]) for row in rows)), rows[0]["example"]
                )
        known = self._properties()
        near = nearest(name, known) or f" There are: {', '.join(known)}."
        raise InputError(f"no {self._mapping.user.label} has a property {name!r}.{near}")

    def _properties(self) -> list[str]:
        rows = self._store.read(
            f"MATCH (u:{self._label}) WITH u LIMIT $known UNWIND keys(u) AS name RETURN DISTINCT name ORDER BY name",
            known=KNOWN,
        )
        hidden = {*self._mapping.user.private, self._mapping.write.name("embedding")}
        return [row["name"] for row in rows if row["name"] not in hidden and not row["name"].startswith(NEXT)]

    def frequent(self, name: str) -> list[Any]:
        """Some of the values that most users have."""
        rows = self._store.read(
            f"MATCH (u:{self._label}) WHERE u.{quote(name)} IS NOT NULL WITH u.{quote(name)} AS value LIMIT $known "
            "RETURN value, count(*) AS n ORDER BY n DESC, value LIMIT $most",
            known=KNOWN,
            most=FREQUENT,
        )
        return [row["value"] for row in rows]
