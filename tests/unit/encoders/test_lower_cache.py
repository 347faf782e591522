"""Lower states are computed once for a text collection and a model's lower layers, whatever the upper ones learn."""

from pathlib import Path
from typing import Any

import pytest
import torch

from sociogram.encoders.cache import CachedEncoder
from sociogram.encoders.load import load_encoder
from sociogram.encoders.lower_cache import KEPT
from sociogram.encoders.tuning import Tuning

TEXTS = ["one", "", "two words", "a longer text of some more words", "\ud800"]
SIZE: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 4}


class Counted(CachedEncoder):
    """Counts how often lower states are computed."""

    def __init__(self, encoder: Any, folder: Path) -> None:
        super().__init__(encoder, folder)
        self.computed = 0
        compute = encoder.lower_states

        def counting(*texts: Any, **options: Any) -> Any:
            self.computed += 1
            return compute(*texts, **options)

        encoder.lower_states = counting


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_computed_once_and_the_same_bit_for_bit(tiny: Any, tmp_path: Path, family: str) -> None:
    cached = Counted(load_encoder(str(tiny(family, **SIZE))), tmp_path)
    top = cached.encoder.split(Tuning("top_layers", 2))
    first = cached.lower_states(TEXTS, top, max_windows=None)
    with torch.no_grad():
        next(top.parameters()).add_(1.0)  # what is learned above the cut changes nothing below
    again = cached.lower_states(TEXTS, top, max_windows=None)
    assert cached.computed == 1
    assert torch.equal(first.flat, again.flat)
    assert (first.lengths == again.lengths).all()
    assert (first.owner == again.owner).all()
    assert torch.equal(top.vectors(first, [0, 3]), top.vectors(again, [0, 3]))


def test_other_texts_lengths_cuts_and_weights_share_nothing(tiny: Any, tmp_path: Path) -> None:
    cached = Counted(load_encoder(str(tiny("llama", **SIZE))), tmp_path)
    top, higher = (cached.encoder.split(Tuning("top_layers", n)) for n in (2, 1))
    cached.lower_states(TEXTS, top)
    cached.lower_states(TEXTS[:3], top)
    cached.lower_states(TEXTS, top, max_length=16)
    cached.lower_states(TEXTS, higher)
    with torch.no_grad():
        cached.encoder.module.embed_tokens.weight.mul_(2)
    cached.lower_states(TEXTS, top)
    assert cached.computed == 5
    assert len(list(tmp_path.glob("lower-*"))) == KEPT


def test_a_broken_file_is_computed_again(tiny: Any, tmp_path: Path) -> None:
    cached = Counted(load_encoder(str(tiny("llama", **SIZE))), tmp_path)
    top = cached.encoder.split(Tuning("top_layers", 2))
    cached.lower_states(TEXTS, top)
    (file,) = tmp_path.glob("lower-*")
    file.write_bytes(file.read_bytes()[:100])
    cached.lower_states(TEXTS, top)
    assert cached.computed == 2
    cached.lower_states(TEXTS, top)
    assert cached.computed == 2


def test_a_folder_that_cannot_be_written_costs_time_only(tiny: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cached = Counted(load_encoder(str(tiny("llama", **SIZE))), tmp_path / "file")
    top = cached.encoder.split(Tuning("top_layers", 2))
    assert cached.lower_states(TEXTS, top).texts == len(TEXTS)
