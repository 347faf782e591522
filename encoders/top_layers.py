"""The top layers of a model on cached states of the layers below: gradients at a fraction of the cost."""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sociogram.encoders.families import layers_of, upper_model
from sociogram.encoders.lora import add_adapter, folded, has_adapter
from sociogram.encoders.pooling import Pooler
from sociogram.encoders.precision import cast_
from sociogram.encoders.tokens import batches
from sociogram.encoders.tuning import Tuning
from sociogram.progress import SILENT, Progress

GROUP = 16  # windows of like length that go through the layers together
Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # states [w, L, hidden], mask [w, L], owner [w]


@dataclass(frozen=True)
class LowerStates:
    """Hidden states on the cut, without padding: window i has the next `lengths[i]` rows of `flat` and belongs to `owner[i]`."""

    flat: torch.Tensor  # [tokens, hidden], on the CPU
    lengths: NDArray[np.int64]  # [windows]
    owner: NDArray[np.int64]  # [windows], ascending
    texts: int

    def batches(self, rows: Sequence[int] | NDArray[np.int64], tokens: int | None = None) -> Iterator[Batch]:
        """The windows of the texts `rows`, those of like length together, so that little is padding.

        With `tokens`, only so many of a text's first window. A causal model's states are then those of the shortened text; a BERT
        type's have seen the rest of the window as well.
        """
        chosen = np.asarray(rows, dtype=np.int64)
        if len(chosen) and not (chosen.min() >= 0 and chosen.max() < self.texts):
            raise IndexError(f"rows go from 0 to {self.texts - 1}, but {chosen.min()} to {chosen.max()} came")
        first, last = np.searchsorted(self.owner, chosen), np.searchsorted(self.owner, chosen, side="right")
        if tokens is not None:
            last = np.minimum(last, first + 1)
        windows = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)] or [chosen]).astype(
            np.int64
        )
        owner = np.repeat(np.arange(len(chosen)), last - first)
        lengths = np.minimum(self.lengths[windows], tokens or self.lengths.max(initial=0))
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(order), GROUP):
            group = order[start : start + GROUP]
            yield *self.padded(windows[group], lengths[group]), torch.from_numpy(owner[group])

    def padded(self, windows: NDArray[np.int64], lengths: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        """The first `lengths` states of each window [w, L, hidden], and their mask [w, L]."""
        states = self.flat.new_zeros(len(windows), int(lengths.max()), self.flat.shape[1])
        starts = self.starts[windows]
        for row, (start, length) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
            states[row, :length] = self.flat[start : start + length]
        return states, torch.from_numpy((np.arange(states.shape[1]) < lengths[:, None]).astype(np.int64))

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """First row of each window in `flat`."""
        starts: NDArray[np.int64] = np.cumsum(self.lengths) - self.lengths
        return starts


class TopLayers(torch.nn.Module):
    """The top layers of `module`, sharing its parameters: what an optimizer does here, `encode` uses.

    Whole layers learn in float32; with LoRA the layers stay as they are and float32 adapters are put beside their weights.
    """

    def __init__(
        self,
        module: Any,
        tuning: Tuning,
        pooler: Pooler,
        autocast: Callable[[], AbstractContextManager[Any]],
        budget: int,
    ) -> None:
        super().__init__()
        layers = layers_of(module)
        self.cut = len(layers) - tuning.over(len(layers))
        self.share = 1 - self.cut / len(layers)  # of the layers that are here
        self.tuning = tuning
        if tuning.method == "lora":
            add_adapter(module, tuning)
        self.part = upper_model(module, self.cut)
        if tuning.method != "lora":
            cast_(self.part, torch.float32).requires_grad_(True)
        self.pooler = pooler
        self.autocast = autocast
        self.budget = budget
        self.width = int(module.config.hidden_size)
        self._checkpoint(layers[self.cut :])

    def parameters(self, recurse: bool = True) -> Iterator[torch.nn.Parameter]:
        """Those that learn."""
        return (p for p in super().parameters(recurse) if p.requires_grad)

    def forward(self, batches: Iterable[Batch], texts: int) -> torch.Tensor:
        """Vectors [texts, width], float32, of windows in batches of states [w, L, hidden], mask [w, L] and owner [w]."""
        device = next(self.parameters()).device
        total, count = torch.zeros(texts, self.width, device=device), torch.zeros(texts, device=device)
        for states, mask, owner in batches:
            with self.autocast():
                out = self.part(states.to(device), mask.to(device))
            sums, sizes = self.pooler.sums(out, mask.to(device))
            total, count = total.index_add(0, owner.to(device), sums), count.index_add(0, owner.to(device), sizes)
        return self.pooler.finished(total, count)

    def vectors(
        self, lower: LowerStates, rows: Sequence[int] | NDArray[np.int64], tokens: int | None = None
    ) -> torch.Tensor:
        """Vectors [len(rows), width] with gradient, of the texts `rows` of `lower`; an empty text is the zero vector.

        With `tokens` only so many at the beginning of each text are read.
        """
        vectors: torch.Tensor = self(lower.batches(rows, tokens), len(rows))
        return vectors

    def encode(self, lower: LowerStates, progress: Progress = SILENT) -> NDArray[np.float32]:
        """Vectors [lower.texts, width] of all texts as `TransformerEncoder.encode` has them, at the price of the top layers only."""
        device = next(self.part.parameters()).device
        part = folded(self.part) if has_adapter(self.part) else copy.deepcopy(self.part)
        part = cast_(part, lower.flat.dtype).eval()
        total, count = (
            torch.zeros(lower.texts, self.width),
            torch.zeros(lower.texts),
        )  # on the CPU: a fixed order of adding
        with torch.inference_mode(), progress.stage("top layers", len(lower.lengths), "windows") as stage:
            for rows in batches(lower.lengths, self.budget):
                states, mask = lower.padded(rows, lower.lengths[rows])
                sums, sizes = self.pooler.sums(part(states.to(device), mask.to(device)), mask.to(device))
                owner = torch.from_numpy(lower.owner[rows])
                total.index_add_(0, owner, sums.cpu())
                count.index_add_(0, owner, sizes.cpu())
                stage.advance(len(rows))
            return self.pooler.finished(total, count).numpy()

    def _checkpoint(self, layers: Iterable[Any]) -> None:
        """Have each layer compute its activations again on the way back, where asked for or on CUDA."""
        wanted = self.tuning.checkpointing
        if wanted is None:
            wanted = next(self.part.parameters()).device.type == "cuda"
        if not wanted:
            return
        from torch.utils.checkpoint import checkpoint

        for layer in layers:
            layer.gradient_checkpointing = True
            layer._gradient_checkpointing_func = partial(checkpoint, use_reentrant=False)
            layer.training = True  # the layer asks this before it checkpoints; its parts stay without dropout
