"""What to do when memory runs out: the same with less at a time, then a clear error."""

from collections.abc import Callable
from typing import Any, TypeVar

import psutil
import torch

from sociogram.errors import TrainingError

T = TypeVar("T")


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory is short, on the processor or on a GPU."""
    said = str(error).lower()
    torn = isinstance(error, RuntimeError) and "memory" in said and ("alloc" in said or "out of" in said)
    return torn or isinstance(error, MemoryError | torch.OutOfMemoryError)


def in_use() -> str:
    """What this process holds, for a person."""
    held = f"{psutil.Process().memory_info().rss / 1e9:.1f} GB"
    return f"{held}, {torch.cuda.memory_allocated() / 1e9:.1f} GB on the GPU" if torch.cuda.is_initialized() else held  # type: ignore[no-untyped-call]


def peak_on_gpu(device: torch.device) -> dict[str, Any]:
    """Name of the GPU and the most that was allocated there, for the report; nothing on a processor."""
    if device.type != "cuda":
        return {}
    return {
        "gpu": torch.cuda.get_device_name(device),
        "peak_gpu_memory_mb": torch.cuda.max_memory_allocated(device) // 2**20,
    }


def with_less(step: Callable[[], T], less: Callable[[], bool], what: str) -> T:
    """What a step gives; while memory runs out, ask for `less` and do it again. Raises TrainingError where there is no less."""
    while True:
        try:
            return step()
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if not less():
            memory = psutil.virtual_memory()
            raise TrainingError(
                f"Memory ran out in {what}, with the smallest batch as well ({memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB are free). "
                "Stop other programs, take a smaller text encoder, or use mode frozen."
            )
