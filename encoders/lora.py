"""Low-rank adapters (Hu et al. 2021, arXiv:2106.09685) beside a model's weights: put in, saved, folded in. peft holds them."""

import copy
import importlib.util
import json
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sociogram.encoders.families import layers_of
from sociogram.encoders.tuning import Tuning
from sociogram.errors import EncoderError

EXTRA = "pip install 'sociogram[llm]'"
CONFIG_FILE, WEIGHTS_FILE = "adapter_config.json", "adapter_model.safetensors"


def add_adapter(module: Any, tuning: Tuning, seed: int = 0) -> None:
    """Put float32 adapters beside the targets of the top layers, in place; B starts at zero, so that the vectors stay as they are.

    Asking again for the same adapters changes nothing. Raises EncoderError for targets that the layers do not have.
    """
    _check_extra()
    from peft import LoraConfig

    names = _names(module, tuning)
    present = getattr(module, "peft_config", {}).get("default")
    if present is not None:
        if (present.r, set(present.target_modules)) != (tuning.rank, set(names)):
            raise EncoderError(
                f"the model already has {len(present.target_modules)} adapters of rank {present.r}: save the encoder and open it again "
                "before it gets others"
            )
        return
    # alpha = r: the product counts as it is, W + B A; no dropout: the same text has the same vector at every step
    config = LoraConfig(r=tuning.rank, lora_alpha=tuning.rank, lora_dropout=0.0, target_modules=names)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        _inject(config, module)
    for name, parameter in module.named_parameters():
        parameter.requires_grad_("lora_" in name)


def has_adapter(module: nn.Module) -> bool:
    """Whether adapters have been put in."""
    return any(hasattr(part, "lora_A") for part in module.modules())


def folded(module: nn.Module) -> Any:
    """A copy without adapters, their products added to the weights (W + B A, in float32)."""
    plain = copy.deepcopy(module)
    for name, part in list(plain.named_modules()):
        if hasattr(part, "lora_A"):
            parent, _, last = name.rpartition(".")
            setattr(plain.get_submodule(parent), last, part.base_layer)
    if hasattr(plain, "peft_config"):
        del plain.peft_config
    plain.load_state_dict(folded_state(module))
    return plain


def folded_state(module: nn.Module) -> dict[str, torch.Tensor]:
    """The state of `module` as a model without adapters has it."""
    state = {name.replace(".base_layer.", "."): t for name, t in module.state_dict().items() if ".lora_" not in name}
    for name, part in module.named_modules():
        if hasattr(part, "lora_A"):
            a, b = part.lora_A["default"].weight, part.lora_B["default"].weight
            with torch.no_grad():
                state[f"{name}.weight"] = part.base_layer.weight.float() + part.scaling["default"] * (
                    b.float() @ a.float()
                )
    return state


def save_adapter(module: Any, folder: Path, base: str) -> None:
    """Write adapter_config.json and adapter_model.safetensors in peft's layout; `base` names the model that they belong to."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    state = get_peft_model_state_dict(module, save_embedding_layers=False)
    tensors = {f"base_model.model.{name}": t.detach().cpu().contiguous() for name, t in state.items()}
    save_file(tensors, folder / WEIGHTS_FILE, {"format": "pt"})
    config = module.peft_config["default"].to_dict()
    config |= {"base_model_name_or_path": base, "inference_mode": True}
    plain = {key: sorted(value) if isinstance(value, set) else value for key, value in config.items()}
    (folder / CONFIG_FILE).write_text(json.dumps(plain, indent=1, default=str) + "\n")


def fold_saved(module: Any, folder: Path) -> Any:
    """The model with a saved adapter folded in; raises EncoderError where the adapter does not fit it."""
    from safetensors.torch import load_file

    _check_extra()
    from peft import LoraConfig, set_peft_model_state_dict

    config = LoraConfig.from_pretrained(str(folder))
    if str(getattr(config.peft_type, "value", config.peft_type)) != "LORA" or config.use_dora:
        raise EncoderError(f"the adapter in {folder} is of the kind {config.peft_type}: plain LoRA was expected")
    weights = folder / WEIGHTS_FILE
    if not weights.is_file():
        raise EncoderError(f"{folder} has {CONFIG_FILE} and no {WEIGHTS_FILE}: adapters are read from safetensors only")
    try:
        tensors = {name.removeprefix("base_model.model."): t for name, t in load_file(weights).items()}
        _inject(config, module)
        lost: Any = set_peft_model_state_dict(module, tensors)
    except Exception as error:  # peft raises whatever its parsers and torch raise
        reason = " ".join(str(error).split())[:300]
        raise EncoderError(f"the adapter in {folder} could not be put into the model: {reason}") from error
    missing = [name for name in lost.missing_keys if "lora_" in name]
    if missing or lost.unexpected_keys:
        name = (missing or list(lost.unexpected_keys))[0]
        raise EncoderError(
            f"the adapter in {folder} is not of this model (e.g. {name}): give the model it was trained with"
        )
    return folded(module)


def _inject(config: Any, module: Any) -> None:
    from peft import inject_adapter_in_model

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it does not know the model's origin
        inject_adapter_in_model(config, module)
    for name, parameter in module.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.float()  # small steps would be lost to bfloat16's eight bits


def _names(module: Any, tuning: Tuning) -> list[str]:
    """Full names of the targets in the layers that learn."""
    layers = layers_of(module)
    where = next(name for name, part in module.named_modules() if part is layers)
    first = len(layers) - tuning.over(len(layers))
    linear = [
        name for name, part in layers[-1].named_modules() if isinstance(part, nn.Linear) or hasattr(part, "lora_A")
    ]
    linear = [name for name in linear if ".lora_" not in name and not name.endswith(".base_layer")]
    last = [name.rpartition(".")[2] for name in linear]
    missing = [target for target in tuning.targets if target not in last]
    if missing:
        raise EncoderError(
            f"the layers have no part named {', '.join(missing)} for an adapter; they have {', '.join(sorted(set(last)))}: choose among "
            "these"
        )
    chosen = [name for name, short in zip(linear, last, strict=True) if short in tuning.targets]
    return [f"{where}.{layer}.{name}" for layer in range(first, len(layers)) for name in chosen]


def _check_extra() -> None:
    if importlib.util.find_spec("peft") is None:
        raise EncoderError(f"adapters (LoRA) need the package peft: {EXTRA}")
