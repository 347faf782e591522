"""Token states to one vector a text."""

import torch

from sociogram.encoders.settings import TransformerSettings
from sociogram.encoders.whitening import Whitening


def pooled_sums(
    states: torch.Tensor, mask: torch.Tensor, pooling: str, skip: int = 1
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum over the pooled tokens and their number: states [b, L, h], mask [b, L] -> [b, h], [b], float32.

    `skip` tokens at the beginning (the sink and a prompt) are left out of mean_after_first. One token that stands for a window (cls,
    last) counts as often as the window has tokens.
    """
    lengths = mask.sum(1)
    if pooling in ("cls", "last"):
        at = lengths - 1 if pooling == "last" else torch.zeros_like(lengths)
        return states[torch.arange(len(states), device=states.device), at].float() * lengths[:, None], lengths.float()
    if pooling == "mean_after_first":
        keep = mask.clone()
        keep[:, :skip] *= (lengths <= skip).to(mask.dtype)[:, None]  # a window of so few tokens has nothing else
        mask = keep
    weights = mask.float()
    return torch.bmm(weights[:, None, :], states.float())[:, 0], weights.sum(1)  # [b, 1, L] x [b, L, h]


class Pooler:
    """Token states to vectors, as the settings say; `head` tokens come before the text in each window."""

    def __init__(self, settings: TransformerSettings, head: int) -> None:
        self.settings = settings
        self.skip = max(head, 1)
        self.whitening: Whitening | None = None  # set by the encoder once it has seen texts

    def sums(self, states: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Sum over the pooled tokens and their number: states [b, L, h], mask [b, L] -> [b, h], [b]."""
        return pooled_sums(states, mask, self.settings.pooling, self.skip)

    def finished(self, total: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
        """Mean [n, h] from sums [n, h] and counts [n]; a count of zero gives the zero vector."""
        vectors = self._scaled(total / count.clamp(min=1)[:, None])
        if self.whitening is None:
            return vectors
        return self._scaled(torch.where(count[:, None] > 0, self.whitening(vectors), 0.0))

    def _scaled(self, vectors: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize(vectors, dim=1) if self.settings.normalise else vectors
