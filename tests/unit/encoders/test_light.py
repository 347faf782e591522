import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sociogram.encoders.light import LightEncoder
from sociogram.errors import EncoderError

LIGHT = LightEncoder()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=40), max_size=6))
def test_any_text_has_length_one_and_blank_ones_are_zero(texts):
    vectors = LIGHT.encode(texts)
    assert vectors.shape == (len(texts), 64)
    assert vectors.dtype == np.float32
    expected = [1.0 if text.strip() else 0.0 for text in texts]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), expected, atol=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_array_equal(LIGHT.encode([text])[0], vector)


def test_the_same_in_every_process():
    code = "from sociogram.encoders.light import LightEncoder; print(LightEncoder().encode(['graph 图'])[0].tobytes().hex())"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert runs == {(LIGHT.encode(["graph 图"])[0].tobytes().hex() + "\n").encode()}


def test_shared_words_bring_texts_together():
    a, b, c = LIGHT.encode(["networks and graphs in theory", "graph networks in practice", "tomato soup tonight"])
    assert a @ b > a @ c + 0.2


def test_widths_differ_in_digest():
    assert LightEncoder(32).digest != LIGHT.digest
    with pytest.raises(EncoderError, match="at least 1"):
        LightEncoder(0)
