"""Puts the pages into the application of the API."""

import os
import secrets
import warnings

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from nicegui import app as pages
from nicegui import core, storage, ui

from sociogram.explorer import influence, map, people, person, runs, segments, signin, start
from sociogram.explorer.gate import Gate
from sociogram.explorer.plain import ICON
from sociogram.explorer.site import PREFIX, Site
from sociogram.graph.files import write_private

COOKIE = "sociogram_session"
COOKIE_S = 14 * 24 * 3600


def mount(app: FastAPI, site: Site) -> None:
    """Serve the explorer of a site under /explore of the API's application, and send / there."""
    prepare(site)
    # NiceGUI looks for its server among all objects there are, and one of torch's says that it is deprecated when it is looked at
    warnings.filterwarnings("ignore", message=r".*torch\.distributed\.reduce_op", category=FutureWarning)
    ui.run_with(
        app,
        title="Sociogram",
        favicon=ICON,
        dark=None,
        language="en-US",
        mount_path=PREFIX,
        reconnect_timeout=10,
        show_welcome_message=False,
        storage_secret=_secret(site),
        session_middleware_kwargs={"session_cookie": COOKIE, "same_site": "strict", "max_age": COOKIE_S},
    )

    @app.get("/", include_in_schema=False)
    def home() -> RedirectResponse:
        return RedirectResponse(f"{PREFIX}/people")


def prepare(site: Site) -> None:
    """Register the pages of a site."""
    core.app.state.site = site
    storage.Storage.path = site.home.root / "explorer"  # else it would be a folder where the server was started
    pages.config.socket_io_js_transports = [
        "websocket"
    ]  # polling would take the place of requests that wait for an answer
    pages.add_middleware(Gate, site=site)
    pages.include_router(signin.routes(site))
    for path, page in (
        ("/", people.page),
        ("/people", people.page),
        ("/person/{user:path}", person.page),
        ("/map", map.page),
        ("/influence", influence.page),
        ("/segments", segments.page),
        ("/runs", runs.page),
        ("/start", start.page),
    ):
        ui.page(path, response_timeout=20)(page)


def _secret(site: Site) -> str:
    """What signs the cookies: random, made once, for its owner alone."""
    file = site.home.session_secret
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_private(file, secrets.token_urlsafe(48))
    os.chmod(file, 0o600)
    return file.read_text(encoding="utf-8").strip()
