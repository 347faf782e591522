"""What all pages share: the Engine, who is signed in, the work in the background, and how a question is asked."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from threading import Lock
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from nicegui import core, run
from starlette.requests import HTTPConnection

from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.errors import DatabaseUnavailable
from sociogram.server.backend import Backend
from sociogram.server.keys import KeyRing, Scope, includes
from sociogram.server.limits import RateLimits

if TYPE_CHECKING:
    from sociogram.explorer.jobs import Job

P = ParamSpec("P")
T = TypeVar("T")
PREFIX = "/explore"
CODE_S = 900.0  # how long a link with a code is good
ENDS_S = 20.0  # waited for work in the background when the server ends
TRIES = (10 / 60, 10)  # wrong keys and codes of one client: a second on average, and at once
PAGES = (5.0, 60)  # pages that one session opens
EVENTS = (40.0, 400)  # clicks, keys and the like of one session
KEPT_S = 600.0  # how long an export of the graph is asked


class Codes:
    """One-time codes of sign-in links: each is good once, and not for long."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._until: dict[str, float] = {}
        self._clock, self._lock = clock, Lock()

    def new(self) -> str:
        """A code that nobody has seen."""
        code = secrets.token_urlsafe(24)
        with self._lock:
            self._until[code] = self._clock() + CODE_S
        return code

    def take(self, code: str) -> bool:
        """Whether it is good; it is not any more."""
        with self._lock:
            until = self._until.pop(code, None)
        return until is not None and self._clock() < until


@dataclass(frozen=True)
class Who:
    """Somebody who is signed in, and what they may do."""

    name: str
    scope: Scope

    def may(self, scope: Scope) -> bool:
        """Whether their scope includes this one."""
        return includes(self.scope, scope)


ANYONE = Who("anyone", "admin")  # where no keys are asked for
TERMINAL = Who("terminal", "admin")  # who opened the link that the terminal shows


@dataclass
class Site:
    """One server's pages."""

    backend: Backend
    keys: KeyRing | None
    home: Home
    codes: Codes = field(default_factory=Codes)
    boot: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    tries: RateLimits = field(default_factory=lambda: RateLimits(*TRIES))
    pages: RateLimits = field(default_factory=lambda: RateLimits(*PAGES))
    events: RateLimits = field(default_factory=lambda: RateLimits(*EVENTS))
    job: "Job | None" = None
    _kept: dict[str, tuple[float, Any, Any]] = field(default_factory=dict)
    _uploads: "TemporaryDirectory[str] | None" = None

    @property
    def engine(self) -> Engine:
        return self.backend.engine

    def who(self, session: Mapping[str, Any]) -> Who | None:
        """Whose session it is; a key that was removed signs nobody in any more."""
        if self.keys is None:
            return ANYONE
        if secrets.compare_digest(str(session.get("boot", "")), self.boot):
            return TERMINAL
        digest = str(session.get("key", ""))
        found = self.keys.of(digest)
        return None if found is None else Who(found.name, found.scope)

    def kept(self, name: str, key: Any, make: Callable[[], T]) -> T:
        """What is long in the making, made again where `key` has changed or it has grown old."""
        found = self._kept.get(name)
        if found is None or found[1] != key or time.monotonic() - found[0] > KEPT_S:
            found = self._kept[name] = (time.monotonic(), key, make())
        made: T = found[2]
        return made

    def upload_folder(self) -> Path:
        """A new folder for files of one page; all of them are gone when the server is."""
        self._uploads = self._uploads or TemporaryDirectory(prefix="sociogram-uploads-")
        return Path(mkdtemp(dir=self._uploads.name))

    def close(self) -> None:
        """Stop what is going on, as Ctrl-C would, and wait for it; what was uploaded and not loaded goes too."""
        if self.job is not None:
            self.job.stop()
            self.job.join(ENDS_S)
        if self._uploads is not None:
            self._uploads.cleanup()

    def forget(self) -> None:
        """Nothing that was kept counts any more."""
        self._kept.clear()


def client_of(connection: HTTPConnection) -> str:
    """The address that asks."""
    return connection.client.host if connection.client else ""


def site() -> Site:
    """That of this process: NiceGUI has one application a process."""
    found: Site = core.app.state.site
    return found


async def ask(question: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """The answer of something that waits for Neo4j or computes, in a thread; what the Engine refuses is raised."""
    try:
        answer = await run.io_bound(question, *args, **kwargs)
    except DatabaseUnavailable:
        await run.io_bound(site().backend.lost)
        raise
    return cast(T, answer)  # None only while the server ends
