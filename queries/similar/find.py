"""The k most similar users among those that satisfy a filter, by whichever plan finds them fastest."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from sociogram.errors import DatabaseError, InputError, NotFoundError
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.store import Store
from sociogram.queries.ask import Asker, Key, positive, spellings
from sociogram.queries.library import translate
from sociogram.queries.one_run import of_one_run
from sociogram.queries.rows import Rows, Similar
from sociogram.queries.similar.facts import Facts
from sociogram.queries.similar.held import Answered, HeldSearch
from sociogram.queries.similar.memory import HeldRun
from sociogram.queries.similar.plan import Explained
from sociogram.queries.similar.search import Asked, Search
from sociogram.queries.similar.statements import Statements
from sociogram.queries.similar.subject import Subject, direction, matching
from sociogram.queries.similar.values import typed
from sociogram.queries.similar.where import Filter, parse
from sociogram.said import Joined, Said

SHOWN = 3  # topics in a reason
Words = Callable[[str], tuple[list[float], Sequence[str]]]

_USER = """
OPTIONAL MATCH (run:ProfileRun) WHERE run.state = 'live'
WITH collect(run.id)[0] AS run
OPTIONAL MATCH (user:User) WHERE user.id IN $user
RETURN run, user.id AS id, user.embedding AS embedding, user.profileRun AS of LIMIT 1"""
_SHARES = """
UNWIND $names AS name MATCH (topic:Topic) WHERE topic.name = name
RETURN name, sum(COUNT { (topic)<-[:INTERESTED_IN]-() }) AS users"""


class SimilarRows(Rows[Similar]):
    """The answer, best first; `note` says why there are fewer than asked for, `explained` how they were found, where that was asked."""

    def __init__(self, rows: Sequence[Similar], note: str | None = None, explained: Explained | None = None) -> None:
        super().__init__(rows)
        self.note, self.explained = note, explained


class SimilarUsers:
    """Searches one graph; what it has learned of the live run's index and properties is kept until another run is live."""

    def __init__(self, store: Store, mapping: GraphMapping, words: Words | None = None) -> None:
        """`words` gives a description's direction in the live run's space, and the topics that it means."""
        self._store, self._mapping, self._words = store, mapping, words
        self._asker = Asker(store, mapping)
        self._facts: Facts | None = None
        self._held: HeldSearch | None = None

    def hold(self, run: HeldRun | None) -> None:
        """Answer questions without a filter from a run in memory, as long as it is live."""
        self._held = None if run is None else HeldSearch(self._store, self._mapping, run)

    def most_like(self, key: Key) -> dict[str, Any] | None:
        """Key and name of the one most like a user, from vectors in memory; None where they are not, or may not tell."""
        return None if self._held is None else self._held.most_like(key)

    def find(
        self,
        user: Key | None = None,
        k: int = 10,
        where: Any = None,
        *,
        text: str | None = None,
        vector: Any = None,
        exclude: Iterable[Key] | Key = (),
        explain: bool = False,
    ) -> SimilarRows:
        """k rows whenever k users of the live run satisfy `where`: the nearest by cosine, ties by key.

        Raises InputError or NotFoundError, which name what is wrong.
        """
        positive(k)
        if sum(given is not None for given in (user, text, vector)) != 1:
            raise InputError("compare with one of three: a user, text='climbers who bake', or vector=[...].")
        wanted = parse(where)
        left_out: list[Key] = [exclude] if isinstance(exclude, str | int) else list(exclude)
        if self._held is not None and vector is None and not wanted and not left_out:
            soon = (
                self._held.like_words(lambda: self._meant(text), k) if user is None else self._held.like_user(user, k)
            )
            found = soon.result() if soon is not None else None
            if found is not None:
                return self._of_memory(found, explain)
        return self._of_database(user, text, vector, k, wanted, left_out, explain)

    async def soon(self, user: Key, k: int = 10) -> SimilarRows | None:
        """What `find` gives for a user, without a thread that waits; None where only `find` can tell."""
        positive(k)
        asked = None if self._held is None else self._held.like_user(user, k)
        found = None if asked is None else await asyncio.wrap_future(asked)
        return None if found is None else self._of_memory(found)

    def _of_memory(self, found: Answered, explain: bool = False) -> SimilarRows:
        return SimilarRows(self._answer(found.rows, found.subject), None, found.explained if explain else None)

    @of_one_run
    def _of_database(
        self,
        user: Key | None,
        text: str | None,
        vector: Any,
        k: int,
        wanted: Filter,
        left_out: list[Key],
        explain: bool,
    ) -> SimilarRows:
        for last in (False, True):
            known = self._facts
            try:
                started = time.perf_counter()
                subject = self._subject(user, text, vector)
                asked = Asked(subject, k, wanted, self._excluded(left_out))
                return self._find(asked, started, explain)
            except DatabaseError as error:
                if type(error) is not DatabaseError:
                    raise
                if last or known is None or known is not self._facts:
                    raise _of_condition(error, wanted) from None
                self._facts = None  # the index may have been made anew since it was looked at
        raise AssertionError  # the loop returns or raises

    def _subject(self, user: Key | None, text: str | None, vector: Any) -> Subject:
        if user is not None:
            return self._user(user)
        facts = self._facts_of(self._asker.live())
        if text is None:
            return Subject(direction(vector, facts.width))
        found, meant = self._meant(text)
        return Subject(direction(found, facts.width, "the description's vector"), meant=tuple(meant))

    def _meant(self, text: Any) -> tuple[list[float], Sequence[str]]:
        if not isinstance(text, str) or not text.strip():
            raise InputError(
                Said("the description is empty. Say in words whom to look for, such as 'climbers who bake'.")
            )
        if self._words is None:
            raise InputError(Said("words need the run that is live and its text encoder. Give a vector instead."))
        return self._words(text)

    def _user(self, user: Key) -> Subject:
        read = translate(_USER, self._mapping)
        row = self._store.read(read, user=spellings(user))[0]
        if row["id"] is None or row["run"] is None:
            row = self._store.read(read, user=[self._asker.resolve(user)])[0]
        if row["of"] != row["run"]:
            raise NotFoundError(
                Said(
                    "{user!r} has no profile of the live run {run}: it came after it. Fit again: sociogram fit",
                    user=user,
                    run=row["run"],
                )
            )
        facts = self._facts_of(row["run"])
        return Subject(direction(row["embedding"], facts.width, f"the embedding of {user!r}"), row["id"])

    def _facts_of(self, run: str) -> Facts:
        if self._facts is None or self._facts.run != run or not self._facts.indexed:  # it may be online by now
            self._facts = Facts(self._store, self._mapping, run)
        return self._facts

    def _excluded(self, given: Sequence[Key]) -> tuple[Key, ...]:
        for one in given:
            if isinstance(one, bool) or not isinstance(one, str | int):
                raise InputError(f"exclude takes keys or names of users, got {one!r}.")
        if not given:
            return ()
        find = translate("MATCH (user:User) WHERE user.id IN $keys RETURN user.id AS id", self._mapping)
        rows = self._store.read(find, keys=[spelt for one in given for spelt in spellings(one)])
        known = {row["id"] for row in rows}
        named = [self._asker.key(one) for one in given if known.isdisjoint(spellings(one))]
        return tuple(dict.fromkeys((*(row["id"] for row in rows), *named)))

    def _find(self, asked: Asked, started: float, explain: bool) -> SimilarRows:
        facts = cast(Facts, self._facts)
        own = () if asked.subject.key is None else (asked.subject.key,)
        excluded = tuple(dict.fromkeys((*own, *asked.excluded)))
        conditions = [typed(c, facts.kind(c.property)) for c in asked.filter.conditions]
        parts = Statements(
            self._mapping, self._store.supports_search, conditions, asked.filter.tags, asked.filter.predicates,
            facts.within, facts.seekable, bool(excluded),
        )  # fmt: skip
        values = parts.parameters() | {"sg_run": facts.run, "sg_excluded": list(excluded), "sg_user": asked.subject.key}
        values |= {"sg_vector": asked.subject.vector}
        search = Search(self._store, parts, values, asked)
        rows = search.run(facts)
        if len(rows) < asked.k:
            for tag in asked.filter.tags:
                self._asker.topic(tag.topic)
        answer = self._answer(rows, asked.subject)
        took = 1_000 * (time.perf_counter() - started)
        return SimilarRows(
            answer,
            None if len(rows) == asked.k else self._note(len(rows), asked, conditions, facts),
            search.explained(took) if explain else None,
        )

    def _answer(self, rows: list[dict[str, Any]], subject: Subject) -> list[Similar]:
        order = list(subject.meant or ())
        if subject.key is None and not order:
            order = matching(rows, self._shares({name for row in rows for name in row["tags"]}))
        kept = ("id", "cosine", "shared_tags", "tied", "friends_in_common", "items_in_common")
        made = [Similar(name=str(row["name"]), **{name: row[name] for name in kept}) for row in rows]
        if subject.key is not None:
            return made
        return [
            replace(one, shared_tags=[name for name in order if name in row["tags"]][:SHOWN])
            for one, row in zip(made, rows, strict=True)
        ]

    def _shares(self, names: set[str]) -> dict[str, float]:
        users = max(cast(Facts, self._facts).users, 1)
        rows = self._store.read(translate(_SHARES, self._mapping), names=sorted(names))
        return {row["name"]: row["users"] / users for row in rows}

    def _note(self, found: int, asked: Asked, conditions: Sequence[Any], facts: Facts) -> str:
        label = self._mapping.user.label
        if not asked.filter:
            return Said(
                "only {found:,} of the {k:,} asked for: there are no more {label} nodes with a profile.",
                found=found,
                k=asked.k,
                label=label,
            )
        wanted = str(asked.filter)
        if found:
            return Said(
                "only {found:,} of the {k:,} asked for: no more satisfy {filter}.",
                found=found,
                k=asked.k,
                filter=wanted,
            )
        equal = [c.condition for c in conditions if c.condition.operator in ("eq", "in")]
        held = [
            Said(
                " {property} is for instance {values}.",
                property=c.property,
                values=Joined(", ", map(repr, facts.frequent(c.property))),
            )
            for c in equal
        ]
        return Said("nobody with a profile satisfies {filter}.{held}", filter=wanted, held=Joined("", held))


def _of_condition(error: DatabaseError, wanted: Filter) -> DatabaseError | InputError:
    """What the database says of a condition in the user's own Cypher is about their input."""
    if not wanted.predicates:
        return error
    return InputError(f"the Cypher condition {' and '.join(map(str, wanted.predicates))} does not work: {error}")
