"""Top layers on cached states: the same vectors as `encode`, gradients where they belong, one set of weights."""

import numpy as np
import pytest
import torch

from sociogram.encoders.folder import load_folder
from sociogram.encoders.load import load_encoder
from sociogram.errors import EncoderError

TEXTS = ["graph theory", "", "a user who likes networks and music " * 9, "graph theory", "jazz", "word " * 600]


@pytest.mark.parametrize("layers", [1, 3, 6])
def test_equals_encode(minilm, layers):
    top = minilm.split(layers)
    lower = minilm.lower_states(TEXTS, top, max_windows=8)
    vectors = top.vectors(lower, range(len(TEXTS))).detach().numpy()
    expected = minilm.encode(TEXTS)
    np.testing.assert_allclose(vectors, expected, atol=2e-2)
    assert (vectors * expected).sum(1)[[0, 2, 3, 4, 5]].min() > 0.999
    assert not vectors[1].any()


def test_rows_in_any_order_and_number(minilm):
    top = minilm.split(2)
    lower = minilm.lower_states(TEXTS, top, max_windows=8)
    whole = top.vectors(lower, range(len(TEXTS))).detach()
    rows = [5, 0, 0, 1]
    torch.testing.assert_close(top.vectors(lower, rows).detach(), whole[rows], atol=1e-2, rtol=0)
    assert top.vectors(lower, [1]).shape == (1, 384)
    assert top.vectors(lower, []).shape == (0, 384)
    with pytest.raises(IndexError, match="rows go from 0 to 5"):
        top.vectors(lower, [6])


def test_long_texts_are_cut_to_the_windows_asked_for(minilm):
    lower = minilm.lower_states(TEXTS, minilm.split(1))
    assert len(lower.lengths) == 5  # the empty text has none
    assert lower.flat.shape == (lower.lengths.sum(), 384)
    assert lower.flat.dtype == minilm.dtype
    assert not lower.flat.requires_grad


def test_training_the_top_changes_encode_and_digest_and_leaves_the_bottom():
    encoder = load_encoder(device="cpu")
    top = encoder.split(2)
    lower = encoder.lower_states(TEXTS, top)
    before, digest = encoder.encode(TEXTS), encoder.digest
    bottom = encoder.module.encoder.layer[3].output.dense.weight.clone()
    optimizer = torch.optim.AdamW(top.parameters(), lr=2e-3, fused=True)
    losses = []
    for _ in range(4):
        a, b = top.vectors(lower, [0, 4])
        loss = a @ b
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.1
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in top.parameters() if p.ndim == 2)
    assert encoder.digest != digest
    after = encoder.encode(TEXTS)
    assert after[0] @ after[4] < before[0] @ before[4] - 0.1
    np.testing.assert_allclose(top.vectors(lower, [0, 4]).detach().numpy(), after[[0, 4]], atol=2e-2)
    torch.testing.assert_close(encoder.module.encoder.layer[3].output.dense.weight, bottom, atol=0, rtol=0)


def test_the_model_keeps_all_its_layers(minilm):
    minilm.lower_states(["a"], minilm.split(4))
    assert len(minilm.module.encoder.layer) == 6
    assert minilm.module.pooler is not None


@pytest.mark.parametrize("family", ["bert", "roberta", "xlm-roberta", "camembert", "electra"])
def test_each_family_named_works(tiny, family):
    extra = {"embedding_size": 32} if family == "electra" else {}
    encoder = load_folder(tiny(family, **extra), family, "cpu")
    top = encoder.split(1)
    texts = ["abc", "hello world abc", ""]
    vectors = top.vectors(encoder.lower_states(texts, top), range(3)).detach().numpy()
    np.testing.assert_allclose(vectors, encoder.encode(texts), atol=3e-2)


def test_whole_model_gradient_equals_encode(minilm):
    vectors = minilm.forward_with_gradient(TEXTS)
    np.testing.assert_allclose(vectors.detach().numpy(), minilm.encode(TEXTS), atol=2e-2)
    assert vectors.requires_grad


@pytest.mark.parametrize("layers", [0, 7])
def test_impossible_cuts_are_refused(minilm, layers):
    with pytest.raises(EncoderError, match="choose 1 to 6"):
        minilm.split(layers)
