"""Questions to the published graph: profile, tags, recommend, each answer of one run; and who or what a name stands for."""

from collections.abc import Callable
from difflib import get_close_matches
from functools import cached_property
from typing import Any, cast

from sociogram.errors import DatabaseError, DatabaseUnavailable, InputError, NotFoundError
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.profile import USER_COLUMNS
from sociogram.graph.publish_runs import live_run
from sociogram.graph.publish_stage import predicted_name
from sociogram.graph.store import Store
from sociogram.queries.at_once import AtOnce, Found
from sociogram.queries.catalogue import nearest, the_nearest
from sociogram.queries.library import PROFILE, query, translate
from sociogram.queries.one_run import of_one_run
from sociogram.queries.portrait import portrait
from sociogram.queries.rows import Profile, Recommendation, Rows, Tag
from sociogram.said import Joined, Said

Key = int | str
Like = Callable[[Key], dict[str, Any] | None]  # key and name of somebody
NEAR_POOL = 2_000  # candidates among which the nearest names are sought
MOST_NAMES = 10_000  # of topics or items, for the same
TAG = ("id", "name", "score", "observed")
WHOLE = {"profile": ("id", "name", "keywords", "run", "at", "properties"), "tags": TAG}  # asked at once
TAGS = {"profile": ("run",), "tags": TAG}


class Asker:
    """Runs the query library against one graph."""

    def __init__(self, store: Store, mapping: GraphMapping, like: Like | None = None) -> None:
        """`like` finds the one most like a user faster than the index does, or gives None."""
        self._store, self._mapping, self._like = store, mapping, like

    @cached_property
    def _whole(self) -> AtOnce:
        return AtOnce(self._store, self._mapping, WHOLE)

    @cached_property
    def _only_tags(self) -> AtOnce:
        return AtOnce(self._store, self._mapping, TAGS)

    def _read(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        return self._store.read(query(name, self._mapping), parameters)

    def live(self) -> str:
        """Id of the live run; raises NotFoundError where nothing is published."""
        run = live_run(self._store)
        if run is None:
            raise NotFoundError(
                Said(
                    "nothing is published in the graph at {address} yet. Learn and publish profiles first: sociogram fit",
                    address=self._store.address,
                )
            )
        return run

    def resolve(self, user: Key) -> Key:
        """The key of a user given by key or exact name; raises NotFoundError with the nearest names, or where nothing is published."""
        try:
            row = self._one(user)
        except NotFoundError:
            self.live()  # where nothing is published, that is what has to be said
            raise
        if row["run"] is None:
            self.live()
            raise NotFoundError(
                Said(
                    "{user!r} has no profile yet: it came after the published run. Fit again: sociogram fit", user=user
                )
            )
        return cast(Key, row["id"])

    def key(self, user: Key) -> Key:
        """The key of a user given by key or exact name, with a profile or without; raises NotFoundError with the nearest names."""
        return cast(Key, self._one(user)["id"])

    def found(self, user: Key) -> tuple[Key, bool]:
        """The same key, and whether the user has a profile."""
        row = self._one(user)
        return cast(Key, row["id"]), row["run"] is not None

    def _one(self, user: Key) -> dict[str, Any]:
        rows = [row for row in self._read("resolve", user=spellings(user), name=str(user)) if row["id"] is not None]
        label = self._mapping.user.label
        if not rows:
            near = self._nearest(str(user))
            raise NotFoundError(Said("there is no {label} {user!r}.{near}", label=label, user=user, near=near))
        if len(rows) > 1:
            keys = Joined(", ", (str(r["id"]) for r in rows))
            raise InputError(
                Said(
                    "more than one {label} is called {user!r}: ask by key ({keys}).", label=label, user=user, keys=keys
                )
            )
        return rows[0]

    def _nearest(self, user: str) -> Said:
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
        return the_nearest(shown[:3])

    def profile(self, user: Key) -> Profile:
        """All that was published about a user."""
        found = _published(self._whole, user)
        return self._made(found["profile"][0], found["tags"]) if found else self._profile(user)

    @of_one_run
    def _profile(self, user: Key) -> Profile:
        key = self.resolve(user)
        return self._made(self._read("profile", user=[key])[0], self._read("tags", user=[key]))

    def _made(self, row: dict[str, Any], interests: list[dict[str, Any]]) -> Profile:
        write = self._mapping.write
        ours = {write.name(field) for field in PROFILE.values()}
        placed = {name: row["properties"].get(write.name(name)) for name in USER_COLUMNS}
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
        tags, name = _tags(interests), str(row["name"])
        words = row["keywords"] or []
        return Profile(
            row["id"],
            name,
            tags,
            words,
            attributes,
            {k: v.iso_format() if hasattr(v, "iso_format") else v for k, v in rest.items()},
            row["properties"].get(write.name("embedding")) or [],
            row["run"],
            str(row["at"]),
            portrait(name, self._mapping.user, rest, tags, words, self._most_like(row["id"]), placed["segment_name"]),
            **placed,
        )

    def _most_like(self, key: Key) -> str | None:
        found = self._like(key) if self._like is not None else None
        if found is not None:
            return _called(found)
        try:
            rows = self._read("most_like", user=[key])
        except DatabaseUnavailable:
            raise
        except DatabaseError:  # the index is still being made: the sentence does without
            return None
        return _called(rows[0]) if rows else None

    def tags(self, user: Key) -> Rows[Tag]:
        """Published interests, strongest first."""
        found = _published(self._only_tags, user)
        return Rows(_tags(found["tags"])) if found else self._tags_of(user)

    @of_one_run
    def _tags_of(self, user: Key) -> Rows[Tag]:
        return Rows(_tags(self._read("tags", user=[self.resolve(user)])))

    def topic(self, name: str) -> str:
        """The name of a topic that there is; raises NotFoundError with the nearest names."""
        find = translate("MATCH (topic:Topic) WHERE topic.name = $name RETURN 1 AS one LIMIT 1", self._mapping)
        if self._store.read(find, name=name):
            return name
        every = translate("MATCH (topic:Topic) RETURN topic.name AS name LIMIT $most", self._mapping)
        names = [str(row["name"]) for row in self._store.read(every, most=MOST_NAMES)]
        raise NotFoundError(Said("there is no topic {topic!r}.{near}", topic=name, near=nearest(name, names)))

    @of_one_run
    def recommend(self, user: Key, k: int = 10) -> Rows[Recommendation]:
        """Published recommendations, best first; items that the user has by now are left out, and the ranks closed up."""
        positive(k)
        rows = self._read("recommend", user=[self.resolve(user)], k=k)
        return Rows([Recommendation(**{**r, "name": str(r["name"]), "rank": i}) for i, r in enumerate(rows, 1)])

    def cypher(self, text: str, parameters: dict[str, Any] | None = None) -> Rows[dict[str, Any]]:
        """Any reading Cypher."""
        return Rows(self._store.read(text, parameters or {}))


def _published(queries: AtOnce, user: Key) -> Found | None:
    """What they find of a user by key; None where there is no such one, or none with a profile."""
    found = queries.read(user=spellings(user))
    return found if found and found["profile"][0]["run"] is not None else None


def _tags(rows: list[dict[str, Any]]) -> list[Tag]:
    return [Tag(r["id"], str(r["name"]), r["score"], r["observed"]) for r in rows]


def _called(row: dict[str, Any]) -> str:
    """Key and, where there is one, name of a user."""
    return str(row["id"]) if str(row["name"]) == str(row["id"]) else f"{row['name']} ({row['id']})"


def spellings(user: Key) -> list[Key]:
    """The key as given, and as the whole number or text that looks the same: the command line only has texts, and a file with one
    empty cell in its column of numbers gives texts too."""
    if isinstance(user, int):
        return [user, str(user)]
    return [user, int(user)] if user.isascii() and user.isdigit() else [user]


def positive(k: int) -> None:
    """Raises InputError where k is no whole number, or fewer than one answer is asked for."""
    if isinstance(k, bool) or not isinstance(k, int):
        raise InputError(Said("k must be a whole number, got {k!r}.", k=k))
    if k < 1:
        raise InputError(Said("k must be at least 1, got {k}.", k=k))
