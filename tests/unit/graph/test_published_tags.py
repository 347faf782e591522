"""Tags of a run in memory are those that are published."""

from pathlib import Path

from two_runs import profiles

from sociogram.graph.publish_stage import _tags_by_user
from sociogram.graph.published_tags import read_tags, tag_lists


def test_from_a_folder_as_they_are_published(tmp_path: Path) -> None:
    made = profiles("r1", 30)
    made.tags.loc[made.tags["user"] == 7, "shown"] = False
    made.tags.loc[made.tags.index[:2], "shown"] = False
    made.save(tmp_path)
    found = read_tags(tmp_path)
    assert [found.of(row) for row in range(30)] == [tags for tags, _ in _tags_by_user(made)]
    assert found.of(7) == []


def test_from_lists() -> None:
    lists = [["a", "b"], [], ["b", "c"]]
    found = tag_lists(lists)
    assert [found.of(row) for row in range(3)] == lists
    assert found.names == ["a", "b", "c"]
