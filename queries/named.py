"""A query of the library by name, with checked parameters, on one graph."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sociogram.errors import NotFoundError
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.store import Store
from sociogram.queries.ask import MOST_NAMES, Asker, spellings
from sociogram.queries.catalogue import Catalogue, nearest
from sociogram.queries.header import Query
from sociogram.queries.library import translate, written_name
from sociogram.queries.one_run import of_one_run
from sociogram.queries.parameters import typed
from sociogram.queries.rows import Rows

Words = Callable[[str], list[float]]
GROUPED = "by"  # the parameter that names a property of users


class NamedQueries:
    """Runs the files of a catalogue in read transactions; `words` makes a vector of the users' space of a text."""

    def __init__(self, store: Store, mapping: GraphMapping, words: Words, folders: Sequence[Path] = ()) -> None:
        self._store, self._mapping, self._words = store, mapping, words
        self.catalogue = Catalogue(folders, lts=not store.supports_search)

    @of_one_run
    def run(self, name: str, parameters: Mapping[str, Any]) -> Rows[dict[str, Any]]:
        """Rows of one query; raises InputError or NotFoundError that names the parameter at fault."""
        query = self.catalogue.get(name)
        values = typed(query, parameters)
        profiled = "profileRun" in query.body or "'live'" in query.body
        if profiled:
            Asker(self._store, self._mapping).live()
        for p in query.parameters:
            if p.name == GROUPED:  # one of our own properties may have another name here
                values[p.name] = written_name(self._mapping, values[p.name])
            if values[p.name] is not None:
                values[p.name] = self._found(p.type, values[p.name], profiled=profiled)
        return Rows(self._store.read(self.cypher(query), values))

    def cypher(self, query: Query) -> str:
        """A query's Cypher in the graph's own schema."""
        return translate(query.body, self._mapping)

    def _found(self, kind: str, value: Any, *, profiled: bool) -> Any:
        if isinstance(value, list) and kind.startswith("LIST<"):
            inner = kind.removeprefix("LIST<").removesuffix(">")
            return list(dict.fromkeys(self._found(inner, v, profiled=profiled) for v in value))
        if kind == "KEY(User)":
            asker = Asker(self._store, self._mapping)
            return asker.resolve(value) if profiled else asker.key(value)
        if kind == "KEY(Item)":
            return self.item(value)
        if kind == "NAME(Topic)":
            return Asker(self._store, self._mapping).topic(value)
        return self._words(value) if kind == "VECTOR" and isinstance(value, str) else value

    def _read(self, text: str, **values: Any) -> list[dict[str, Any]]:
        return self._store.read(translate(text, self._mapping), values)

    def item(self, key: int | str) -> int | str:
        """An item's key, an integer where it is one; raises NotFoundError with the nearest ones."""
        keys = spellings(key)
        rows = self._read("MATCH (item:Item) WHERE item.id IN $keys RETURN item.id AS id LIMIT 1", keys=keys)
        if rows:
            return rows[0]["id"]  # type: ignore[no-any-return]
        rows = self._read("MATCH (item:Item) RETURN item.id AS id LIMIT $most", most=MOST_NAMES)
        raise NotFoundError(f"there is no item {key!r}.{nearest(str(key), [str(row['id']) for row in rows])}")
