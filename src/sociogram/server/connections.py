"""Connections that say nothing: each holds a file of the process, of which the system gives a limited number."""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 10.0  # for the head of a request to come whole
FILES_KEPT = 256  # for the database, models and answers under way


def raise_limit() -> int:
    """Let the process open as many files as the system lets it, and say how many connections may wait for a head."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # not on Windows

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        if most != resource.RLIM_INFINITY:
            return max(most // 4, most - FILES_KEPT)
    return 10_000


class Waiting:
    """Connections that owe us the head of a request, the one that has owed it longest first."""

    def __init__(self, most: int, seconds: float = HEAD_S) -> None:
        self.most, self.seconds = most, seconds
        self._owing: OrderedDict[HttpToolsProtocol, asyncio.TimerHandle] = OrderedDict()

    def add(self, one: HttpToolsProtocol) -> None:
        """From now on it owes one: closed when its time is over, or before that where too many wait."""
        if one in self._owing:
            return
        self._owing[one] = one.loop.call_later(self.seconds, self._close, one)
        if len(self._owing) > self.most:
            self._close(next(iter(self._owing)))

    def drop(self, one: HttpToolsProtocol) -> None:
        """It owes nothing any more."""
        if (timer := self._owing.pop(one, None)) is not None:
            timer.cancel()

    def _close(self, one: HttpToolsProtocol) -> None:
        self.drop(one)
        one.transport.close()

    def protocol(self) -> type[HttpToolsProtocol]:
        """What uvicorn makes of each connection: its own protocol, which tells us when a head is owed and when it has come."""
        waiting = self

        class Told(HttpToolsProtocol):
            def connection_made(self, transport: Any) -> None:
                super().connection_made(transport)
                waiting.add(self)

            def on_message_begin(self) -> None:
                super().on_message_begin()
                waiting.add(self)

            def on_headers_complete(self) -> None:
                waiting.drop(self)
                super().on_headers_complete()

            def connection_lost(self, exc: Exception | None) -> None:
                waiting.drop(self)
                super().connection_lost(exc)

        return Told
