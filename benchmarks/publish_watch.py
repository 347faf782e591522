"""When staging of a publish began and ended, from its own progress."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Watch:
    """Progress that notes when staging began and ended, and whether the run went live in several transactions."""

    def __init__(self) -> None:
        self.began = self.staged = 0.0
        self.several = False

    @contextmanager
    def stage(self, name: str, total: float | None = None, unit: str = "") -> Iterator["Watch"]:
        if name == "publishing":
            self.began = self.staged = time.monotonic()
        yield self

    def advance(self, amount: float = 1, note: str | None = None) -> None:
        """A batch more."""
        if not self.several:
            self.staged = time.monotonic()

    def say(self, name: str, text: str) -> None:
        """Only the flip says anything."""
        self.several = name == "going live"
