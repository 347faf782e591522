"""Random numbers inside compiled loops, from a state of their own: the same on every machine."""

import numba
import numpy as np


@numba.njit(inline="always")
def uniform(state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The next of [0, 1), 53 bits: SplitMix64 (Steele et al. 2014)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * (1.0 / 9007199254740992.0)
