"""Each `sociogram load` command on files of its kind, twice: the second time changes nothing."""

import json
from pathlib import Path

import networkx as nx
import pytest
from running import Cli
from unit.loaders.helpers import write
from unit.loaders.test_lastfm import FILES as LASTFM
from unit.loaders.test_stackexchange import COMMENTS, LINKS, POSTS, TAGS, USERS

from sociogram.config import Home


def counts(cli: Cli) -> dict[str, int]:
    query = (
        "MATCH (n) UNWIND labels(n) AS what RETURN what, count(*) AS n ORDER BY what "
        "UNION ALL MATCH ()-[r]->() RETURN type(r) AS what, count(*) AS n ORDER BY what"
    )
    return {row["what"]: row["n"] for row in json.loads(cli("cypher", query, "--json").stdout)}


def lastfm(folder: Path) -> list[str]:
    for name, content in LASTFM.items():
        write(folder, name, content)
    return ["lastfm", str(folder)]


def stackexchange(folder: Path) -> list[str]:
    for name, content in {
        "Users": USERS,
        "Posts": POSTS,
        "Tags": TAGS,
        "Comments": COMMENTS,
        "PostLinks": LINKS,
    }.items():
        write(folder, f"{name}.xml", content)
    return ["stackexchange", str(folder)]


def networkx(folder: Path) -> list[str]:
    nx.write_graphml(nx.karate_club_graph(), folder / "karate.graphml")
    return ["networkx", str(folder / "karate.graphml")]


def csv(folder: Path) -> list[str]:
    people = write(folder, "people.csv", "uid,name\n1,Ann\n2,Bob\n")
    follows = write(folder, "follows.csv", "from,to\n1,2\n2,7\n")
    ratings = write(folder, "ratings.csv", "user,item,rating,at\n1,a,5,2020-01-01\n2,b,4,2020-01-02\n")
    return ["csv", *map(str, (people, follows, ratings))]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (lastfm, {"User": 2, "Item": 2, "KNOWS": 2, "LISTENED": 2}),
        (stackexchange, {"User": 3, "Item": 4, "ASKED": 1, "ANSWERED": 2, "REPLIED_TO": 2}),
        (networkx, {"User": 34, "KNOWS": 156}),
        (csv, {"User": 2, "Item": 2, "KNOWS": 1, "RATED": 2}),
    ],
)
def test_load_twice(cli: Cli, tmp_path: Path, files: object, expected: dict[str, int]) -> None:
    command = files(tmp_path)  # type: ignore[operator]
    first = json.loads(cli("load", *command, "--replace", "--json").stdout)
    found = counts(cli)
    assert {name: found.get(name) for name in expected} == expected
    again = cli("load", *command)
    assert counts(cli) == found
    assert "kept" in again.stdout
    if first["quarantine"]:
        assert Path(first["quarantine"]).exists()
    assert "sociogram fit" in cli("recommend", "1", code=1).stderr


def test_the_demo_compares_with_what_was_planted(cli: Cli, home: Home) -> None:
    left = home.runs / f".snapshot-{2**22 + 1}-of-a-killed-fit"  # no process has a number above 2^22
    left.mkdir(parents=True)
    cli("load", "demo", "--users", "20", "--replace")  # whatever the tests before left is not a community
    shown = cli("demo", "--users", "300", "--encoder", "light").stdout
    assert "planted interests found" in shown
    report = Path(shown.split("report: ")[1].split()[0]).with_name("report.json")
    planted = json.loads(report.read_text(encoding="utf-8"))["planted"]
    assert 0 < planted["recall"] <= 1
    assert planted["users"] > 10
    assert not left.exists()


def test_a_demo_in_jargon(cli: Cli) -> None:
    query = "MATCH (u:User) RETURN u.bio AS bio ORDER BY u.id"
    cli("load", "demo", "--users", "40", "--replace")
    plain = json.loads(cli("cypher", query, "--json").stdout)
    told = cli("load", "demo", "--users", "40", "--jargon", ".5", "--json")
    report = json.loads(told.stdout)
    assert report["source"] == "demo-40-0-jargon-0.5-0"
    assert report["removed"].startswith("the demo community")
    found = json.loads(cli("cypher", query, "--json").stdout)
    assert len(found) == len(plain)
    assert found != plain
    names = {row["name"] for row in json.loads(cli("cypher", "MATCH (t:Topic) RETURN t.name AS name", "--json").stdout)}
    assert "climbing" in names
    assert "from 0 to 1, got 50" in cli("load", "demo", "--jargon", "50", code=1).stderr


def test_a_dump_in_jargon(cli: Cli, tmp_path: Path) -> None:
    command = stackexchange(tmp_path)
    cli("load", *command, "--replace")
    assert "same data in other words" in cli("load", *command, "--jargon", "1", code=1).stderr
    cli("load", *command, "--jargon", "1", "--replace")
    before = counts(cli)
    cli("load", *command, "--jargon", "1")
    assert counts(cli) == before
