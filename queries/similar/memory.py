"""The live run's vectors and tags in memory, for a program that is asked often: exact, and many questions in one pass.

A question alone is bound by reading all vectors from memory; one matrix product reads them once for several questions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from sociogram.graph.profile import Key
from sociogram.graph.published_tags import TagLists

Floats = NDArray[np.float32]
BLOCK = 64  # users in a block; the k nearest are in the k blocks with the largest maxima
TOGETHER = 16  # questions in one product: their cosines with a million users take 64 MB
MOST_BYTES = 1 << 30  # of vectors


@dataclass(frozen=True)
class Near:
    """Those nearest to one vector, the nearest first, equals by key."""

    keys: list[Key]
    cosines: list[float]


class HeldRun:
    """Keys [n], vectors [n, d] and tags of one run's users; those whose vector has zero length are near to nobody."""

    def __init__(self, run: str, keys: Sequence[Key], vectors: Floats, tags: TagLists, flips: int = 0) -> None:
        """`flips`: which flip the graph was at (graph/publish_lock.py) while this run was live and no other was being made live."""
        self.run, self.flips, self._tags = run, flips, tags
        norm = np.linalg.norm(vectors, axis=1)
        pointing = np.flatnonzero(norm > 0)
        self._pointing = pointing
        self._keys = [keys[row] for row in pointing.tolist()]
        self._rows = {key: row for row, key in enumerate(self._keys)}
        self.width = vectors.shape[1]
        blocks = -(-len(pointing) // BLOCK)
        self._unit = np.zeros((blocks * BLOCK, self.width), np.float32)
        np.divide(vectors[pointing], norm[pointing, None], out=self._unit[: len(pointing)])
        # to compute with one thread: more of them spend their time waiting for memory, and for one another
        self._blas = ThreadpoolController()

    def __len__(self) -> int:
        return len(self._keys)

    def vector(self, key: Key) -> list[float] | None:
        """A user's direction, of length 1; None for those who are not here."""
        row = self._rows.get(key)
        return None if row is None else self._unit[row].tolist()

    def tags(self, key: Key) -> list[str]:
        """A user's tags, strongest first; none for those who are not here."""
        row = self._rows.get(key)
        return [] if row is None else self._tags.of(int(self._pointing[row]))

    def nearest(self, vectors: Sequence[Sequence[float]], k: int) -> list[Near]:
        """The k nearest to each of at most TOGETHER vectors [m, d] of length 1; all where there are no more."""
        if len(vectors) > TOGETHER:
            raise ValueError(f"expected at most {TOGETHER} vectors, got {len(vectors)}")
        asked = np.asarray(vectors, np.float64)
        with self._blas.limit(limits=1, user_api="blas"):
            cosines = asked.astype(np.float32) @ self._unit.T
        cosines[:, len(self._keys) :] = -np.inf
        k = min(k, len(self._keys))
        return [self._near(_largest(cosine, k), vector) for cosine, vector in zip(cosines, asked, strict=True)]

    def _near(self, rows: NDArray[np.int64], vector: NDArray[np.float64]) -> Near:
        cosines = (self._unit[rows].astype(np.float64) @ vector).tolist()
        keys = [self._keys[row] for row in rows.tolist()]
        # Cypher's order of keys: text stands before numbers
        order = sorted(range(len(keys)), key=lambda i: (-cosines[i], not isinstance(keys[i], str), keys[i]))
        return Near([keys[i] for i in order], [cosines[i] for i in order])


def _largest(cosine: Floats, k: int) -> NDArray[np.int64]:
    """Rows of the k largest."""
    blocks = cosine.reshape(-1, BLOCK)
    if k < len(blocks):
        among = np.argpartition(-blocks.max(1), k - 1)[:k]
        rows = (among[:, None] * BLOCK + np.arange(BLOCK)).ravel()
    else:
        rows = np.arange(len(cosine))
    return rows[np.argsort(-cosine[rows], kind="stable")[:k]]
