"""sociogram doctor and a Neo4j that runs."""

from pathlib import Path

from sociogram.cli import checks
from sociogram.config import Home
from sociogram.graph.server import ManagedServer
from sociogram.graph.store import Store


def test_the_live_run_is_here_or_not(server: ManagedServer, store: Store, home: Home, tmp_path: Path) -> None:
    def connect() -> Store:
        address = server.start()
        return Store.connect(address.uri, user=address.user, password=address.password)

    elsewhere = Home(tmp_path)
    status, problems = checks.managed(home)
    assert (status.state, problems) == ("running", [])
    shown, problems = checks.connection(connect, elsewhere)
    assert shown.endswith("no run is live")
    assert problems == []
    store.write("CREATE (:ProfileRun {id: 'r1-test', state: 'live'})")
    shown, problems = checks.connection(connect, elsewhere)
    assert shown.endswith("run r1-test is live")
    assert [str(elsewhere.runs) in p.what and "sociogram fit" in p.next for p in problems] == [True]
    (elsewhere.runs / "r1-test").mkdir(parents=True)
    assert checks.connection(connect, elsewhere)[1] == []
