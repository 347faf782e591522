"""Publishing killed with -9 at random moments of stage and flip: whose profiles does the graph hold then, and does the same command go on?

What the graph holds is compared whole, every property of every node and relationship that publishing writes, with what it holds after
an undisturbed publish of either run: old, new, or else mixed.
"""

import hashlib
import os
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

from sociogram.graph.publish_lock import LOCK_LABEL
from sociogram.graph.server import ManagedServer
from sociogram.graph.store import Store

if TYPE_CHECKING:
    from benchmarks.bench_kills import Rounds

NODES = (
    "MATCH (n) WHERE n.profileRun IS NOT NULL OR n.embedding IS NOT NULL OR n.tags IS NOT NULL "
    "RETURN labels(n)[0] AS label, n.id AS id, "
    "[key IN $keys | [key, n[key]]] AS held ORDER BY label, id"
)
KEYS = (
    "MATCH (n) WHERE n.profileRun IS NOT NULL UNWIND keys(n) AS key "
    "WITH DISTINCT key WHERE NOT key STARTS WITH 'next_' AND key <> 'profiledAt' RETURN key ORDER BY key"
)
LINKS = (
    "MATCH (a:User)-[r:INTERESTED_IN|RECOMMENDED]->(b) RETURN a.id AS a, type(r) AS t, b.id AS b, r.score AS score, r.rank AS rank, r.run AS run "
    "ORDER BY a, t, b, run"
)
STAGED = "MATCH (n) WHERE n.next_profileRun = $run RETURN count(*) AS n"
POLL_S = 0.02
TRIES = 3  # for each kill: a publish may be over before it


def publish_kills(rounds: "Rounds", kills: int) -> list[dict[str, object]]:
    """`kills` of the command and of the server each, half of them in the stage and half in the flip."""
    return PublishKills(rounds).all(kills)


class PublishKills:
    """Two runs that are published in turns."""

    def __init__(self, rounds: "Rounds") -> None:
        self.rounds = rounds
        self.runs: list[str] = []
        for seed in ("1", "2"):
            rounds.commands["publish"] = ["fit", "--encoder", "light", "--no-publish", "--seed", seed]
            assert rounds.finish("publish") == 0
            self.runs.append(rounds.newest_run())
        self.digests: dict[str, str] = {}
        self.seconds = {"stage": 0.0, "flip": 0.0}
        for run in (*self.runs, *self.runs):  # twice: the first warms up
            self.nodes = self.undisturbed(run)

    def undisturbed(self, run: str) -> int:
        """Publish a run, note what the graph holds then and how long stage and flip take; the number of nodes that are staged."""
        with self.rounds.store() as store:
            started = self.begin(run, store)
            most, staged = 0, started
            while self.process.poll() is None:
                now = store.read(STAGED, run=run)[0]["n"]
                if now > most:
                    most, staged = now, time.monotonic()
            assert self.process.returncode == 0
            self.seconds = {"stage": staged - started, "flip": time.monotonic() - staged}
            self.digests[run] = digest(store)
        return int(most)

    def begin(self, run: str, store: Store) -> float:
        """Start the command; the moment at which it has the lock."""
        self.rounds.commands["publish"] = ["publish", run]
        self.process = self.rounds.start("publish")
        while self.process.poll() is None and not _held(store):
            time.sleep(POLL_S)
        return time.monotonic()

    def all(self, kills: int) -> list[dict[str, object]]:
        """Every victim in every phase."""
        rows = []
        for victim in ("command", "server"):
            for phase in ("stage", "flip"):
                counts: Counter[str] = Counter()
                for _ in range(TRIES * kills):
                    if counts["hit"] == kills // 2:
                        break
                    self.one(victim, phase, counts)
                rows.append(
                    {
                        "command": f"publish, {phase}",
                        "killed": victim,
                        "kills that hit": counts["hit"],
                        **{state: counts[state] for state in ("old", "new", "mixed", "resumed")},
                    }
                )
                print(f"  {rows[-1]}", flush=True)
                assert not counts["mixed"], rows[-1]
                assert counts["resumed"] == counts["hit"], rows[-1]
        return rows

    def one(self, victim: str, phase: str, counts: "Counter[str]") -> None:
        """Publish the run that is not live, kill, look, publish again, look."""
        with self.rounds.store() as store:
            live = store.read("MATCH (r:ProfileRun {state: 'live'}) RETURN r.id AS id")[0]["id"]
            new = next(run for run in self.runs if run != live)
            self.begin(new, store)
            while phase == "flip" and self.process.poll() is None and store.read(STAGED, run=new)[0]["n"] < self.nodes:
                time.sleep(POLL_S)
            time.sleep(self.rounds.random.uniform(0, self.seconds[phase]))
            if self.process.poll() is None:
                if victim == "server":
                    os.kill(ManagedServer(self.rounds.home).status().pid or 0, signal.SIGKILL)
                self.process.kill()
        hit = self.process.wait(timeout=180) != 0
        with self.rounds.store() as store:
            store.write(f"MATCH (n:{LOCK_LABEL}) SET n.asked = 'is a commit still running?'")
            found = digest(store)
        if hit:
            counts["hit"] += 1
            counts[{self.digests[live]: "old", self.digests[new]: "new"}.get(found, "mixed")] += 1
        assert self.rounds.finish("publish") == 0, f"no recovery from the kill of the {victim}"
        with self.rounds.store() as store:
            assert digest(store) == self.digests[new], f"not whole after the kill of the {victim}"
        counts["resumed"] += hit


def digest(store: Store) -> str:
    """Of all that publishing has written and that is live; not of what is staged, nor of the time of publishing."""
    keys = [row["key"] for row in store.read(KEYS)]
    found = hashlib.sha256(repr(keys).encode())
    for query in (NODES, LINKS):
        for record in store.stream(query, {"keys": keys}):
            found.update(repr(list(record)).encode())
    return found.hexdigest()


def _held(store: Store) -> bool:
    return bool(store.read(f"MATCH (n:{LOCK_LABEL} {{id: 'publish'}}) WHERE n.token IS NOT NULL RETURN 1 AS one"))
