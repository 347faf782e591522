"""The application: routes, errors, guard, put together."""

from fastapi import FastAPI

from sociogram import __version__
from sociogram.server.access import Access
from sociogram.server.backend import Backend
from sociogram.server.guard import Guard, Limits
from sociogram.server.keys import KeyRing
from sociogram.server.limits import RateLimits
from sociogram.server.metrics import Metrics
from sociogram.server.problems import DESCRIBED, handle_errors
from sociogram.server.routes import health, influence, people, queries, recommend, runs, similar, users

RATE = 1000.0  # requests a second and key


def create_app(backend: Backend, keys: KeyRing | None, *, limits: Limits | None = None, rate: float = RATE) -> FastAPI:
    """The server of a backend's Engine; without `keys` nobody is asked for one."""
    app = FastAPI(
        title="Sociogram",
        version=__version__,
        description="User profiles from a social graph: who is alike, who reaches whom, what to recommend, and why.",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        responses=DESCRIBED,
    )
    app.state.backend, app.state.metrics = backend, Metrics()
    app.state.access = Access(keys, RateLimits(rate))
    handle_errors(app)
    for part in (health, users, people, similar, recommend, influence, queries, runs):
        app.include_router(part.router)
    app.add_middleware(Guard, limits=limits or Limits(), metrics=app.state.metrics)
    return app
