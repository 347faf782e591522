"""Questions without a filter, answered from vectors in memory: two statements to the database, and an answer of one run."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sociogram.graph.mapping import GraphMapping
from sociogram.graph.publish_lock import QUIET, STILL
from sociogram.graph.store import Store
from sociogram.queries.ask import Key, spellings
from sociogram.queries.library import translate
from sociogram.queries.similar.memory import VectorTable
from sociogram.queries.similar.plan import Explained
from sociogram.queries.similar.search import SAME
from sociogram.queries.similar.statements import NO_USER, REASONS
from sociogram.queries.similar.subject import Subject, direction

MOST = 1_000  # rows: more than a person reads go the long way
SPARE = 10  # candidates beyond k: some may be gone from the graph
_ROW = (
    "id", "name", "cosine", "tags", "scores", "shared_tags", "tied", "friends_in_common", "items_in_common"
)  # fmt: skip
_USER = f"""{QUIET}
OPTIONAL MATCH (run:ProfileRun) WHERE run.state = 'live'
WITH flips, quiet, collect(run.id)[0] AS run
OPTIONAL MATCH (user:User) WHERE user.id IN $user
RETURN flips, quiet, run, user.id AS id, user.embedding AS embedding, user.profileRun AS of LIMIT 1"""
_CANDIDATES = """
MATCH (other:User) WHERE other.id IN $sg_keys
WITH other WHERE other.profileRun = $sg_run AND any(x IN other.embedding WHERE x <> 0)
WITH other, 2 * vector.similarity.cosine(other.embedding, $sg_vector) - 1 AS cosine, null AS looked, null AS edge
ORDER BY cosine DESC, other.id LIMIT $sg_k
"""


@dataclass(frozen=True)
class Answered:
    """Rows as the database gave them, for whom, and how."""

    rows: list[dict[str, Any]]
    subject: Subject
    explained: Explained


class HeldSearch:
    """Answers for one live run; None wherever the long way has to be gone: another run, a publish under way, a name, an error, a tie."""

    def __init__(self, store: Store, mapping: GraphMapping, table: VectorTable) -> None:
        self._store, self.table = store, table
        self._user = translate(_USER, mapping)
        listed = ", ".join(f"{name}: {name}" for name in _ROW)
        self._rows = {
            with_user: translate(
                f"CALL () {{ {_CANDIDATES}{tail} }}\nWITH collect({{{listed}}}) AS rows\n{STILL}", mapping
            )
            for with_user, tail in ((True, REASONS), (False, NO_USER))
        }

    def find(self, user: Key | None, words: Callable[[], tuple[list[float], Sequence[str]]], k: int) -> Answered | None:
        """The k most like a user, or like what `words` give; None as above."""
        if k > MOST:
            return None
        started = time.perf_counter()
        state = self._store.read(self._user, user=[] if user is None else spellings(user))[0]
        if not state["quiet"] or state["run"] != self.table.run:
            return None
        if user is None:
            vector, meant = words()
            subject = Subject(direction(vector, len(vector), "the description's vector"), meant=tuple(meant))
        elif state["of"] == state["run"] and any(state["embedding"]):
            vector = state["embedding"]
            subject = Subject(direction(vector, len(vector)), state["id"])
        else:
            return None
        keys, cosines = self.table.nearest(subject.vector, k + 1 + SPARE)
        if len(keys) > k and cosines[-1] >= cosines[k] - SAME:  # who is in may depend on the keys of equals
            return None
        found = self._store.read(
            self._rows[user is not None],
            sg_keys=[key for key in keys if key != subject.key], sg_run=state["run"], sg_vector=subject.vector, sg_user=subject.key, sg_k=k,
        )[0]  # fmt: skip
        if found["flips"] != state["flips"] or len(found["rows"]) < k:
            return None
        users = len(self.table)
        took = 1_000 * (time.perf_counter() - started)
        why = "the live run's vectors are in memory"
        return Answered(found["rows"], subject, Explained("memory", why, users, None, 1.0, users, 1, took))
