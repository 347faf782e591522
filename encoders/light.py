"""A deterministic stand-in for a language model: hashed words and character n-grams, no torch, no files."""

import hashlib
import json
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sociogram.errors import EncoderError
from sociogram.progress import SILENT, Progress

VERSION = 1  # part of the digest: raise it when the hashing changes
GRAMS = (3, 4)  # characters
WORD = re.compile(r"\w+")


class LightEncoder:
    """Feature hashing (Weinberger et al. 2009, arXiv:0902.2206): signed sums of word and n-gram buckets, to length 1."""

    def __init__(self, width: int = 64) -> None:
        if width < 1:
            raise EncoderError(f"width is {width}, but at least 1 was expected")
        self._width = width

    @property
    def name(self) -> str:
        """What a person calls it."""
        return "light"

    @property
    def digest(self) -> str:
        """Hash over version and width: there are no weights."""
        return hashlib.sha256(f"light {VERSION} {self._width}".encode()).hexdigest()

    @property
    def width(self) -> int:
        """Length of a vector."""
        return self._width

    def encode(self, texts: Sequence[str], progress: Progress = SILENT) -> NDArray[np.float32]:
        """Vectors [len(texts), width], float32, of length 1; the empty text is the zero vector."""
        vectors = np.zeros((len(texts), self._width), np.float32)
        known: dict[str, int] = {}
        with progress.stage("encode", total=len(texts), unit="texts") as stage:
            for row, text in enumerate(texts):
                first = known.setdefault(text, row)
                vectors[row] = vectors[first] if first != row else self._vector(text)
                stage.advance(1)
        return vectors

    def save(self, folder: Path) -> None:
        """Write sociogram_encoder.json, which `load_encoder` opens again."""
        folder.mkdir(parents=True, exist_ok=True)
        record = {"kind": "light", "name": self.name, "width": self._width}
        (folder / "sociogram_encoder.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector = np.zeros(self._width, np.float64)
        plain = unicodedata.normalize("NFKC", text).lower()
        for word, times in Counter(WORD.findall(plain) or plain.split()).items():
            for bucket, sign, weight in _features(word, self._width):
                vector[bucket] += sign * weight * (1 + np.log(times))
        length = float(np.linalg.norm(vector))
        if length < 1e-9:  # blank, or all features cancel out
            if not text.strip():
                return np.zeros(self._width, np.float32)
            vector[_hash(plain) % self._width] = length = 1.0
        return (vector / length).astype(np.float32)


@lru_cache(maxsize=1 << 16)
def _features(word: str, width: int) -> tuple[tuple[int, int, float], ...]:
    """(bucket, sign, weight) of the word itself and of its n-grams, which together weigh as much as half the word."""
    padded = f"<{word}>"
    grams = [padded[at : at + n] for n in GRAMS for at in range(len(padded) - n + 1)]
    weighted = [(f"word {word}", 1.0), *((f"gram {gram}", 0.5 / len(grams) ** 0.5) for gram in grams)]
    return tuple((_hash(f) % width, 1 if _hash(f) >> 31 else -1, weight) for f, weight in weighted)


def _hash(feature: str) -> int:
    return zlib.crc32(feature.encode(errors="surrogatepass"))
