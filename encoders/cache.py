"""Vectors kept on disk, so that a text is encoded once in its life with given weights."""

import hashlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sociogram.encoders.encoder import Encoder
from sociogram.errors import EncoderError
from sociogram.progress import SILENT, Progress, Within

if TYPE_CHECKING:
    from sociogram.encoders.top_layers import LowerStates, TopLayers

LOOKUP = 500  # keys in a query; SQLite takes 999 parameters in its oldest builds
CHUNK = 4096  # texts encoded between two commits: what a kill can lose
WAIT = 60.0  # seconds for another process to finish its commit


class CachedEncoder:
    """An encoder with a memory in `folder`: one SQLite file a digest, keyed by the text's hash.

    Vectors come back bit for bit. Several processes may share the folder, and a kill loses at most the chunk under way (WAL).
    `hits` and `misses` count distinct texts since the start.
    """

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self.encoder = encoder
        self.folder = folder
        self.hits = 0
        self.misses = 0

    @property
    def name(self) -> str:
        """The name of the encoder inside."""
        return self.encoder.name

    @property
    def digest(self) -> str:
        """The digest of the encoder inside."""
        return self.encoder.digest

    @property
    def width(self) -> int:
        """Length of a vector."""
        return self.encoder.width

    def encode(self, texts: Sequence[str], progress: Progress = SILENT) -> NDArray[np.float32]:
        """Vectors [len(texts), width], float32: from the cache where it has them, else encoded and stored."""
        prepare = getattr(self.encoder, "prepare", None)
        if prepare is not None:
            prepare(texts)  # what is learned from all texts has to be known before the digest is
        keys = {text: _key(text) for text in texts}
        known: dict[bytes, NDArray[np.float32]] = {}
        with self._open() as connection:
            known.update(_read(connection, list(keys.values()), self.width))
            missing = [text for text, key in keys.items() if key not in known]
            self.hits += len(keys) - len(missing)
            self.misses += len(missing)
            if missing:
                self._fill(connection, missing, keys, known, progress)
        if not texts:
            return np.zeros((0, self.width), np.float32)
        return np.stack([known[keys[text]] for text in texts])

    def lower_states(
        self,
        texts: Sequence[str],
        top: "TopLayers",
        *,
        max_windows: int | None = 1,
        max_length: int | None = None,
        progress: Progress = SILENT,
    ) -> "LowerStates":
        """As `TransformerEncoder.lower_states`, computed once for the same texts and lower layers."""
        from sociogram.encoders.lower_cache import kept_states

        inner: Any = self.encoder

        def compute() -> "LowerStates":
            states: LowerStates = inner.lower_states(
                texts, top, max_windows=max_windows, max_length=max_length, progress=progress
            )
            return states

        return kept_states(self.folder, self.lower_key(texts, top, max_windows, max_length), compute)

    def lower_key(self, texts: Sequence[str], top: "TopLayers", max_windows: int | None, max_length: int | None) -> str:
        """The name that such lower states are kept under."""
        from sociogram.encoders.lower_cache import key_of

        inner: Any = self.encoder
        return key_of(f"{inner.lower_digest(top.cut)} {max_windows} {max_length}", texts)

    def save(self, folder: Path) -> None:
        """Save the encoder inside; the cache is no part of it."""
        self.encoder.save(folder)

    def _fill(
        self,
        connection: sqlite3.Connection,
        missing: list[str],
        keys: dict[str, bytes],
        known: dict[bytes, NDArray[np.float32]],
        progress: Progress,
    ) -> None:
        missing.sort(key=len, reverse=True)  # texts of one length share batches
        with progress.stage("encode", len(missing), "texts") as stage:
            for start in range(0, len(missing), CHUNK):
                chunk = missing[start : start + CHUNK]
                vectors = self.encoder.encode(chunk, Within(stage))
                rows = [(keys[text], v.astype("<f4").tobytes()) for text, v in zip(chunk, vectors, strict=True)]
                with connection:
                    connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)
                known.update((keys[text], vector) for text, vector in zip(chunk, vectors, strict=True))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        file = self.folder / f"{self.digest[:32]}.sqlite"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EncoderError(
                f"the text cache folder {self.folder} cannot be made ({error}): choose another one"
            ) from error
        connection = None
        try:
            connection = sqlite3.connect(file, timeout=WAIT)
            _turn_to_wal(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            with connection:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID"
                )
            yield connection
        except sqlite3.Error as error:
            raise EncoderError(
                f"the text cache {file} cannot be used ({error}): free disk space, delete the file, or choose another folder"
            ) from error
        finally:
            if connection is not None:
                connection.close()


def _turn_to_wal(connection: sqlite3.Connection) -> None:
    # SQLite's own timeout does not hold here: two that open a new file at once would wait for each other, so one is told "busy"
    until = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=20).digest()


def _read(connection: sqlite3.Connection, keys: list[bytes], width: int) -> Iterator[tuple[bytes, NDArray[np.float32]]]:
    for start in range(0, len(keys), LOOKUP):
        part = keys[start : start + LOOKUP]
        query = f"SELECT text, vector FROM vectors WHERE text IN ({', '.join('?' * len(part))})"
        for key, stored in connection.execute(query, part):
            vector = np.frombuffer(stored, "<f4")
            if len(vector) == width:
                yield key, vector.astype(np.float32)
