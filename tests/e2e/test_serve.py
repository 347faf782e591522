"""The server as a process of its own on a published demo: what programs ask it, and what they must not get."""

import json
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pyarrow as pa
import pytest
from running import Cli, serving

from sociogram.client import Client
from sociogram.errors import AuthenticationFailed, DatabaseUnavailable, InputError, NotFoundError

USER = "u0012"
FILES = 900  # that the server may open


@dataclass
class Served:
    """A running server and its first key."""

    process: "subprocess.Popen[str]"
    client: httpx.Client
    address: str
    key: str

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.client.post(path, json=body)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(path, **options)


@pytest.fixture(scope="module")
def served(published: Cli, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("serve") / "log"
    with serving(environment, log, files=FILES) as process:
        found = re.search(r"once: (sg_\S+)\nServing on (\S+)", log.read_text())
        assert found
        key, address = found.groups()
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
            yield Served(process, client, address, key)
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert {line["status"] for line in lines if "status" in line} >= {200, 401, 403, 404, 413, 422}
    assert {line["status"] for line in lines if line.get("status", 0) >= 500} <= {503}
    assert USER not in log.read_text()


def test_profile_tags_and_reasons(served: Served) -> None:
    profile = served.get(f"/v1/users/{USER}").json()
    assert profile["id"] == USER
    assert profile["sentence"]
    assert "embedding" not in profile
    assert len(served.get(f"/v1/users/{USER}", params={"embedding": True}).json()["embedding"]) > 8
    tags = served.get(f"/v1/users/{USER}/tags").json()
    assert [t["name"] for t in tags] == [t["name"] for t in profile["tags"]]
    predicted = next(t["name"] for t in tags if not t["observed"])
    claim = served.get(f"/v1/users/{USER}/explain", params={"tag": predicted}).json()
    assert (claim["claim"], claim["name"]) == ("tag", predicted)
    assert claim["rest"] + sum(r["share"] for r in claim["reasons"]) == pytest.approx(1, abs=0.01)


def test_similar_by_user_words_and_vector(served: Served) -> None:
    rows = served.post("/v1/similar", {"user": USER, "k": 5, "where": {"city": ["Leipzig", "Lyon"]}}).json()["rows"]
    assert len(rows) == 5
    assert all(row["reasons"] for row in rows)
    cities = {served.get(f"/v1/users/{row['id']}").json()["properties"]["city"] for row in rows}
    assert cities <= {"Leipzig", "Lyon"}
    words = served.post("/v1/similar", {"text": "climbers who bake", "k": 4}).json()
    assert len(words["rows"]) == 4
    vector = served.get(f"/v1/users/{USER}", params={"embedding": True}).json()["embedding"]
    near = served.post("/v1/similar", {"vector": vector, "k": 2, "explain": True}).json()
    assert near["rows"][0]["id"] == USER
    assert near["plan"]


def test_recommend_influence_segments_queries_and_runs(served: Served) -> None:
    items = served.post("/v1/recommend", {"user": USER, "k": 4}).json()
    assert [row["rank"] for row in items] == [1, 2, 3, 4]
    people = served.post("/v1/recommend", {"user": USER, "k": 2, "what": "people"}).json()
    assert {row["what"] for row in people} == {"people"}
    seeds = served.post("/v1/influence/maximise", {"k": 2}).json()
    reach = served.post("/v1/influence/simulate", {"seeds": [s["id"] for s in seeds["seeds"]], "runs": 1000}).json()
    assert reach["spread"] == pytest.approx(seeds["spread"], rel=0.1)
    assert sum(s["users"] for s in served.get("/v1/segments").json()) == 450
    names = [q["name"] for q in served.get("/v1/queries").json()]
    assert {"similar_users", "influencers"} & set(names)
    found = served.post("/v1/queries/segments", {"limit": 1}).json()
    assert len(found["rows"]) == 1 < found["total"]
    assert [run["state"] for run in served.get("/v1/runs").json()][:1] == ["live"]


def test_embeddings_are_a_stream_of_arrow(served: Served) -> None:
    answer = served.get("/v1/embeddings/User")
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.num_rows == 450
    mine = table.column("id").to_pylist().index(USER)
    vector = served.get(f"/v1/users/{USER}", params={"embedding": True}).json()["embedding"]
    np.testing.assert_allclose(table.column("embedding")[mine].as_py(), vector, atol=1e-6)


WRONG: list[tuple[str, Any, int]] = [
    ("/v1/similar", {"user": USER, "k": 0}, 422),
    ("/v1/similar", {"user": USER, "k": 10**6}, 422),
    ("/v1/similar", {"user": USER, "text": "two of them"}, 422),
    ("/v1/similar", {}, 422),
    ("/v1/similar", {"user": "nobody at all"}, 404),
    ("/v1/similar", {"user": "a\0b"}, 422),
    ("/v1/similar", {"user": 1 << 80}, 422),
    ("/v1/similar", {"user": True}, 422),
    ("/v1/similar", {"user": USER, "surprise": 1}, 422),
    ("/v1/similar", {"vector": [0.0] * 8}, 422),
    ("/v1/similar", {"vector": []}, 422),
    ("/v1/similar", {"user": USER, "where": {"nope": 1}}, 422),
    ("/v1/similar", {"user": USER, "where": {"city": {"like": "x"}}}, 422),
    ("/v1/similar", {"user": USER, "where": {"cypher": "u.age > 1 SET u.age = 0"}}, 422),
    ("/v1/similar", {"user": USER, "where": {"city": "x' OR 1=1 //"}}, 200),
    ("/v1/similar", {"text": ""}, 422),
    ("/v1/recommend", {"user": USER, "what": "nothing"}, 422),
    ("/v1/recommend", {"user": USER, "diversity": 2}, 422),
    ("/v1/queries/no_such_query", {}, 404),
    ("/v1/queries/..%2f..%2fetc%2fpasswd", {}, 404),
    ("/v1/queries/segments", {"parameters": {"nope": 1}}, 422),
    ("/v1/influence/simulate", {"seeds": []}, 422),
    ("/v1/influence/simulate", {"seeds": ["nobody at all"]}, 404),
    ("/v1/runs/no-such-run/rollback", {}, 404),
]


@pytest.mark.parametrize(("path", "body", "status"), WRONG, ids=range(len(WRONG)))
def test_wrong_input_is_told_what_is_wrong(served: Served, path: str, body: Any, status: int) -> None:
    answer = served.post(path, body)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]


def test_broken_bodies(served: Served) -> None:
    for body in (b"", b"{", b"[]", b"\xff\xfe", b'{"user": "\\ud800"}', b"nul", b'{"k": NaN, "user": "u0012"}'):
        answer = served.client.post("/v1/similar", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, (body, answer.text)
    assert served.client.post("/v1/similar", content=b"x" * (2 << 20)).status_code == 413
    assert served.get(f"/v1/users/{USER}/explain", params={"tag": "a\0b"}).status_code == 422


def test_no_request_breaks_it(served: Served, environment: dict[str, str]) -> None:
    """What the API's own description allows, and what it does not: answered as it says, and never with 5xx."""
    checks = (
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth"
    )
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", f"{served.address}/v1/openapi.json"]
    command += ["--header", f"Authorization: Bearer {served.key}", "--checks", checks, "--phases", "examples,fuzzing"]
    command += ["--max-examples", "5", "--seed", "0", "--generation-database", "none", "--no-color"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
    assert "Failures" not in done.stdout


def test_a_thousand_connections_that_say_little(served: Served) -> None:
    host, port = urlsplit(served.address).hostname, urlsplit(served.address).port
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with ExitStack() as open_ones:
        for i in range(1_000):
            one = open_ones.enter_context(socket.create_connection((host, port), timeout=10))
            one.sendall(b"" if i % 2 else b"POST /v1/similar HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        with httpx.Client(base_url=served.address, headers=served.client.headers, timeout=60) as newcomer:
            assert newcomer.post("/v1/similar", json={"user": USER, "k": 3}).status_code == 200
            assert newcomer.get("/v1/health").status_code == 200
    assert served.get(f"/v1/users/{USER}").status_code == 200


def test_keys_and_scopes(served: Served, published: Cli) -> None:
    reader = published("keys", "add", "reader", "--scope", "read").stdout.strip()
    bare = httpx.Client(base_url=served.address, timeout=60)
    assert bare.get("/v1/health").status_code == 200
    assert bare.get("/v1/runs").status_code == 401
    assert bare.get("/v1/runs", headers={"Authorization": "Bearer sg_wrong"}).status_code == 401
    as_reader = {"Authorization": f"Bearer {reader}"}
    assert bare.get("/v1/runs", headers=as_reader).status_code == 200
    refused = bare.post("/v1/runs/r1/rollback", headers=as_reader)
    assert refused.status_code == 403
    assert "admin" in refused.json()["detail"]
    published("keys", "remove", "reader")
    assert bare.get("/v1/runs", headers=as_reader).status_code == 401
    assert "reader" not in published("keys", "list").stdout
    bare.close()


def test_a_port_that_is_taken(served: Served, published: Cli) -> None:
    port = served.address.rsplit(":", 1)[1]
    said = published("serve", "--port", port, code=1).stderr
    assert f"cannot listen on 127.0.0.1, port {port}" in said


def test_the_description_of_the_api(served: Served) -> None:
    found = served.get("/v1/openapi.json").json()
    assert {"/v1/similar", "/v1/users/{user}", "/v1/embeddings/{label}"} <= set(found["paths"])
    assert '"ge"' not in json.dumps(found)  # a limit that JSON Schema does not know


def test_the_examples_of_the_description_are_true(served: Served) -> None:
    found = served.get("/v1/openapi.json").json()
    tried = 0
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            example = (
                operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("example")
            )
            if example is None:
                continue
            where = path.replace("{user}", "u0412").replace("{name}", "users_by_tag")
            if method == "get":
                tag = {"tag": served.get("/v1/users/u0412/tags").json()[0]["name"]}
                answers = [served.get(where, params=tag if path.endswith("explain") else {})]
            else:
                schema = found["components"]["schemas"]
                body = schema[operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]]
                bodies = body.get("examples") or [
                    {n: p["examples"][0] for n, p in body["properties"].items() if "examples" in p}
                ]
                answers = [served.post(where, body) for body in bodies]
            for answer in answers:
                assert answer.status_code == 200, (path, answer.text)
                assert shape(example) == shape(answer.json()), path
                tried += 1
    assert tried >= 12


def shape(value: Any) -> Any:
    """Names down to the rows, whatever there is in them; what is free in the graph, and a note, are left out."""
    if isinstance(value, dict):
        free = ("attributes", "properties", "metrics", "path")
        return {name: None if name in free else shape(v) for name, v in value.items() if name != "note"}
    if isinstance(value, list):
        return [shape(value[0])] if value and isinstance(value[0], dict) else []
    return None


def test_the_client_gives_what_the_engine_gives(
    served: Served, published: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOCIOGRAM_KEY", served.key)
    told = json.loads(published("similar", USER, "-k", "3", "--json").stdout)
    with Client(served.address) as client:
        rows = client.similar(USER, k=3)
        for row, said in zip(rows, told, strict=True):  # the database's cosines differ in the last digits
            expected = said | {"cosine": pytest.approx(said["cosine"])}
            assert asdict(row) | {"reasons": row.reasons} == expected
        assert client.profile(USER)["name"] == client.query("profile_of", user=USER)[0]["name"]
        assert [t.name for t in client.tags(USER)] == [t["name"] for t in client.profile(USER)["tags"]]
        assert [r.rank for r in client.recommend(USER, k=2, what="people")] == [1, 2]
        vectors = client.embeddings("User")
        assert (len(vectors), vectors.run) == (450, client.runs()[0]["id"])
        assert client.similar(vector=vectors.vectors[vectors.row[USER]], k=1)[0].id == USER
        with pytest.raises(NotFoundError, match="there is no User 'a/b'"):
            client.profile("a/b")
        with pytest.raises(InputError, match="user"):
            client.similar("x\0y")
        with pytest.raises(NotFoundError, match="no_such"):
            client.query("no_such")
    with Client(served.address, "sg_wrong") as nobody, pytest.raises(AuthenticationFailed, match="not known here"):
        nobody.runs()
    with Client("http://127.0.0.1:9") as lost, pytest.raises(DatabaseUnavailable, match="sociogram serve"):
        lost.runs()


def test_neo4j_goes_and_comes_back(served: Served, published: Cli) -> None:
    published("db", "stop")
    gone = served.get(f"/v1/users/{USER}")
    assert gone.status_code == 503, gone.text
    assert gone.headers["retry-after"]
    assert served.get("/v1/health").status_code == 200
    assert served.get("/v1/ready").status_code == 503
    published("db", "start")
    deadline = time.monotonic() + 60
    while served.get(f"/v1/users/{USER}").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.5)
