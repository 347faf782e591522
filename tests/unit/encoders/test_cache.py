import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from sociogram.encoders.cache import CachedEncoder
from sociogram.encoders.light import LightEncoder
from sociogram.errors import EncoderError
from sociogram.progress import SILENT, Progress, Silent


class Counting(LightEncoder):
    """Remembers what it was asked for."""

    def __init__(self, width: int = 64) -> None:
        super().__init__(width)
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str], progress: Progress = SILENT) -> np.ndarray:
        self.asked += texts
        return super().encode(texts, progress)


def test_each_text_is_encoded_once_in_its_life(tmp_path):
    first = CachedEncoder(Counting(), tmp_path)
    texts = ["a", "b", "a", "", "图", "\ud800"]
    vectors = first.encode(texts)
    assert (first.hits, first.misses) == (0, 5)
    second = CachedEncoder(Counting(), tmp_path)
    np.testing.assert_array_equal(
        second.encode([*texts, "new"]), np.concatenate([vectors, LightEncoder().encode(["new"])])
    )
    assert (second.hits, second.misses, second.encoder.asked) == (5, 1, ["new"])


def test_vectors_come_back_bit_for_bit(tmp_path):
    texts = [f"text {i}" for i in range(1500)]  # more than one lookup
    cached = CachedEncoder(LightEncoder(), tmp_path)
    cached.encode(texts)
    assert cached.encode(texts).tobytes() == LightEncoder().encode(texts).tobytes()


def test_other_digest_shares_nothing(tmp_path):
    CachedEncoder(LightEncoder(64), tmp_path).encode(["a"])
    other = CachedEncoder(LightEncoder(32), tmp_path)
    assert other.encode(["a"]).shape == (1, 32)
    assert other.misses == 1


def test_no_texts(tmp_path):
    assert CachedEncoder(LightEncoder(), tmp_path).encode([]).shape == (0, 64)


def test_caller_may_write_into_the_result(tmp_path):
    cached = CachedEncoder(LightEncoder(), tmp_path)
    for _ in range(2):
        vectors = cached.encode(["a"])
        vectors += 1
    np.testing.assert_array_equal(cached.encode(["a"]), LightEncoder().encode(["a"]))


def test_passes_on_what_it_wraps(tmp_path):
    cached = CachedEncoder(LightEncoder(), tmp_path)
    assert (cached.name, cached.width, cached.digest) == ("light", 64, LightEncoder().digest)
    cached.save(tmp_path / "saved")
    assert (tmp_path / "saved" / "sociogram_encoder.json").is_file()


def fill(folder: Path, start: int) -> None:
    CachedEncoder(LightEncoder(), folder).encode([f"text {i}" for i in range(start, start + 3000)])


def test_two_processes_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=fill, args=(tmp_path, start)) for start in (0, 1500)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    cached = CachedEncoder(LightEncoder(), tmp_path)
    cached.encode([f"text {i}" for i in range(4500)])
    assert cached.misses == 0


def open_at_once(folder: Path, barrier: threading.Barrier) -> None:
    cached = CachedEncoder(LightEncoder(), folder)
    barrier.wait()
    cached.encode(["a"])


def test_many_open_a_new_cache_at_once(tmp_path):
    for turn in range(20):  # before opening waited, two in five of these failed
        barrier = threading.Barrier(4)
        with ThreadPoolExecutor(4) as pool:
            for opened in [pool.submit(open_at_once, tmp_path / str(turn), barrier) for _ in range(4)]:
                opened.result()


def test_killed_while_writing(tmp_path):
    code = (
        "import sys; from pathlib import Path; from sociogram.encoders import cache; from sociogram.encoders.light import LightEncoder\n"
        "cache.CHUNK = 10; c = cache.CachedEncoder(LightEncoder(), Path(sys.argv[1]))\n"
        "c.encode(['first']); print('go', flush=True); c.encode([f'text {i}' for i in range(10**5)])"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )
    assert child.stdout is not None
    child.stdout.readline()
    with child:
        wait_for_rows(tmp_path, 50)
        child.send_signal(signal.SIGKILL)
    cached = CachedEncoder(LightEncoder(), tmp_path)
    np.testing.assert_array_equal(cached.encode(["first", "text 3"]), LightEncoder().encode(["first", "text 3"]))
    assert cached.hits >= 1


def wait_for_rows(folder: Path, rows: int) -> None:
    deadline = time.monotonic() + 30
    file = next(folder.glob("*.sqlite"))
    while time.monotonic() < deadline:
        connection = sqlite3.connect(file, timeout=30)
        found = connection.execute("SELECT count(*) FROM vectors").fetchone()[0]
        connection.close()
        if found >= rows:
            return
    pytest.fail("the child wrote nothing in 30 s")


def test_unusable_file_and_folder(tmp_path):
    cached = CachedEncoder(LightEncoder(), tmp_path)
    cached.encode(["a"])
    for file in tmp_path.iterdir():
        file.write_bytes(b"this is no database" * 100)
    with pytest.raises(EncoderError, match="delete the file"):
        cached.encode(["a"])
    (tmp_path / "file").touch()
    with pytest.raises(EncoderError, match="choose another one"):
        CachedEncoder(LightEncoder(), tmp_path / "file").encode(["a"])


def test_many_chunks_are_one_bar(tmp_path, monkeypatch):
    monkeypatch.setattr("sociogram.encoders.cache.CHUNK", 2)
    opened: list[tuple[str, float | None]] = []
    done: list[float] = []

    class Bar:
        def advance(self, amount: float = 1, note: str | None = None) -> None:
            done.append(amount)

    class Listener(Silent):
        @contextmanager
        def stage(self, name: str, total: float | None = None, unit: str = "") -> Iterator[Bar]:
            opened.append((name, total))
            yield Bar()

    CachedEncoder(LightEncoder(), tmp_path).encode(["a", "b", "c", "d", "e"], Listener())
    assert opened == [("encode", 5)]
    assert sum(done) == 5
