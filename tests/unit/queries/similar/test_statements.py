"""The Cypher that is put together: only quoted names and parameters are ever written into it."""

import re

from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping, WriteMapping
from sociogram.queries.similar.plan import Plan
from sociogram.queries.similar.predicate import check
from sociogram.queries.similar.statements import Statements
from sociogram.queries.similar.values import Typed
from sociogram.queries.similar.where import Condition, TagCondition

NASTY = "x`}) DETACH DELETE n //:User"
MAPPING = GraphMapping(
    (NodeMapping("Per son", "user", key="p id"), NodeMapping("Genre", "topic", name="title")),
    (RelationshipMapping("FOLLOWS", "Per son", "Per son", "tie"),),
    WriteMapping(prefix="sg_"),
)


def made(*, search: bool) -> Statements:
    conditions = [
        Typed(Condition("age", "gte", 18), exactly=True),
        Typed(Condition(NASTY, "eq", "' OR true //"), exactly=True),
        Typed(Condition("words", "in", ["a"]), of_list=True),
    ]
    tags = [TagCondition("noir"), TagCondition("a' OR true", 0.5)]
    within = frozenset({"age", "words"})
    return Statements(MAPPING, search, conditions, tags, [check("u.x > 3", {})], within, within, True)


def test_names_are_quoted_and_values_are_parameters() -> None:
    for search in (True, False):
        statements = made(search=search)
        for kind in ("index", "exact"):
            text = statements.best(Plan(kind, 100, ""), user=True)
            assert "u.`x``}) DETACH DELETE n //:User` = $sg_value_1" in text
            assert "OR true" not in text
            assert "(\nu.x > 3\n)" in text
            assert not re.search(r":(User|Topic|KNOWS)\b", text.replace(NASTY.replace("`", "``"), ""))
            assert "u.`sg_profileRun` = $sg_run" in text
            assert "NOT u.`p id` IN $sg_excluded" in text
        values = statements.parameters()
        assert values["sg_value_1"] == "' OR true //"
        assert (values["sg_tag_1"], values["sg_least_1"]) == ("a' OR true", 0.5)


def test_what_the_index_can_test_goes_inside() -> None:
    text = made(search=True).best(Plan("index", 100, ""), user=False)
    assert text.startswith("CYPHER 25 MATCH (u:`Per son`) SEARCH u IN (VECTOR INDEX `sociogram_vector_Per son`")
    assert "WHERE u.`age` >= $sg_value_0 LIMIT $sg_fetch)" in text
    assert made(search=True).inside == [0]
    older = made(search=False)
    assert older.inside == []
    assert "CALL db.index.vector.queryNodes('sociogram_vector_Per son', $sg_fetch" in older.best(
        Plan("over-fetch", 9, ""), user=False
    )


def test_an_exact_search_starts_at_the_topic() -> None:
    assert (
        made(search=True).best(Plan("exact", 0, ""), user=False).startswith("MATCH (topic:`Genre`) WHERE topic.`title`")
    )
    counts = made(search=True).counts()
    assert counts is not None
    assert counts.count("COUNT { MATCH (u:`Per son`)") == 1  # of age: words is a list
    assert counts.count("<-[:`INTERESTED_IN`]-()") == 2
