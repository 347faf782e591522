from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from gnn_community import community

from sociogram.encoders.light import LightEncoder
from sociogram.gnn import fit as story
from sociogram.gnn.choose import new_model
from sociogram.gnn.config import FitConfig
from sociogram.gnn.infer import network_outputs, new_topic_scores
from sociogram.gnn.metrics import average_precision, mean
from sociogram.gnn.phase import build_phase
from sociogram.gnn.train import Trainer
from sociogram.progress import SILENT


def test_a_topic_is_scored_from_its_text_alone(tmp_path: Path) -> None:
    """The topics' texts, offered as if they were new: users who have a topic are ranked above those who have not."""
    snapshot = community(tmp_path / "s")
    config = replace(FitConfig(max_steps=60, folds=2, hidden=32, min_topic_users=1), item_loss=0.0)
    c, _ = story._prepare(snapshot, LightEncoder(32), config, story.Clock(), SILENT)
    phase = build_phase(c, c.split.held_out, truth=c.dense(c.split.validation))
    model = new_model(c, phase)
    Trainer(model, phase.problem, config, None).run()
    vectors, _, _ = network_outputs(model, phase.problem, phase.graph)
    text = np.asarray(c.topic_text.cpu().numpy())
    scores = new_topic_scores(model, vectors["User"], text)
    told = np.flatnonzero(np.diff(c.split.train.indptr))
    truth = c.dense(c.split.train)[told]
    nothing = np.zeros_like(truth)
    assert torch.isfinite(torch.from_numpy(scores)).all()
    assert mean(average_precision(scores[told], truth, nothing)) > 1.2 * mean(
        average_precision(np.zeros_like(scores[told]), truth, nothing)
    )
