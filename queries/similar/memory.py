"""The live run's vectors in memory, for a program that is asked often: exact, and many questions in one pass.

A question alone is bound by reading all vectors from memory. Questions that wait for one another are answered together, by whoever gets
the lock (flat combining, Hendler et al. 2010, doi:10.1145/1810479.1810540): one matrix product reads the vectors once for all of them.
"""

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from sociogram.graph.profile import Key

Floats = NDArray[np.float32]
BLOCK = 64  # users in a block; the k nearest are in the k blocks with the largest maxima
TOGETHER = 16  # questions in one product: their cosines with a million users take 64 MB
MOST_BYTES = 1 << 30  # of vectors


class _Asked:
    """One question under way."""

    def __init__(self, vector: Sequence[float], k: int) -> None:
        self.vector, self.k = vector, k
        self.found: tuple[NDArray[np.int64], Floats] | None = None  # rows and cosines


class VectorTable:
    """Keys [n] and vectors [n, d] of one run's users; those of zero length are near to nobody."""

    def __init__(self, run: str, keys: Sequence[Key], vectors: Floats) -> None:
        self.run = run
        norm = np.linalg.norm(vectors, axis=1)
        pointing = np.flatnonzero(norm > 0)
        self._keys = [keys[row] for row in pointing.tolist()]
        blocks = -(-len(pointing) // BLOCK)
        self._unit = np.zeros((blocks * BLOCK, vectors.shape[1]), np.float32)
        np.divide(vectors[pointing], norm[pointing, None], out=self._unit[: len(pointing)])
        # to compute with one thread: more of them spend their time waiting for memory, and for one another
        self._blas = ThreadpoolController()
        self._lock = threading.Lock()
        self._waiting: list[_Asked] = []

    def __len__(self) -> int:
        return len(self._keys)

    def nearest(self, vector: Sequence[float], k: int) -> tuple[list[Key], list[float]]:
        """Keys and cosines of the k nearest to a vector of length 1, best first; of all where there are no more."""
        asked = _Asked(vector, k)
        self._waiting.append(asked)  # of a list this is atomic
        while asked.found is None:
            with self._lock:
                if asked.found is None:
                    self._answer()
        rows, cosines = asked.found
        return [self._keys[row] for row in rows.tolist()], cosines.tolist()

    def _answer(self) -> None:
        """Take what waits, at most TOGETHER, and answer it; the lock is held."""
        together = self._waiting[:TOGETHER]
        del self._waiting[: len(together)]  # what came since is behind them
        if not together:
            return
        with self._blas.limit(limits=1, user_api="blas"):
            cosines = np.asarray([asked.vector for asked in together], np.float32) @ self._unit.T
        cosines[:, len(self._keys) :] = -np.inf
        for asked, cosine in zip(together, cosines, strict=True):
            asked.found = _largest(cosine, min(asked.k, len(self._keys)))


def _largest(cosine: Floats, k: int) -> tuple[NDArray[np.int64], Floats]:
    """Rows of the k largest, largest first, and their values."""
    blocks = cosine.reshape(-1, BLOCK)
    if k < len(blocks):
        among = np.argpartition(-blocks.max(1), k - 1)[:k]
        rows = (among[:, None] * BLOCK + np.arange(BLOCK)).ravel()
    else:
        rows = np.arange(len(cosine))
    best = rows[np.argsort(-cosine[rows], kind="stable")[:k]]
    return best, cosine[best]
