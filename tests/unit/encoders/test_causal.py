"""Causal language models as encoders: Llama, Mistral, Qwen and SmolLM types against obvious oracles on tiny random weights."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sociogram.encoders.folder import assembled, load_folder
from sociogram.encoders.load import load_encoder
from sociogram.encoders.pooling import pooled_sums
from sociogram.encoders.settings import TransformerSettings, spelled
from sociogram.encoders.transformer import TransformerEncoder
from sociogram.encoders.tuning import Tuning, default_tuning
from sociogram.errors import EncoderError

FAMILIES = ["llama", "mistral", "qwen2", "qwen3", "smollm3"]
TEXTS = ["abc", "hello world abc", "", "a", "some words go on and on " * 9]
SIZE = {"vocab_size": 64, "num_key_value_heads": 2, "num_hidden_layers": 4, "head_dim": 8}


def exact(folder: Path, **settings: object) -> TransformerEncoder:
    """The model in float32 throughout, not normalised."""
    opened = load_folder(folder, "tiny", "cpu")
    chosen = TransformerSettings(**{"pooling": "mean_after_first", "normalise": False, "max_length": 64, **settings})
    encoder = assembled(opened.module.float(), opened.tokenizer, "tiny", chosen, str(folder))
    return TransformerEncoder(encoder.module, encoder.tokenizer, "tiny", chosen, torch.float32)


def states(encoder: TransformerEncoder, ids: list[int]) -> torch.Tensor:
    """Of one text alone, without padding [tokens, hidden]."""
    with torch.inference_mode():
        return encoder.module(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0]


def ids_of(encoder: TransformerEncoder, text: str, special: bool = False) -> list[int]:
    return encoder.tokenizer(text, add_special_tokens=special)["input_ids"]


@pytest.mark.parametrize("family", FAMILIES)
def test_mean_after_the_first_token(tiny, family):
    encoder = exact(tiny(family, **SIZE))
    got = encoder.encode(TEXTS[:3])
    for text, vector in zip(TEXTS[:2], got, strict=False):
        np.testing.assert_allclose(vector, states(encoder, ids_of(encoder, text, True))[1:].mean(0), atol=1e-5)
    assert not got[2].any()
    settings = load_folder(tiny(family, **SIZE), "tiny", "cpu").settings
    assert (settings.pooling, settings.prompt) == (
        "mean_after_first",
        "{text}",
    )  # the tokenizer begins with a token of its own


def test_last_token_inside_a_prompt(tiny):
    encoder = exact(tiny("llama", **SIZE), pooling="last", prompt="say {text} in short")
    (start, end), special = (ids_of(encoder, part) for part in ("say ", " in short")), ids_of(encoder, "", True)
    whole = [special[0], *start, *ids_of(encoder, "abc"), *end, special[1]]
    np.testing.assert_allclose(encoder.encode(["abc"])[0], states(encoder, whole)[-1], atol=1e-5)


def test_mean_leaves_the_beginning_of_a_prompt_out(tiny):
    encoder = exact(tiny("llama", **SIZE), prompt="say {text}")
    special, start, text = ids_of(encoder, "", True), ids_of(encoder, "say "), ids_of(encoder, "abc")
    own = states(encoder, [special[0], *start, *text, special[1]])[1 + len(start) :]
    np.testing.assert_allclose(encoder.encode(["abc"])[0], own.mean(0), atol=1e-5)


def test_pooling_by_hand():
    given = torch.arange(12.0).reshape(2, 3, 2)
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    for pooling, skip, sums, sizes in [
        ("mean", 1, [[6, 9], [14, 16]], [3, 2]),
        ("mean_after_first", 1, [[6, 8], [8, 9]], [2, 1]),
        ("mean_after_first", 2, [[4, 5], [14, 16]], [1, 2]),  # the second has nothing after the prompt
        ("last", 1, [[12, 15], [16, 18]], [3, 2]),
        ("cls", 1, [[0, 3], [12, 14]], [3, 2]),
    ]:
        total, count = pooled_sums(given, mask, pooling, skip)
        torch.testing.assert_close(total, torch.tensor(sums, dtype=torch.float32))
        torch.testing.assert_close(count, torch.tensor(sizes, dtype=torch.float32))


@pytest.mark.parametrize("family", [*FAMILIES, "bert"])
def test_fewer_layers_are_kept_and_saved(tiny, family, tmp_path):
    folder = tiny(family, **(SIZE if family != "bert" else {"num_hidden_layers": 4}))
    whole = exact(folder)
    with torch.inference_mode():
        ids = torch.tensor([ids_of(whole, "abc", True)])
        middle = whole.module(input_ids=ids, output_hidden_states=True).hidden_states[2][0]
        middle = whole.module.norm(middle) if family != "bert" else middle
    short = exact(folder, layers=2)
    np.testing.assert_allclose(short.encode(["abc"])[0], middle[1:].mean(0), atol=1e-5)
    short.save(tmp_path / "short")
    again = load_encoder(tmp_path / "short", device="cpu")
    assert again.module.config.num_hidden_layers == again.settings.layers == 2
    with pytest.raises(EncoderError, match="has 4 layers: choose 1 to 4"):
        load_encoder(f"{folder}?layers=5")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("layers", [1, 4])
def test_top_layers_equal_encode(tiny, family, layers):
    encoder = exact(tiny(family, **SIZE))
    top = encoder.split(Tuning("top_layers", layers))
    lower = encoder.lower_states(TEXTS, top, max_windows=None)
    expected = encoder.encode(TEXTS)
    np.testing.assert_allclose(top.vectors(lower, range(len(TEXTS))).detach(), expected, atol=1e-5)
    np.testing.assert_allclose(top.encode(lower), expected, atol=1e-5)
    assert len(encoder.module.layers) == encoder.module.config.num_hidden_layers == 4


def test_first_tokens_of_cached_states_are_those_of_the_shortened_text(tiny):
    encoder = exact(tiny("qwen2", **SIZE))
    encoder.tokens.suffix, encoder.tokenizer.sep_token = [], None
    top = encoder.split(Tuning("top_layers", 2))
    whole = encoder.lower_states(TEXTS, top, max_windows=None)
    short = encoder.lower_states(TEXTS, top, max_length=10)
    np.testing.assert_allclose(
        top.vectors(whole, [0, 4], tokens=9).detach()[0], top.vectors(short, [0, 4]).detach()[0], atol=1e-5
    )
    first = states(encoder, ids_of(encoder, TEXTS[4], True)[:9])[1:].mean(0)
    np.testing.assert_allclose(top.vectors(whole, [4], tokens=9).detach()[0], first, atol=1e-5)


@pytest.mark.parametrize(
    "tuning", [Tuning("top_layers", 2), Tuning("full"), Tuning("lora", 2, 4, ("q_proj", "o_proj"))]
)
def test_half_precision_top_equals_encode_after_training(tiny, tuning):
    encoder = load_folder(tiny("llama", **SIZE), "tiny", "cpu")
    encoder = TransformerEncoder(encoder.module.bfloat16(), encoder.tokenizer, "t", encoder.settings, torch.bfloat16)
    top = encoder.split(tuning)
    lower = encoder.lower_states(TEXTS, top, max_windows=None)
    assert lower.flat.dtype == torch.bfloat16
    before, digest = encoder.encode(TEXTS), encoder.digest
    np.testing.assert_allclose(top.encode(lower), before, atol=1e-2)
    train(top, lower)
    after = encoder.encode(TEXTS)
    assert np.abs(after - before).max() > 0.1
    assert encoder.digest != digest
    np.testing.assert_allclose(top.encode(lower), after, atol=1e-2)
    np.testing.assert_allclose(top.vectors(lower, range(len(TEXTS))).detach(), after, atol=3e-2)


def train(top: torch.nn.Module, lower: object, steps: int = 6) -> list[float]:
    optimizer = torch.optim.AdamW(top.parameters(), lr=2e-2)
    losses = []
    for _ in range(steps):
        a, b = torch.nn.functional.normalize(top.vectors(lower, [0, 1]), dim=1)
        loss = a @ b
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_checkpointed_layers_have_the_same_gradient(tiny):
    gradients = []
    for checkpointing in (False, True):
        encoder = exact(tiny("llama", **SIZE))
        top = encoder.split(Tuning("top_layers", 2, checkpointing=checkpointing))
        assert any(getattr(layer, "gradient_checkpointing", False) for layer in top.part.layers) is checkpointing
        top.vectors(encoder.lower_states(TEXTS, top), [0, 1, 4]).square().sum().backward()
        gradients.append([p.grad for p in top.parameters()])
    for plain, again in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, again)


def test_a_model_without_any_padding_token_is_no_problem(tiny):
    folder = tiny("llama", **SIZE, pad_token_id=None)
    encoder = load_folder(folder, "tiny", "cpu")
    tokenizer = encoder.tokenizer
    tokenizer.pad_token = None
    again = assembled(encoder.module, tokenizer, "tiny", encoder.settings, "here")
    np.testing.assert_allclose(again.encode(TEXTS), encoder.encode(TEXTS), atol=1e-6)


def test_default_tuning_follows_the_kind_of_model(tiny, minilm):
    assert default_tuning(minilm) == Tuning("top_layers", 3, 16, ("query", "key", "value"), 5e-5)
    causal = default_tuning(load_folder(tiny("qwen3", **SIZE), "tiny", "cpu"))
    assert causal == Tuning("lora", 4, 16, ("q_proj", "k_proj", "v_proj", "o_proj"), 2e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("adapters",), "one of top_layers, full, lora was expected"),
        (("lora", 2, 0, ("q_proj",)), "give a rank of 1 or more"),
        (("lora", 2, 4), "on nothing were asked for"),
    ],
)
def test_impossible_tunings(arguments, message):
    with pytest.raises(EncoderError, match=message):
        Tuning(*arguments)


def test_settings_in_a_name(tiny):
    folder = tiny("llama", **SIZE)
    encoder = load_encoder(f"{folder}?pooling=last&layers=3&normalise=no&prompt=the+text:+%22{{text}}%22", device="cpu")
    expected = {"pooling": "last", "layers": 3, "normalise": False, "prompt": 'the text: "{text}"'}
    assert {key: getattr(encoder.settings, key) for key in expected} == expected
    assert spelled("some/model") == ("some/model", {})
    assert load_encoder(folder, device="cpu", options={"pooling": "cls"}).settings.pooling == "cls"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("colour=red", "no setting 'colour'; it has layers, max_length"),
        ("layers=many", "layers is 'many', but a whole number was expected"),
        ("normalise=perhaps", "normalise is 'perhaps', but true or false was expected"),
        ("prompt=hello", r"\{text\} was expected in it once"),
        ("pooling=sum", "pooling is 'sum'"),
    ],
)
def test_settings_that_there_are_not(tiny, query, message):
    with pytest.raises(EncoderError, match=message):
        load_encoder(f"{tiny('llama', **SIZE)}?{query}", device="cpu")
