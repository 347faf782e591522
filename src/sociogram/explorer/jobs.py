"""Work that takes minutes, in a thread of its own: told to whoever has the page open, and stopped when asked to."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Literal

from sociogram.errors import SociogramError
from sociogram.progress import Progress, Stage
from sociogram.said import message

LOG = logging.getLogger("sociogram.explorer")
FIGURE = re.compile(r"(loss|mAP) (\d+(?:\.\d+)?)")
LINES_MOST = 200
State = Literal["running", "done", "failed", "stopped"]


@dataclass
class Shown:
    """A stage as a bar; `total` None: nobody knows."""

    name: str
    total: float | None
    unit: str
    done: float = 0.0
    note: str = ""
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None

    @property
    def share(self) -> float | None:
        """From 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else None

    @property
    def seconds(self) -> float:
        """Since it began, or until it ended."""
        return (self.ended or time.monotonic()) - self.began


class _Told:
    """Progress for the page; raises KeyboardInterrupt in the worker when it was asked to stop, as Ctrl-C does on the command line."""

    def __init__(self, job: "Job") -> None:
        self._job = job

    def stage(self, name: str, total: float | None = None, unit: str = "") -> AbstractContextManager[Stage]:
        return self._stage(name, total, unit)

    @contextmanager
    def _stage(self, name: str, total: float | None, unit: str) -> Iterator[Stage]:
        self._job.check()
        shown = Shown(name, total, unit)
        self._job.stages.append(shown)
        try:
            yield _Bar(self._job, shown)
        finally:
            shown.ended = time.monotonic()

    def say(self, name: str, text: str) -> None:
        self._job.lines.append(f"{name}: {text}")
        del self._job.lines[:-LINES_MOST]


class _Bar:
    def __init__(self, job: "Job", shown: Shown) -> None:
        self._job, self._shown = job, shown

    def advance(self, amount: float = 1, note: str | None = None) -> None:
        self._shown.done += amount
        if note is not None:
            self._shown.note = note
            for name, value in FIGURE.findall(note):
                self._job.curve.setdefault(name, []).append((len(self._job.curve.get(name, ())) + 1, float(value)))
        self._job.check()


class Job:
    """One piece of work; there is at most one at a time."""

    def __init__(self, work: Callable[[Progress, "Job"], None]) -> None:
        self.state: State = "running"
        self.stages: list[Shown] = []
        self.lines: list[str] = []
        self.curve: dict[str, list[tuple[int, float]]] = {}
        self.rejected: list[dict[str, str]] = []
        self.result: dict[str, str] = {}
        self.error = ""
        self._work, self._stop = work, threading.Event()
        self._thread = threading.Thread(target=self._run, name="sociogram-job", daemon=True)

    def start(self) -> "Job":
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ask it to end at the next sign of progress; what was learned so far is kept, as after Ctrl-C."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end."""
        return self._stop.is_set()

    def check(self) -> None:
        """Called in the worker."""
        if self._stop.is_set():
            raise KeyboardInterrupt

    def join(self, seconds: float | None = None) -> None:
        """Wait for its end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self._work(_Told(self), self)
            self.state = "done"
        except KeyboardInterrupt:
            self.state = "stopped"
        except SociogramError as error:
            self.error, self.state = message(error), "failed"
        except Exception as error:  # the page must say something; the log has all of it
            LOG.exception("a job failed")
            self.error, self.state = f"something went wrong here ({type(error).__name__}). The log has it.", "failed"
