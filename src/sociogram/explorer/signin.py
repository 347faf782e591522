"""Signing in by key, or by the link that the terminal shows; signing out; language and theme."""

import html
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sociogram.explorer.site import PREFIX, Site
from sociogram.explorer.words import LANGUAGES, Words, language_of
from sociogram.server.limits import RateLimits

TRIES = RateLimits(1.0, 10)  # of keys, for all that try together
Next = Annotated[str, Query(max_length=2000)]


def routes(site: Site) -> APIRouter:
    """Plain pages: whoever is not signed in gets nothing of the application."""
    router = APIRouter(include_in_schema=False)

    @router.get("/signin")
    def page(request: Request, code: Annotated[str, Query(max_length=200)] = "", next: Next = "/") -> Response:
        words = Words(language_of(request.session, request.headers))
        if code and site.codes.take(code):
            return _in(request, {"boot": site.boot}, next)
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
        if TRIES.wait("signin"):
            return HTMLResponse(_page(words, words("Too many tries. Wait a few seconds."), next), 429)
        found = site.keys.find(key.strip()) if site.keys is not None else None
        if found is None:
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
    return f"""<!doctype html><html lang="{words.tag}"><head><meta charset="utf-8"><title>Sociogram</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root {{ color-scheme: light dark; --ink: #1f2937; --paper: #f4f6f8; --card: #fff; --accent: #2563a8 }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e5e7eb; --paper: #14181d; --card: #1d232b; --accent: #7db3ea }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper); color: var(--ink) }}
form {{ background: var(--card); padding: 2rem; border-radius: 12px; width: min(24rem, calc(100vw - 4rem)); box-shadow: 0 1px 4px #0003 }}
h1 {{ margin: 0 0 .5rem; font-size: 1.5rem }} label {{ display: block; margin: 1rem 0 .25rem; font-weight: 600 }}
input {{ width: 100%; box-sizing: border-box; font: inherit; padding: .6rem; border: 1px solid #8888; border-radius: 8px; background: transparent; color: inherit }}
button {{ font: inherit; margin-top: 1rem; padding: .6rem 1.2rem; border: 0; border-radius: 8px; background: var(--accent); color: var(--card); cursor: pointer }}
.said {{ border-left: 4px solid #c2410c; padding-left: .75rem }} code {{ font-size: .9em }}
</style></head><body><main><form method="post" action="{PREFIX}/signin">
<h1>Sociogram</h1><p>{html.escape(words("Profiles of people are shown to those who have a key."))}</p>{shown}
<label for="key">{html.escape(words("Key"))}</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus placeholder="sg_…">
<input type="hidden" name="next" value="{html.escape(next, quote=True)}">
<button>{html.escape(words("Sign in"))}</button>
<p><small>{html.escape(words("The terminal that runs the server shows a link that signs you in without one."))}</small></p>
</form></main></body></html>"""
