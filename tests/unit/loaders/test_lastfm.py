from datetime import UTC, datetime
from pathlib import Path

import pytest
from unit.loaders.helpers import Collected, write

from sociogram.errors import InputError
from sociogram.loaders.lastfm import lastfm

FILES = {
    "artists.dat": b'id\tname\turl\tpictureURL\n1\tMALICE MIZER\thttp://x/1\thttp://p\n2\t"Weird" Al \xc3\xa9\thttp://x/2\n3\t\xff\tu\n',
    "tags.dat": "tagID\ttagValue\n1\tmetal\n2\tespa\xf1ol\n3\tunused\n".encode("latin-1"),
    "user_artists.dat": b"userID\tartistID\tweight\n2\t1\t13883\n2\t2\t0\n5\t1\t-4\n5\t77\t3\n5\n",
    "user_friends.dat": b"userID\tfriendID\n2\t5\n5\t2\n5\t5\n",
    "user_taggedartists.dat": (
        b"userID\tartistID\ttagID\tday\tmonth\tyear\n2\t1\t1\t1\t4\t2009\n5\t1\t1\t1\t5\t2009\n2\t99\t2\t1\t4\t2009\n"
        b"2\t2\t1\t1\t1\t1956\n2\t1\t2\t1\t13\t2009\n2\t1\t8\t1\t1\t2009\n"
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        write(tmp_path, name, content)
    return tmp_path


def at(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp() * 1000)


def test_files_become_a_graph(folder: Path) -> None:
    got = Collected(lastfm(folder), folder)
    assert got.nodes["User"] == {"2": {"id": "2"}, "5": {"id": "5"}}
    assert got.nodes["Item"] == {
        "1": {"id": "1", "title": "MALICE MIZER", "url": "http://x/1"},
        "2": {"id": "2", "title": '"Weird" Al é', "url": "http://x/2"},
    }
    assert got.nodes["Topic"]["2"] == {"id": "2", "name": "español"}
    assert got.links["User", "KNOWS", "User"] == [{"source": "2", "target": "5"}, {"source": "5", "target": "2"}]
    assert got.links["User", "LISTENED", "Item"] == [
        {"source": "2", "target": "1", "weight": 13883.0},
        {"source": "2", "target": "2", "weight": 0.0},
    ]
    tag = {"source": "2", "target": "1", "weight": 1.0, "at": at(2009, 4), "eventId": "1", "item": "1"}
    assert got.links["User", "TAGGED", "Topic"] == [
        tag,
        {**tag, "source": "5", "at": at(2009, 5)},
        {"source": "2", "target": "2", "weight": 1.0, "at": at(2009, 4), "eventId": "99"},
    ]
    assert got.links["Item", "ABOUT", "Topic"] == [{"source": "1", "target": "1", "weight": 2.0}]


def test_known_defects_are_put_aside(folder: Path) -> None:
    got = Collected(lastfm(folder), folder)
    assert got.rejected == [
        ("artists.dat", 4, None, "broken UTF-8"),
        ("user_artists.dat", 6, None, "fewer cells than columns"),
        ("user_friends.dat", 4, "friendID", "tie to oneself"),
        ("user_artists.dat", 4, "weight", "weight is negative"),
        ("user_artists.dat", 5, "artistID", "unknown item"),
        ("user_taggedartists.dat", 5, "year", "time before 2002"),
        ("user_taggedartists.dat", 6, "year", "not a date"),
        ("user_taggedartists.dat", 7, "tagID", "unknown topic"),
    ]
    assert got.quarantine.notes == {"tag without its artist (kept, without item)": 1}


def test_missing_files_and_columns(folder: Path) -> None:
    write(folder, "tags.dat", "id\tname\n")
    with pytest.raises(InputError, match=r'no column "tagID" \(found: id, name\)'):
        lastfm(folder)
    (folder / "tags.dat").unlink()
    with pytest.raises(InputError, match=r"has no tags\.dat"):
        lastfm(folder)
    with pytest.raises(InputError, match="no such folder"):
        lastfm(folder / "none")


def test_the_real_files(data: Path, tmp_path: Path) -> None:
    got = Collected(lastfm(data / "lastfm-2k"), tmp_path)
    assert {label: len(nodes) for label, nodes in got.nodes.items()} == {"User": 1892, "Item": 17632, "Topic": 11946}
    counts = {kind: len(rows) for (_, kind, _), rows in got.links.items()}
    assert (counts["KNOWS"], counts["LISTENED"], counts["TAGGED"]) == (25434, 92834, 186479 - 5)
    assert got.quarantine.notes["tag without its artist (kept, without item)"] == 1538
