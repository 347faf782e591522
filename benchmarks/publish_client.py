"""A publishing client: a process that does nothing else, so that its peak memory is publishing's.

    NEO4J_PASSWORD=... python -m benchmarks.publish_client URI RUN_FOLDER SERVER_PID

Beside seconds it tells the server's processor seconds, which other programs on the machine change little.
"""

import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil

from benchmarks.bench_publish import MAPPING
from benchmarks.publish_watch import Watch
from sociogram.graph.profile_blocks import StoredProfiles
from sociogram.graph.publish import publish
from sociogram.graph.store import Execute, Store

T = TypeVar("T")
PHASES = (
    ("CREATE (u)-[", "links made"),
    ("DELETE r", "links deleted"),
    ("SET n +=", "properties"),
    ("SET r.", "links kept"),
)


class Timed(Store):
    """A store that notes seconds and the server's processor seconds of each part of a transaction with a commit that is announced."""

    def watch(self, server: psutil.Process) -> None:
        """Begin."""
        self.server, self.spent = server, Counter[str]()

    def transaction(self, unit: Callable[[Execute], T], before_commit: Callable[[], None] | None = None) -> T:
        """The flip, watched."""
        if before_commit is None:
            return super().transaction(unit)
        announced: Callable[[], None] = before_commit

        def watched(execute: Execute) -> T:
            def noted(query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
                with self.noting(next((name for sign, name in PHASES if sign in query), "other")):
                    return execute(query, parameters)

            return unit(noted)

        with ExitStack() as committing:

            def whole(execute: Execute) -> T:
                committing.close()
                self.spent = Counter({"tries": self.spent["tries"] + 1})
                return watched(execute)

            def last() -> None:
                rows = self.read("SHOW TRANSACTIONS YIELD estimatedUsedHeapMemory AS bytes RETURN max(bytes) AS most")
                self.spent["transaction MiB"] = rows[0]["most"] >> 20
                announced()
                committing.enter_context(self.noting("commit"))

            return super().transaction(whole, last)

    def auto(self, query: str, parameters: Mapping[str, Any] | None = None, **named: Any) -> list[dict[str, Any]]:
        """Of these only the making of the vector index, and waiting for it, are watched."""
        with self.noting("index" if "VECTOR INDEX" in query or "awaitIndex(" in query else "other"):
            return super().auto(query, parameters, **named)

    @contextmanager
    def noting(self, name: str) -> Iterator[None]:
        """Add what passes to one phase."""
        started, used = time.monotonic(), cpu(self.server)
        try:
            yield
        finally:
            self.spent[f"{name} s"] += time.monotonic() - started  # type: ignore[assignment]
            self.spent[f"{name} cpu s"] += cpu(self.server) - used  # type: ignore[assignment]


def cpu(process: psutil.Process) -> float:
    """Processor seconds that a process has used."""
    used = process.cpu_times()
    return float(used.user + used.system)


def main(uri: str, folder: Path, server: int) -> None:
    """Publish, and print the figures as JSON."""
    watch, process = Watch(), psutil.Process(server)
    started, used = time.monotonic(), cpu(process)
    with Timed.connect(uri, user="neo4j", password=os.environ["NEO4J_PASSWORD"]) as store:
        assert isinstance(store, Timed)
        store.watch(process)
        publish(store, MAPPING, folder.name, StoredProfiles(folder), config={}, metrics={}, progress=watch)
        ended, spent = time.monotonic(), store.spent
    index = spent.pop("index s", 0), spent.pop("index cpu s", 0)
    figures = {
        "seconds": ended - started,
        "server cpu s": cpu(process) - used,
        "stage s": watch.staged - watch.began,
        "flip s": ended - watch.staged - index[0],
        "index s": index[0],
        "index cpu s": index[1],
        "transactions": "several" if watch.several else "one",
        **spent,
        "client MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
