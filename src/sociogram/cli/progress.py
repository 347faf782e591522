"""Progress on the terminal: a bar while it runs, one line when it is done; on stderr."""

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from sociogram.progress import Stage

NAME = 18  # columns of a stage's name
SHOWN_AFTER_S = 1.0  # a finished stage shorter than this leaves no line


class TerminalProgress:
    """Bars on a terminal; where stderr is a file, a line when a stage begins and ends."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bars = Bars(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[note]}"),
            console=self._console,
            transient=True,
        )
        self._live = sys.stderr.isatty()

    def __enter__(self) -> "TerminalProgress":
        if self._live:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._bars.stop()

    def say(self, name: str, text: str) -> None:
        """One finished line."""
        self._console.print(f"  {name:<{NAME}} {text}", soft_wrap=True, markup=False)

    def stage(self, name: str, total: float | None = None, unit: str = "") -> AbstractContextManager[Stage]:
        """A bar that lives as long as the block."""
        return self._stage(name, total, unit)

    @contextmanager
    def _stage(self, name: str, total: float | None, unit: str) -> Iterator[Stage]:
        started = time.monotonic()
        task = self._bars.add_task(f"{name:<{NAME}}", total=total, note=unit)
        bar = _Bar(self._bars, task)
        try:
            yield bar
        finally:
            self._bars.remove_task(task)
        seconds = time.monotonic() - started
        if seconds >= SHOWN_AFTER_S:
            amount = f"{total:,.0f} {unit} · " if total and unit and unit != "bytes" else ""
            self.say(name, f"{amount}{bar.note + ' · ' if bar.note else ''}{seconds:.0f} s")


class _Bar:
    def __init__(self, bars: Bars, task: TaskID) -> None:
        self._bars, self._task, self.note = bars, task, ""

    def advance(self, amount: float = 1, note: str | None = None) -> None:
        self._bars.advance(self._task, amount)
        if note is not None:
            self.note = note
            self._bars.update(self._task, note=note)
