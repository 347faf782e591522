"""Questions that come at once: each has its own answer, and waits for nobody but those before it."""

import gc
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from sociogram.queries.similar.together import Together


def test_each_has_its_own_answer() -> None:
    doubled: Together[int, int] = Together(lambda asked: [2 * one for one in asked], 16)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(lambda n: doubled.ask(n).result(10), range(2_000))) == [2 * n for n in range(2_000)]


def test_what_comes_meanwhile_is_one_batch_of_at_most_so_many() -> None:
    begun, go_on, batches = threading.Semaphore(0), threading.Event(), []

    def answer(asked: Sequence[str]) -> Sequence[str]:
        begun.release()
        assert go_on.wait(10)
        batches.append(list(asked))
        return asked

    together: Together[str, str] = Together(answer, 3)
    first = together.ask("first")
    assert begun.acquire(timeout=10)
    rest = [together.ask(f"{n}") for n in range(5)]
    go_on.set()
    assert [future.result(10) for future in rest] == [f"{n}" for n in range(5)]
    assert first.result(10) == "first"
    assert batches == [["first"], ["0", "1", "2"], ["3", "4"]]


def test_an_error_is_told_to_all_of_its_batch_and_to_nobody_else() -> None:
    def answer(asked: Sequence[int]) -> Sequence[int]:
        if 13 in asked:
            raise ValueError("unlucky")
        return asked

    together: Together[int, int] = Together(answer, 16)
    with pytest.raises(ValueError, match="unlucky"):
        together.ask(13).result(10)
    assert together.ask(14).result(10) == 14


def test_one_that_nobody_wants_any_more_is_left_out() -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()

    def answer(asked: Sequence[int]) -> Sequence[int]:
        begun.release()
        assert go_on.wait(10)
        return asked

    together: Together[int, int] = Together(answer, 16)
    first = together.ask(0)
    assert begun.acquire(timeout=10)
    unwanted, wanted = together.ask(1), together.ask(2)
    assert unwanted.cancel()
    go_on.set()
    assert (first.result(10), wanted.result(10)) == (0, 2)


def test_its_threads_end_with_it() -> None:
    together: Together[int, int] = Together(list, 16)
    together.ask(1).result(10)
    mine = [thread for thread in threading.enumerate() if thread.name.startswith("together")]
    del together
    gc.collect()
    for thread in mine:
        thread.join(10)
        assert not thread.is_alive()
