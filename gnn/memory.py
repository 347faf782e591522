"""What to do when memory runs out: the same with less at a time, then a clear error."""

from collections.abc import Callable

import psutil
import torch

from sociogram.errors import TrainingError


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory is short, on the processor or on a GPU."""
    said = str(error).lower()
    torn = isinstance(error, RuntimeError) and "memory" in said and ("alloc" in said or "out of" in said)
    return torn or isinstance(error, MemoryError | torch.OutOfMemoryError)


def with_less(step: Callable[[], None], less: Callable[[], bool], what: str) -> None:
    """Do a step; while memory runs out, ask for `less` and do it again. Raises TrainingError where there is no less."""
    while True:
        try:
            step()
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
        else:
            return
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if not less():
            memory = psutil.virtual_memory()
            raise TrainingError(
                f"Memory ran out in {what}, with the smallest batch as well ({memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB are free). "
                "Stop other programs, take a smaller text encoder, or use mode frozen."
            )
