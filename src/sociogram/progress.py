"""Progress of long work, told to whoever listens: the terminal, a notebook, nobody."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Stage(Protocol):
    """One bar: `advance` moves it, `note` is the text beside it."""

    def advance(self, amount: float = 1, note: str | None = None) -> None: ...


class Progress(Protocol):
    """Opens stages; a stage's `total` is in its own unit (rows, texts, steps, bytes) or None when unknown."""

    def stage(self, name: str, total: float | None = None, unit: str = "") -> AbstractContextManager[Stage]: ...

    def say(self, name: str, text: str) -> None:
        """One finished line: what was done, with its figures."""


class _Silence:
    def advance(self, amount: float = 1, note: str | None = None) -> None:
        return None


class Silent:
    """Tells nobody: the default in the library and in tests."""

    @contextmanager
    def _stage(self) -> Iterator[Stage]:
        yield _Silence()

    def stage(self, name: str, total: float | None = None, unit: str = "") -> AbstractContextManager[Stage]:
        return self._stage()

    def say(self, name: str, text: str) -> None:
        return None


class Within:
    """Hands one open stage to work that would open its own: many parts, one bar."""

    def __init__(self, stage: Stage) -> None:
        self._open = stage

    @contextmanager
    def _stage(self) -> Iterator[Stage]:
        yield self._open

    def stage(self, name: str, total: float | None = None, unit: str = "") -> AbstractContextManager[Stage]:
        return self._stage()

    def say(self, name: str, text: str) -> None:
        return None


SILENT: Progress = Silent()
