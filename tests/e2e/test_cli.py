"""The command line's manners: exit codes, JSON, clear errors, nothing secret."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from running import Cli

from sociogram.config import Home
from sociogram.graph.server import ManagedServer


def test_asking_before_anything_was_published(cli: Cli) -> None:
    cli("load", "demo", "--users", "20", "--replace")
    assert "sociogram fit" in cli("profile", "u0001", code=1).stderr


def test_profile_and_its_json(published: Cli) -> None:
    me = json.loads(published("profile", "u0412", "--json").stdout)
    assert me["id"] == "u0412"
    assert len(me["embedding"]) == 128
    assert all(0 <= t["probability"] <= 1 for t in me["tags"])
    rows = json.loads(published("similar", "u0412", "-k", "5", "--json").stdout)
    assert len(rows) == 5
    assert all(r["reasons"] for r in rows)
    recommended = json.loads(published("recommend", "u0412", "-k", "5", "--json").stdout)
    assert [r["rank"] for r in recommended] == [1, 2, 3, 4, 5]


def test_similar_users_under_filters(published: Cli, tmp_path: Path) -> None:
    asked = ("similar", "u0412", "-k", "3", "--where", "city=Lyon", "--exclude", "u0001")
    told = json.loads(published(*asked, "--explain", "--json").stdout)
    assert len(told["rows"]) == 3
    assert told["plan"]["candidates"] >= 3
    vector = tmp_path / "v.json"
    vector.write_text(json.dumps(json.loads(published("profile", "u0412", "--json").stdout)["embedding"]))
    near = json.loads(published("similar", "--vector", str(vector), "-k", "5", "--where", "city=Lyon", "--json").stdout)
    assert {row["id"] for row in told["rows"]} <= {row["id"] for row in near} | {"u0412"}
    nobody = published("similar", "u0412", "--where", "city=Atlantis")
    assert nobody.stdout == ""
    assert "nobody with a profile satisfies city = 'Atlantis'. city is for instance" in nobody.stderr
    for arguments, message in (
        (("u0412", "-k", "0"), "k must be at least 1"),
        (("u0412", "--where", "town=Lyon"), "no User has a property 'town'"),
        (("u0412", "--cypher", "true) DETACH DELETE u //"), "has a comment"),
        (("--text", " "), "the description is empty"),
    ):
        failed = published("similar", *arguments, code=1).stderr
        assert message in failed
        assert "Traceback" not in failed


def test_a_new_topic_finds_its_users(published: Cli) -> None:
    rows = json.loads(
        published("interested", "bouldering", "--description", "climbing without a rope", "-k", "5", "--json").stdout
    )
    assert len(rows) == 5
    assert [r["probability"] for r in rows] == sorted((r["probability"] for r in rows), reverse=True)
    assert "needs a name" in published("interested", " ", code=1).stderr


def test_files_for_other_programs(published: Cli, tmp_path: Path) -> None:
    published("recommend", "--all", "-k", "20", "--out", str(tmp_path / "r.parquet"))
    published("tags", "--all", "--top", "100", "--out", str(tmp_path / "t.parquet"))
    published("embeddings", "User", "--out", str(tmp_path / "e.parquet"))
    recs = pd.read_parquet(tmp_path / "r.parquet")
    assert list(recs.columns) == ["user", "item", "rank", "score", "source"]
    assert recs["rank"].max() == 20
    published(
        "recommend",
        "--all",
        "-k",
        "5",
        "--where",
        "price<40",
        "--diversity",
        "0.3",
        "--out",
        str(tmp_path / "r.parquet"),
    )
    assert pd.read_parquet(tmp_path / "r.parquet")["rank"].max() == 5
    tags = pd.read_parquet(tmp_path / "t.parquet")
    assert list(tags.columns) == ["user", "topic", "name", "probability", "shown", "observed"]
    assert set(tags["observed"][tags["observed"]].index) <= set(tags["shown"][tags["shown"]].index)
    assert len(pd.read_parquet(tmp_path / "e.parquet")) == 450
    (tmp_path / "keys.txt").write_text("u0412\nu0007\n\n")
    said = published("embeddings", "User", "--out", str(tmp_path / "e.npy"), "--ids", str(tmp_path / "keys.txt")).stdout
    assert "2 vectors" in said
    assert "e.ids.parquet" in said
    assert np.load(tmp_path / "e.npy").shape[0] == 2
    assert list(pd.read_parquet(tmp_path / "e.ids.parquet")["id"]) == ["u0412", "u0007"]
    rows = json.loads(published("cypher", "MATCH (u:User {id: 'u0412'}) RETURN u.embedding AS e", "--json").stdout)
    np.testing.assert_array_equal(np.load(tmp_path / "e.npy")[0], np.float32(rows[0]["e"]))


def test_seen_items_are_left_out_unless_asked_for(published: Cli) -> None:
    query = "MATCH (:User {id: 'u0412'})-[:VIEWED|LIKED|BOUGHT|POSTED]->(i:Item) RETURN DISTINCT i.id AS id"
    seen = {row["id"] for row in json.loads(published("cypher", query, "--json").stdout)}
    plain = json.loads(published("recommend", "u0412", "-k", "20", "--json").stdout)
    every = json.loads(published("recommend", "u0412", "-k", "20", "--include-seen", "--json").stdout)
    assert not seen & {r["id"] for r in plain}
    assert {r["id"] for r in every if r["seen"]} <= seen


def test_recommendations_narrowed(published: Cli) -> None:
    rows = json.loads(
        published(
            "recommend", "u0412", "-k", "4", "--where", "price<40", "--where", 'kind=["book", "talk"]', "--json"
        ).stdout
    )
    assert len(rows) == 4
    assert {"source", "why", "reasons"} <= set(rows[0])
    assert len(json.loads(published("recommend", "u0412", "-k", "4", "--people", "--json").stdout)) == 4
    assert len(json.loads(published("recommend", "u0412", "-k", "4", "--topics", "--json").stdout)) == 4
    for wrong, said in (
        (("-k", "0"), "k must be at least 1"),
        (("--diversity", "2"), "diversity: expected a number from 0 to 1, got 2.0"),
        (("--popularity", "-2"), "popularity: expected a number from -1 to 1"),
        (("--where", "colour=red"), "has a property 'colour'"),
        (("--where", "kind=x' OR true OR 'a"), "no item is left by the filter"),
        (("--topic", "xyzzy"), "there is no topic 'xyzzy'"),
    ):
        done = published("recommend", "u0412", *wrong, code=1)
        assert said in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
    published("recommend", "u0412", "--people", "--topics", code=2)
    published("recommend", "u0412", "--where", "kind", code=2)


def test_influence_on_the_database(published: Cli, tmp_path: Path) -> None:
    found = published("influence", "maximise", "-k", "5", "--json").stdout
    (tmp_path / "seeds.json").write_text(found, encoding="utf-8")
    seeds = json.loads(found)
    assert len(seeds["seeds"]) == 5
    assert 5 <= seeds["certificate"]["lower"] <= seeds["spread"] * 1.05 <= seeds["certificate"]["upper"] * 1.05
    run = json.loads(
        published(
            "influence", "simulate", "--seeds-file", str(tmp_path / "seeds.json"), "--runs", "2000", "--json"
        ).stdout
    )
    assert run["spread"] >= seeds["certificate"]["lower"] - 1
    climbers = json.loads(published("influence", "maximise", "-k", "5", "--topic", "climbing", "--json").stdout)
    assert climbers["spread"] < seeds["spread"]
    assert "no topic" in published("influence", "maximise", "--topic", "xyzzy", code=1).stderr
    assert json.loads(published("influence", "attribute", "--json").stdout)["ties"]
    assert json.loads(published("influence", "test", "--json").stdout)["verdict"] == "homophily"  # as the demo is made
    assert "there is no user 'nobody'" in published("influence", "simulate", "nobody", code=1).stderr
    assert "k: expected" in published("influence", "maximise", "-k", "0", code=1).stderr


@pytest.fixture(scope="module")
def exported(published: Cli, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of the published demo."""
    folder = tmp_path_factory.mktemp("exported") / "s"
    published("snapshot", str(folder))
    return folder


@pytest.fixture(scope="module")
def second(published: Cli, exported: Path) -> dict[str, Any]:
    """What a fit of the snapshot says, which needs no database and publishes nothing."""
    done = published("fit", "--snapshot", str(exported), "--encoder", "light", "--seed", "7", "--json")
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_snapshot_without_database(published: Cli, second: dict[str, Any], tmp_path: Path) -> None:
    assert Path(second["report"]).exists()
    assert "is not a snapshot" in published("fit", "--snapshot", str(tmp_path), code=1).stderr


def test_runs_rollback_unpublish(published: Cli, second: dict[str, Any]) -> None:
    def live() -> str:
        runs = json.loads(published("runs", "--json").stdout)
        return str(next(r["run"] for r in runs if r["graph"] == "live"))

    first = live()
    published("publish", second["run"])
    assert live() == second["run"] != first
    assert "live" in published("runs").stdout
    assert first in published("rollback").stdout
    assert live() == first
    published("unpublish")
    left = published("cypher", "MATCH (n) WHERE n.embedding IS NOT NULL RETURN count(*) AS n", "--json").stdout
    assert json.loads(left) == [{"n": 0}]
    assert "nothing is published" in published("tags", "u0001", code=1).stderr
    published("publish", first)
    assert "interests" in published("profile", "u0412").stdout


def test_unknown_user_gets_the_nearest(published: Cli) -> None:
    error = published("profile", "u0412x", code=1).stderr
    assert "u0412" in error
    assert "Traceback" not in error


def test_usage_is_exit_code_2(cli: Cli) -> None:
    cli("fit", "--mode", "nonsense", code=2)
    cli("recommend", code=2)


def test_wrong_password_and_address(cli: Cli, server: ManagedServer) -> None:
    uri = server.start().uri
    wrong = cli("runs", "--uri", uri, code=1, NEO4J_PASSWORD="not-the-one-7351")
    assert "refused the user or password" in wrong.stderr
    assert "7351" not in wrong.stderr + wrong.stdout
    assert "no Neo4j answers" in cli("runs", "--uri", "bolt://127.0.0.1:1", code=1, NEO4J_PASSWORD="x").stderr
    assert "holds a user or password" in cli("runs", "--uri", "bolt://neo4j:hunter2@127.0.0.1:1", code=1).stderr


def test_graph_toml(published: Cli, tmp_path: Path) -> None:
    text = published("inspect").stdout
    (tmp_path / "graph.toml").write_text(text, encoding="utf-8")
    assert "fits the database" in published("inspect", "--check", str(tmp_path / "graph.toml")).stdout
    (tmp_path / "wrong.toml").write_text(
        text.replace('nodes."User"', 'nodes."Usr"').replace('= "User"', '= "Usr"'), encoding="utf-8"
    )
    assert "Did you mean 'User'" in published("inspect", "--check", str(tmp_path / "wrong.toml"), code=1).stderr
    assert "no such file" in published("fit", "--mapping", str(tmp_path / "none.toml"), code=1).stderr


def test_password_is_nowhere_but_in_its_file(published: Cli, home: Home, server: ManagedServer) -> None:
    password = server.password_file.read_text(encoding="utf-8")
    assert server.password_file.stat().st_mode & 0o077 == 0
    shown = published("db", "status", "--json").stdout + published("db", "logs", "-n", "1000").stdout
    assert password not in shown
    for file in (*home.runs.rglob("*.json"), *(server.path / "logs").glob("*")):
        assert password not in file.read_text(encoding="utf-8", errors="replace"), file


def test_queries_by_name(published: Cli, tmp_path: Path) -> None:
    assert "similar_users" in published("queries").stdout
    rows = json.loads(published("query", "users_by_tag", "--param", "topic=climbing", "-p", "k=3", "--json").stdout)
    assert len(rows) == 3
    shown = published("query", "users_by_tag", "--show").stdout
    assert shown.startswith("// The users interested in a topic")
    assert "$topic" in shown
    assert "id " in published("query", "similar/similar_users", "-p", "user=u0042").stdout.splitlines()[0]
    assert "segment" in published("query", "segments").stdout.splitlines()[0]
    assert "no rows" in published("query", "newcomers").stderr
    (tmp_path / "bad.cypher").write_text("// Takes all away.\nMATCH (n:User) DETACH DELETE n\n")
    for wrong, error in (
        (("users_by_tag",), "error: users_by_tag needs topic"),
        (("users_by_tag", "-p", "topic=climbing", "-p", "kk=1"), "has no parameter 'kk'"),
        (("users_by_tag", "-p", "topic=climbing", "-p", "k=0"), "k must be a whole number of at least 1, got '0'"),
        (("bad", "--folder", str(tmp_path)), "bad.cypher would write (DELETE)"),
        (("bad", "--folder", str(tmp_path / "none")), "no such folder"),
    ):
        done = published("query", *wrong, code=1)
        assert error in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
    published("query", "users_by_tag", "-p", "topic", code=2)
