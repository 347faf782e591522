"""What every request passes before its route: host, origin, size, load, time; then one line in the log."""

import asyncio
import json
import logging
import re
import time
import uuid
from collections.abc import Container
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sociogram.server.metrics import Metrics
from sociogram.server.problems import RETRY_AFTER_S, problem

LOG = logging.getLogger("sociogram.server")
REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
READING = ("GET", "HEAD", "OPTIONS")
LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Limits:
    """Of one server."""

    hosts: tuple[str, ...] = LOCAL  # names by which it may be called: a page elsewhere cannot reach it by its own name
    body: int = 1 << 20  # bytes
    under_way: int = 256  # requests; more are asked to come back
    seconds: float = 30.0  # for an answer to begin
    reading: float = 10.0  # seconds for the next piece of a body to come
    uploads: str | None = None  # beginning of the paths that take files
    upload: int = 1 << 30  # bytes of such a body
    upload_seconds: float = 900.0  # for it to come


@dataclass
class _Seen:
    id: str
    started: float = field(default_factory=time.perf_counter)
    status: int = 0
    late: bool = False


class TooLargeError(Exception):
    """A body beyond the limit."""


class TooSlowError(Exception):
    """A body that does not come."""


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, limits: Limits, metrics: Metrics) -> None:
        self.app, self.limits, self.metrics = app, limits, metrics
        self.under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] in ("http", "websocket") else Headers()
        if scope["type"] == "websocket" and not self._at_home(headers):
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most, seconds = self._roomy(scope)
        seen = _Seen(_request_id(headers.get("x-request-id")))
        refused = self._refused(scope["method"], headers, most)
        if refused is not None:
            await problem(*refused[:2], headers=refused[2])(scope, receive, self._telling(send, seen))
            self._told(scope, seen)
            return
        self.under_way += 1
        self.metrics.under_way.set(self.under_way)
        work = asyncio.ensure_future(self._run(scope, receive, send, seen, most))
        work.add_done_callback(lambda _: self._done())
        await asyncio.wait({work}, timeout=seconds)
        if not work.done() and not seen.status:  # a thread cannot be stopped: it goes on, and counts until it is done
            seen.late = True
            late = problem(504, f"no answer within {seconds:g} s. Ask for less, or later.")
            await late(scope, receive, self._telling(send, seen, late=True))
        elif not work.done():
            await asyncio.wait({work})
        if work.done():
            work.result()
        self._told(scope, seen)

    def _roomy(self, scope: Scope) -> tuple[int, float]:
        """How large the body may be, and how long the answer may take."""
        limits = self.limits
        if limits.uploads is not None and scope["method"] == "POST" and scope["path"].startswith(limits.uploads):
            return limits.upload, limits.upload_seconds
        return limits.body, limits.seconds

    def _at_home(self, headers: Headers) -> bool:
        """Whether a websocket is asked for under one of our names, and by a page of ours or by no page."""
        return self._of_ours(headers) and _one_of(headers.get("host", ""), self.limits.hosts)

    def _of_ours(self, headers: Headers) -> bool:
        """Whether a page of ours asks, or no page: on this machine another port is another page, though a cookie does not tell them apart."""
        origin = headers.get("origin")
        if not origin:
            return True
        host = origin.partition("://")[2]
        return _one_of(host, self.limits.hosts) and (not _one_of(host, LOCAL) or host == headers.get("host"))

    async def _run(self, scope: Scope, receive: Receive, send: Send, seen: _Seen, most: int) -> None:
        telling = self._telling(send, seen)
        try:
            await self.app(scope, self._limited(receive, most), telling)
        except TooLargeError:
            await problem(413, f"a request has {most:,} bytes at most.")(scope, receive, telling)
        except TooSlowError:
            await problem(408, "the body of the request did not come in time.")(scope, receive, telling)
        except Exception:  # the last resort: said in the log, not to who asked
            LOG.exception(json.dumps({"request": seen.id, "route": _route(scope)}))
            if not seen.status and not seen.late:
                await problem(500, f"something went wrong here. The log has it under {seen.id}.")(
                    scope, receive, telling
                )

    def _done(self) -> None:
        self.under_way -= 1
        self.metrics.under_way.set(self.under_way)

    def _refused(self, method: str, headers: Headers, most: int) -> tuple[int, str, dict[str, str]] | None:
        if not _one_of(headers.get("host", ""), self.limits.hosts):
            return 421, "this server is not known by that name. Give it with --allow-host where it is right.", {}
        if method not in READING and not self._of_ours(headers):
            return 403, "pages of another origin may not change anything here.", {}
        if (length := headers.get("content-length", "0")).isdigit() and int(length) > most:
            return 413, f"a request has {most:,} bytes at most, got {int(length):,}.", {}
        if self.under_way >= self.limits.under_way:
            return 503, "too many requests are under way. Try again soon.", {"Retry-After": str(RETRY_AFTER_S)}
        return None

    def _limited(self, receive: Receive, most: int) -> Receive:
        got, whole = 0, False

        async def limited() -> Message:
            nonlocal got, whole
            try:  # once the body is whole, what comes is that the client has gone: no hurry
                async with asyncio.timeout(None if whole else self.limits.reading):
                    message = await receive()
            except TimeoutError:
                raise TooSlowError from None
            got += len(message.get("body", b""))
            if got > most:
                raise TooLargeError
            whole = whole or not message.get("more_body")
            return message

        return limited

    def _telling(self, send: Send, seen: _Seen, late: bool = False) -> Send:
        async def telling(message: Message) -> None:
            if seen.late and not late:
                return  # it has been answered already
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = seen.id
            await send(message)

        return telling

    def _told(self, scope: Scope, seen: _Seen) -> None:
        took, route = time.perf_counter() - seen.started, _route(scope)
        self.metrics.requests.labels(route, scope["method"], seen.status).inc()
        self.metrics.seconds.labels(route).observe(took)
        line = {"request": seen.id, "method": scope["method"], "route": route, "status": seen.status}
        line |= {"ms": round(1000 * took, 1), "key": scope.get("state", {}).get("key")}
        LOG.info(json.dumps(line))


def _request_id(given: str | None) -> str:
    return given if given and REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _one_of(host: str, allowed: Container[str | None]) -> bool:
    """Whether a Host header, with or without a port, names one of the hosts."""
    try:
        return urlsplit(f"//{host}").hostname in allowed
    except ValueError:
        return False


def _route(scope: Scope) -> str:
    """The template: what stands in its braces is personal; what NiceGUI names itself has no end."""
    path = str(getattr(scope.get("route"), "path", "unknown"))
    return "/_nicegui" if "/_nicegui" in path else path
