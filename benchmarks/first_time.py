"""What reading texts takes the first time, though a cache has them by now: a row's seconds must not depend on the rows before it."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sociogram.encoders.cache import CachedEncoder
from sociogram.encoders.lower_cache import key_of
from sociogram.progress import SILENT, Progress

T = TypeVar("T")


class FirstTime(CachedEncoder):
    """A cached encoder; `saved` are the processor seconds that the same calls took when the cache was empty, less what they took now."""

    def __init__(self, cached: CachedEncoder) -> None:
        super().__init__(cached.encoder, cached.folder)
        self.saved = 0.0

    def encode(self, texts: Sequence[str], progress: Progress = SILENT) -> NDArray[np.float32]:
        """As the encoder inside."""
        key = key_of(f"encode {self.digest}", texts)
        return self._timed(key, lambda: super(FirstTime, self).encode(texts, progress))

    def lower_states(self, texts: Sequence[str], top: Any, **options: Any) -> Any:
        """As the encoder inside."""
        key = self.lower_key(texts, top, options.get("max_windows"), options.get("max_length"))
        return self._timed(key, lambda: super(FirstTime, self).lower_states(texts, top, **options))

    def _timed(self, key: str, call: Callable[[], T]) -> T:
        file = self.folder / "first-time.json"
        started = time.process_time()
        found = call()
        took = time.process_time() - started
        first: dict[str, float] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        self.saved += max(first.get(key, took) - took, 0.0)
        if key not in first:
            file.write_text(json.dumps(first | {key: round(took, 2)}), encoding="utf-8")
        return found
