"""Signing in by key, or by the link that the terminal shows; signing out; language and theme."""

import html
import math
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sociogram.explorer.plain import plain_page
from sociogram.explorer.site import PREFIX, Site, client_of
from sociogram.explorer.words import LANGUAGES, Words, language_of

Next = Annotated[str, Query(max_length=2000)]


def routes(site: Site) -> APIRouter:
    """Plain pages: whoever is not signed in gets nothing of the application."""
    router = APIRouter(include_in_schema=False)

    @router.get("/signin")
    def page(request: Request, code: Annotated[str, Query(max_length=200)] = "", next: Next = "/") -> Response:
        words = Words(language_of(request.session, request.headers))
        if code and (refused := _refused(site, request, words, next)):
            return refused
        if code and site.codes.take(code):
            return _in(request, {"boot": site.boot}, next)
        if code:
            site.tries.wait(client_of(request))
        if site.who(request.session) is not None:
            return RedirectResponse(PREFIX + _own(next), 303)
        said = words(
            "This link was used already, or is too old. Paste a key, or start `sociogram serve` again for a new link."
        )
        return HTMLResponse(_page(words, said if code else "", next), 403 if code else 200)

    @router.post("/signin")
    def enter(
        request: Request,
        key: Annotated[str, Form(max_length=500)] = "",
        next: Annotated[str, Form(max_length=2000)] = "/",
    ) -> Response:
        words = Words(language_of(request.session, request.headers))
        if refused := _refused(site, request, words, next):
            return refused
        found = site.keys.find(key.strip()) if site.keys is not None else None
        if found is None:
            site.tries.wait(client_of(request))
            return HTMLResponse(
                _page(words, words("This key is not known here. Make one: sociogram keys add NAME"), next), 403
            )
        return _in(request, {"key": found.digest}, next)

    @router.post("/signout")
    def leave(request: Request) -> Response:
        _begin(request, {})
        return RedirectResponse(f"{PREFIX}/signin", 303)

    @router.get("/prefer")
    def prefer(request: Request, lang: str = "", dark: str = "", next: Next = "/") -> Response:
        if lang in LANGUAGES:
            request.session["lang"] = lang
        if dark in ("on", "off"):
            request.session["dark"] = dark == "on"
        return RedirectResponse(PREFIX + _own(next), 303)

    return router


def _refused(site: Site, request: Request, words: Words, next: str) -> Response | None:
    """Whoever was wrong too often has to wait, whatever they come with: else the answer would tell whether it is right."""
    seconds = math.ceil(site.tries.wait(client_of(request), 0))
    if not seconds:
        return None
    said = words("Too many wrong tries. Try again in {n} seconds.", n=seconds)
    return HTMLResponse(_page(words, said, next), 429, {"Retry-After": str(seconds)})


def _in(request: Request, who: dict[str, str], next: str) -> Response:
    _begin(request, who)
    return RedirectResponse(PREFIX + _own(next), 303)


def _begin(request: Request, who: dict[str, str]) -> None:
    """A new session, since one of before is nobody's now; language and theme stay."""
    kept: dict[str, Any] = {name: request.session[name] for name in ("lang", "dark") if name in request.session}
    request.session.clear()
    request.session.update(kept | who)


def _own(path: str) -> str:
    """A path of ours: never another site, however it is written."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path else "/"


def _page(words: Words, said: str, next: str) -> str:
    shown = f'<p role="alert" class="said">{html.escape(said)}</p>' if said else ""
    return plain_page(
        words,
        f"""<form class="card" method="post" action="{PREFIX}/signin">
<h1>Sociogram</h1><p>{html.escape(words("Profiles of people are shown to those who have a key."))}</p>{shown}
<label for="key">{html.escape(words("Key"))}</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus placeholder="sg_…">
<input type="hidden" name="next" value="{html.escape(next, quote=True)}">
<button>{html.escape(words("Sign in"))}</button>
<p><small>{html.escape(words("The terminal that runs the server shows a link that signs you in without one."))}</small></p>
</form>""",
    )
