"""The Cypher library in other schemas."""

import pytest

from sociogram.errors import NotFoundError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping, WriteMapping, default_mapping
from sociogram.queries.library import names, query, source, translate

OTHER = GraphMapping(
    nodes=(
        NodeMapping("Per son", "user", key="pid", name="full`name"),
        NodeMapping("Film", "item", key="fid", name="title"),
        NodeMapping("Book", "item", key="isbn"),
        NodeMapping("Genre", "topic", key="name", name="name"),
    ),
    relationships=(
        RelationshipMapping("FOLLOWS", "Per son", "Per son", "tie"),
        RelationshipMapping("SAW", "Per son", "Film", "behaviour", time="seen"),
        RelationshipMapping("READ", "Per son", "Book", "behaviour"),
    ),
    write=WriteMapping(prefix="sg_", recommended="SG_REC"),
)


def test_every_file_says_what_it_is_and_how_to_paste_it() -> None:
    for name in names():
        lines = source(name).splitlines()
        assert lines[0].startswith("// "), name
        for parameter in {
            word for word in ("$user", "$k", "$where", "$start", "$most", "$name") if word in source(name)
        }:
            assert f"// :param {parameter[1:]} =>" in source(name), (name, parameter)


def test_other_schema() -> None:
    text = query("recommend", OTHER)
    assert "(user:`Per son`) WHERE user.`pid` IN $user" in text
    assert "[recommended:`SG_REC`]->(item:`Book`|`Film`)" in text
    assert "coalesce(item.`isbn`, item.`fid`) AS id" in text or "coalesce(item.`fid`, item.`isbn`) AS id" in text
    assert "[:`READ`|`SAW`]" in text
    assert "[:`-`]" in text  # no aboutness is mapped
    assert "user.`sg_tags`" in text
    assert "`full``name`" in query("profile", OTHER)
    call = translate("CALL db.index.vector.queryNodes('sociogram_vector_User', 5, $vector)", OTHER)
    assert "'sociogram_vector_Per son'" in call


def test_an_item_without_a_name_goes_by_its_text() -> None:
    text = query("recommend", default_mapping())
    assert "coalesce(item.`title`, nullIf(split(left(item.`text`, 60), '\\n')[0], ''), item.`id`) AS name" in text
    assert "coalesce(user.`name`, user.`id`) AS name" in query("profile", default_mapping())


def test_default_schema_stays() -> None:
    assert "user.`id` IN $user" in query("profile", default_mapping())


def test_names_keys_times_and_properties_of_the_users_own() -> None:
    text = translate(
        "MATCH (user:User)-[did:!RECOMMENDED]->(item:Item) WHERE user.id = $u AND item.id IN $i AND item.title = user.title "
        "RETURN did.at, did.weight, user.city, user.segment, user.profileRun",
        OTHER,
    )
    assert "[did:`READ`|`SAW`]" in text
    assert "user.`pid` = $u AND (item.`fid` IN $i OR item.`isbn` IN $i)" in text
    assert "coalesce(item.`title`, item.`fid`, item.`isbn`) = user.`title`" in text
    assert text.endswith("RETURN did.`seen`, null, user.`city`, user.`sg_segment`, user.`sg_profileRun`")


def test_the_index_of_another_label() -> None:
    text = translate("SEARCH other IN (VECTOR INDEX sociogram_vector_User FOR user.embedding LIMIT 1)", OTHER)
    assert "VECTOR INDEX `sociogram_vector_Per son` FOR user.`sg_embedding`" in text


def test_unknown_query() -> None:
    with pytest.raises(NotFoundError, match=r"there are: .*recommend"):
        source("nothing")
