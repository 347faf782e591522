"""A publishing client: a process that does nothing else, so that its peak memory is publishing's.

NEO4J_PASSWORD=... python -m benchmarks.publish_client URI RUN_FOLDER
"""

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bench_publish import MAPPING
from sociogram.graph.profile_blocks import StoredProfiles
from sociogram.graph.publish import publish
from sociogram.graph.store import Store


class Watch:
    """Progress that notes when the stage began and when its last batch was written."""

    def __init__(self) -> None:
        self.began = self.last = 0.0

    @contextmanager
    def stage(self, name: str, total: float | None = None, unit: str = "") -> Iterator["Watch"]:
        self.began = self.last = time.monotonic()
        yield self

    def advance(self, amount: float = 1, note: str | None = None) -> None:
        """A batch more."""
        self.last = time.monotonic()

    def say(self, name: str, text: str) -> None:
        """Not listened to."""

    @property
    def seconds(self) -> float:
        """Of the staging."""
        return self.last - self.began


def main(uri: str, folder: Path) -> None:
    """Publish, and print the figures as JSON."""
    watch = Watch()
    started = time.monotonic()
    with Store.connect(uri, user="neo4j", password=os.environ["NEO4J_PASSWORD"]) as store:
        publish(store, MAPPING, folder.name, StoredProfiles(folder), config={}, metrics={}, progress=watch)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    figures = {"stage s": watch.seconds, "seconds": time.monotonic() - started, "client MiB": peak}
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
