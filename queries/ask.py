"""Questions to the published graph: profile, tags, similar, recommend; each answer is of one run."""

from difflib import get_close_matches
from typing import Any, cast

from sociogram.errors import InputError, NotFoundError
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.publish import live_run, predicted_name
from sociogram.graph.store import Store
from sociogram.queries.library import query
from sociogram.queries.one_run import of_one_run
from sociogram.queries.rows import Profile, Recommendation, Rows, Similar, Tag

Key = int | str
NEAR_POOL = 2_000  # candidates among which the nearest names are sought


class Asker:
    """Runs the query library against one graph."""

    def __init__(self, store: Store, mapping: GraphMapping) -> None:
        self._store, self._mapping = store, mapping

    def _read(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        return self._store.read(query(name, self._mapping), parameters)

    def resolve(self, user: Key) -> Key:
        """The key of a user given by key or exact name; raises NotFoundError with the nearest names, or where nothing is published."""
        if live_run(self._store) is None:
            raise NotFoundError(
                f"nothing is published in the graph at {self._store.address} yet. Learn and publish profiles first: sociogram fit"
            )
        row = self._one(user)
        if row["run"] is None:
            raise NotFoundError(
                f"{user!r} has no profile yet: it came after the published run. Fit again: sociogram fit"
            )
        return cast(Key, row["id"])

    def key(self, user: Key) -> Key:
        """The key of a user given by key or exact name, with a profile or without; raises NotFoundError with the nearest names."""
        return cast(Key, self._one(user)["id"])

    def _one(self, user: Key) -> dict[str, Any]:
        rows = [row for row in self._read("resolve", user=spellings(user), name=str(user)) if row["id"] is not None]
        if not rows:
            raise NotFoundError(f"there is no {self._mapping.user.label} {user!r}.{self._nearest(str(user))}")
        if len(rows) > 1:
            raise InputError(
                f"more than one {self._mapping.user.label} is called {user!r}: ask by key ({', '.join(str(r['id']) for r in rows)})."
            )
        return rows[0]

    def _nearest(self, user: str) -> str:
        rows: list[dict[str, Any]] = []
        for size in (4, 2, 1, 0):
            rows = self._read("nearest_names", start=user[:size].lower(), most=NEAR_POOL)
            if rows:
                break
        known = {str(r["id"]): r for r in rows} | {str(r["name"]): r for r in rows if r["name"]}
        near = get_close_matches(user, known, 6, cutoff=0.3)
        shown = list(
            dict.fromkeys(
                f"{known[n]['id']} ({known[n]['name']})"
                if known[n]["name"] not in (None, known[n]["id"])
                else str(known[n]["id"])
                for n in near
            )
        )
        return f" The nearest: {', '.join(shown[:3])}." if shown else ""

    @of_one_run
    def profile(self, user: Key) -> Profile:
        """All that was published about a user."""
        key = self.resolve(user)
        row = self._read("profile", user=[key])[0]
        write = self._mapping.write
        ours = {write.name(n) for n in ("embedding", "tags", "tag_scores", "keywords", "run", "published_at")}
        attributes = {}
        for attribute in self._mapping.user.predict:
            name = predicted_name(self._mapping, attribute)
            ours |= {name, name + write.confidence}
            if name in row["properties"] or name + write.confidence in row["properties"]:
                attributes[attribute] = (row["properties"].get(name), row["properties"].get(name + write.confidence))
            else:
                attributes[attribute] = (None, None)
        hidden = ours | {*self._mapping.user.private, "provenance", "source"}
        rest = {k: v for k, v in sorted(row["properties"].items()) if k not in hidden and not k.startswith("next_")}
        return Profile(
            row["id"],
            str(row["name"]),
            list(self.tags(key)),
            row["keywords"] or [],
            attributes,
            {k: v.iso_format() if hasattr(v, "iso_format") else v for k, v in rest.items()},
            row["embedding"] or [],
            row["run"],
            str(row["at"]),
        )

    @of_one_run
    def tags(self, user: Key) -> Rows[Tag]:
        """Published interests, strongest first."""
        rows = self._read("tags", user=[self.resolve(user)])
        return Rows([Tag(r["id"], str(r["name"]), r["score"], r["observed"]) for r in rows])

    @of_one_run
    def similar(self, user: Key, k: int = 10, where: dict[str, Any] | None = None) -> Rows[Similar]:
        """The k nearest users by cosine of their embeddings, optionally among those with given property values."""
        positive(k)
        key = self.resolve(user)
        rows = (
            self._read("similar_where", user=[key], k=k, where=where)
            if where
            else self._read("similar", user=[key], k=k)
        )
        return Rows([Similar(**{**row, "name": str(row["name"])}) for row in rows])

    @of_one_run
    def recommend(self, user: Key, k: int = 10) -> Rows[Recommendation]:
        """Published recommendations, best first; items that the user already has are left out."""
        positive(k)
        rows = self._read("recommend", user=[self.resolve(user)], k=k)
        return Rows([Recommendation(**{**row, "name": str(row["name"])}) for row in rows])

    def cypher(self, text: str, parameters: dict[str, Any] | None = None) -> Rows[dict[str, Any]]:
        """Any reading Cypher."""
        return Rows(self._store.read(text, parameters or {}))


def spellings(user: Key) -> list[Key]:
    """The key as given, and as an integer where it looks like one: the command line only has strings."""
    text = str(user)
    return [user, int(text)] if isinstance(user, str) and text.isascii() and text.isdigit() else [user]


def positive(k: int) -> None:
    """Raises InputError where fewer than one answer is asked for."""
    if k < 1:
        raise InputError(f"k must be at least 1, got {k}.")
