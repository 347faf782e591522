"""Topics that came after training, scored from their text alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gnn_community import community

from sociogram.encoders.light import LightEncoder
from sociogram.errors import InputError
from sociogram.gnn import fit as story
from sociogram.gnn.budget import Budget
from sociogram.gnn.choose import choose
from sociogram.gnn.config import FitConfig
from sociogram.gnn.infer import network_outputs
from sociogram.gnn.matrices import standardise
from sociogram.gnn.metrics import average_precision, mean
from sociogram.gnn.new_topic import TopicTower, text_scores
from sociogram.progress import SILENT


def test_users_who_have_a_topic_are_ranked_first_by_its_text(tmp_path: Path) -> None:
    snapshot = community(tmp_path / "s")
    config = replace(FitConfig(mode="frozen", max_steps=60, folds=2, hidden=32, min_topic_users=1), item_loss=0.0)
    c, _, _ = story._prepare(snapshot, LightEncoder(32), config, story.Clock(), SILENT, torch.device("cpu"))
    choice = choose(c, tmp_path / "run", Budget(None))
    vectors, _, _ = network_outputs(choice.model, choice.phase.problem, choice.phase.graph)
    users = vectors["User"]
    published = np.concatenate([2.5 * users, np.ones_like(users)], 1)  # scaled, and the recommender's half beside it
    TopicTower.of(choice.model, choice, users, published[:, : users.shape[1]]).save(tmp_path)
    tower = TopicTower.load(tmp_path)
    texts = np.asarray(c.features.texts.topics @ c.table, np.float32)[c.split.targets]
    scores = np.stack([tower.scores(published, text) for text in texts], 1)
    np.testing.assert_allclose(scores, text_scores(choice), atol=1e-4)
    told = np.flatnonzero(np.diff(c.split.train.indptr))
    truth = c.dense(c.split.train)[told]
    nothing = np.zeros_like(truth)
    by_chance = mean(average_precision(np.zeros_like(scores[told]), truth, nothing))
    assert mean(average_precision(scores[told], truth, nothing)) > 1.2 * by_chance
    held = choice.held
    p, hit = tower.probability(scores)[held.users], held.truth[held.users]
    assert ((p > 0) & (p < 1)).all()
    assert abs(float(p.mean()) - float(hit.mean())) < 0.05  # of the held-out event
    assert np.isfinite(standardise(c.table)).all()


def test_a_run_without_topics_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="learnt from no topics"):
        TopicTower.load(tmp_path)
