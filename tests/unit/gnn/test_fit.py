import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gnn_community import MAPPING, community, table

from sociogram.encoders.light import LightEncoder
from sociogram.errors import InputError, TrainingError
from sociogram.gnn.config import FitConfig
from sociogram.gnn.fit import fit
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.profile import Profiles
from sociogram.graph.snapshot import Snapshot

QUICK = FitConfig(mode="frozen", max_steps=8, validate_every=4, folds=2, hidden=32, min_topic_users=1)


def test_planted_interests_are_found_and_reported(tmp_path: Path) -> None:
    snapshot = community(tmp_path / "s")
    profiles, report = fit(snapshot, LightEncoder(32), QUICK, tmp_path / "run")
    json.dumps(report)
    rows = {r["method"]: r for r in report["tags"]["rows"]}
    for simple in ("popularity", "TF-IDF + LR, own text", "friends' tags"):
        assert rows["sociogram"]["map"] > rows[simple]["map"]
        assert rows["sociogram"]["micro_f1"] > rows[simple]["micro_f1"]
    assert report["split"]["kind"] == "users"
    assert {"curves", "items", "attributes", "cost", "data"} <= set(report)
    for label, vectors in profiles.embeddings.items():
        assert vectors.shape == (len(snapshot.nodes[label]), 128)
        assert vectors.dtype == np.float32
        assert np.isfinite(vectors).all()
    tags = profiles.tags
    assert tags.probability.between(0, 1).all()
    assert tags.observed.sum() == snapshot.edges[("User", "TAGGED", "Topic")].matrix().nnz
    assert tags[tags.observed].shown.all()
    for name, kind in snapshot.users.mapping.predict.items():
        attribute = profiles.attributes[name]
        assert (attribute.kind, len(attribute.values)) == (kind, len(snapshot.users))
        assert ((attribute.confidence >= 0) & (attribute.confidence <= 1)).all()
    ages = {r["method"]: r["mae"] for r in report["attributes"]["age"]["rows"]}
    assert ages["sociogram"] < ages["majority"]
    profiles.save(tmp_path / "profiles")
    assert len(Profiles.load(tmp_path / "profiles").tags) == len(tags)
    assert {"model.safetensors", "config.json", "calibration.json"} <= {p.name for p in (tmp_path / "run").iterdir()}


@pytest.fixture
def two_threads() -> Iterator[None]:
    """The others do with one."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_same_seed_same_bytes_and_a_killed_run_resumes_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sociogram.gnn.train import Trainer

    snapshot = community(tmp_path / "s", users=60, items=30)
    config = replace(QUICK, checkpoint_every=2)
    first, _ = fit(snapshot, LightEncoder(32), config, tmp_path / "a")
    kept, calls = Trainer.step, [0]

    def killed(self: Trainer) -> dict[str, float]:
        calls[0] += 1
        if calls[0] == 6:
            raise KeyboardInterrupt
        return kept(self)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", killed)
        with pytest.raises(KeyboardInterrupt):
            fit(snapshot, LightEncoder(32), config, tmp_path / "b")
    second, _ = fit(snapshot, LightEncoder(32), config, tmp_path / "b")
    for label in first.embeddings:
        assert first.embeddings[label].tobytes() == second.embeddings[label].tobytes()
    assert first.tags.equals(second.tags)


def test_large_graphs_train_on_sampled_neighbourhoods(tmp_path: Path) -> None:
    snapshot = community(tmp_path / "s", users=60, items=30)
    config = replace(QUICK, full_batch_edges=1, batch_users=16, fanouts=(4, 3))
    _, report = fit(snapshot, LightEncoder(32), config, tmp_path / "run")
    assert len(report["curves"]) == 2


USER = NodeMapping("User", "user", text=("bio",))


@pytest.mark.parametrize("case", ["one user", "one topic", "equal texts", "no items", "no topics", "only text"])
def test_thin_graphs_work_or_say_why(tmp_path: Path, case: str) -> None:
    users = 1 if case == "one user" else 30
    keys = [f"u{i}" for i in range(users)]
    texts = ["the same"] * users if case == "equal texts" else [f"likes word{i % 3}" for i in range(users)]
    nodes = {"User": table(key=keys, text=texts)}
    labels, relations, edges = [USER], [], {}
    if case not in ("only text", "no topics"):
        names = ["t0"] if case == "one topic" else ["t0", "t1", "t2"]
        labels.append(NodeMapping("Topic", "topic", name="name"))
        nodes["Topic"] = table(key=names, name=names)
        relations.append(RelationshipMapping("TAGGED", "User", "Topic", "interest"))
        told = [(k, names[i % len(names)]) for i, k in enumerate(keys) if i % 3 or users == 1]
        edges[("User", "TAGGED", "Topic")] = table(source=[a for a, _ in told], target=[b for _, b in told])
    if case != "only text" and users > 1:
        relations.append(RelationshipMapping("KNOWS", "User", "User", "tie"))
        edges[("User", "KNOWS", "User")] = table(source=keys[:-1], target=keys[1:])
    snapshot = Snapshot.create(tmp_path / "s", GraphMapping(tuple(labels), tuple(relations)), nodes, edges)
    profiles, _ = fit(snapshot, LightEncoder(16), QUICK, tmp_path / "run")
    assert np.isfinite(profiles.embeddings["User"]).all()


def test_nothing_to_learn_from_is_said(tmp_path: Path) -> None:
    empty = {"User": table(key=[]), "Item": table(key=[]), "Topic": table(key=[])}
    none = Snapshot.create(tmp_path / "a", MAPPING, empty, {})
    with pytest.raises(TrainingError, match="no User nodes"):
        fit(none, LightEncoder(16), QUICK, tmp_path / "run")
    bare = Snapshot.create(tmp_path / "b", GraphMapping((USER,)), {"User": table(key=["a", "b"])}, {})
    with pytest.raises(TrainingError, match="2 users, but 0 relationships, 0 texts"):
        fit(bare, LightEncoder(16), QUICK, tmp_path / "run2")


def test_an_exploding_loss_names_its_cause(tmp_path: Path) -> None:
    snapshot = community(tmp_path / "s", users=60, items=30)
    with pytest.raises(TrainingError, match="learning_rate"):
        fit(snapshot, LightEncoder(16), replace(QUICK, learning_rate=1e30), tmp_path / "run")


def test_a_device_that_is_not_there_is_refused(tmp_path: Path) -> None:
    snapshot = community(tmp_path / "s", users=40, items=20)
    with pytest.raises(InputError, match="expected auto, cpu or cuda, got 'tpu'"):
        fit(snapshot, LightEncoder(16), replace(QUICK, device="tpu"), tmp_path / "run")
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="sees no CUDA device"):
            fit(snapshot, LightEncoder(16), replace(QUICK, device="cuda"), tmp_path / "run")
