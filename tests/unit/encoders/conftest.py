import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from sociogram.encoders.load import load_encoder
from sociogram.encoders.transformer import TransformerEncoder

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *"abcdefghijklmnopqrstuvwxyz",
    *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"),
]


@pytest.fixture(scope="session")
def minilm() -> TransformerEncoder:
    """The real model; tests that train load their own."""
    encoder = load_encoder(device="cpu")
    assert isinstance(encoder, TransformerEncoder)
    return encoder


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small random model of a family with a letter tokenizer, in Hugging Face layout."""

    def write(family: str = "bert", **config: object) -> Path:
        from transformers import CONFIG_MAPPING, AutoModel, BertTokenizerFast

        folder = tmp_path / family
        size = {"vocab_size": len(WORDS), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
        options = {**size, "intermediate_size": 64, "max_position_embeddings": 64, "pad_token_id": 0, **config}
        torch.manual_seed(0)
        AutoModel.from_config(CONFIG_MAPPING[family](**options)).save_pretrained(folder)
        (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
        BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
        (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
        return folder

    return write
