"""The one thing that the rest of Sociogram asks of a text encoder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sociogram.progress import SILENT, Progress


class Encoder(Protocol):
    """Texts to vectors, deterministically."""

    @property
    def name(self) -> str:
        """What a person calls it, e.g. `all-MiniLM-L6-v2`."""

    @property
    def digest(self) -> str:
        """Hash over weights, tokenizer and settings: equal digests give equal vectors."""

    @property
    def width(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str], progress: Progress = SILENT) -> NDArray[np.float32]:
        """Vectors [len(texts), width], float32; the empty text is the zero vector."""

    def save(self, folder: Path) -> None:
        """Write in a layout that `load_encoder` opens again; a transformer also opens with `AutoModel.from_pretrained`."""
