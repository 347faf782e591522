"""Memory that runs out: less at a time, then a clear error; other errors pass."""

import pytest
import torch

from sociogram.errors import TrainingError
from sociogram.gnn.memory import out_of_memory, with_less


class Hungry:
    """A step that needs more than there is until it was made `fits` times smaller."""

    def __init__(self, fits: int, smallest: int, error: BaseException) -> None:
        self.size, self.fits, self.smallest, self.error, self.done = 64, fits, smallest, error, 0

    def step(self) -> None:
        if self.size > self.fits:
            raise self.error
        self.done += 1

    def less(self) -> bool:
        self.size //= 2
        return self.size >= self.smallest


CPU = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."
)


@pytest.mark.parametrize("error", [CPU, MemoryError(), torch.OutOfMemoryError("CUDA out of memory.")])
def test_a_smaller_batch_is_tried(error: BaseException) -> None:
    hungry = Hungry(16, 8, error)
    with_less(hungry.step, hungry.less, "a test")
    assert (hungry.size, hungry.done) == (16, 1)


def test_then_a_clear_error() -> None:
    hungry = Hungry(4, 8, CPU)
    with pytest.raises(
        TrainingError, match=r"Memory ran out in a test, with the smallest batch as well .* GB are free"
    ):
        with_less(hungry.step, hungry.less, "a test")


def test_other_errors_pass() -> None:
    hungry = Hungry(4, 8, RuntimeError("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes"):
        with_less(hungry.step, hungry.less, "a test")
    assert not out_of_memory(ValueError("memory"))
    assert out_of_memory(CPU)
