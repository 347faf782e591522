"""The Engine behind the server: connected anew where its Neo4j came back at another address, with what several questions can share."""

import gc
import logging
import threading
import time
from collections.abc import Callable

from sociogram.engine import Engine
from sociogram.errors import SociogramError
from sociogram.graph.publish_runs import live_run
from sociogram.queries.influence.influence import Influence

LOG = logging.getLogger("sociogram.server")
EVERY_S = 1.0  # at most so often is a new connection tried
LOOKS_S = 5.0  # between looks at which run is live
ENDS_S = 20.0  # waited for what is under way when the server ends
FRESH_S = 60.0  # so old may an export of the graph be that questions about influence are asked of


class Backend:
    """Holds one Engine; `connect` makes another, and None says that nothing has changed (the driver itself goes on trying)."""

    def __init__(self, engine: Engine, connect: Callable[[Engine], Engine | None]) -> None:
        self.engine = engine
        self._connect = connect
        self._lock = threading.Lock()
        self._tried = -EVERY_S
        self._ending = threading.Event()
        self._preparing: threading.Thread | None = None
        self._exporting = threading.Lock()
        self._exported: tuple[tuple[Engine, str | None], float, Influence] | None = None

    def influence(self) -> Influence:
        """Of an export of the graph that is a minute old at most, and of the run that is live now."""
        with self._exporting:
            of = self.engine, live_run(self.engine.store)
            kept = self._exported
            if kept is None or kept[0] != of or time.monotonic() - kept[1] > FRESH_S:
                kept = self._exported = of, time.monotonic(), self.engine.influence
            return kept[2]

    def prepare(self) -> None:
        """In the background, and again whenever another run is live: open what the next questions would wait for."""
        self._preparing = threading.Thread(target=self._prepared, name="prepare", daemon=True)
        self._preparing.start()

    def _prepared(self) -> None:
        said = ""
        while not self._ending.is_set():
            try:
                engine = self.engine
                if not engine.is_prepared():
                    engine.prepare()
                    if engine.is_prepared():
                        _settled()
                said = ""
            except SociogramError as error:  # whoever asks is told what is wrong
                if said != (said := type(error).__name__):
                    LOG.warning("not prepared for questions: %s", said)
            self._ending.wait(LOOKS_S)

    def close(self) -> None:
        """Wait for what is being opened: a thread in the midst of a library's own code would abort the process as it ends."""
        self._ending.set()
        if self._preparing is not None:
            self._preparing.join(ENDS_S)
        gc.unfreeze()  # or extensions complain, as Python ends, of all that was never collected
        self.engine.store.close()

    def use(self, engine: Engine, *, own: bool) -> None:
        """From now on another one; `own`: of a Neo4j that somebody named, which nothing but its driver finds again."""
        with self._lock:
            before, self.engine = self.engine, engine
            if own:
                self._connect = lambda _: None
            if before.store is not engine.store:
                before.store.close()

    def lost(self) -> None:
        """Told that Neo4j did not answer; looks whether it is somewhere else by now, and does not wait for others who look."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if time.monotonic() - self._tried < EVERY_S:
                return
            self._tried = time.monotonic()
            before = self.engine
            try:
                found = self._connect(before)
            except SociogramError as error:
                LOG.warning("Neo4j is not back yet: %s", type(error).__name__)
                return
            if found is not None:
                self.engine = found
                before.store.close()
        finally:
            self._lock.release()


def _settled() -> None:
    """What is there now stays: the garbage collector would look at all of it again and again, and meanwhile nobody is answered."""
    gc.unfreeze()  # what stayed for the run before is looked at once more
    gc.collect()
    gc.freeze()
