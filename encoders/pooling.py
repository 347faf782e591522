"""Token states to one vector a text."""

from dataclasses import dataclass

import torch

from sociogram.errors import EncoderError

POOLINGS = ("mean", "mean_after_first", "cls")


@dataclass(frozen=True)
class TransformerSettings:
    """What turns the last layer's states into one vector a text."""

    pooling: str = "mean"  # mean | mean_after_first (causal models: the first token is an attention sink) | cls
    normalise: bool = True  # to length 1, as all-MiniLM-L6-v2 has it
    max_length: int = 256  # tokens in a window, special tokens included
    max_windows: int = 8  # a longer text is cut after so many windows

    def __post_init__(self) -> None:
        if self.pooling not in POOLINGS:
            raise EncoderError(f"pooling is {self.pooling!r}, but one of {', '.join(POOLINGS)} was expected")


def pooled_sums(states: torch.Tensor, mask: torch.Tensor, pooling: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum over the pooled tokens and their number: states [b, L, h], mask [b, L] -> [b, h], [b], float32."""
    if pooling == "cls":
        sizes = mask.sum(1).float()
        return states[:, 0].float() * sizes[:, None], sizes
    if pooling == "mean_after_first":
        keep = mask.clone()
        keep[:, 0] = (mask.sum(1) == 1).to(mask.dtype)  # a window of one token has nothing else
        mask = keep
    weights = mask.float()
    return torch.bmm(weights[:, None, :], states.float())[:, 0], weights.sum(1)  # [b, 1, L] x [b, L, h]


def finished(total: torch.Tensor, count: torch.Tensor, normalise: bool) -> torch.Tensor:
    """Mean [n, h] from sums [n, h] and counts [n]; a count of zero gives the zero vector."""
    mean = total / count.clamp(min=1)[:, None]
    return torch.nn.functional.normalize(mean, dim=1) if normalise else mean
