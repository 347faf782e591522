"""How much time is left, and what it may be spent on."""

import time

import numpy as np

from sociogram.errors import TrainingError

AGAIN = 2.1  # what is trained on validation is trained once more on everything, and then read off
SHARE = 0.97  # of the budget that is planned for; the rest is for what is not foreseen


class Budget:
    """Seconds for one fit from now on, `spent` of them already; None: no limit. `finish`: only what has begun is brought to an end."""

    def __init__(self, seconds: float | None, spent: float = 0.0, *, finish: bool = False) -> None:
        self.seconds, self.finish = seconds, finish
        self.started = time.perf_counter() - spent

    @property
    def limited(self) -> bool:
        return self.seconds is not None

    @property
    def spent(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self.started

    @property
    def left(self) -> float:
        """Seconds that may still be planned for."""
        return np.inf if self.seconds is None else SHARE * self.seconds - self.spent

    def training(self, phase_seconds: float) -> float:
        """Seconds that a network may train, so that a second phase of `phase_seconds` and as much training still fit.

        Raises TrainingError where there is no time for it.
        """
        allowed = (self.left - phase_seconds) / AGAIN
        if allowed <= 0:
            needed = (self.spent + phase_seconds) * 1.2
            raise TrainingError(
                f"The budget of {self.seconds:g} s is too small: reading, texts and linear parts took {self.spent:.0f} s, and the network has "
                f"not begun. Give at least {needed:.0f} s; texts that are encoded already are not encoded again."
            )
        return allowed
