"""Filters as they are given, and what is refused before the database is asked."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from neo4j.time import DateTime

from sociogram.errors import InputError
from sociogram.queries.kinds import PropertyKind
from sociogram.queries.similar.predicate import check
from sociogram.queries.similar.values import typed
from sociogram.queries.similar.where import Condition, Filter, TagCondition, Text, parse


def test_every_kind_of_condition() -> None:
    found = parse(
        {
            "country": "DE",
            "age": {"gte": 18, "lt": 30},
            "city": ["Bern", "Basel"],
            "plan": {"ne": "free"},
            "score": np.float32(0.5),
            "tag": ["climbing", {"name": "baking", "min": 0.5}],
            "cypher": {"text": "u.x > $least", "parameters": {"least": 3}},
        }
    )
    assert found.conditions == (
        Condition("country", "eq", "DE"),
        Condition("age", "gte", 18),
        Condition("age", "lt", 30),
        Condition("city", "in", ["Bern", "Basel"]),
        Condition("plan", "ne", "free"),
        Condition("score", "eq", 0.5),
    )
    assert found.tags == (TagCondition("climbing"), TagCondition("baking", 0.5))
    assert [(p.text, p.parameters) for p in found.predicates] == [("u.x > $least", {"least": 3})]
    assert str(parse({"age": {"gte": 18}, "tag": "chess"})) == "age >= 18 and tag 'chess'"


def test_no_filter() -> None:
    assert parse(None) == parse({}) == Filter()
    assert not parse({})


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("country=DE", r"where must be a mapping, for instance \{\"country\": \"DE\".*got str"),
        ({"": 1}, r"where takes property names.*got ''"),
        ({3: 1}, r"got 3"),
        ({"age": {"gteq": 18}}, r"age: unknown operator 'gteq' \(known: eq, .*Did you mean gte\?"),
        ({"age": {"gt": 1, "gte": 2}}, r"age: give gt or gte, not both"),
        ({"age": {}}, r"age: expected at least one of eq, ne"),
        ({"age": None}, r"age: None is no value. For users without it: .*u.age IS NULL"),
        ({"age": float("nan")}, r"age: expected a finite number, got nan"),
        ({"city": []}, r"city: the list is empty, so nobody could satisfy it"),
        ({"city": {"in": "Bern"}}, r"city: `in` takes a list of values, got 'Bern'"),
        ({"city": {"eq": {"a": 1}}}, r"city: expected text, a number.*got dict"),
        ({"city": [["Bern"]]}, r"city: expected text, a number.*got list"),
        ({"tag": 5}, r"a tag is the name of a topic, or .*got 5"),
        (
            {"tag": {"name": "chess", "min": 1.5}},
            r"least score of the tag 'chess' must be a number from 0 to 1, got 1.5",
        ),
        ({"tag": {"name": "chess", "max": 1}}, r"a tag is the name of a topic"),
        ({"cypher": 5}, r"cypher takes a condition on u.*got 5"),
    ],
)
def test_bad_filters_are_named(where: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(where)


@pytest.mark.parametrize(
    "text",
    [
        "u.age > 30",
        "EXISTS { (u)-[:BOUGHT]->(:Item {id: 'i1'}) } AND u.city STARTS WITH 'B'",
        "u.name = 'DELETE; CALL' OR u.`SET it` = \"a ; } b\"",
        "any(tag IN u.tags WHERE tag IN ['x', 'y'])",
        "COUNT { MATCH (u)-[:KNOWS]-(v) WHERE v.set = 1 RETURN v } > 2",
    ],
)
def test_reading_conditions_pass(text: str) -> None:
    assert check(text, {}).text == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" ", "is empty"),
        ("u.age > 30; MATCH (n) DETACH DELETE n", "has a semicolon"),
        ("EXISTS { MATCH (u) SET u.age = 3 }", r"would write \(SET\)"),
        ("EXISTS { CREATE (x) }", r"would write \(CREATE\)"),
        ("EXISTS { LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row }", r"would write \(LOAD CSV\)"),
        ("EXISTS { CALL db.labels() YIELD label RETURN label }", "has CALL"),
        ("EXISTS { call { RETURN 1 AS x } RETURN x }", "has CALL"),
        ("true) RETURN u //", "has a comment"),
        ("true /* x", "has a comment"),
        ("true) OR (true", r"closes a bracket '\)' that it did not open"),
        ("EXISTS { (u)-[:X]->( }", r"closes a bracket '}'"),
        ("size(u.tags", r"does not close its bracket '\('"),
        ("u.name = 'x", "has a quote that is not closed"),
        ("u.name = '\\u0027 OR true OR \\u0027'", r"has an escape \\u"),
        ("u.age > $least", r"uses \$least, which has no value. Give it: --param least=VALUE"),
        ("u.age > $sg_run", r"cannot be called 'sg_run'"),
    ],
)
def test_injection_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check(text, {})


def test_our_parameters_cannot_be_given() -> None:
    with pytest.raises(InputError, match="cannot be called 'sg_vector'"):
        check("true", {"sg_vector": [1]})


KINDS = {
    name: PropertyKind("p", types, example)
    for name, types, example in [
        ("text", ("STRING",), "DE"),
        ("whole", ("INTEGER",), 30),
        ("number", ("FLOAT",), 0.5),
        ("flag", ("BOOLEAN",), True),
        ("day", ("DATE",), date(2024, 1, 1)),
        ("time", ("ZONED DATETIME",), datetime(2024, 1, 1, tzinfo=UTC)),
        ("local", ("LOCAL DATETIME",), datetime(2024, 1, 1)),
        ("words", ("LIST<STRING>",), ["a"]),
        ("mixed", ("STRING", "INTEGER"), "a"),
        ("place", ("POINT",), None),
    ]
}


@pytest.mark.parametrize(
    ("kind", "operator", "given", "value", "exactly"),
    [
        ("text", "eq", "DE", "DE", True),
        ("text", "eq", Text("8000"), "8000", True),
        ("text", "in", ["DE", "CN"], ["DE", "CN"], False),
        ("whole", "gte", 18, 18, True),
        ("whole", "gte", Text("18"), 18, True),
        ("whole", "eq", 18.0, 18, True),
        ("whole", "lt", 17.5, 17.5, False),
        ("number", "gt", 1, 1.0, True),
        ("flag", "eq", Text("True"), True, True),
        ("day", "gte", "2024-02-01", date(2024, 2, 1), False),
        ("time", "gte", Text("2024-02-01"), datetime(2024, 2, 1, tzinfo=UTC), False),
        ("time", "lt", DateTime(2024, 2, 1), datetime(2024, 2, 1, tzinfo=UTC), False),
        ("local", "lt", datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 2, 1), False),
        ("words", "eq", "bread", "bread", False),
        ("mixed", "eq", 5, 5, False),
    ],
)
def test_values_take_the_type_of_the_property(kind: str, operator: str, given: Any, value: Any, exactly: bool) -> None:
    found = typed(Condition("p", operator, given), KINDS[kind])
    assert (found.condition.value, type(found.condition.value)) == (value, type(value))
    assert found.exactly == exactly
    assert found.of_list == (kind == "words")


@pytest.mark.parametrize(
    ("kind", "operator", "given"),
    [
        ("text", "eq", 5),
        ("whole", "eq", "old"),
        ("whole", "eq", Text("old")),
        ("whole", "eq", True),
        ("whole", "gt", Text("NaN")),
        ("whole", "eq", 2**70),
        ("number", "in", [0.5, "x"]),
        ("flag", "eq", 1),
        ("flag", "gt", True),
        ("day", "eq", "yesterday"),
        ("words", "gt", "a"),
        ("place", "eq", "Bern"),
    ],
)
def test_values_of_another_type_are_refused(kind: str, operator: str, given: Any) -> None:
    with pytest.raises(InputError, match=r"^p holds .* \(for instance .*cannot be compared by"):
        typed(Condition("p", operator, given), KINDS[kind])
