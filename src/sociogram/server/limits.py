"""How much one key may ask: a token bucket."""

import threading
import time
from collections.abc import Callable


class Bucket:
    """`rate` requests a second on average, and up to `burst` at once."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self._clock = rate, burst, clock
        self._left, self._at = burst, clock()

    def wait(self) -> float:
        """0 where the request may go on, else the seconds until one may."""
        now = self._clock()
        self._left = min(self.burst, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self.rate


class RateLimits:
    """A bucket for each name."""

    def __init__(self, rate: float, burst: float | None = None) -> None:
        self.rate, self.burst = rate, burst or 2 * rate
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def wait(self, name: str) -> float:
        """See `Bucket.wait`."""
        with self._lock:
            return self._buckets.setdefault(name, Bucket(self.rate, self.burst)).wait()
