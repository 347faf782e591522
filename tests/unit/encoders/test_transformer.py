"""The transformer encoder against a slow, obvious oracle, and the properties that callers build on."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from sociogram.encoders.folder import load_folder
from sociogram.encoders.load import load_encoder
from sociogram.encoders.settings import TransformerSettings
from sociogram.encoders.tokens import batches
from sociogram.encoders.transformer import TransformerEncoder
from sociogram.errors import EncoderError
from sociogram.progress import Silent

TOPICS = [
    "graph theory",
    "jazz piano",
    "mountain running",
    "sourdough bread",
    "quantum error correction",
    "street football",
]
TEXTS = [f"{'I have been reading about ' * (i % 5)}{topic}, number {i}" for i, topic in enumerate(TOPICS * 6)]


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))


def oracle(encoder: TransformerEncoder, texts: list[str]) -> np.ndarray:
    """One text at a time, float32, the tokenizer's own special tokens, no windows."""
    rows = []
    for text in texts:
        with torch.inference_mode():
            tokens = encoder.tokenizer(text, return_tensors="pt", truncation=True, max_length=256, padding=False)
            state = encoder.module(**tokens).last_hidden_state[0].mean(0)
        rows.append((state / state.norm()).numpy())
    return np.stack(rows)


def test_equals_plain_float32_mean_pooling(minilm):
    got, expected = minilm.encode(TEXTS), oracle(minilm, TEXTS)
    assert got.dtype == np.float32
    assert got.shape == (len(TEXTS), 384)
    assert cosines(got, expected).mean() >= 0.9999


def test_float32_equals_the_oracle_closely(minilm):
    exact = TransformerEncoder(minilm.module, minilm.tokenizer, "exact", minilm.settings, dtype=torch.float32)
    np.testing.assert_allclose(exact.encode(TEXTS[:8]), oracle(minilm, TEXTS[:8]), atol=1e-5)


def test_batch_equals_single(minilm):
    together = minilm.encode(TEXTS[:12])
    alone = np.concatenate([minilm.encode([text]) for text in TEXTS[:12]])
    assert cosines(together, alone).min() >= 1 - 1e-3


def test_order_and_repeats_do_not_matter(minilm):
    order = np.random.default_rng(0).permutation(len(TEXTS))
    forwards = minilm.encode(TEXTS)
    np.testing.assert_array_equal(minilm.encode([TEXTS[i] for i in order]), forwards[order])
    np.testing.assert_array_equal(minilm.encode(TEXTS + TEXTS), np.concatenate([forwards, forwards]))


def test_empty_texts_are_zero_and_others_have_length_one(minilm):
    vectors = minilm.encode(["", " \n", "\u200b", "graph", "\ud800 lone surrogate", "x" * 5000])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1)[[0, 1, 3, 4, 5]], [0, 0, 1, 1, 1], atol=1e-5)
    assert minilm.encode([]).shape == (0, 384)
    assert not minilm.encode([""]).any()


def test_long_text_is_the_mean_of_its_windows(minilm):
    settings = TransformerSettings(max_length=18, max_windows=3, normalise=False)
    short = TransformerEncoder(minilm.module, minilm.tokenizer, "short", settings, dtype=torch.float32)
    first, second, third = "one " * 16, "two " * 16, "three " * 6
    windows = short.encode([first, second, third])
    expected = (18 * windows[0] + 18 * windows[1] + 8 * windows[2]) / 44
    np.testing.assert_allclose(short.encode([first + second + third])[0], expected, atol=1e-5)


def test_text_beyond_the_last_window_is_cut(minilm):
    settings = TransformerSettings(max_length=18, max_windows=2)
    short = TransformerEncoder(minilm.module, minilm.tokenizer, "short", settings)
    np.testing.assert_array_equal(short.encode(["one " * 32]), short.encode(["one " * 32 + "two " * 1000]))


def test_meaning(minilm):
    cat, kitten, stock = minilm.encode(["A cat sits on the mat", "A kitten rests on the rug", "Shares fell on Monday"])
    assert cat @ kitten > 0.5 > cat @ stock


def test_saved_folder_opens_everywhere_with_equal_vectors(minilm, tmp_path):
    folder = tmp_path / "encoder"
    minilm.save(folder)
    minilm.save(folder)  # over itself
    again = load_encoder(folder, device="cpu")
    np.testing.assert_allclose(again.encode(TEXTS[:10]), minilm.encode(TEXTS[:10]), atol=1e-4)
    assert (again.digest, again.name, again.width) == (minilm.digest, "all-MiniLM-L6-v2", 384)
    model = AutoModel.from_pretrained(folder)
    tokens = AutoTokenizer.from_pretrained(folder)(TEXTS[0], return_tensors="pt")
    with torch.inference_mode():
        state = model(**tokens).last_hidden_state[0].mean(0)
    assert cosines(minilm.encode(TEXTS[:1]), state.numpy()[None]).item() > 0.999
    assert not list(folder.glob(".saving*"))


def test_saving_over_the_folder_it_was_loaded_from(tiny):
    folder = tiny()
    encoder = load_folder(folder, "tiny", "cpu")
    before = encoder.encode(["abc", "xyz abc"])
    encoder.save(folder)
    np.testing.assert_array_equal(encoder.encode(["abc", "xyz abc"]), before)
    np.testing.assert_array_equal(load_encoder(folder, device="cpu").encode(["abc", "xyz abc"]), before)


def test_training_state_is_left_alone_and_dropout_is_off(tiny):
    encoder = load_folder(tiny(), "tiny", "cpu")
    exact = TransformerEncoder(encoder.module, encoder.tokenizer, "exact", encoder.settings, dtype=torch.float32)
    before = exact.encode(["abc def"])
    encoder.module.encoder.layer[1].train()
    np.testing.assert_array_equal(exact.encode(["abc def"]), before)
    assert encoder.module.encoder.layer[1].training
    assert not encoder.module.encoder.layer[0].training


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_weights_changed_by_any_optimizer_count_at_once(tiny, dtype):
    encoder = load_folder(tiny(), "tiny", "cpu")
    encoder = TransformerEncoder(encoder.module, encoder.tokenizer, "tiny", encoder.settings, dtype=dtype)
    for fused in (True, False):  # fused optimizers do not raise autograd's version counters
        vectors, digest = encoder.encode(["abc"]), encoder.digest
        optimizer = torch.optim.AdamW(encoder.module.parameters(), lr=0.1, fused=fused)
        encoder.forward_with_gradient(["abc", "def"])[:, 0].sum().backward()
        optimizer.step()
        assert encoder.digest != digest
        assert np.abs(encoder.encode(["abc"]) - vectors).max() > 1e-2


def test_digest_covers_settings_and_format(minilm):
    def digest(settings: TransformerSettings, dtype: torch.dtype) -> str:
        return TransformerEncoder(minilm.module, minilm.tokenizer, "x", settings, dtype).digest

    settings = TransformerSettings()
    made = {digest(settings, torch.float32), digest(settings, torch.bfloat16)}
    made.add(digest(TransformerSettings(normalise=False), torch.float32))
    assert len(made) == 3
    assert digest(settings, torch.float32) in made


def test_progress_counts_each_distinct_text_once_with_its_rate(minilm):
    told: list[tuple[float, str | None]] = []

    class Listener(Silent):
        def stage(self, name, total=None, unit=""):
            assert (name, total, unit) == ("encode", 3, "texts")
            return super().stage(name, total, unit)

        def _stage(self):
            from contextlib import contextmanager

            class Bar:
                def advance(self, amount=1, note=None):
                    told.append((amount, note))

            @contextmanager
            def opened():
                yield Bar()

            return opened()

    minilm.encode(["a", "b", "a", "", "c " * 600], Listener())
    assert sum(amount for amount, _ in told) == pytest.approx(3)
    assert all(note is not None and note.endswith("texts/s") for _, note in told)


@pytest.mark.parametrize("texts", [["a", None], [float("nan")], "one text"])
def test_what_is_no_list_of_texts_is_refused(minilm, texts):
    with pytest.raises(EncoderError, match="expected"):
        minilm.encode(texts)


def test_batches_keep_to_the_budget_and_hold_every_row_once():
    lengths = np.random.default_rng(0).integers(1, 300, 500)
    made = list(batches(lengths, 1000))
    assert sorted(np.concatenate(made)) == list(range(500))
    assert all(len(rows) == 1 or lengths[rows].max() * len(rows) <= 1000 for rows in made)
    assert len(list(batches(np.array([5000]), 1000))) == 1


def test_causal_model_leaves_its_first_token_out(tiny):
    folder = tiny("llama", num_key_value_heads=2)
    config = (folder / "config.json").read_text().replace("LlamaModel", "LlamaForCausalLM")
    (folder / "config.json").write_text(config)
    encoder = load_folder(Path(folder), "llama", "cpu")
    assert encoder.settings.pooling == "mean_after_first"
    assert encoder.encode(["abc", "abc def", "a"]).shape == (3, 32)


def test_other_families_learn_as_a_whole_only(tiny):
    encoder = load_folder(tiny("mpnet"), "mpnet", "cpu")
    with pytest.raises(EncoderError, match=r"this is mpnet: .*forward_with_gradient"):
        encoder.split(1)
    assert encoder.forward_with_gradient(["abc"]).requires_grad


@pytest.mark.parametrize(("family", "expected"), [("bert", "sdpa"), ("llama", "sdpa"), ("mpnet", "eager")])
def test_fused_attention_where_the_family_has_it(tiny, family, expected):
    assert load_folder(tiny(family), family, "cpu").module.config._attn_implementation == expected
