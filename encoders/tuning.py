"""What of an encoder learns: its top layers, all of its layers, or low-rank adapters beside some of its weights."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sociogram.encoders.families import is_causal, layers_of
from sociogram.errors import EncoderError

if TYPE_CHECKING:
    from sociogram.encoders.transformer import TransformerEncoder

METHODS = ("top_layers", "full", "lora")


@dataclass(frozen=True)
class Tuning:
    """What learns and how fast; the embedding table and the layers below stay as they are."""

    method: str = "top_layers"  # top_layers | full (all layers) | lora (Hu et al. 2021, arXiv:2106.09685)
    layers: int = 3  # top ones that learn; full takes all
    rank: int = 16  # of the adapters
    targets: tuple[str, ...] = ()  # names of the linear parts of a layer that get an adapter, e.g. q_proj
    rate: float = 5e-5  # of AdamW
    checkpointing: bool | None = None  # compute activations again on the way back; None: on CUDA, where memory is short

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise EncoderError(f"the tuning method is {self.method!r}, but one of {', '.join(METHODS)} was expected")
        if self.method == "lora" and (self.rank < 1 or not self.targets):
            raise EncoderError(
                f"adapters of rank {self.rank} on {', '.join(self.targets) or 'nothing'} were asked for: give a rank of 1 or more and "
                "targets such as q_proj, v_proj"
            )

    def over(self, layers: int) -> int:
        """How many of a model's layers learn; raises EncoderError where it has not so many."""
        if self.method == "full":
            return layers
        if not 1 <= self.layers <= layers:
            raise EncoderError(f"top_layers is {self.layers}, but the model has {layers} layers: choose 1 to {layers}")
        return self.layers


def default_tuning(encoder: "TransformerEncoder", layers: int | None = None) -> Tuning:
    """The recipe measured for the kind of model: three whole layers of an encoder, adapters on four layers of a causal model."""
    if is_causal(encoder.module.config):
        tuning = Tuning("lora", 4, 16, ("q_proj", "k_proj", "v_proj", "o_proj"), 2e-3)
    else:
        tuning = Tuning("top_layers", 3, 16, ("query", "key", "value"), 5e-5)
    return replace(tuning, layers=min(tuning.layers, len(layers_of(encoder.module))) if layers is None else layers)
