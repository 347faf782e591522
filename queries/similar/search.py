"""One question's looks at the vector index, and at everybody where it must be."""

from dataclasses import dataclass
from typing import Any, cast

from sociogram.graph.store import Store
from sociogram.queries.ask import Key
from sociogram.queries.similar.facts import Facts
from sociogram.queries.similar.plan import Explained, Plan, Situation, first, following
from sociogram.queries.similar.statements import Statements
from sociogram.queries.similar.subject import Subject
from sociogram.queries.similar.where import Filter

SAME = 1e-6  # cosines that differ by less may be equal: the index computes in single precision
MOST_ROWS = 2**31 - 1  # what LIMIT takes


@dataclass(frozen=True)
class Asked:
    """A checked question."""

    subject: Subject
    k: int
    filter: Filter
    excluded: tuple[Key, ...]


class Search:
    """The looks at the index, and at everybody where it must be, of one question."""

    def __init__(self, store: Store, parts: Statements, values: dict[str, Any], asked: Asked) -> None:
        self._store, self._parts, self._values, self._asked = store, parts, values, asked
        self._looks = self._candidates = 0
        self._plan = Plan("exact", 0, "")
        self._situation: Situation | None = None
        self._near: float | None = None  # share that satisfied the filter among the nearest

    def run(self, facts: Facts) -> list[dict[str, Any]]:
        """The rows, best first."""
        k = min(self._asked.k, MOST_ROWS)
        inside, outside = bool(self._parts.inside), self._parts.outside
        counted = self._counted() if outside and facts.indexed else None
        spare = len(self._values["sg_excluded"])
        s = self._situation = Situation(k, facts.users, facts.indexed, inside, outside, counted, spare)
        plan: Plan | None = first(s)
        rows: list[dict[str, Any]] = []
        while plan is not None:
            self._plan, rows = plan, self._look(plan, k)
            plan = self._next(s, plan, rows, k)
        return rows

    def _counted(self) -> int | None:
        count = self._parts.counts()
        if count is None:
            return None
        found: list[int] = self._read(count)[0]["counts"]
        return min(found)

    def _look(self, plan: Plan, k: int) -> list[dict[str, Any]]:
        self._looks += 1
        text = self._parts.best(plan, user=self._asked.subject.key is not None)
        rows = self._read(text, sg_k=k, sg_fetch=plan.fetch)
        if plan.kind != "exact":
            self._candidates += rows[0]["looked"] if rows else plan.fetch
        return rows

    def _next(self, s: Situation, plan: Plan, rows: list[dict[str, Any]], k: int) -> Plan | None:
        if plan.kind == "exact":
            return None
        all_looked = bool(rows) and rows[0]["looked"] < plan.fetch
        tied = len(rows) == k and not all_looked and rows[-1]["cosine"] <= rows[0]["edge"] + SAME
        if len(rows) == k and not tied:
            return None
        if plan.kind == "over-fetch":
            self._near = len(rows) / plan.fetch
        return following(s, plan, len(rows), tied=tied)

    def _read(self, text: str, **more: Any) -> list[dict[str, Any]]:
        return self._store.read(text, self._values | more)

    def explained(self, milliseconds: float) -> Explained:
        """How it went; counts everybody who satisfies the filter, which takes longer than the search."""
        s = cast(Situation, self._situation)
        satisfied = int(self._read(self._parts.satisfied())[0]["n"])
        looked = self._candidates + (satisfied if self._plan.kind == "exact" else 0)
        estimated = s.estimate if self._near is None else self._near
        return Explained(
            self._plan.kind, self._plan.why, s.users, estimated, satisfied / max(s.users, 1), looked, self._looks, milliseconds
        )  # fmt: skip
