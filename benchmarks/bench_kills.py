"""Nothing is lost when the server or a command is killed with -9, or a command stopped with Ctrl-C, at a random moment, many times.

    python -m benchmarks kills [--rounds 8] [--users 300] [--publish-kills 20] [--only-publish]

Each round stops the server or the command while it loads, fits or publishes, then runs the same command again and compares with an
undisturbed database: the snapshot's hash, the bytes of the embeddings, and that every node has one run. In between it looks whether
anything half new can be seen. Publishing is then killed with -9 until 20 kills of the command and 20 of the server have hit its stage or
its flip (publish_kills.py).
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks import save, show
from benchmarks.publish_kills import publish_kills
from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.graph.server import ManagedServer
from sociogram.graph.store import Store

RUNS = "MATCH (u:User) RETURN collect(DISTINCT u.profileRun) AS runs, count(u.profileRun) AS having, count(u) AS users"
VICTIMS = {
    "load": ("server", "command", "interrupt"),
    "fit": ("command", "interrupt"),
    "publish": ("server", "command", "interrupt"),
}  # a fit needs no server


def main(arguments: list[str] | None = None) -> None:
    """Run, print, write results/kills.json; raises AssertionError where something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--publish-kills", type=int, default=20)
    parser.add_argument("--only-publish", action="store_true")
    options = parser.parse_args(arguments or [])
    with tempfile.TemporaryDirectory() as place:
        home = Home(Path(place))
        home.jars.symlink_to(Home.default().jars)
        try:
            rounds = Rounds(home, options.users)
            rows = [] if options.only_publish else rounds.all(options.rounds)
            if options.only_publish:
                assert rounds.finish("load") == 0
            hits = publish_kills(rounds, options.publish_kills)
        finally:
            ManagedServer(home).stop()
    show("Killed with -9, then run again", rows)
    show("Publishing killed with -9: what the graph holds then", hits)
    result = {"rounds": options.rounds, "users": options.users, "rows": rows}
    save("kills" if rows else "publish_kills", {**result, "publish": hits})


class Rounds:
    """The commands against one home, and what they come to when nobody disturbs them."""

    def __init__(self, home: Home, users: int) -> None:
        self.home, self.users, self.random = home, users, np.random.default_rng(0)
        self.commands = {
            "load": ["load", "demo", "--users", str(users), "--seed", "1"],
            "fit": ["fit", "--encoder", "light", "--no-publish", "--seed", "1"],
            "publish": ["publish"],
        }
        self.seconds: dict[str, float] = {}
        ManagedServer(home).start()

    def all(self, rounds: int) -> list[dict[str, object]]:
        """Undisturbed first, then `rounds` kills of each command and victim."""
        for turn in range(2):  # the second time, since the first warms the server up
            for name in self.commands:
                if turn:
                    self.prepare(name)
                started = time.monotonic()
                assert self.finish(name) == 0
                self.seconds[name] = time.monotonic() - started
        expected = self.hash()
        reference = self.newest_run()
        vectors = (self.home.runs / reference / "embeddings.safetensors").read_bytes()
        rows = []
        for name in self.commands:
            for victim in VICTIMS[name]:
                hit = 0
                for _ in range(rounds):
                    self.prepare(name)
                    hit += self.killed(name, victim)
                    if name == "publish":
                        self.nothing_half()
                    assert self.finish(name) == 0, f"{name} did not recover from the kill of the {victim}"
                    assert self.hash() == expected, f"{name}: the graph differs after the kill of the {victim}"
                    if name == "fit":
                        again = (self.home.runs / self.newest_run() / "embeddings.safetensors").read_bytes()
                        assert again == vectors, "the embeddings differ after a kill"
                    if name == "publish":
                        self.nothing_half()
                rows.append({"command": name, "killed": victim, "kills that hit": hit, "rounds": rounds, "lost": 0})
                print(f"  {name}, {victim}: {hit} of {rounds} hit, nothing lost", flush=True)
        return rows

    def prepare(self, name: str) -> None:
        """Empty the database before a load; make another run before a publish."""
        if name == "load":
            with self.store() as store:
                store.auto("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS")
        elif name == "publish":
            assert self.finish("fit") == 0

    def killed(self, name: str, victim: str) -> bool:
        """Whether the victim died before the command ended."""
        ManagedServer(self.home).start()
        process = self.start(name)
        time.sleep(self.random.uniform(0.3, 0.95) * self.seconds[name])
        if process.poll() is not None:
            return False
        pid = ManagedServer(self.home).status().pid if victim == "server" else process.pid
        os.kill(pid or process.pid, signal.SIGINT if victim == "interrupt" else signal.SIGKILL)
        process.wait(timeout=180)
        if victim == "interrupt":
            assert process.returncode in (0, 130), process.returncode
        return process.returncode != 0

    def nothing_half(self) -> None:
        """All users have the same run, or none has one."""
        with self.store() as store:
            found = store.read(RUNS)[0]
        assert len(found["runs"]) <= 1, found
        assert found["having"] in (0, found["users"]), found

    def finish(self, name: str) -> int:
        """Run to the end; the exit code."""
        process = self.start(name)
        process.wait(timeout=600)
        return process.returncode

    def start(self, name: str) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "SOCIOGRAM_HOME": str(self.home.root)}
        command = [sys.executable, "-m", "sociogram", *self.commands[name]]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def hash(self) -> str:
        """Content hash of the mapped graph."""
        with self.store() as store, tempfile.TemporaryDirectory() as folder:
            return Engine(store, home=self.home).snapshot(Path(folder) / "snapshot").hash

    def newest_run(self) -> str:
        """The run made last."""
        return max((p for p in self.home.runs.glob("r*/profiles.json")), key=lambda p: p.stat().st_mtime).parent.name

    @contextmanager
    def store(self) -> Iterator[Store]:
        """A connection to the managed server, started where it is down."""
        address = ManagedServer(self.home).start()
        with Store.connect(address.uri, user=address.user, password=address.password) as store:
            yield store


if __name__ == "__main__":
    main(sys.argv[1:])
