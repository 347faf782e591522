"""A server that speaks just enough Bolt to say who it is."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HANDSHAKE_BYTES = 20
NO_COMMON_VERSION = b"\x00\x00\x00\x00"


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port on which each connection is handed to `answer` in a thread."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

    def handle(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            answer(connection)

    server = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def bolt(agent: str, major: int, minor: int) -> Callable[[socket.socket], None]:
    """A server with this agent string and Bolt version that answers every message with success."""

    def answer(connection: socket.socket) -> None:
        connection.recv(HANDSHAKE_BYTES)
        connection.sendall(bytes([0, 0, minor, major]))
        facts = _string("server") + _string(agent) + _string("connection_id") + _string("bolt-1")
        success = b"\xb1\x70\xa2" + facts
        reply = len(success).to_bytes(2, "big") + success + b"\x00\x00"
        pending = b""
        while chunk := connection.recv(65_536):
            pending += chunk
            while b"\x00\x00" in pending:  # the end of a message; short ones hold no such bytes themselves
                _, pending = pending.split(b"\x00\x00", 1)
                connection.sendall(reply)

    return answer


def ancient(connection: socket.socket) -> None:
    """A server that shares no Bolt version with the driver."""
    connection.recv(HANDSHAKE_BYTES)
    connection.sendall(NO_COMMON_VERSION)


def _string(text: str) -> bytes:
    data = text.encode()
    return (bytes([0x80 + len(data)]) if len(data) < 16 else bytes([0xD0, len(data)])) + data
