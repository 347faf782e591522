"""Who comes in: every page, file and websocket of the explorer needs somebody who is signed in."""

import asyncio
import html
import math
import re
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sociogram.explorer.plain import wait_page
from sociogram.explorer.site import PREFIX, Site, client_of
from sociogram.explorer.words import Words, language_of
from sociogram.server.limits import RateLimits
from sociogram.server.problems import problem

HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")
OPEN = ("/signin", "/favicon.ico")
OURS = "/_nicegui"  # scripts, styles and uploads: a page brings many of them
ALIVE = ("2", "3")  # messages of Engine.IO that hold nothing: ping and pong
# everything from this server: nothing that a name or a bio could hold is ever fetched from elsewhere, and no page may frame us
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws://{host} wss://{host}; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)


class Gate:
    """ASGI middleware inside the session's."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app, self.site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(PREFIX)
        who = self.site.who(scope.get("session") or {})
        if scope["type"] == "http":
            send = _guarded(send, Headers(scope=scope).get("host", ""))  # one of ours: the guard has looked
        if who is not None:
            scope.setdefault("state", {})["key"] = who.name
            session = f"{who.name} {client_of(HTTPConnection(scope))}"
            if scope["type"] == "websocket":
                receive = _paced(receive, self.site.events, session)
            elif not path.startswith((OURS, *OPEN)) and (seconds := math.ceil(self.site.pages.wait(session))):
                await _later(scope, receive, send, seconds)
                return
        if who is not None or path in OPEN:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._refuse(scope, receive, send, path)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        headers = Headers(scope=scope)
        if scope["method"] != "GET" or "text/html" not in headers.get("accept", ""):
            await problem(401, "sign in first, or ask the API with a key.")(scope, receive, send)
            return
        asked = path + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        if headers.get("sec-fetch-site") == "cross-site":  # a link from elsewhere brings no cookie: ask again from here
            again = html.escape(PREFIX + asked, quote=True)
            page = f'<!doctype html><meta http-equiv="refresh" content="0;url={again}"><title>Sociogram</title>'
            await HTMLResponse(page)(scope, receive, send)
            return
        await RedirectResponse(f"{PREFIX}/signin?next={quote(asked)}", 303)(scope, receive, send)


async def _later(scope: Scope, receive: Receive, send: Send, seconds: int) -> None:
    headers, again = Headers(scope=scope), {"Retry-After": str(seconds)}
    if "text/html" in headers.get("accept", ""):
        language = language_of(scope.get("session") or {}, headers)
        await HTMLResponse(wait_page(Words(language), seconds), 429, again)(scope, receive, send)
    else:
        said = "more pages than are answered at once. Ask again after the seconds of Retry-After."
        await problem(429, said, headers=again)(scope, receive, send)


def _paced(receive: Receive, limits: RateLimits, session: str) -> Receive:
    """Events beyond the rate wait for their turn: a page in the hands of a person is never so fast, and stays as it is if it ever is."""

    async def paced() -> Message:
        message = await receive()
        if message["type"] == "websocket.receive" and message.get("text") not in ALIVE:
            while wait := limits.wait(session):
                await asyncio.sleep(wait)
        return message

    return paced


def _guarded(send: Send, host: str) -> Send:
    policy = POLICY.replace("{host}", host if HOST.fullmatch(host) else "localhost")

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = policy
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "same-origin"
        await send(message)

    return sending
