"""Audiences: files for their owner, whatever they are called and whoever is in them."""

import pytest

from sociogram.audiences import Audiences
from sociogram.errors import InputError, NotFoundError
from sociogram.graph.mapping import GraphMapping, NodeMapping


def test_one_is_kept_found_replaced_and_removed(tmp_path):
    kept = Audiences(tmp_path / "audiences")
    assert kept.all() == []
    kept.save("  Bakers   of Lyon ", ["u1", "u2", "u1"], {"where": {"tag": "baking"}}, "r1")
    found = kept.get("bakers of lyon")
    assert (found.name, found.users, found.run) == ("Bakers of Lyon", ["u1", "u2"], "r1")
    file = next((tmp_path / "audiences").iterdir())
    assert file.stat().st_mode & 0o777 == 0o600
    kept.save("bakers of Lyon", [7], {}, None)
    assert [a.users for a in kept.all()] == [[7]]
    kept.remove("Bakers of Lyon")
    with pytest.raises(NotFoundError, match="none yet"):
        kept.get("Bakers of Lyon")


@pytest.mark.parametrize("name", ["../../etc/passwd", "周末攀岩", "a/b\0c", "x" * 80])
def test_a_name_is_never_a_path(tmp_path, name):
    kept = Audiences(tmp_path / "audiences")
    kept.save(name, [1], {}, None)
    assert [p.name for p in tmp_path.iterdir()] == ["audiences"]
    assert kept.get(name).users == [1]


@pytest.mark.parametrize(("name", "users"), [("", [1]), ("   ", [1]), ("x" * 81, [1]), ("\ud800", [1]), ("a", [])])
def test_what_is_no_audience(tmp_path, name, users):
    with pytest.raises(InputError):
        Audiences(tmp_path).save(name, users, {}, None)


def test_csv_holds_no_formula_and_cypher_no_way_out(tmp_path):
    made = Audiences(tmp_path).save("a", ["=cmd()", "it's", 'x"] RETURN 1 //', -5], {}, None)
    lines = made.csv(["@name", "b,c", "d", "e"]).splitlines()
    assert lines[0] == "id,name"
    assert lines[1] == "'=cmd(),'@name"
    assert lines[2] == 'it\'s,"b,c"'
    assert lines[4].startswith("-5,")
    mapping = GraphMapping((NodeMapping("Per`son", "user", key="the key"),))
    query = made.cypher(mapping)
    assert query.startswith('MATCH (u:`Per``son`) WHERE u.`the key` IN ["=cmd()", "it\'s", "x\\"] RETURN 1 //", -5]')
