"""The application with its pages, on an Engine that answers from memory."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from nicegui import Client, core
from nicegui.testing import User
from nicegui.testing.general import nicegui_reset_globals, prepare_simulation
from nicegui.testing.user_simulation import user_simulation

from sociogram.config import Home
from sociogram.explorer.mount import mount, prepare
from sociogram.explorer.site import Site
from sociogram.queries.people import Facet, People, Person
from sociogram.server.app import create_app
from sociogram.server.backend import Backend
from sociogram.server.guard import Limits
from sociogram.server.keys import KeyRing

ADA = Person("u1", "Ada <b>Lovelace</b>", ["engines"], [0.9], "makers", 0.8, "Poet of numbers.")


class Memory:
    """An Engine as far as the pages of these tests ask it; `live` None: nothing is published."""

    def __init__(self, home: Home, live: str | None) -> None:
        self.home, self.asked = home, []
        self.store = SimpleNamespace(read=lambda *_, **__: [] if live is None else [{"id": live}])
        self.audiences = SimpleNamespace(all=list)

    def people(self, name: str = "", where: Any = None, **options: Any) -> People:
        self.asked.append((name, where))
        found = [ADA] if name.lower() in ADA.name.lower() else []
        return People(found, len(found), {"tag": [Facet("engines", 1)]})


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys.json")


@pytest.fixture
def site_of(tmp_path: Path) -> Callable[..., Site]:
    """A site on an Engine of memory, with these keys or without any."""

    def made(ring: KeyRing | None = None, live: str | None = "r1") -> Site:
        engine: Any = Memory(Home(tmp_path), live)
        return Site(Backend(engine, lambda _: None), ring, Home(tmp_path))

    return made


@contextmanager
def _pages() -> Iterator[None]:
    with nicegui_reset_globals():
        yield
        Client.page_routes.clear()  # else the kit throws our modules away, and classes of later tests would be others


@pytest.fixture
def browse(site_of: Callable[..., Site]) -> Iterator[Callable[..., TestClient]]:
    """A browser without scripts on the whole application."""
    with _pages():

        def opened(site: Site) -> TestClient:
            app = create_app(site.backend, site.keys, limits=Limits())
            mount(app, site)
            return TestClient(
                app, base_url="http://localhost:8765", headers={"Accept": "text/html"}, follow_redirects=False
            )

        yield opened


@pytest.fixture
def visit() -> Callable[[Site, Callable[[User], Awaitable[None]]], None]:
    """A visitor of NiceGUI's test kit, who sees the pages' elements."""

    def visiting(site: Site, scenario: Callable[[User], Awaitable[None]]) -> None:
        async def run() -> None:
            async with user_simulation(root=lambda: None) as user:
                core.root = None
                core.app.middleware_stack = None
                prepare(site)
                try:
                    await scenario(user)
                finally:
                    Client.page_routes.clear()

        asyncio.run(run())

    _ = prepare_simulation
    return visiting
