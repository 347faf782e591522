"""The Cypher of a search, put together of fixed parts: values are parameters, property names quoted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sociogram.graph.mapping import GraphMapping
from sociogram.graph.schema import quote
from sociogram.queries.library import translate
from sociogram.queries.similar.plan import MOST_COUNTED, Plan
from sociogram.queries.similar.predicate import Predicate
from sociogram.queries.similar.values import Typed
from sociogram.queries.similar.where import TagCondition

SHARED = 3  # tags in common that are shown
# of a candidate `other` and the `user` it is compared with, who may be nobody
TIES = """
       EXISTS { (user)-[:KNOWS]-(other) } AS tied,
       COUNT { MATCH (user)-[:KNOWS]-(friend)-[:KNOWS]-(other) RETURN DISTINCT friend } AS friends_in_common,
       COUNT { MATCH (user)-[:VIEWED]->(item)<-[:VIEWED]-(other) RETURN DISTINCT item } AS items_in_common"""
REASONS = f"""
MATCH (user:User) WHERE user.id = $sg_user
RETURN other.id AS id, other.name AS name, cosine, coalesce(other.tags, []) AS tags, other.tagScores AS scores, looked, edge,
       [tag IN coalesce(other.tags, []) WHERE tag IN user.tags][..{SHARED}] AS shared_tags,{TIES}
ORDER BY cosine DESC, id"""
NO_USER = """
RETURN other.id AS id, other.name AS name, cosine, coalesce(other.tags, []) AS tags, other.tagScores AS scores, looked, edge,
       [] AS shared_tags, false AS tied, 0 AS friends_in_common, 0 AS items_in_common
ORDER BY cosine DESC, id"""


@dataclass(frozen=True)
class Statements:
    """The parts of one search's filter as Cypher, over a candidate `u`."""

    mapping: GraphMapping
    search: bool  # whether the server has SEARCH
    conditions: Sequence[Typed]
    tags: Sequence[TagCondition]
    predicates: Sequence[Predicate]
    within: frozenset[str]  # properties inside the vector index
    seekable: frozenset[str]  # with a range index
    excluded: bool = False

    def parameters(self) -> dict[str, Any]:
        """Values of all parts."""
        made: dict[str, Any] = {f"sg_value_{i}": c.condition.value for i, c in enumerate(self.conditions)}
        for i, tag in enumerate(self.tags):
            made |= {f"sg_tag_{i}": tag.topic, f"sg_least_{i}": tag.least}
        for predicate in self.predicates:
            made |= predicate.parameters
        return made

    @property
    def inside(self) -> list[int]:
        """Conditions that a SEARCH can test: one scalar type, equality or a range, of a property in the index."""
        if not self.search:
            return []
        return [
            i
            for i, c in enumerate(self.conditions)
            if c.exactly and c.condition.property in self.within and c.condition.operator not in ("ne", "in")
        ]

    @property
    def outside(self) -> bool:
        """Whether something is left that only Cypher can test."""
        return bool(len(self.inside) < len(self.conditions) or self.tags or self.predicates)

    def counts(self) -> str | None:
        """How many satisfy each part that an index or a topic's degree counts; None where no part is of that kind."""
        users = translate("MATCH (u:User)", self.mapping)
        parts = [
            f"COUNT {{ {users} WHERE {self._condition(i)} WITH u LIMIT {MOST_COUNTED} RETURN u }}"
            for i, c in enumerate(self.conditions)
            if c.condition.property in self.seekable and not c.of_list and c.condition.operator != "ne"
        ]
        parts += [self._tag_count(i) for i in range(len(self.tags))]
        return f"RETURN [{', '.join(parts)}] AS counts" if parts else None

    def _tag_count(self, i: int) -> str:
        return translate(
            f"reduce(total = 0, n IN COLLECT {{ MATCH (topic:Topic) WHERE topic.name = $sg_tag_{i} "
            "RETURN COUNT { (topic)<-[:INTERESTED_IN]-() } } | total + n)",
            self.mapping,
        )

    def best(self, plan: Plan, *, user: bool) -> str:
        """The k best by a plan, with reasons where they are compared with a user."""
        embedding = f"u.{quote(self.mapping.write.name('embedding'))}"
        found = self._exact() if plan.kind == "exact" else self._from_index()
        prefix = "CYPHER 25 " if self.search and plan.kind != "exact" else ""
        tail = translate(REASONS if user else NO_USER, self.mapping)
        return (
            f"{prefix}{found}\n"
            f"WITH u, looked, edge, 2 * vector.similarity.cosine({embedding}, $sg_vector) - 1 AS cosine\n"
            f"ORDER BY cosine DESC, u.{quote(self.mapping.user.key)} LIMIT $sg_k\n"
            "WITH u AS other, cosine, looked, edge"
            f"{tail}"
        )

    def everyone(self) -> str:
        """All who satisfy the filter, as `u`: to be gone on with."""
        return f"{self._exact(pointing=False)}\nWITH u"

    def satisfied(self) -> str:
        """How many satisfy the whole filter."""
        return f"{self._exact()}\nRETURN count(*) AS n"

    def _from_index(self) -> str:
        if self.search:
            tests = " AND ".join(self._condition(i) for i in self.inside)
            begun = translate(
                "MATCH (u:User) SEARCH u IN (VECTOR INDEX sociogram_vector_User FOR $sg_vector", self.mapping
            )
            index = f"{begun}{f' WHERE {tests}' if tests else ''} LIMIT $sg_fetch) SCORE AS score"
        else:
            call = (
                "CALL db.index.vector.queryNodes('sociogram_vector_User', $sg_fetch, $sg_vector) YIELD node AS u, score"
            )
            index = translate(call, self.mapping)
        after = [self._condition(i) for i in range(len(self.conditions)) if i not in self.inside]
        after += [self._tag(i) for i in range(len(self.tags))]
        return (
            f"{index}\n"
            "WITH collect(u) AS found, 2 * min(score) - 1 AS edge\n"
            f"UNWIND found AS u WITH u, size(found) AS looked, edge\n{self._where(after)}"
        )

    def _exact(self, *, pointing: bool = True) -> str:
        conditions = [self._condition(i) for i in range(len(self.conditions))]
        if self.tags:
            topic = (
                "MATCH (topic:Topic) WHERE topic.name = $sg_tag_0\n"
                "MATCH (topic)<-[interest:INTERESTED_IN]-(u:User) WHERE interest.run = $sg_run "
                "AND interest.score >= $sg_least_0\nWITH DISTINCT u"
            )
            start = translate(topic, self.mapping)
        else:
            start = translate("MATCH (u:User)", self.mapping)
        # an embedding of zeros has no cosine, and Neo4j would refuse the whole search for it; the index holds none
        nonzero = f"any(x IN u.{quote(self.mapping.write.name('embedding'))} WHERE x <> 0)"
        rest = [*conditions, *(self._tag(i) for i in range(1, len(self.tags))), *([nonzero] if pointing else [])]
        return f"{start}\n{self._where(rest)}\nWITH u, null AS looked, null AS edge"

    def _where(self, tests: Sequence[str]) -> str:
        key = f"u.{quote(self.mapping.user.key)}"
        parts = [f"u.{quote(self.mapping.write.name('run'))} = $sg_run", *tests]
        if self.excluded:
            parts.append(f"NOT {key} IN $sg_excluded")
        parts += [f"(\n{p.text}\n)" for p in self.predicates]  # on lines of its own, in brackets that it cannot close
        return "WHERE " + "\n  AND ".join(parts)

    def _condition(self, i: int) -> str:
        return self.conditions[i].test("u", f"sg_value_{i}")

    def _tag(self, i: int) -> str:
        return translate(
            f"EXISTS {{ MATCH (u)-[interest:INTERESTED_IN]->(topic:Topic) WHERE topic.name = $sg_tag_{i} "
            f"AND interest.run = $sg_run AND interest.score >= $sg_least_{i} }}",
            self.mapping,
        )
