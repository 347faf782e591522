"""What the database has to say before a search: the live run, its index, the types of properties, how many satisfy a part of a filter."""

from typing import Any

from sociogram.graph.mapping import GraphMapping
from sociogram.graph.schema import quote
from sociogram.graph.store import Store
from sociogram.graph.vector_index import index_name
from sociogram.queries.kinds import PropertyKind, kind_of, unknown
from sociogram.queries.library import written_name

KNOWN = 1_000  # users whose values are counted
FREQUENT = 5  # values named where nobody satisfies a filter


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
        label = self._mapping.user.label
        for called in dict.fromkeys([written_name(self._mapping, name), name]):
            found = kind_of(self._store, self._mapping, label, called)
            if found is not None:
                return found
        raise unknown(self._store, self._mapping, [label], name)

    def frequent(self, name: str) -> list[Any]:
        """Some of the values that most users have."""
        rows = self._store.read(
            f"MATCH (u:{self._label}) WHERE u.{quote(name)} IS NOT NULL WITH u.{quote(name)} AS value LIMIT $known "
            "RETURN value, count(*) AS n ORDER BY n DESC, value LIMIT $most",
            known=KNOWN,
            most=FREQUENT,
        )
        return [row["value"] for row in rows]
