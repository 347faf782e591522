"""The header of a GGUF file (versions 2 and 3): what it says of itself, and where its tensors lie."""

import io
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sociogram.errors import EncoderError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
NUMBERS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}  # by kind of value
STRING, ARRAY = 8, 9
LONGEST_TEXT = 1 << 24  # bytes: chat templates have thousands
ALIGNMENT = 32  # bytes, where the file does not say otherwise


@dataclass(frozen=True)
class Tensor:
    """Where a tensor lies: rows first in `shape`, `offset` in bytes from the beginning of the data."""

    name: str
    shape: tuple[int, ...]
    kind: int  # number format, as ggml counts them
    offset: int


@dataclass(frozen=True)
class Header:
    """Keys with their values (None for lists), tensors, and the first byte of the data."""

    values: dict[str, Any]
    tensors: list[Tensor]
    data: int

    @property
    def architecture(self) -> str:
        """Type of the model, e.g. llama."""
        return str(self.values.get("general.architecture"))

    def own(self, key: str, *default: Any) -> Any:
        """A value of this architecture; raises KeyError where there is neither one nor a default."""
        name = f"{self.architecture}.{key}"
        return self.values.get(name, *default) if default else self.values[name]


def read_header(file: Path) -> Header:
    """Read it without the lists (vocabulary, merges); raises EncoderError for what is no GGUF file or is cut off."""
    with file.open("rb") as opened:
        start = opened.read(len(MAGIC))
        if start != MAGIC:
            raise EncoderError(f"{file} is not a GGUF file: it starts with {start!r}, and {MAGIC!r} was expected")
        try:
            version, tensors, pairs = _number(opened, "I"), _number(opened, "Q"), _number(opened, "Q")
            if version not in VERSIONS:
                raise EncoderError(
                    f"{file} has GGUF version {version}, and 2 or 3 was expected: convert the model anew"
                )
            values = {}
            for _ in range(pairs):
                key = _text(opened)
                values[key] = _value(opened, _number(opened, "I"))
            found = [_tensor(opened) for _ in range(tensors)]
        except (struct.error, KeyError) as error:
            raise EncoderError(f"{file} is not readable ({error}): it may be cut off; fetch it again") from error
        step = int(values.get("general.alignment") or ALIGNMENT)
        return Header(values, found, math.ceil(opened.tell() / step) * step)


def _tensor(opened: BinaryIO) -> Tensor:
    name, dimensions = _text(opened), _number(opened, "I")
    shape = [_number(opened, "Q") for _ in range(dimensions)]
    return Tensor(name, tuple(reversed(shape)), _number(opened, "I"), _number(opened, "Q"))


def _value(opened: BinaryIO, kind: int) -> Any:
    if kind == STRING:
        return _text(opened)
    if kind != ARRAY:
        return _number(opened, NUMBERS[kind])
    of, count = _number(opened, "I"), _number(opened, "Q")
    if of in (STRING, ARRAY):
        for _ in range(count):
            _value(opened, of)
    else:
        opened.seek(count * struct.calcsize(f"<{NUMBERS[of]}"), io.SEEK_CUR)
    return None


def _number(opened: BinaryIO, kind: str) -> Any:
    return struct.unpack(f"<{kind}", opened.read(struct.calcsize(f"<{kind}")))[0]


def _text(opened: BinaryIO) -> str:
    length = _number(opened, "Q")
    if length > LONGEST_TEXT:
        raise struct.error(f"a text of {length} bytes in the header")
    return opened.read(length).decode(errors="replace")
