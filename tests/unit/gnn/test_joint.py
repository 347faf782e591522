from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gnn_community import community

from sociogram.encoders.cache import CachedEncoder
from sociogram.encoders.light import LightEncoder
from sociogram.encoders.load import load_encoder
from sociogram.errors import InputError
from sociogram.gnn.config import FitConfig
from sociogram.gnn.fit import fit

JOINT = FitConfig(
    mode="joint",
    max_steps=8,
    validate_every=4,
    folds=2,
    hidden=32,
    min_topic_users=1,
    encoder_steps=8,
    encoder_layers=2,
)


def test_joint_changes_encoder_and_network_and_the_loss_falls(tmp_path: Path) -> None:
    snapshot = community(tmp_path / "s", users=40, items=20)
    cached = load_encoder(cache=tmp_path / "cache")  # as the Engine has it
    assert isinstance(cached, CachedEncoder)
    encoder: Any = cached.encoder
    before = encoder.digest
    top = {k: v.detach().clone() for k, v in encoder.split(2).state_dict().items()}
    profiles, report = fit(snapshot, cached, JOINT, tmp_path / "run")
    after = encoder.split(2).state_dict()
    assert encoder.digest != before
    assert max(float((after[k] - v).abs().max()) for k, v in top.items()) > 1e-5
    losses = [s["loss_links"] for s in report["joint"]]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    network = [s["loss_items"] for s in report["joint"]]
    assert np.mean(network[-3:]) < np.mean(network[:3])
    assert np.isfinite(profiles.embeddings["User"]).all()


def test_joint_needs_an_encoder_that_can_learn(tmp_path: Path) -> None:
    snapshot = community(tmp_path / "s", users=60, items=30)
    with pytest.raises(InputError, match="needs a transformer"):
        fit(snapshot, LightEncoder(16), replace(JOINT), tmp_path / "run")
