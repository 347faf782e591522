"""One managed Neo4j a test session; each module starts with an empty database."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import empty

from sociogram.config import Home
from sociogram.graph.server import ManagedServer
from sociogram.graph.store import Store

# The graphs are small: a second thread would wait for the first more than it helps, and for the database's and the commands' processes.
os.environ.setdefault("OMP_NUM_THREADS", "1")


FETCH = "from sociogram.config import Home; from sociogram.graph.jars import CURRENT, fetch; fetch(CURRENT, Home.default().jars)"
FETCHING: "list[subprocess.Popen[bytes]]" = []


def pytest_collection_finish(session: pytest.Session) -> None:
    """Where Neo4j will be needed it is fetched while other tests run."""
    if any("server" in getattr(item, "fixturenames", ()) for item in session.items):
        FETCHING.append(subprocess.Popen([sys.executable, "-c", FETCH], stderr=subprocess.DEVNULL))


def pytest_unconfigure() -> None:
    """Nothing goes on after the tests."""
    for process in FETCHING:
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A state folder of its own that shares the downloaded jars with the user's."""
    root = tmp_path_factory.mktemp("home")
    shared = Home.default().jars
    shared.mkdir(parents=True, exist_ok=True)
    (root / "jars").symlink_to(shared)
    return Home(root)


@pytest.fixture(scope="session")
def server(home: Home) -> Iterator[ManagedServer]:
    """The managed server, running."""
    for process in FETCHING:
        process.wait()  # what went wrong in it is told by the start
    server = ManagedServer(home)
    server.start()
    yield server
    assert server.stop()
    assert server.status().state == "stopped"


@pytest.fixture(scope="module")
def store(server: ManagedServer) -> Iterator[Store]:
    """A store on an empty database."""
    address = server.start()
    with Store.connect(address.uri, user=address.user, password=address.password) as store:
        empty(store)
        yield store


@pytest.fixture(scope="session")
def data() -> Path:
    """Real data sets, where there are any."""
    folder = Path(os.environ.get("SOCIOGRAM_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set SOCIOGRAM_DATA")
    return folder
