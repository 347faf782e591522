import csv as csv_module
import gzip
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.loaders.helpers import Collected, write

from sociogram.errors import InputError
from sociogram.loaders.csv_files import csv, frames

PEOPLE = """uid,name,bio,age,country,email,interests,joined,last_ip
1,"Ann ""A"" O'Neil","=HYPERLINK(""x"")",31,DE,a@b.de,jazz|rock,2020-01-01,10.0.0.1
2,Bob,"<p>Hello <b>there</b></p>",44,DE,b@b.de,jazz,1609459200,10.0.0.2
3,Cy,"a < b and c > d",NA,FR,c@b.de,,2999-01-01,10.0.0.3
"""
TIES = "user,friend,weight\n1,2,1\n1,1,1\n2,9,1\n2,3,nan\n3,2,-1\n3,1,inf\n2,1,2\n"
ITEMS = "id,title,tags,price\na,Alpha,jazz;new age,3.5\nb,Beta,,4\n"
EVENTS = (
    "user_id,item,rating,at,type\n1,a,5,1609459200,rated\n1,a,4,1609459201000,rated\n2,b,3,2999-01-01,rated\n"
    "2,zz,3,2020-01-01,seen it\n2,b,,2020-01-01T00:00:00Z,seen it\n2,b,1,never,\n"
)


def roles(source: object) -> dict[str, str]:
    return {f"{row['table']}.{row['column']}": row["role"] for row in source.plan()}  # type: ignore[attr-defined]


def test_columns_are_guessed_and_shown(tmp_path: Path) -> None:
    source = csv(users=write(tmp_path, "people.csv", PEOPLE), events=write(tmp_path, "events.csv", EVENTS))
    guessed = roles(source)
    assert guessed["users.uid"] == "id"
    assert guessed["users.age"] == "numeric"
    assert guessed["users.country"] == "categorical"
    assert guessed["users.email"] == guessed["users.last_ip"] == "private"
    assert guessed["users.joined"] == "time"
    assert guessed["users.interests"] == "topics"
    assert guessed["events.user_id"] == "source"
    assert guessed["events.item"] == "target"
    assert guessed["events.rating"] == "weight"
    user = source.mapping.user
    assert (user.name, user.text, user.numeric, user.categorical) == ("name", ("bio",), ("age",), ("country",))
    assert user.private == ("email", "last_ip")
    assert user.time == "createdAt"


def test_rows_are_cleaned_and_rejected_with_file_line_column_and_reason(tmp_path: Path) -> None:
    source = csv(
        users=write(tmp_path, "people.csv", PEOPLE),
        items=write(tmp_path, "items.csv", ITEMS),
        ties=write(tmp_path, "ties.csv", TIES),
        events=write(tmp_path, "events.csv", EVENTS),
    )
    got = Collected(source, tmp_path)
    ann, bob, cy = got.nodes["User"].values()
    assert (ann["name"], ann["bio"], ann["age"]) == ('Ann "A" O\'Neil', '=HYPERLINK("x")', 31)
    assert (bob["bio"], bob["createdAt"]) == ("Hello there", datetime(2021, 1, 1, tzinfo=UTC))
    assert cy["bio"] == "a < b and c > d"
    assert not {"age", "createdAt"} & set(cy)
    assert got.links["User", "KNOWS", "User"] == [
        {"source": "1", "target": "2", "weight": 1.0},
        {"source": "2", "target": "1", "weight": 2.0},
    ]
    assert [(r["source"], r["target"]) for r in got.links["User", "TAGGED", "Topic"]] == [
        ("1", "jazz"),
        ("1", "rock"),
        ("2", "jazz"),
    ]
    assert {r["target"] for r in got.links["Item", "ABOUT", "Topic"]} == {"jazz", "new age"}
    assert [r["weight"] for r in got.links["User", "RATED", "Item"]] == [5.0, 4.0]
    assert got.links["User", "SEEN_IT", "Item"][0]["at"] == datetime(2020, 1, 1, tzinfo=UTC)
    assert got.rejected == [
        ("ties.csv", 3, "friend", "tie to oneself"),
        ("ties.csv", 4, "friend", "unknown user"),
        ("ties.csv", 5, "weight", "weight is NaN"),
        ("ties.csv", 6, "weight", "weight is negative"),
        ("ties.csv", 7, "weight", "weight is infinite"),
        ("events.csv", 4, "at", "time in the future"),
        ("events.csv", 5, "item", "unknown item"),
        ("events.csv", 7, "at", "not a time (ISO 8601 or an epoch)"),
    ]
    assert got.quarantine.read == 3 + 2 + 7 + 6
    assert {key[1] for key in got.links} == {r.type for r in source.mapping.relationships}


def test_quarantined_rows_hold_no_addresses(tmp_path: Path) -> None:
    text = "id,email,name\n,a@b.de,Ann\n2,b@b.de,Bob\n3,c@c.de\n"
    got = Collected(csv(users=write(tmp_path, "u.csv", text)), tmp_path)
    assert [row[3] for row in got.rejected] == ["missing key", "fewer cells than columns"]
    assert "@" not in pd.read_parquet(got.quarantine.path)["row"].str.cat()


def test_broken_utf8_costs_a_row_not_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "u.csv", b'\xef\xbb\xbfid,name\n1,Ann\n2,"two\nlines"\n3,B\xffb\n4,D\xc3\xb3ra\n')
    got = Collected(csv(users=path), tmp_path)
    assert {key: row["name"] for key, row in got.nodes["User"].items()} == {"1": "Ann", "2": "two\nlines", "4": "Dóra"}
    assert got.rejected == [("u.csv", 5, "name", "broken UTF-8")]


def test_a_quote_that_never_closes_and_rows_out_of_shape(tmp_path: Path) -> None:
    got = Collected(csv(users=write(tmp_path, "u.csv", 'id,name\n1,Ann\n2,B,C\n3\n\n4,"open\n5,x\n')), tmp_path)
    assert list(got.nodes["User"]) == ["1"]
    assert [(line, reason.split(" (")[0]) for _, line, _, reason in got.rejected] == [
        (3, "more cells than columns"),
        (4, "fewer cells than columns"),
        (6, "broken CSV"),
    ]


def test_a_million_characters_are_cut_and_noted(tmp_path: Path) -> None:
    got = Collected(csv(users=write(tmp_path, "u.csv", f"id,bio\n1,{'word ' * 200_000}\n")), tmp_path)
    assert len(got.nodes["User"]["1"]["bio"]) <= 100_000
    assert got.quarantine.notes["bio: text cut at 100,000 characters"] == 1
    assert got.rejected == []


def test_missing_column_names_what_was_found_and_what_to_say(tmp_path: Path) -> None:
    path = write(tmp_path, "people.csv", "nr,who,bio\n1,Ann,x\n")
    with pytest.raises(InputError, match=r'people.csv has no column "user_id" \(found: nr, who, bio\)') as error:
        csv(users=path)
    assert "--column users.id=nr" in str(error.value)
    assert roles(csv(users=path, columns={"users.id": "nr", "users.name": "who"}))["users.who"] == "name"
    with pytest.raises(InputError, match='no column "xx"'):
        csv(users=path, columns={"users.id": "xx"})
    with pytest.raises(InputError, match="unknown role"):
        csv(users=path, columns={"users.shoe": "nr"})


def test_missing_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        csv(users=tmp_path / "none.csv")
    with pytest.raises(InputError, match="is empty"):
        csv(users=write(tmp_path, "e.csv", ""))
    with pytest.raises(InputError, match="no header"):
        csv(users=write(tmp_path, "e.csv", "\n\n"))
    with pytest.raises(InputError, match="UTF-16"):
        csv(users=write(tmp_path, "e.csv", "id\n1\n".encode("utf-16")))
    with pytest.raises(InputError, match="packed by gzip; unpack it"):
        csv(users=write(tmp_path, "e.csv", gzip.compress(b"id\n1\n")))
    with pytest.raises(InputError, match="is a picture; expected a CSV or Parquet file"):
        csv(users=write(tmp_path, "p.csv", b"\x89PNG\r\n\x1a\n\0\0"))
    with pytest.raises(InputError, match="Excel workbook"):
        csv(users=write(tmp_path, "e.csv", b"PK\x03\x04..."))
    with pytest.raises(InputError, match="not text"):
        csv(users=write(tmp_path, "e.csv", b"id\0name\n1\n"))
    with pytest.raises(InputError, match="lone carriage return"):
        csv(users=write(tmp_path, "e.csv", b"id\r1\r2\r"))
    with pytest.raises(InputError, match="nothing to load"):
        csv()
    got = Collected(csv(users=write(tmp_path, "h.csv", "id,name\n")), tmp_path)
    assert got.nodes == {}


def test_ties_alone_make_their_users(tmp_path: Path) -> None:
    got = Collected(csv(ties=write(tmp_path, "t.tsv", "x\ty\n1\t2\n2\t3\n")), tmp_path)
    assert set(got.nodes["User"]) == {"1", "2", "3"}
    assert got.quarantine.notes["User made from the end of a tie or event"] == 3


def test_parquet_and_csv_agree_on_keys(tmp_path: Path) -> None:
    pd.DataFrame({"id": [1, 2], "name": ["A", None]}).to_parquet(tmp_path / "u.parquet")
    got = Collected(csv(users=tmp_path / "u.parquet", ties=write(tmp_path, "t.csv", "a,b\n1,2\n")), tmp_path)
    assert got.links["User", "KNOWS", "User"] == [{"source": 1, "target": 2}]
    with pytest.raises(InputError, match="not a readable Parquet"):
        csv(users=write(tmp_path, "bad.parquet", b"PAR1xxxx"))


def test_neo4j_admin_headers(tmp_path: Path) -> None:
    people = "personId:ID(P),name,nick:string[],born:int,:LABEL,:IGNORE\n1,Ann,a;b,1990,Person;Actor,x\n2,Bob,,1991,Person,\n"
    films = "filmId:ID(F),title:string,:LABEL\n1,Up,Movie\n2,Go,Short Film\n"
    acted = ":START_ID(P),role,:END_ID(F),:TYPE\n1,lead,1,ACTED_IN\n2,extra,2,acted `in`\n2,extra,7,ACTED_IN\n"
    source = csv(
        users=write(tmp_path, "p.csv", people),
        items=write(tmp_path, "f.csv", films),
        events=write(tmp_path, "a.csv", acted),
    )
    got = Collected(source, tmp_path)
    assert got.nodes["Person"]["1"] == {"personId": "1", "name": "Ann", "nick": ["a", "b"], "born": 1990}
    assert set(got.nodes) == {"Person", "Movie", "Short Film"}
    assert ("Person", "acted `in`", "Short Film") in got.links
    assert got.rejected == [("a.csv", 4, ":END_ID(F)", "unknown item")]
    assert source.mapping.user.key == "personId"
    assert set(source.mapping.labels("item")) == {"Movie", "Short Film"}


def test_topics_with_parents_and_names(tmp_path: Path) -> None:
    topics = "id,name,description,parent\n1,Music,,\n2,Jazz,Swing and more,Music\n3,Bop,,2\n4,Odd,,Nowhere\n"
    source = csv(topics=write(tmp_path, "t.csv", topics), users=write(tmp_path, "u.csv", "id,tags\nu,jazz|new\n"))
    got = Collected(source, tmp_path)
    assert got.links["Topic", "BROADER", "Topic"] == [{"source": "2", "target": "1"}, {"source": "3", "target": "2"}]
    assert [r["target"] for r in got.links["User", "TAGGED", "Topic"]] == ["2", "new"]
    assert got.nodes["Topic"]["new"] == {"id": "new", "name": "new"}


def test_frames_are_understood_as_files_are(tmp_path: Path) -> None:
    users = pd.DataFrame(
        {"id": [1, 2, 3], "name": ["A", None, "C"], "joined": pd.to_datetime(["2020-01-01", None, "2021-01-01"])}
    )
    ties = pd.DataFrame({"source": [1, 2, 1], "target": [2, 3, 3], "weight": [1.0, float("nan"), 2.0]})
    source = frames(users=users, ties=ties)
    got = Collected(source, tmp_path)
    assert got.nodes["User"][2] == {"id": 2}
    assert got.nodes["User"][1]["createdAt"] == datetime(2020, 1, 1, tzinfo=UTC)
    assert got.rejected == [("ties", 2, "weight", "weight is NaN")]
    assert got.links["User", "KNOWS", "User"][-1] == {"source": 1, "target": 3, "weight": 2.0}


def test_reserved_names_do_not_clash(tmp_path: Path) -> None:
    source = csv(users=write(tmp_path, "u.csv", "uid,id,source,provenance\n1,7,x,y\n2,7,x,y\n"))
    got = Collected(source, tmp_path)
    assert got.nodes["User"]["7"] == {"id": "7", "uid": "2", "source_": "x", "provenance_": "y"}


@given(
    cells=st.lists(
        st.tuples(st.text(min_size=1), st.text()).map(lambda pair: ("k" + pair[0], pair[1])), min_size=1, max_size=20
    )
)
def test_any_text_survives_a_csv(tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]) -> None:
    folder = tmp_path_factory.mktemp("csv")
    with (folder / "u.csv").open("w", newline="", encoding="utf-8", errors="replace") as file:
        csv_module.writer(file).writerows([("id", "bio"), *cells])
    got = Collected(csv(users=folder / "u.csv"), folder)
    assert got.quarantine.read == len(cells)
    assert len(got.nodes.get("User", {})) + len(got.rejected) <= len(cells)
    assert all(str(key).startswith("k") for key in got.nodes.get("User", {}))
