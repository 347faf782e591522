"""Whitening: a known answer, zero stays zero, and it is saved with the encoder and known to the cache."""

import numpy as np
import pytest
import torch

from sociogram.encoders.load import load_encoder
from sociogram.encoders.tuning import Tuning
from sociogram.encoders.whitening import FLOOR, Whitening
from sociogram.errors import EncoderError

TEXTS = [f"{a}{b} {c}" for a in "abcdef" for b in "ghijkl" for c in ("xyz", "uvw", "rst")]


def test_moments_by_hand():
    rng = np.random.default_rng(0)
    spread = np.array([4.0, 2.0, 1.0, 0.1])
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    vectors = ((rng.normal(size=(20_000, 4)) * spread) @ turn + 3).astype(np.float32)
    white = Whitening.fit(vectors)(torch.from_numpy(vectors)).numpy()
    np.testing.assert_allclose(white.mean(0), 0, atol=1e-3)
    v = np.sort(spread**2)
    np.testing.assert_allclose(np.cov(white.T), np.diag(v / (v + FLOOR * v.mean())), atol=0.02)


def test_taken_from_the_first_texts_and_kept(tiny, tmp_path):
    folder = tiny()
    plain = load_encoder(folder, device="cpu").encode(TEXTS)
    encoder = load_encoder(f"{folder}?whiten=true", device="cpu")
    digest = encoder.digest
    vectors = encoder.encode([*TEXTS, ""])
    assert encoder.digest != digest
    assert not vectors[-1].any()
    np.testing.assert_allclose(np.linalg.norm(vectors[:-1], axis=1), 1, atol=1e-5)
    assert np.linalg.norm(vectors[:-1].mean(0)) < 0.1 < np.linalg.norm(plain.mean(0))
    alone, beside = encoder.encode(["new"]), encoder.encode(["new", "newer"])[:1]
    np.testing.assert_allclose(alone, beside, atol=1e-6)  # no second fit
    top = encoder.split(Tuning("top_layers", 1))
    np.testing.assert_allclose(top.encode(encoder.lower_states(TEXTS, top)), vectors[:-1], atol=2e-2)
    encoder.save(tmp_path / "saved")
    again = load_encoder(tmp_path / "saved", device="cpu")
    np.testing.assert_allclose(again.encode(["new", *TEXTS]), encoder.encode(["new", *TEXTS]), atol=1e-4)
    assert again.digest == encoder.digest


def test_the_cache_keeps_whitened_vectors_apart(tiny, tmp_path):
    plain = load_encoder(tiny(), device="cpu", cache=tmp_path / "cache")
    white = load_encoder(tiny(), device="cpu", cache=tmp_path / "cache", options={"whiten": True})
    first = plain.encode(TEXTS)
    vectors = white.encode(TEXTS)
    assert np.abs(first - vectors).max() > 0.1
    assert (white.hits, white.misses) == (0, len(TEXTS))
    np.testing.assert_array_equal(white.encode(TEXTS[:3]), vectors[:3])
    assert white.hits == 3


def test_a_file_of_another_model(tiny, tmp_path):
    encoder = load_encoder(f"{tiny()}?whiten=true", device="cpu")
    encoder.encode(TEXTS)
    encoder.save(tmp_path / "saved")
    Whitening(torch.zeros(3), torch.zeros(3, 3)).save(tmp_path / "saved")
    with pytest.raises(EncoderError, match=r"whitening.safetensors does not fit the model"):
        load_encoder(tmp_path / "saved")
