"""Which models can be cut between two layers, and how: BERT types and Llama types."""

import copy
from typing import Any

import torch
from torch import nn

from sociogram.errors import EncoderError

BERTS = ("bert", "roberta", "xlm-roberta", "camembert", "electra")  # embeddings, then encoder.layer[i](states, mask)
CAUSAL = (
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
    "smollm3",
)  # embed_tokens, layers, norm; each token sees those before it


def is_causal(config: Any) -> bool:
    """Whether a model of this configuration is a decoder that we can cut."""
    return config.model_type in CAUSAL


def check_family(module: Any) -> None:
    """Raise EncoderError where the layers cannot be called apart."""
    config = module.config
    if config.model_type in CAUSAL or (config.model_type in BERTS and not getattr(config, "is_decoder", False)):
        return
    raise EncoderError(
        f"top layers alone can be trained for {', '.join(BERTS + CAUSAL)}, and this is {config.model_type}: train the whole model "
        "(forward_with_gradient) or freeze it"
    )


def layers_of(module: Any) -> nn.ModuleList:
    """The model's layers, lowest first."""
    check_family(module)
    layers: nn.ModuleList = module.layers if is_causal(module.config) else module.encoder.layer
    return layers


def keep_layers(module: Any, count: int) -> None:
    """Drop the layers above the lowest `count`, for good; what is saved has so many."""
    have = len(layers_of(module))
    if not 1 <= count <= have:
        raise EncoderError(f"layers is {count}, but the model has {have} layers: choose 1 to {have}")
    if is_causal(module.config):
        module.layers = module.layers[:count]
    else:
        module.encoder.layer = module.encoder.layer[:count]
        module.pooler = None  # it was made for the last layer
    module.config = _config(module.config, 0, count)


def lower_model(module: Any, cut: int) -> Any:
    """The model with only its lowest `cut` layers; shares all parameters and leaves `module` as it is."""
    layers = layers_of(module)[:cut]
    lower = _shallow(module)
    if is_causal(module.config):
        lower.layers, lower.norm = layers, nn.Identity()
        lower.config = _config(module.config, 0, cut)
        return lower
    encoder = _shallow(module.encoder)
    encoder.layer = layers
    lower.encoder, lower.pooler = encoder, None
    return lower


def upper_model(module: Any, cut: int) -> nn.Module:
    """The layers from `cut` on as a module: states [b, L, h], mask [b, L] -> states [b, L, h]; shares all parameters."""
    layers = layers_of(module)[cut:]
    return _CausalTop(module, layers, cut) if is_causal(module.config) else _BertTop(layers)


class _BertTop(nn.Module):
    def __init__(self, layers: nn.ModuleList) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        # [b, 1, 1, L], spreads over heads and queries
        visible = None if bool(mask.all()) else mask.bool()[:, None, None, :]
        for layer in self.layers:
            states = _first(layer(states, visible))
        return states


class _CausalTop(nn.Module):
    """The model itself without its embeddings: positions, masks and the last norm stay its own business."""

    def __init__(self, module: Any, layers: nn.ModuleList, cut: int) -> None:
        super().__init__()
        self.model = _shallow(module)
        self.model.layers, self.model.embed_tokens = layers, None
        self.model.config = _config(module.config, cut, cut + len(layers))

    @property
    def layers(self) -> nn.ModuleList:
        layers: nn.ModuleList = self.model.layers
        return layers

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.model(inputs_embeds=states, attention_mask=mask, use_cache=False).last_hidden_state
        return out


def _config(config: Any, first: int, end: int) -> Any:
    """The configuration of the layers from `first` to before `end`."""
    part = copy.deepcopy(config)
    part.num_hidden_layers = end - first
    for name in ("layer_types", "no_rope_layers"):  # what differs from layer to layer: sliding attention, no positions
        if getattr(config, name, None):
            setattr(part, name, list(getattr(config, name)[first:end]))
    return part


def _shallow(module: Any) -> Any:
    """A copy that shares parameters and parts, whose parts can be exchanged."""
    twin = copy.copy(module)
    twin._modules = dict(module._modules)
    return twin


def _first(output: Any) -> torch.Tensor:
    """Layers return the states, or a tuple that starts with them, depending on the version of transformers."""
    states: torch.Tensor = output[0] if isinstance(output, tuple) else output
    return states
