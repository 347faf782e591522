"""Who is closed when connections say nothing, on a small application behind a real uvicorn."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from sociogram.server.connections import Waiting

LONG = 60.0
HALF = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
WHOLE = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


@contextmanager
def answering(waiting: Waiting) -> Iterator[tuple[str, int]]:
    config = uvicorn.Config(hello, http=waiting.protocol(), lifespan="off", log_level="error", timeout_keep_alive=60)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield listening.getsockname()[:2]
        finally:
            server.should_exit = True
            thread.join()


def ended(one: socket.socket, within: float) -> bool:
    """Whether the server closes it in that time."""
    one.settimeout(within)
    try:
        return one.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def test_the_oldest_of_too_many_is_closed_and_whoever_asks_is_answered() -> None:
    with answering(Waiting(3, LONG)) as address:
        silent = []
        for i in range(5):
            silent.append(socket.create_connection(address))
            silent[-1].sendall(HALF if i % 2 else b"")
            assert httpx.get(f"http://{address[0]}:{address[1]}/").text == "hi"
        assert ended(silent[0], 5)
        assert ended(silent[1], 5)
        assert not ended(silent[4], 0.2)
        for one in silent:
            one.close()


@pytest.mark.parametrize("begin", [b"", HALF, WHOLE + HALF], ids=["nothing", "half a head", "half a second head"])
def test_a_head_that_does_not_come_is_not_waited_for(begin: bytes) -> None:
    with answering(Waiting(3, 0.5)) as address, socket.create_connection(address) as one:
        one.sendall(begin)
        one.settimeout(5)
        started, got = time.monotonic(), b""
        while piece := one.recv(4096):
            got += piece
        assert 0.3 < time.monotonic() - started < 4
        assert got.endswith(b"hi") == begin.startswith(WHOLE)


def test_between_two_requests_nothing_is_owed() -> None:
    with answering(Waiting(3, 0.3)) as address, socket.create_connection(address) as one:
        for _ in range(2):
            one.sendall(WHOLE)
            got = b""
            while not got.endswith(b"hi"):
                piece = one.recv(4096)
                assert piece
                got += piece
            time.sleep(0.6)
