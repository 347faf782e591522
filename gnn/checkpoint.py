"""Checkpoints in safetensors: written whole or not at all, read back only for the data and options that wrote them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

FORMAT = "3"  # to be raised when what a checkpoint holds changes: one of another version is not resumed


def write_checkpoint(path: Path, tensors: Mapping[str, Tensor], identity: str) -> None:
    """Replace `path` in one step; a kill in the middle leaves the earlier one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(path.name + ".part")
    kept = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    save_file(kept, staged, {"identity": identity, "format": FORMAT})
    staged.rename(path)


def read_checkpoint(path: Path, identity: str) -> dict[str, Tensor] | None:
    """What was written, on the CPU; None where there is none, it is unreadable, or other data, options or another version wrote it."""
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as opened:
            if (opened.metadata() or {}) != {"identity": identity, "format": FORMAT}:
                return None
        return load_file(path)
    except SafetensorError:
        return None


def under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those whose name starts with `prefix`, without it."""
    return {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}


def flattened(states: Mapping[int, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The state of a torch optimizer by parameter as flat names."""
    return {f"{i}.{name}": value for i, state in states.items() for name, value in state.items()}


def optimizer_states(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """The opposite of `flattened`."""
    states: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        i, name = key.split(".", 1)
        states.setdefault(int(i), {})[name] = value
    return states


def as_tensor(record: Any) -> Tensor:
    """A JSON-able record as bytes, to lie beside the tensors."""
    return torch.frombuffer(bytearray(json.dumps(record).encode()), dtype=torch.uint8)


def as_record(tensor: Tensor) -> Any:
    """The opposite of `as_tensor`."""
    return json.loads(tensor.cpu().numpy().tobytes())
