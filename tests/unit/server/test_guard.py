"""What the guard lets through, on a small application without an Engine."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from sociogram.server.guard import Guard, Limits
from sociogram.server.metrics import Metrics
from sociogram.server.problems import handle_errors

SECRET = "grandmother's maiden name"


def client(limits: Limits) -> tuple[TestClient, threading.Event, threading.Semaphore]:
    app, go, metrics, begun = FastAPI(), threading.Event(), Metrics(), threading.Semaphore(0)
    handle_errors(app)

    @app.get("/users/{user}")
    def user(user: str) -> str:
        return user

    @app.get("/slow")
    def slow() -> str:
        begun.release()
        go.wait(20)
        return "done"

    @app.post("/echo")
    async def echo(request: Request) -> int:
        return len(await request.body())

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError(SECRET)

    @app.get("/metrics")
    def figures() -> str:
        return metrics.text().decode()

    app.add_middleware(Guard, limits=limits, metrics=metrics)
    return TestClient(app, base_url="http://localhost:8765", raise_server_exceptions=False), go, begun


@pytest.fixture
def plain() -> Iterator[TestClient]:
    made, go, _ = client(Limits(body=1000, under_way=2, seconds=0.5))
    yield made
    go.set()


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "[", "127.0.0.1.nip.io:8765"])
def test_only_known_names(plain, host):
    answer = plain.get("/users/1", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9", "[::1]:8765", "LOCALHOST:1"])
def test_known_names(plain, host):
    assert plain.get("/users/1", headers={"Host": host}).status_code == 200


def test_pages_from_elsewhere_may_read_nothing_new_and_change_nothing(plain):
    assert plain.post("/echo", content=b"x", headers={"Origin": "https://evil.example"}).status_code == 403
    assert plain.post("/echo", content=b"x", headers={"Origin": "null"}).status_code == 403
    for origin in ("http://localhost:3000", "http://127.0.0.1:8765", "http://[", "localhost:8765"):
        headers = {"Origin": origin, "Host": "localhost:8765"}
        assert plain.post("/echo", content=b"x", headers=headers).status_code == 403, origin
    own = {"Origin": "http://localhost:8765", "Host": "localhost:8765"}
    assert plain.post("/echo", content=b"x", headers=own).status_code == 200
    answer = plain.get("/users/1", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_bodies_are_bounded_whether_announced_or_not(plain):
    assert plain.post("/echo", content=b"x" * 1000).text == "1000"
    assert plain.post("/echo", content=b"x" * 1001).status_code == 413
    assert plain.post("/echo", content=iter([b"x" * 600, b"x" * 600])).status_code == 413


def test_an_answer_that_takes_too_long_is_given_up_and_still_counts():
    made, go, _ = client(Limits(under_way=1, seconds=0.2))
    started = time.monotonic()
    with made:  # one event loop for both: the first request's thread goes on
        late = made.get("/slow")
        assert late.status_code == 504
        assert time.monotonic() - started < 5
        busy = made.get("/users/1")
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "2")
        go.set()
        for _ in range(100):
            if made.get("/users/1").status_code == 200:
                break
            time.sleep(0.05)
        assert made.get("/users/1").status_code == 200


def test_more_than_it_can_hold_are_asked_to_come_back():
    made, go, begun = client(Limits(under_way=2, seconds=10))
    with made, ThreadPoolExecutor(2) as pool:
        held = [pool.submit(made.get, "/slow") for _ in range(2)]
        assert all(begun.acquire(timeout=10) for _ in held)
        refused = made.get("/users/1")
        go.set()
        assert refused.status_code == 503
        assert [h.result().status_code for h in held] == [200, 200]


def test_request_ids_are_taken_where_they_are_harmless(plain):
    assert plain.get("/users/1", headers={"X-Request-ID": "a-1.b"}).headers["x-request-id"] == "a-1.b"
    assert "\n" not in plain.get("/users/1", headers={"X-Request-ID": "a b"}).headers["x-request-id"]
    assert plain.get("/users/1").headers["x-request-id"] != plain.get("/users/1").headers["x-request-id"]


def test_the_log_is_json_without_personal_data_and_an_error_stays_here(plain, caplog):
    with caplog.at_level(logging.INFO, "sociogram.server"):
        plain.get("/users/ada@example.org?token=abc")
        broken = plain.get("/broken")
    assert broken.status_code == 500
    assert SECRET not in broken.text
    lines = [json.loads(r.message) for r in caplog.records if r.name == "sociogram.server"]
    assert [line["route"] for line in lines if "status" in line] == ["/users/{user}", "/broken"]
    assert "ada" not in caplog.text
    assert "abc" not in caplog.text
    assert broken.headers["x-request-id"] in [line["request"] for line in lines]


def test_figures_count_by_template(plain):
    for user in "abc":
        plain.get(f"/users/{user}")
    plain.get("/nowhere/at/all")
    text = plain.get("/metrics").json()
    assert 'sociogram_requests_total{method="GET",route="/users/{user}",status="200"} 3.0' in text
    assert 'route="unknown",status="404"' in text
