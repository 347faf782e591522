"""The managed Neo4j: Community itself as a child process on 127.0.0.1, without Docker or an installed Java."""

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import psutil

from sociogram.config import Home
from sociogram.errors import DatabaseError, DatabaseUnavailable
from sociogram.graph import java
from sociogram.graph.files import locked, write_private
from sociogram.graph.jars import CURRENT, fetch
from sociogram.progress import SILENT, Progress, Stage

START_S = 180.0
STOP_S = 60.0
POLL_S = 0.2
LAUNCHES = 3  # a port that was free can be taken by another program before Java binds it
TAIL_LINES = 12
PORT_TAKEN = ("BindException", "already in use")


@dataclass(frozen=True)
class Address:
    """How to reach the server; the password never shows."""

    uri: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Status:
    """What `sociogram db status` tells."""

    state: str  # running | starting | stopped
    version: str
    uri: str | None
    pid: int | None
    folder: str


@dataclass(frozen=True)
class _Record:
    """server.json: the process that was started; `created` (s since the epoch) tells it from a later one with the same pid."""

    pid: int
    port: int
    created: float
    ready: bool

    @property
    def uri(self) -> str:
        return f"bolt://127.0.0.1:{self.port}"


class ManagedServer:
    """One Neo4j under `home.database`, shared by every process that asks for it; it outlives the command that started it."""

    def __init__(
        self,
        home: Home,
        version: str = CURRENT,
        *,
        ports: Callable[[], int] = java.free_port,
        command: Callable[[Path, str, Sequence[Path], int], list[str]] = java.command_line,
    ) -> None:
        home = Home(home.root.resolve())  # Java runs in a folder of its own
        self._home, self.version, self._ports, self._command = home, version, ports, command
        self.path = home.database if version == CURRENT else home.root / f"database-{version}"
        self.log_path = self.path / "logs" / "console.log"
        self.password_file = self.path / "password"
        self._state = self.path / "server.json"

    def start(self, progress: Progress = SILENT) -> Address:
        """Start the server, or find it running; raises DownloadError, or DatabaseUnavailable with the end of the log."""
        record = self._running()
        if record and record.ready and java.speaks_bolt(record.port):
            return self._address(record)
        self._make_folders()
        with self._lock():
            record = self._running() or self._adopt()
            if record is None or not (record.ready and java.speaks_bolt(record.port)):
                jars = fetch(self.version, self._home.jars, progress)
                with progress.stage(f"Neo4j {self.version}", None, "starting") as stage:
                    record = self._launch_and_wait(record, jars, stage)
                progress.say(f"Neo4j {self.version}", f"started on {record.uri}")
        return self._address(record)

    def stop(self) -> bool:
        """Stop the server of this home, and no other process; False where none runs."""
        if not self.path.is_dir():
            return False
        with self._lock():
            record = self._running() or self._adopt()
            if record is not None:
                _end(psutil.Process(record.pid))
            self._state.unlink(missing_ok=True)
        return record is not None

    def status(self) -> Status:
        """Whether it runs, and where."""
        record = self._running()
        if record is None:
            return Status("stopped", self.version, None, None, str(self.path))
        state = "running" if record.ready else "starting"
        return Status(state, self.version, record.uri, record.pid, str(self.path))

    def _running(self) -> _Record | None:
        """The recorded process, if it still is that process: a stale file, or a pid that another program has now, does not count."""
        try:
            record = _Record(**json.loads(self._state.read_text(encoding="utf-8")))
            process = psutil.Process(record.pid)
            same = abs(process.create_time() - record.created) < 2 and self._is_ours(process, started_by_us=True)
        except (OSError, ValueError, TypeError, psutil.Error):
            return None
        return record if same else None

    def _is_ours(self, process: psutil.Process, started_by_us: bool = False) -> bool:
        try:
            arguments = process.cmdline()
            new = started_by_us and not arguments  # right after its start the kernel shows no arguments yet
            return (new or java.home_argument(self.path) in arguments) and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def _adopt(self) -> _Record | None:
        """A server of this folder that no file tells of: its starter was killed in between, or the file was removed."""
        for process in psutil.process_iter(["name"]):
            if str(process.info["name"]).startswith("java") and self._is_ours(process):
                port = _configured_port(self.path / "conf" / "neo4j.conf")
                return self._write(_Record(process.pid, port, process.create_time(), ready=False))
        return None

    def _write(self, record: _Record) -> _Record:
        write_private(self._state, json.dumps(asdict(record)))
        return record

    def _make_folders(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)  # the graph is its owner's
            for folder in ("conf", "logs", "run", "data", "import", "plugins"):
                (self.path / folder).mkdir(exist_ok=True)
        except OSError as error:
            raise DatabaseError(
                f"no database can be kept in {self.path}: {error.strerror}. Set SOCIOGRAM_HOME to a folder that can be written."
            ) from None

    def _launch_and_wait(self, record: _Record | None, jars: list[Path], stage: Stage) -> _Record:
        for launch in range(LAUNCHES):
            found = record is not None
            record = record or self._launch(jars)
            try:
                self._wait(record, stage)
            except DatabaseUnavailable as error:
                dying = found and self._running() is None  # somebody had ended it just before it was found
                taken = any(sign in str(error) for sign in PORT_TAKEN)
                if not (dying or taken) or launch == LAUNCHES - 1:
                    raise
                record = None
                continue
            break
        assert record is not None  # noqa: S101 - the loop leaves it set or raises
        return self._write(replace(record, ready=True))

    def _launch(self, jars: list[Path]) -> _Record:
        port, memory = self._ports(), psutil.virtual_memory().total
        java.write_configuration(self.path, self.version, port, memory)
        if not self.password_file.exists():
            self._first_password()
        with self.log_path.open("wb") as log:
            child = subprocess.Popen(  # noqa: S603 - our own Java with our own arguments
                self._command(self.path, self.version, jars, memory),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.path,
            )
        _CHILDREN.append(child)
        return self._write(_Record(child.pid, port, psutil.Process(child.pid).create_time(), ready=False))

    def _first_password(self) -> None:
        if (self.path / "data" / "databases" / "system").exists():
            raise self._wrong_password()
        password = java.random_password()
        java.write_first_password(self.path, password)
        write_private(self.password_file, password)

    def _wait(self, record: _Record, stage: Stage) -> None:
        """Until the database answers a query; what goes wrong is told with the end of the log."""
        deadline = time.monotonic() + START_S
        while not (java.speaks_bolt(record.port) and self._answers(record)):
            if self._running() is None or time.monotonic() > deadline:
                raise DatabaseUnavailable(
                    f"the managed Neo4j did not start. The end of {self.log_path}:\n{self._tail()}"
                )
            stage.advance(POLL_S)
            time.sleep(POLL_S)

    def _answers(self, record: _Record) -> bool:
        import neo4j
        from neo4j.exceptions import AuthError, DriverError, Neo4jError

        address = self._address(record)
        try:
            with (
                neo4j.GraphDatabase.driver(address.uri, auth=(address.user, address.password)) as driver,
                driver.session(database="neo4j") as session,
            ):
                session.run("RETURN 1").consume()
            return self._running() is not None
        except AuthError:
            raise self._wrong_password() from None
        except (Neo4jError, DriverError):
            return False  # still starting

    def _wrong_password(self) -> DatabaseError:
        return DatabaseError(
            f"the managed Neo4j's password is not in {self.password_file}. Put the right one there, or stop it with `sociogram db stop` and "
            f"remove {self.path} to start with an empty database."
        )

    def _tail(self) -> str:
        if not self.log_path.exists():
            return "(there is none)"
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:])

    def _address(self, record: _Record) -> Address:
        try:
            return Address(record.uri, "neo4j", self.password_file.read_text(encoding="utf-8").strip())
        except FileNotFoundError:
            raise self._wrong_password() from None

    def _lock(self) -> AbstractContextManager[None]:
        """One process at a time starts or stops."""
        return locked(self.path / "start.lock")


_CHILDREN: list[
    "subprocess.Popen[bytes]"
] = []  # kept, so that the interpreter does not warn about children that live on


def _end(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.terminate()
        if not _ended(process):
            process.kill()
            _ended(process)


def _ended(process: psutil.Process) -> bool:
    """Whether it is over within STOP_S. What its starter, a notebook perhaps, has not asked after yet is over as well: a zombie."""
    deadline = time.monotonic() + STOP_S
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def _configured_port(conf: Path) -> int:
    for line in conf.read_text(encoding="utf-8").splitlines():
        if line.startswith("server.bolt.listen_address="):
            return int(line.rpartition(":")[2])
    raise DatabaseError(f"{conf} names no Bolt port. Run `sociogram db start` again after ending that Neo4j by hand.")
