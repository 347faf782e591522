"""Adapters: they alone learn, fold into the weights, and come back from their file with the same vectors."""

import json
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sociogram.encoders import precision
from sociogram.encoders.folder import load_folder
from sociogram.encoders.load import load_encoder
from sociogram.encoders.transformer import TransformerEncoder
from sociogram.encoders.tuning import Tuning
from sociogram.errors import EncoderError

pytest.importorskip("peft", reason="LoRA needs the [llm] extra: pip install 'sociogram[llm]'")

from sociogram.encoders.lora import add_adapter, folded, folded_state

SIZE = {"vocab_size": 64, "num_key_value_heads": 2, "num_hidden_layers": 4, "head_dim": 8}
TEXTS = ["abc", "hello world abc", "", "a"]
NEW = ["never seen before", "nor this one " * 30]
LORA = Tuning("lora", 2, 4, ("q_proj", "v_proj", "down_proj"), 2e-2)


@pytest.fixture(params=[False, True], ids=["float32", "bfloat16"])
def trained(request, tiny, monkeypatch) -> TransformerEncoder:
    """A tiny Llama that has learned by LoRA to tell two texts apart, on a processor with and without bfloat16."""
    monkeypatch.setattr(precision, "_processor_has_bf16", lambda: request.param)
    encoder = load_folder(tiny("llama", **SIZE), "tiny", "cpu")
    assert encoder.module.dtype == encoder.dtype == (torch.bfloat16 if request.param else torch.float32)
    top = encoder.split(LORA)
    lower = encoder.lower_states(TEXTS, top)
    optimizer = torch.optim.AdamW(top.parameters(), lr=LORA.rate)
    for _ in range(8):
        a, b = top.vectors(lower, [0, 1])
        optimizer.zero_grad()
        (a @ b).backward()
        optimizer.step()
    return encoder


def test_only_adapters_of_the_top_layers_learn(tiny):
    encoder = load_folder(tiny("llama", **SIZE), "tiny", "cpu")
    before = encoder.encode(TEXTS)
    top = encoder.split(LORA)
    np.testing.assert_allclose(encoder.encode(TEXTS), before, atol=1e-6)  # B starts at zero
    names = [name for name, p in encoder.module.named_parameters() if p.requires_grad]
    assert len(names) == len(list(top.parameters())) == 2 * 3 * 2  # layers x targets x (A, B)
    assert all(name.startswith(("layers.2.", "layers.3.")) and "lora_" in name for name in names)
    assert all(p.dtype == torch.float32 for p in top.parameters())
    vectors = top.vectors(encoder.lower_states(TEXTS, top), [0, 1])
    grads = torch.autograd.grad(vectors[:, 0].sum(), list(top.parameters()))  # as joint training takes them
    assert any(g.abs().sum() > 0 for g in grads)
    assert list(encoder.split(LORA).state_dict()) == list(top.state_dict())  # asked again: the same adapters
    with pytest.raises(EncoderError, match="already has 6 adapters of rank 4"):
        encoder.split(Tuning("lora", 2, 8, ("q_proj",)))


def test_folding_by_hand(tiny):
    module = load_folder(tiny("llama", **SIZE), "tiny", "cpu").module.float()
    before = {name: t.clone() for name, t in module.state_dict().items()}
    add_adapter(module, LORA)
    part = module.layers[3].self_attn.q_proj
    with torch.no_grad():
        part.lora_B["default"].weight.normal_()
    state = folded_state(module)
    assert state.keys() == before.keys()
    name = "layers.3.self_attn.q_proj.weight"
    product = part.lora_B["default"].weight @ part.lora_A["default"].weight
    torch.testing.assert_close(state[name], before[name] + product)
    torch.testing.assert_close(state["layers.2.mlp.down_proj.weight"], before["layers.2.mlp.down_proj.weight"])
    ids = torch.tensor([[5, 6, 7, 8]])
    plain = folded(module)
    assert not any("lora" in name for name, _ in plain.named_modules())
    torch.testing.assert_close(
        plain(input_ids=ids).last_hidden_state, module(input_ids=ids).last_hidden_state, atol=1e-5, rtol=1e-5
    )


def test_a_saved_encoder_has_the_same_vectors_for_new_texts(trained, tmp_path, monkeypatch):
    from transformers import AutoModel

    trained.save(tmp_path / "run")
    trained.save(tmp_path / "run")  # over itself
    expected = trained.encode(TEXTS + NEW)
    monkeypatch.setitem(sys.modules, "peft", None)  # opens without the extra
    again = load_encoder(tmp_path / "run", device="cpu")
    np.testing.assert_allclose(again.encode(TEXTS + NEW), expected, atol=1e-4)
    assert again.digest == trained.digest
    plain = AutoModel.from_pretrained(tmp_path / "run", dtype=trained.dtype)
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), again.module.parameters(), strict=True))


def test_the_adapter_alone_and_its_model_have_the_same_vectors(trained, tmp_path):
    trained.save(tmp_path / "run")
    folder = tmp_path / "run" / "adapter"
    assert sorted(file.name for file in folder.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "sociogram_encoder.json",
    ]
    assert len(load_file(folder / "adapter_model.safetensors")) == 2 * 3 * 2
    again = load_encoder(folder, device="cpu")
    np.testing.assert_allclose(again.encode(TEXTS + NEW), trained.encode(TEXTS + NEW), atol=1e-4)
    assert again.settings == trained.settings


@pytest.mark.filterwarnings("ignore::FutureWarning")  # peft asks transformers in its old words
def test_peft_itself_opens_the_adapter(trained, tmp_path):
    from peft import PeftModel
    from transformers import AutoModel

    trained.save(tmp_path / "run")
    base = AutoModel.from_pretrained(trained.source, dtype=torch.float32)
    theirs = PeftModel.from_pretrained(base, tmp_path / "run" / "adapter")
    ids = torch.tensor([[5, 6, 7, 8]])
    mine = trained.inference_module()(input_ids=ids).last_hidden_state
    atol = 1e-4 if trained.dtype == torch.float32 else 5e-2
    torch.testing.assert_close(theirs(input_ids=ids).last_hidden_state, mine.float(), atol=atol, rtol=0)


def test_targets_that_there_are_not(tiny):
    encoder = load_folder(tiny("llama", **SIZE), "tiny", "cpu")
    message = "no part named query, gate for an adapter; they have down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj"
    with pytest.raises(EncoderError, match=message):
        encoder.split(Tuning("lora", 2, 4, ("q_proj", "query", "gate")))


def test_bert_takes_adapters_as_well(tiny):
    encoder = load_folder(tiny(), "tiny", "cpu")
    top = encoder.split(Tuning("lora", 1, 4, ("query", "value")))
    lower = encoder.lower_states(TEXTS, top)
    top.vectors(lower, [0, 1])[:, 0].sum().backward()
    for parameter in top.parameters():
        parameter.data += parameter.grad
    np.testing.assert_allclose(top.encode(lower), encoder.encode(TEXTS), atol=1e-2)


def test_adapters_that_do_not_fit(trained, tmp_path):
    trained.save(tmp_path / "run")
    folder = tmp_path / "run" / "adapter"
    config = json.loads((folder / "adapter_config.json").read_text())

    def opened(**changes: object) -> None:
        (folder / "adapter_config.json").write_text(json.dumps(config | changes))
        load_encoder(folder, device="cpu")

    with pytest.raises(EncoderError, match="could not be put into the model|is not of this model"):
        opened(r=8)
    with pytest.raises(EncoderError, match="is not of this model"):
        opened(target_modules=["q_proj", "v_proj", "down_proj", "k_proj"])
    with pytest.raises(EncoderError, match="plain LoRA was expected"):
        opened(use_dora=True)
    with pytest.raises(EncoderError, match="does not say which model"):
        opened(base_model_name_or_path=None)
    with pytest.raises(EncoderError, match="which is no transformer"):
        opened(base_model_name_or_path="light")
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(EncoderError, match="read from safetensors only"):
        opened()


def test_without_the_extra(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(EncoderError, match=r"need the package peft: pip install 'sociogram\[llm\]'"):
        load_folder(tiny("llama", **SIZE), "tiny", "cpu").split(LORA)
