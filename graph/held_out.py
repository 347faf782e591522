"""What a run's own split held out, and the users' embeddings as they were without it: to judge by later."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

FILE = "held_out.npz"


@dataclass(frozen=True)
class HeldOutInterests:
    """Interests of users in topics: those that were seen while choosing, and those of the test part."""

    embeddings: NDArray[np.float32]  # [users, d] as published, from the network that had not seen the test part
    known: sparse.csr_array  # [users, topics] ones
    test: sparse.csr_array  # [users, topics] ones

    def save(self, folder: Path) -> None:
        """Write held_out.npz under `folder`, embeddings in half precision: groups are made of them, nothing else."""
        parts: dict[str, Any] = {"embeddings": self.embeddings.astype(np.float16), "shape": np.array(self.known.shape)}
        for name, matrix in (("known", self.known), ("test", self.test)):
            pairs: Any = matrix.tocoo()
            parts[name] = np.stack([pairs.row, pairs.col]).astype(np.int64)
        np.savez(folder / FILE, **parts)

    @classmethod
    def load(cls, folder: Path) -> "HeldOutInterests | None":
        """What `save` wrote; None where the run held nothing out, or is of an earlier version."""
        if not (folder / FILE).exists():
            return None
        with np.load(folder / FILE, allow_pickle=False) as stored:
            shape = tuple(stored["shape"].tolist())
            known, test = (
                sparse.csr_array((np.ones(stored[name].shape[1], np.float32), tuple(stored[name])), shape=shape)
                for name in ("known", "test")
            )
            return cls(stored["embeddings"].astype(np.float32), known, test)
