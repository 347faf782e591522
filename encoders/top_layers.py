"""The top layers of a BERT-type model on cached states of the layers below: gradients at a fraction of the cost."""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sociogram.encoders.pooling import TransformerSettings, finished, pooled_sums
from sociogram.errors import EncoderError

GROUP = 16  # windows of like length that go through the layers together
Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # states [w, L, hidden], mask [w, L], owner [w]
FAMILIES = ("bert", "roberta", "xlm-roberta", "camembert", "electra")  # embeddings, then encoder.layer[i](states, mask)


@dataclass(frozen=True)
class LowerStates:
    """Hidden states on the cut, without padding: window i has the next `lengths[i]` rows of `flat` and belongs to `owner[i]`."""

    flat: torch.Tensor  # [tokens, hidden], on the CPU
    lengths: NDArray[np.int64]  # [windows]
    owner: NDArray[np.int64]  # [windows], ascending
    texts: int

    def batches(self, rows: Sequence[int] | NDArray[np.int64]) -> Iterator[Batch]:
        """The windows of the texts `rows`, those of like length together, so that little is padding."""
        chosen = np.asarray(rows, dtype=np.int64)
        if len(chosen) and not (chosen.min() >= 0 and chosen.max() < self.texts):
            raise IndexError(f"rows go from 0 to {self.texts - 1}, but {chosen.min()} to {chosen.max()} came")
        first, last = np.searchsorted(self.owner, chosen), np.searchsorted(self.owner, chosen, side="right")
        windows = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)] or [chosen]).astype(
            np.int64
        )
        owner = np.repeat(np.arange(len(chosen)), last - first)
        ends = np.cumsum(self.lengths)
        order = np.argsort(self.lengths[windows], kind="stable")
        for start in range(0, len(order), GROUP):
            group = order[start : start + GROUP]
            lengths = self.lengths[windows[group]]
            states = self.flat.new_zeros(len(group), int(lengths.max()), self.flat.shape[1])
            for row, (length, end) in enumerate(zip(lengths.tolist(), ends[windows[group]].tolist(), strict=True)):
                states[row, :length] = self.flat[end - length : end]
            mask = torch.from_numpy((np.arange(states.shape[1]) < lengths[:, None]).astype(np.int64))
            yield states, mask, torch.from_numpy(owner[group])


class TopLayers(torch.nn.Module):
    """The top k layers of `module`, sharing its parameters: what an optimizer does here, `encode` uses."""

    def __init__(
        self,
        module: Any,
        top_layers: int,
        settings: TransformerSettings,
        autocast: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        super().__init__()
        check_family(module)
        layers = module.encoder.layer
        if not 1 <= top_layers <= len(layers):
            raise EncoderError(
                f"top_layers is {top_layers}, but the model has {len(layers)} layers: choose 1 to {len(layers)}"
            )
        self.cut = len(layers) - top_layers
        self.layers = torch.nn.ModuleList(layers[self.cut :])
        self.settings = settings
        self.autocast = autocast
        self.width = int(module.config.hidden_size)

    def forward(self, batches: Iterable[Batch], texts: int) -> torch.Tensor:
        """Vectors [texts, width], float32, of windows in batches of states [w, L, hidden], mask [w, L] and owner [w]."""
        device = next(self.parameters()).device
        total, count = torch.zeros(texts, self.width, device=device), torch.zeros(texts, device=device)
        for states, mask, owner in batches:
            sums, sizes = self._sums(states.to(device), mask.to(device))
            total, count = total.index_add(0, owner.to(device), sums), count.index_add(0, owner.to(device), sizes)
        return finished(total, count, self.settings.normalise)

    def vectors(self, lower: LowerStates, rows: Sequence[int] | NDArray[np.int64]) -> torch.Tensor:
        """Vectors [len(rows), width] with gradient, of the texts `rows` of `lower`; an empty text is the zero vector."""
        vectors: torch.Tensor = self(lower.batches(rows), len(rows))
        return vectors

    def _sums(self, states: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        visible = (
            None if bool(mask.all()) else mask.bool()[:, None, None, :]
        )  # [w, 1, 1, L], spreads over heads and queries
        with self.autocast():
            for layer in self.layers:
                states = _first(layer(states, visible))
        return pooled_sums(states, mask, self.settings.pooling)


def lower_model(module: Any, cut: int) -> Any:
    """The model with only its lowest `cut` layers; shares all parameters and leaves `module` as it is."""
    check_family(module)
    lower, encoder = _shallow(module), _shallow(module.encoder)
    encoder.layer = torch.nn.ModuleList(module.encoder.layer[:cut])
    lower.encoder = encoder
    lower.pooler = None
    return lower


def check_family(module: Any) -> None:
    """Raise EncoderError where the layers cannot be called one by one."""
    config = module.config
    if config.model_type not in FAMILIES or getattr(config, "is_decoder", False):
        raise EncoderError(
            f"top layers alone can be trained for {', '.join(FAMILIES)} encoders, and this is {config.model_type}: train the whole model "
            "(forward_with_gradient) or freeze it"
        )


def _shallow(module: Any) -> Any:
    """A copy that shares parameters and parts, whose parts can be exchanged."""
    twin = copy.copy(module)
    twin._modules = dict(module._modules)
    return twin


def _first(output: Any) -> torch.Tensor:
    """Layers return the states, or a tuple that starts with them, depending on the version of transformers."""
    states: torch.Tensor = output[0] if isinstance(output, tuple) else output
    return states
