"""How much one key may ask: a token bucket."""

import threading
import time
from collections.abc import Callable


class Bucket:
    """`rate` requests a second on average, and up to `burst` at once."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self._clock = rate, burst, clock
        self._left, self._at = burst, clock()

    @property
    def full(self) -> bool:
        """Whether nothing was asked for long enough, so that it need not be remembered."""
        return self._left + (self._clock() - self._at) * self.rate >= self.burst

    def wait(self, cost: float = 1.0) -> float:
        """0 where the request may go on, else the seconds until one may; with a cost of 0 one only looks."""
        now = self._clock()
        self._left = min(self.burst, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left >= 1:
            self._left -= cost
            return 0.0
        return (1 - self._left) / self.rate


MOST = 10_000  # names that are remembered


class RateLimits:
    """A bucket for each name."""

    def __init__(self, rate: float, burst: float | None = None) -> None:
        self.rate, self.burst = rate, burst or 2 * rate
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def wait(self, name: str, cost: float = 1.0) -> float:
        """See `Bucket.wait`."""
        with self._lock:
            if len(self._buckets) >= MOST and name not in self._buckets:
                self._forget()
            return self._buckets.setdefault(name, Bucket(self.rate, self.burst)).wait(cost)

    def _forget(self) -> None:
        """Whoever has not asked for long; where all ask, the half that came first."""
        kept = {name: bucket for name, bucket in self._buckets.items() if not bucket.full}
        self._buckets = dict([*kept.items()][len(kept) // 2 :]) if len(kept) >= MOST else kept
