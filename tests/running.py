"""Shared by the tests that run the command line or a server."""

import atexit
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sociogram.cli import main
from sociogram.graph.store import Store

Cli = Callable[..., "subprocess.CompletedProcess[str]"]
LONGEST_S = 300
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(  # what commands import when they need it
    [
        "sociogram.cli.app",
        "sociogram.engine",
        "sociogram.encoders.load",
        "sociogram.evaluation.planted",
        "sociogram.gnn.fit",
        "sociogram.graph.publish",
        "sociogram.loaders.load",
        "sociogram.queries.ask",
        "sociogram.queries.influence.influence",
        "sociogram.queries.similar.find",
        "sociogram.recommending.serve",
        "sociogram.report.report",
    ]
)


def command(arguments: Sequence[str], environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """`sociogram ARGUMENTS` in a process of its own, forked from one that has the libraries imported: they take a second or three."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = FORKS.Process(target=_command, args=(list(arguments), dict(environment), str(out), str(err)))
        process.start()
        process.join(LONGEST_S)
        if process.is_alive():
            process.kill()
            process.join()
        code = process.exitcode
        process.close()
        assert code is not None
        said = (out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))
    return subprocess.CompletedProcess(["sociogram", *arguments], code, *said)


def _command(arguments: list[str], environment: dict[str, str], out: str, err: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for stream, file in enumerate((os.devnull, out, err)):
        opened = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, stream)
        os.close(opened)
    warnings.simplefilter("ignore")
    sys.argv = ["sociogram", *arguments]
    try:
        main()
    finally:
        atexit._run_exitfuncs()  # a forked process ends without them


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
