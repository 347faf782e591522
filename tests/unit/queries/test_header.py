"""Query files: headers, what is refused, parameters."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from sociogram.errors import InputError, NotFoundError
from sociogram.queries.catalogue import Catalogue
from sociogram.queries.header import code_only, read_query
from sociogram.queries.parameters import default, typed

GOOD = """// Users older than somebody.
//
// A note.
//
// :param age => 30;
//   INTEGER 0..150, required: how old
// :param names => ['a', 'b'];
//   LIST<STRING>: who
// :param since => datetime('2026-01-01T00:00:00Z');
//   DATETIME: from when
// :param last => null;
//   STRING: one or nobody
//
// columns: id (the key),
//   name
// index: none
// scans: User (everybody), Item (all)
// cost: much
MATCH (user:User) WHERE user.age > $age AND user.name IN $names AND user.at >= $since AND user.x = $last // SET in a comment
RETURN user.id AS id, 'DELETE $nothing' AS name, user.set, user.`CREATE`
"""


def test_a_header_is_read() -> None:
    query = read_query(GOOD, "people", "older", "older.cypher")
    assert query.answers == "Users older than somebody."
    assert query.notes == "A note."
    assert [(p.name, p.type, p.limits, p.required) for p in query.parameters] == [
        ("age", "INTEGER", "0..150", True),
        ("names", "LIST<STRING>", "", False),
        ("since", "DATETIME", "", False),
        ("last", "STRING", "", False),
    ]
    assert query.columns == "id (the key), name"
    assert query.scanned == {"User", "Item"}
    assert query.body.startswith("MATCH")
    assert f"{query.header}\n{query.body}\n" == GOOD
    assert [default(p) for p in query.parameters] == [30, ["a", "b"], datetime(2026, 1, 1, tzinfo=UTC), None]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("MATCH (n:User) RETURN n", "no header"),
        ("", "no header"),
        ("// :param k => 1;\n//   INTEGER: k\nRETURN $k", "no header"),
        ("// Only words.\n", "no query"),
        ("// Writes.\nMATCH (n:User) set n.x = 1", r"would write \(SET\)"),
        ("// Writes.\nMATCH (n:User)\nDETACH DELETE n", r"would write \(DELETE\)"),
        ("// Writes.\nMERGE (n:User {id: 1})", r"would write \(MERGE\)"),
        ("// Writes.\nLOAD CSV FROM 'x' AS r RETURN r", r"would write \(LOAD CSV\)"),
        ("// Writes.\nMATCH (n) CALL (n) { RETURN 1 AS x } IN 4 CONCURRENT TRANSACTIONS RETURN x", "would write"),
        ("// Unknown.\nMATCH (n:User) RETURN n LIMIT $k", r"uses \$k, which its header does not declare"),
        ("// Spare.\n// :param k => 1;\n//   INTEGER: k\nRETURN 1 AS one", "parameter k and never uses it"),
        ("// No type.\n// :param k => 1;\nRETURN $k AS k", "line 2: expected"),
        ("// No type.\n// :param k => 1;\n//   how many\nRETURN $k AS k", "line 2: expected"),
    ],
)
def test_a_bad_file_is_refused(text: str, error: str) -> None:
    with pytest.raises(InputError, match=error):
        read_query(text, "own", "bad", "bad.cypher")


def test_strings_comments_and_names_are_no_code() -> None:
    assert "x" not in code_only("'x \\' x' \"x\" `x``x` // x\n/* x \n x */")
    assert "http" in code_only("RETURN http // x")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, "older needs age: how old"),
        ({"age": None}, "older needs age"),
        ({"age": 3, "sinze": 1}, r"no parameter 'sinze' \(it has: age, names, since, last\). Did you mean since\?"),
        ({"age": "old"}, "age must be a whole number from 0 to 150, got 'old'. For example: .*--param age=30"),
        ({"age": -1}, "from 0 to 150"),
        ({"age": 3.5}, "whole number"),
        ({"age": True}, "whole number"),
        ({"age": 3, "names": ""}, "names must be a list of at least one"),
        ({"age": 3, "names": []}, "at least one"),
        ({"age": 3, "names": [1]}, "LIST<STRING>"),
        ({"age": 3, "names": "[broken"}, "LIST<STRING>"),
        ({"age": 3, "since": "yesterday"}, "since must be a time"),
    ],
)
def test_a_wrong_parameter_is_told_in_one_line(given: dict[str, object], error: str) -> None:
    with pytest.raises(InputError, match=error) as raised:
        typed(read_query(GOOD, "people", "older", "older.cypher"), given)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"age": "41"}, "age", 41),
        ({"age": 41.0}, "age", 41),
        ({"age": 3}, "names", ["a", "b"]),
        ({"age": 3, "names": "x, y"}, "names", ["x", "y"]),
        ({"age": 3, "names": '["x, y"]'}, "names", ["x, y"]),
        ({"age": 3, "names": ("x",)}, "names", ["x"]),
        ({"age": 3, "names": np.array(["x"])}, "names", ["x"]),
        ({"age": 3, "since": "2026-02-01"}, "since", datetime(2026, 2, 1, tzinfo=UTC)),
        ({"age": 3, "last": "null"}, "last", None),
    ],
)
def test_values_become_what_the_header_declares(given: dict[str, object], name: str, value: object) -> None:
    found = typed(read_query(GOOD, "people", "older", "older.cypher"), given)[name]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "value",
    [["1", "x"], [1.0, float("nan")], [0, 0], [], "", " ", "[1, null]", 7],
)
def test_a_vector_that_is_none(value: object) -> None:
    with pytest.raises(InputError, match="vector must be words or a list of finite numbers"):
        typed(Catalogue().get("similar_to_description"), {"vector": value})


def test_our_own_files_are_all_fit_and_documented() -> None:
    found = Catalogue().all()
    assert len(found) >= 25
    assert len({q.name for q in found}) == len(found)
    for query in [*found, *Catalogue(lts=True).all()]:
        assert query.columns, query.name
        assert query.index, query.name
        assert query.scans, query.name
        assert query.cost, query.name
        assert query.answers.endswith("."), query.name


def test_own_folders(tmp_path: Path) -> None:
    (tmp_path / "sales").mkdir()
    (tmp_path / "sales" / "best.cypher").write_text("// Best.\nRETURN 1 AS one")
    (tmp_path / "sales" / "runs.cypher").write_text("// Our runs.\nRETURN 1 AS one")
    (tmp_path / "plain.cypher").write_text("// Plain.\nRETURN 1 AS one")
    (tmp_path / "plain.5.cypher").write_text("// Plain, for 5.26.\nRETURN 1 AS one")
    catalogue = Catalogue([tmp_path])
    assert catalogue.get("best").topic == "sales"
    assert catalogue.get("own/plain.cypher").answers == "Plain."
    assert Catalogue([tmp_path], lts=True).get("plain").answers == "Plain, for 5.26."
    with pytest.raises(
        InputError, match=r"more than one query is called 'runs': say which \(profile/runs, sales/runs\)"
    ):
        catalogue.get("runs")
    with pytest.raises(NotFoundError, match="no query 'similar_user'. The nearest: similar_users"):
        catalogue.get("similar_user")


def test_a_file_takes_the_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile" / "runs.cypher").write_text("// Our runs.\nRETURN 1 AS one")
    assert Catalogue([tmp_path]).get("runs").answers == "Our runs."


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        Catalogue([tmp_path / "x"])
    with pytest.raises(InputError, match=r"holds no \.cypher file"):
        Catalogue([tmp_path])
    (tmp_path / "bad.cypher").write_bytes(b"// \xff\nRETURN 1")
    with pytest.raises(InputError, match="not UTF-8"):
        Catalogue([tmp_path]).get("bad")
