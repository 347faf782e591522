from pathlib import Path

import pytest
from unit.loaders.helpers import Collected, write

from sociogram.errors import InputError
from sociogram.loaders.stackexchange import stackexchange

USERS = """<?xml version="1.0" encoding="utf-8"?>
<users>
  <row Id="-1" Reputation="1" CreationDate="2018-03-09T18:48:09.477" DisplayName="Community" />
  <row Id="1" Reputation="101" CreationDate="2018-03-09T19:11:00.057" DisplayName="Ada" Location="Bern" EmailHash="x"
    AboutMe="&lt;p&gt;I like &lt;b&gt;qubits&lt;/b&gt; &amp;amp; tea&lt;/p&gt;" />
  <row Id="2" CreationDate="2999-03-09T19:11:00.057" DisplayName="Bob" />
  <row Id="3" DisplayName="B\xff" />
  <row Id="4" DisplayName="&bomb;" />
  <row Id="5" DisplayName="never closed"
  <row Id="6" DisplayName="Cy" />
</users>
""".encode("latin-1")
POSTS = """<posts>
  <row Id="10" PostTypeId="1" CreationDate="2018-03-12T10:00:00" Title="Why?" Body="&lt;p&gt;a &amp;lt; b&lt;/p&gt;" OwnerUserId="1" Tags="&lt;qubit&gt;&lt;q#&gt;" />
  <row Id="11" PostTypeId="2" ParentId="10" CreationDate="2018-03-12T11:00:00" Body="&lt;p&gt;So.&lt;/p&gt;" OwnerUserId="2" />
  <row Id="12" PostTypeId="2" ParentId="10" CreationDate="2018-03-12T12:00:00" Body="Own" OwnerUserId="1" />
  <row Id="13" PostTypeId="1" CreationDate="2018-03-13T10:00:00" Title="Gone" Body="x" Tags="|qubit|" />
  <row Id="14" PostTypeId="4" CreationDate="2018-03-13T10:00:00" Body="About qubits." OwnerUserId="1" />
  <row Id="15" PostTypeId="1" CreationDate="1950-03-13T10:00:00" Title="Old" Body="x" OwnerUserId="1" />
</posts>
"""
TAGS = '<tags>\n  <row Id="1" TagName="qubit" Count="2" ExcerptPostId="14" />\n</tags>\n'
COMMENTS = """<comments>
  <row Id="7" PostId="10" Text="see x &lt; y" CreationDate="2018-03-12T10:30:00" UserId="2" />
  <row Id="8" PostId="10" Text="thanks" CreationDate="2018-03-12T10:40:00" UserId="1" />
  <row Id="9" PostId="14" Text="on a wiki" CreationDate="2018-03-12T10:40:00" UserId="1" />
  <row Id="10" PostId="10" Text="by nobody" CreationDate="2018-03-12T10:40:00" UserDisplayName="x" />
</comments>
"""
LINKS = '<postlinks>\n  <row Id="1" CreationDate="2018-03-13T11:00:00" PostId="13" RelatedPostId="10" LinkTypeId="3" />\n</postlinks>\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"Users": USERS, "Posts": POSTS, "Tags": TAGS, "Comments": COMMENTS, "PostLinks": LINKS}
    for name, content in files.items():
        write(tmp_path, f"{name}.xml", content)
    return tmp_path


def test_a_dump_becomes_a_graph(folder: Path) -> None:
    source = stackexchange(folder)
    got = Collected(source, folder)
    assert set(got.nodes["User"]) == {"1", "2", "6"}
    ada = got.nodes["User"]["1"]
    assert (ada["name"], ada["bio"], ada["location"], ada["reputation"]) == ("Ada", "I like qubits & tea", "Bern", 101)
    assert not any("mail" in name.lower() for name in ada)
    assert "createdAt" not in got.nodes["User"]["2"]
    assert got.nodes["Item"]["10"]["text"] == "a < b"
    assert {key: row["kind"] for key, row in got.nodes["Item"].items()} == {
        "10": "question",
        "11": "answer",
        "12": "answer",
        "13": "question",
    }
    assert got.nodes["Topic"]["qubit"]["description"] == "About qubits."
    assert set(got.nodes["Topic"]) == {"qubit", "q#"}
    user = source.mapping.user
    assert "reputation" not in user.properties


def test_who_did_what(folder: Path) -> None:
    got = Collected(stackexchange(folder), folder)
    pairs = {kind: [(r["source"], r["target"]) for r in rows] for (_, kind, _), rows in got.links.items()}
    assert pairs["ASKED"] == [("1", "10")]
    assert pairs["ANSWERED"] == [("2", "11"), ("1", "12")]
    assert pairs["ANSWERS"] == [("11", "10"), ("12", "10")]
    assert pairs["LINKED"] == [("13", "10")]
    assert pairs["COMMENTED"] == [("2", "10"), ("1", "10")]
    assert pairs["REPLIED_TO"] == [("2", "1"), ("2", "1")]  # a comment and an answer; nobody replies to himself
    assert pairs["ABOUT"] == [("10", "qubit"), ("10", "q#"), ("13", "qubit")]
    tagged = [(r["source"], r["target"], r["eventId"], r["item"]) for r in got.links["User", "TAGGED", "Topic"]]
    assert ("2", "q#", "11", "10") in tagged
    assert len(tagged) == 6
    assert got.links["User", "COMMENTED", "Item"][0]["text"] == "see x < y"
    assert len({r["eventId"] for r in got.links["User", "REPLIED_TO", "User"]}) == 2


def test_broken_rows_are_put_aside_alone(folder: Path) -> None:
    got = Collected(stackexchange(folder), folder)
    assert got.rejected == [
        ("Users.xml", 7, None, "broken UTF-8"),
        ("Users.xml", 8, None, "broken XML (undefined entity)"),
        ("Users.xml", 9, None, "broken XML (unclosed token)"),
        ("Posts.xml", 7, "CreationDate", "time before 1970"),
        ("Comments.xml", 4, "PostId", "unknown item"),
        ("Comments.xml", 5, "UserId", "unknown user"),
    ]


def test_entities_are_never_declared(folder: Path) -> None:
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>\n<users>\n  <row Id="1" DisplayName="&b;" />\n</users>\n'
    )
    write(folder, "Users.xml", bomb)
    got = Collected(stackexchange(folder), folder)
    assert "User" not in got.nodes
    assert ("Users.xml", 3, None, "broken XML (undefined entity)") in got.rejected


def test_optional_and_missing_files(folder: Path) -> None:
    for name in ("Comments", "Tags", "PostLinks"):
        (folder / f"{name}.xml").unlink()
    got = Collected(stackexchange(folder), folder)
    assert got.quarantine.notes["Comments.xml is not there"] == 1
    assert set(got.nodes["Topic"]) == {"qubit", "q#"}
    write(folder, "Posts.xml", "")
    with pytest.raises(InputError, match="is empty"):
        stackexchange(folder)
    write(folder, "Posts.xml", "<posts></posts>")
    with pytest.raises(InputError, match="no <row"):
        stackexchange(folder)
    (folder / "Posts.xml").unlink()
    with pytest.raises(InputError, match=r"has no Posts\.xml"):
        stackexchange(folder)
