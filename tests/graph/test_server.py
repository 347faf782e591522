"""The managed server: found, shared, killed, restarted."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sociogram.config import Home
from sociogram.errors import DatabaseError, DatabaseUnavailable
from sociogram.graph.java import free_port, home_argument
from sociogram.graph.server import Address, ManagedServer
from sociogram.graph.store import Store

START = (
    "import sys; from pathlib import Path; from sociogram.config import Home; from sociogram.graph.server import ManagedServer; "
    "print(ManagedServer(Home(Path(sys.argv[1]))).start().uri)"
)


def _connect(address: Address) -> Store:
    return Store.connect(address.uri, user=address.user, password=address.password)


def _starter(home: Home) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", START, str(home.root)], stdout=subprocess.PIPE, text=True)


def test_a_second_start_finds_the_first(server: ManagedServer, home: Home) -> None:
    status = server.status()
    assert ManagedServer(home).start() == server.start()
    assert server.status() == status
    assert (status.state, status.folder) == ("running", str(server.path))


def test_it_listens_on_the_loopback_only(server: ManagedServer) -> None:
    pid = server.status().pid
    listening = [c.laddr.ip for c in psutil.Process(pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert len(listening) == 1
    assert listening[0].removeprefix("::ffff:") == "127.0.0.1"


def test_the_password_is_private(server: ManagedServer) -> None:
    address = server.start()
    assert address.password not in repr(address)
    assert stat.S_IMODE(server.password_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o700
    assert address.password not in " ".join(psutil.Process(server.status().pid).cmdline())
    assert address.password not in server.log_path.read_text()


def test_a_lost_state_file_is_made_again(server: ManagedServer) -> None:
    address, pid = server.start(), server.status().pid
    (server.path / "server.json").unlink()
    assert server.status().state == "stopped"
    assert server.start() == address
    assert server.status().pid == pid


def test_a_pid_that_another_program_has_now_is_left_alone(tmp_path: Path) -> None:
    other = ManagedServer(Home(tmp_path))
    other.path.mkdir()
    me = psutil.Process()
    record = {"pid": me.pid, "port": free_port(), "created": me.create_time(), "ready": True}
    (other.path / "server.json").write_text(json.dumps(record))
    assert other.status().state == "stopped"
    assert not other.stop()
    assert me.is_running()


def test_a_broken_state_file_counts_as_none(tmp_path: Path) -> None:
    other = ManagedServer(Home(tmp_path))
    assert not other.stop()
    other.path.mkdir()
    (other.path / "server.json").write_text('{"pid": ')
    assert other.status().state == "stopped"


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match="SOCIOGRAM_HOME"):
        ManagedServer(Home(tmp_path / "file")).start()


def test_killed_then_started_by_two_at_once(server: ManagedServer, home: Home) -> None:
    """The data is there again, and both starters get the same server."""
    with _connect(server.start()) as store:
        store.write("MERGE (:Kept {id: 1})")
    os.kill(server.status().pid or 0, signal.SIGKILL)
    starters = [_starter(home), _starter(home)]
    uris = {starter.communicate(timeout=180)[0].strip() for starter in starters}
    assert uris == {server.start().uri}
    with _connect(server.start()) as store:
        assert store.read("MATCH (n:Kept) RETURN n.id AS id") == [{"id": 1}]
        store.write("MATCH (n:Kept) DELETE n")


@pytest.mark.parametrize(
    ("last_words", "launches"), [("Address already in use", 3), ("Invalid memory configuration", 1)]
)
def test_a_taken_port_is_another_try_and_a_failure_shows_the_log(
    server: ManagedServer, home: Home, tmp_path: Path, last_words: str, launches: int
) -> None:
    server.start()
    (tmp_path / "jars").symlink_to(home.jars)
    asked: list[int] = []

    def ports() -> int:
        asked.append(free_port())
        return asked[-1]

    def failing(folder: Path, *_: object) -> list[str]:
        return [sys.executable, "-c", f"raise SystemExit({last_words!r})", home_argument(folder)]

    other = ManagedServer(Home(tmp_path), ports=ports, command=failing)
    with pytest.raises(DatabaseUnavailable, match=rf"did not start\. The end of .*console\.log:\n{last_words}"):
        other.start()
    assert len(asked) == launches
    assert other.status().state == "stopped"


def test_one_that_is_dying_when_it_is_found_makes_way(server: ManagedServer, home: Home, tmp_path: Path) -> None:
    server.start()  # the jars are there
    (tmp_path / "jars").symlink_to(home.jars)
    asked: list[int] = []

    def ports() -> int:
        asked.append(free_port())
        return asked[-1]

    def another(folder: Path, *_: object) -> list[str]:
        return [sys.executable, "-c", "raise SystemExit('the one that was launched')", home_argument(folder)]

    other = ManagedServer(Home(tmp_path), ports=ports, command=another)
    other.path.mkdir()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(2)", home_argument(other.path)]) as dying:
        created = psutil.Process(dying.pid).create_time()
        record = {"pid": dying.pid, "port": free_port(), "created": created, "ready": True}
        (other.path / "server.json").write_text(json.dumps(record))
        assert other.status().pid == dying.pid
        with pytest.raises(DatabaseUnavailable, match="the one that was launched"):
            other.start()
    assert len(asked) == 1
