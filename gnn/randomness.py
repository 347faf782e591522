"""Random numbers of a training run: seeded apart from the caller's, kept and put back on the processor and on a GPU alike."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Within, torch draws from `seed` on the processor and on `device`; afterwards the caller's numbers go on as if nothing had been drawn."""
    on_gpu = device.type == "cuda"
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if on_gpu else []):
        torch.manual_seed(seed)
        yield


def random_state(device: torch.device) -> dict[str, Tensor]:
    """Where the draws stand, for a checkpoint."""
    state = {"rng": torch.get_rng_state()}
    return state | {"rng_gpu": torch.cuda.get_rng_state()} if device.type == "cuda" else state


def restore_random_state(tensors: Mapping[str, Tensor], device: torch.device) -> None:
    """The opposite; a checkpoint from the processor leaves the GPU's draws where they are."""
    torch.set_rng_state(tensors["rng"].cpu())
    if device.type == "cuda" and "rng_gpu" in tensors:
        torch.cuda.set_rng_state(tensors["rng_gpu"].cpu())
