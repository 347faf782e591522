"""graph.toml: read, checked, written back."""

from pathlib import Path

import pytest

from sociogram.errors import MappingError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping, WriteMapping, default_mapping

WEIRD = GraphMapping(
    nodes=(
        NodeMapping('My "User` Label', "user", key="e mail\\key", text=("über uns",), predict={"a.b": "multilabel"}),
        NodeMapping(
            "Item", "item", name="title", numeric=("price",), categorical=("kind",), time="made", private=("secret",)
        ),
    ),
    relationships=(
        RelationshipMapping(
            "LIKED `x`", 'My "User` Label', "Item", "behaviour", weight="w", time="t", text=("note",), item=None
        ),
    ),
    write=WriteMapping(prefix="sg_", filters=("a.b", "plan")),
)


@pytest.mark.parametrize("mapping", [default_mapping(), WEIRD])
def test_toml_round_trip(mapping: GraphMapping) -> None:
    assert GraphMapping.parse(mapping.to_toml({"Item": "800 nodes", "Item.price": "numeric: numbers"})) == mapping


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[nodes.User]\nrole = 'user'\ntexts = ['bio']", r"unknown key 'texts'.*Did you mean 'text'"),
        ("[nodes.User]\nrole = 'usr'", r"expected one of user, item"),
        ("[nodes.Item]\nrole = 'item'", r"exactly one label must have role"),
        ("[node.User]", r"unknown key 'node'.*Did you mean 'nodes'"),
        ("[nodes.User]\nrole = 'user'\nkey = 3", r"expected a string, got 3"),
        ("[nodes.User]\nrole = 'user'\ntext = 3", r"expected a list of property names"),
        ("nonsense", r"not valid TOML"),
        ("[nodes.User]\nrole = 'user'\n[[relationships]]\ntype = 'X'\nfrom = 'User'\nrole = 'tie'", r"'to' is missing"),
        (
            "[nodes.User]\nrole = 'user'\n[[relationships]]\ntype = 'X'\nfrom = 'User'\nto = 'Usr'\nrole = 'tie'",
            r"label 'Usr' has no.*Did you mean 'User'",
        ),
        (
            "[nodes.User]\nrole = 'user'\n[[relationships]]\ntype = 'X'\nfrom = 'User'\nto = 'User'\nrole = 'about'",
            r"goes from item to topic, not user to user",
        ),
        ("[nodes.User]\nrole = 'user'\nnumeric = ['age']\npredict = {age = 'number'}", r"cannot be an input as well"),
        ("[nodes.User]\nrole = 'user'\n[write]\ntags = ' '", r"cannot be empty"),
        ("[nodes.User]\nrole = 'user'\n[write]\nfilters = ['age', '']", r"cannot be empty"),
        ("[nodes.User]\nrole = 'user'\n[write]\nfilters = 3", r"expected a list of property names"),
        ("[nodes.User]\nrole = 'user'\n[write]\ntags = 3", r"\[write\] tags: expected a string, got 3"),
    ],
)
def test_wrong_mapping_is_named(text: str, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        GraphMapping.parse(text)


def test_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="sociogram inspect >"):
        GraphMapping.read(tmp_path / "graph.toml")
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    with pytest.raises(MappingError, match="not UTF-8"):
        GraphMapping.read(tmp_path / "latin.toml")
