"""Texts to windows of token ids, and windows to batches that waste little padding."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sociogram.encoders.settings import TEXT
from sociogram.errors import EncoderError

CHARACTERS_PER_TOKEN = (
    20  # no natural text has longer tokens on average: what lies beyond max_windows is cut before tokenizing
)


@dataclass(frozen=True)
class Windows:
    """Windows of token ids, special tokens included; `owner[i]` is the text that window i is part of."""

    ids: list[NDArray[np.int64]]
    owner: NDArray[np.int64]  # [windows], ascending


class Tokens:
    """Cuts texts into consecutive windows of at most `max_length` tokens, at most `max_windows` a text, each inside the prompt.

    `head` tokens come before the text in each window: special ones and the prompt's beginning.
    """

    def __init__(self, tokenizer: Any, max_length: int, max_windows: int, prompt: str = TEXT) -> None:
        self.tokenizer = tokenizer
        self.max_windows = max_windows
        with_special, plain = self._ids(["a"], special=True)[0], self._ids(["a"])[0]
        at = _position(plain, with_special)
        before, after = (self._ids([part])[0] if part else [] for part in prompt.split(TEXT))
        self.prefix, self.suffix = with_special[:at] + before, after + with_special[at + len(plain) :]
        self.head = len(self.prefix)
        self.room = max_length - len(self.prefix) - len(self.suffix)
        if self.room < 1:
            raise EncoderError(
                f"max_length is {max_length}, but special tokens and prompt alone take {len(self.prefix) + len(self.suffix)}: "
                "give a larger max_length"
            )

    def windows(self, texts: Sequence[str]) -> Windows:
        """Windows of all texts; a text without a single token has none."""
        longest = self.room * self.max_windows
        ids, owner = [], []
        cut = [readable(text[: longest * CHARACTERS_PER_TOKEN]) for text in texts]
        for row, tokens in enumerate(self._ids(cut) if cut else []):
            for start in range(0, min(len(tokens), longest), self.room):
                window = self.prefix + tokens[start : min(start + self.room, longest)] + self.suffix
                ids.append(np.asarray(window, dtype=np.int64))
                owner.append(row)
        return Windows(ids, np.asarray(owner, dtype=np.int64))

    def padded(self, ids: Sequence[NDArray[np.int64]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and mask, both int64 [windows, longest], padded on the right."""
        shape = len(ids), max(map(len, ids))
        out, mask = np.full(shape, self.tokenizer.pad_token_id or 0, np.int64), np.zeros(shape, np.int64)
        for row, window in enumerate(ids):
            out[row, : len(window)] = window
            mask[row, : len(window)] = 1
        return torch.from_numpy(out), torch.from_numpy(mask)

    def _ids(self, texts: list[str], special: bool = False) -> list[list[int]]:
        options = {"padding": False, "truncation": False, "verbose": False}
        leave_out = {"return_attention_mask": False, "return_token_type_ids": False}
        encoded = self.tokenizer(texts, add_special_tokens=special, **options, **leave_out)
        ids: list[list[int]] = encoded["input_ids"]
        return ids


def batches(lengths: NDArray[np.int64], budget: int) -> Iterator[NDArray[np.int64]]:
    """Rows in batches of at most `budget` tokens after padding, longest first; equal lengths stay in their order."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        rows = max(1, budget // int(lengths[order[start]]))
        yield order[start : start + rows]
        start += rows


def readable(text: str) -> str:
    """The text with lone surrogates replaced: UTF-8 has no bytes for them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def check_texts(texts: Sequence[str]) -> None:
    """Raise EncoderError where a text is not a string."""
    if isinstance(texts, str):
        raise EncoderError("a list of texts was expected and one text came: wrap it in a list")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise EncoderError(
                f"text {row} is {text!r} of type {type(text).__name__}, but a string was expected: "
                "turn missing texts into the empty text"
            )


def _position(part: list[int], whole: list[int]) -> int:
    """Where `part` starts inside `whole`; the tokenizer may leave `part` out, then 0."""
    starts = range(len(whole) - len(part) + 1)
    return next((at for at in starts if whole[at : at + len(part)] == part), 0)
