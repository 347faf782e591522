"""Questions without a filter, answered from a run in memory: one statement to the database for several of them, each answer of one run."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sociogram.errors import DatabaseError, DatabaseUnavailable
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.publish_lock import LOOK, STALE_MS
from sociogram.graph.store import Store
from sociogram.queries.ask import Key, spellings
from sociogram.queries.library import translate
from sociogram.queries.similar.memory import TOGETHER, HeldRun, Near
from sociogram.queries.similar.plan import Explained
from sociogram.queries.similar.search import SAME
from sociogram.queries.similar.statements import SHARED, TIES
from sociogram.queries.similar.subject import Subject, direction
from sociogram.queries.similar.together import Together

MOST = 1_000  # rows: more than a person reads go the long way
SPARE = 10  # candidates beyond k: some may be gone from the graph
_STATEMENT = f"""{LOOK}
CALL () {{
  UNWIND range(0, size($sg_users) - 1) AS question
  CALL (question) {{ OPTIONAL MATCH (user:User) WHERE user.id = $sg_users[question] RETURN user LIMIT 1 }}
  CALL (question) {{
    UNWIND range(0, size($sg_keys[question]) - 1) AS place
    MATCH (other:User) WHERE other.id = $sg_keys[question][place]
    WITH place, other ORDER BY place
    RETURN collect({{place: place, other: other}})[..$sg_k[question]] AS best
  }}
  CALL (user, best) {{
    UNWIND best AS one WITH user, one.place AS place, one.other AS other
    WITH user, place, other, {TIES} ORDER BY place
    RETURN collect({{place: place, name: other.name, tied: tied, friends_in_common: friends_in_common, items_in_common: items_in_common}}) AS found
  }}
  WITH question, found ORDER BY question
  RETURN collect(found) AS answers
}}
RETURN flips, flipping, answers"""


Soon = Future["Answered | None"]
Words = Callable[[], tuple[list[float], Sequence[str]]]


@dataclass(frozen=True)
class Answered:
    """Rows as the database would give them, for whom, and how."""

    rows: list[dict[str, Any]]
    subject: Subject
    explained: Explained


@dataclass(frozen=True)
class _Question:
    subject: Subject
    k: int
    asked: float = field(default_factory=time.perf_counter)


class HeldSearch:
    """Answers of one run; None wherever the long way has to be gone: another run is live, a name, an error, a tie.

    While another run is being made live this one goes on answering: all that belongs to a run is in memory, and the graph is asked for
    names, ties and items alone.
    """

    def __init__(self, store: Store, mapping: GraphMapping, run: HeldRun) -> None:
        self._store, self.run = store, run
        self._statement = translate(_STATEMENT, mapping)
        self._together: Together[_Question, Answered | None] = Together(self._answers, TOGETHER)

    def like_user(self, user: Key, k: int) -> "Soon | None":
        """Soon the k most like a user, without waiting for it; None as above."""
        for key in spellings(user):
            if (vector := self.run.vector(key)) is not None:
                return self._soon(Subject(vector, key), k)
        return None

    def like_words(self, words: Words, k: int) -> "Soon | None":
        """Soon the k most like what `words` give: a vector, and the topics that are meant; None as above, and where no topic is."""
        vector, meant = words()
        if not meant or len(vector) != self.run.width:
            return None
        return self._soon(Subject(direction(vector, len(vector), "the description's vector"), meant=tuple(meant)), k)

    def most_like(self, key: Key) -> dict[str, Any] | None:
        """Key and name of the one most like a user; None as above."""
        soon = self.like_user(key, 1)
        found = soon.result() if soon is not None else None
        return found.rows[0] if found is not None else None

    def _soon(self, subject: Subject, k: int) -> "Soon | None":
        return self._together.ask(_Question(subject, k)) if k <= MOST else None

    def _answers(self, asked: Sequence[_Question]) -> list[Answered | None]:
        vectors = [question.subject.vector for question in asked]
        near = self.run.nearest(vectors, max(question.k for question in asked) + 1 + SPARE)
        chosen = [_candidates(question, found) for question, found in zip(asked, near, strict=True)]
        try:
            answer = self._store.read(
                self._statement, stale=STALE_MS, sg_users=[question.subject.key for question in asked],
                sg_keys=[found.keys for found in chosen], sg_k=[question.k for question in asked],
            )[0]  # fmt: skip
        except DatabaseUnavailable:
            raise
        except DatabaseError:  # each by itself will say whose it is
            return [None] * len(asked)
        passed = answer["flips"] - self.run.flips
        if passed > 1 or (passed == 1 and not answer["flipping"]):  # another run is live
            return [None] * len(asked)
        return [
            # words are in the space of the run that is live when they are read: of either, while another is being made live
            None if passed and question.subject.key is None else self._answered(question, found, rows)
            for question, found, rows in zip(asked, chosen, answer["answers"], strict=True)
        ]

    def _answered(self, question: _Question, near: Near, found: list[dict[str, Any]]) -> Answered | None:
        if len(found) < question.k:
            return None
        places = [one["place"] for one in found]
        following = places[-1] + 1
        if following < len(near.keys) and near.cosines[following] >= near.cosines[places[-1]] - SAME:
            return None  # who is in may depend on the keys of equals
        own = None if question.subject.key is None else set(self.run.tags(question.subject.key))
        rows = []
        for one, at in zip(found, places, strict=True):
            tags = self.run.tags(near.keys[at])
            shared = [] if own is None else [tag for tag in tags if tag in own][:SHARED]
            rows.append({**one, "id": near.keys[at], "cosine": near.cosines[at], "tags": tags, "shared_tags": shared})
        users, took = len(self.run), 1_000 * (time.perf_counter() - question.asked)
        why = "the live run's vectors are in memory"
        return Answered(rows, question.subject, Explained("memory", why, users, None, 1.0, users, 1, took))


def _candidates(question: _Question, near: Near) -> Near:
    """Those who may be in the answer: not the user, and as many as its k needs."""
    kept = [i for i, key in enumerate(near.keys) if key != question.subject.key][: question.k + SPARE]
    return Near([near.keys[i] for i in kept], [near.cosines[i] for i in kept])
