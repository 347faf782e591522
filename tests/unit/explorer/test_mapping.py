"""The guess about a graph, changed role by role."""

import pytest

from sociogram.errors import MappingError
from sociogram.explorer.mapping import MappingTable, role_of, with_role
from sociogram.explorer.words import Words
from sociogram.graph.guess import guess_property
from sociogram.graph.inspect import Found
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.said import Said

PERSON = NodeMapping(
    "Person",
    "user",
    key="uid",
    name="name",
    text=("bio",),
    numeric=("age",),
    private=("mail",),
    predict={"plan": "multilabel"},
)
FOUND = Found(
    GraphMapping((PERSON, NodeMapping("Film", "item")), (RelationshipMapping("SAW", "Person", "Film", "behaviour"),)),
    {"Person": "5 nodes", "Person.since": "time: temporal values"},
)


@pytest.mark.parametrize("role", ["text", "numeric", "categorical", "private", "time", "name", "predict", "ignore"])
def test_a_property_has_one_role(role):
    changed = with_role(PERSON, "age", role)
    assert role_of(changed, "age") == role
    assert role_of(changed, "bio") == "text"
    assert role_of(changed, "mail") == "private"
    assert role_of(changed, "plan") == "predict"
    assert changed.predict["plan"] == "multilabel"


def test_changes_count_when_it_is_used():
    table = MappingTable(Words("en"), FOUND)
    table._property("Person", "since", "time")
    table._link(("Person", "SAW", "Film"), "ignore")
    made = table.chosen()
    assert made.user.time == "since"
    assert made.relationships[0].role == "ignore"
    assert "since" in table._properties(PERSON)
    table._node("Film", "user")
    with pytest.raises(MappingError):
        table.chosen()
    table._node("Person", "ignore")
    table._link(("Person", "SAW", "Film"), "ignore")
    assert table.chosen().user.label == "Film"


def test_why_a_role_was_guessed_is_said_without_the_role():
    said = guess_property("bio", ["likes long walks in the mountains", "bakes bread on every Sunday"])
    found = Found(FOUND.mapping, {"Person.bio": Said("{role}: {why}", role=said.role, why=said.why), "SAW": "5"})
    assert found.comments["Person.bio"] == "text: 30 characters on average"
    assert MappingTable(Words("en"), found)._why("Person.bio") == "30 characters on average"
    assert MappingTable(Words("zh"), found)._why("Person.bio") == "平均 30 个字符"
    assert MappingTable(Words("zh"), found)._why("SAW") == "5"
