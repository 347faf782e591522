"""Hidden states under the cut, kept on disk: what training the upper layers does not change is computed once, also for the next run."""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from sociogram.encoders.top_layers import LowerStates

KEPT = 2  # files at most, each up to some GB; the latest used stay


def key_of(model: str, texts: Sequence[str]) -> str:
    """Name of the states that a model, cut and read as `model` says, has for these texts in this order."""
    hasher = hashlib.blake2b(model.encode(), digest_size=16)
    for text in texts:
        raw = text.encode(errors="surrogatepass")
        hasher.update(len(raw).to_bytes(8, "little") + raw)
    return hasher.hexdigest()


def kept_states(folder: Path, key: str, compute: Callable[[], LowerStates]) -> LowerStates:
    """The states of that name from `folder`, mapped from the file; where it has none they are computed and kept if the disk has room."""
    file = folder / f"lower-{key}.safetensors"
    found = _read(file)
    if found is not None:
        os.utime(file)
        return found
    states = compute()
    try:
        _write(file, states)
    except (OSError, SafetensorError):
        return states  # a full disk costs the time of computing them again, nothing else
    for old in sorted(folder.glob("lower-*.safetensors"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)
    return states


def _read(file: Path) -> LowerStates | None:
    try:
        stored = load_file(file)
        texts = int(stored["texts"])
        return LowerStates(stored["flat"], stored["lengths"].numpy(), stored["owner"].numpy(), texts)
    except (OSError, SafetensorError, KeyError):
        return None


def _write(file: Path, states: LowerStates) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    staged = file.with_name(f".{file.name}.{os.getpid()}.part")
    lengths, owner = torch.from_numpy(states.lengths), torch.from_numpy(states.owner)
    try:
        save_file(
            {"flat": states.flat, "lengths": lengths, "owner": owner, "texts": torch.tensor(states.texts)}, staged
        )
        staged.rename(file)
    finally:
        staged.unlink(missing_ok=True)
