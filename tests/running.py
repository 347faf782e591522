"""Shared by the tests that run the command line or a server."""

import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sociogram.graph.store import Store

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


def empty(store: Store) -> None:
    """Remove all data, constraints and indexes."""
    store.auto("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS")
    for row in store.read("SHOW CONSTRAINTS YIELD name RETURN name"):
        store.auto(f"DROP CONSTRAINT `{row['name'].replace('`', '``')}`")
    for row in store.read("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name"):
        store.auto(f"DROP INDEX `{row['name'].replace('`', '``')}`")


@contextmanager
def serving(
    environment: dict[str, str], log: Path, *options: str, files: int | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """`sociogram serve` as a process of its own, which answers when this begins and ends in good order; it may be let open few files."""
    command = [sys.executable, "-m", "sociogram", "serve", "--port", "0", *options]
    with log.open("w") as out:
        process = subprocess.Popen(command, stderr=out, stdout=subprocess.DEVNULL, text=True, env=environment)
    if files is not None:
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (files, files))
    try:
        while "Pages for the browser: " not in log.read_text():
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()
