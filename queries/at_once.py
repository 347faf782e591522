"""Several queries of the library about one user in one statement, all rows of one run: step by step it takes a question each and two more."""

from collections.abc import Mapping, Sequence
from typing import Any

from sociogram.graph.mapping import GraphMapping
from sociogram.graph.publish_lock import QUIET, STILL
from sociogram.graph.store import Store
from sociogram.queries.library import query, translate

Found = dict[str, list[dict[str, Any]]]


class AtOnce:
    """`columns`: by a query's name those of its answer that are wanted; the queries take `user`, a list of keys."""

    def __init__(self, store: Store, mapping: GraphMapping, columns: Mapping[str, Sequence[str]]) -> None:
        self._store, self._names = store, tuple(columns)
        parts = [
            f"CALL () {{ CALL () {{\n{query(name, mapping)}\n}} RETURN collect({{{_listed(wanted)}}}) AS {name} }}"
            for name, wanted in columns.items()
        ]
        alone = translate("CALL () { MATCH (user:User) WHERE user.id IN $user RETURN count(user) AS users }", mapping)
        names = ", ".join(self._names)
        self._statement = "\n".join(
            [QUIET, alone, *parts, f"WITH before, quiet, users, {names}", f"{STILL}, users, {names}"]
        )

    def read(self, **parameters: Any) -> Found | None:
        """Rows by query; None where they may be of two runs, or of no user or of several."""
        row = self._store.read(self._statement, parameters)[0]
        return {name: row[name] for name in self._names} if row["whole"] and row["users"] == 1 else None


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f"{column}: {column}" for column in columns)
