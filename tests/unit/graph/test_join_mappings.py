import pytest

from sociogram.errors import MappingError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping, default_mapping
from sociogram.graph.stored_mapping import join_mappings


def test_a_mapping_joined_to_itself_is_itself() -> None:
    assert join_mappings(default_mapping(), default_mapping()) == default_mapping()


def test_union_of_labels_types_and_properties() -> None:
    user = NodeMapping("User", "user", text=("about",), categorical=("bio",), private=("mail",))
    other = GraphMapping(
        (user, NodeMapping("Song", "item")), (RelationshipMapping("HEARD", "User", "Song", "behaviour"),)
    )
    joined = join_mappings(default_mapping(), other)
    assert {n.label for n in joined.nodes} == {"User", "Item", "Topic", "Song"}
    assert {r.type for r in joined.relationships} == {"KNOWS", "ABOUT", "TAGGED", "HEARD"}
    assert joined.user.name == "name"
    assert joined.user.text == ("about",)  # the later mapping says that bio is a category
    assert joined.user.categorical == ("bio",)


def test_private_stays_private() -> None:
    before = GraphMapping((NodeMapping("User", "user", private=("city",)),))
    after = GraphMapping((NodeMapping("User", "user", categorical=("city",)),))
    assert join_mappings(before, after).user.categorical == ()


def test_contradictions() -> None:
    with pytest.raises(MappingError, match="one user label"):
        join_mappings(default_mapping(), GraphMapping((NodeMapping("Person", "user"),)))
    with pytest.raises(MappingError, match="key"):
        join_mappings(default_mapping(), GraphMapping((NodeMapping("User", "user", key="uid"),)))
