"""Encoders that learn: links, the network's gradient, EM rounds; what is kept, and what a kill and a budget do."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gnn_community import community

from sociogram.config import Home
from sociogram.encoders.cache import CachedEncoder
from sociogram.encoders.encoder import Encoder
from sociogram.encoders.light import LightEncoder
from sociogram.encoders.load import load_encoder
from sociogram.errors import EncoderError, InputError, TrainingError
from sociogram.gnn.config import FitConfig
from sociogram.gnn.fit import fit
from sociogram.gnn.objectives import Objective
from sociogram.gnn.texts import collect_texts
from sociogram.gnn.tuning import Tuner, first_table
from sociogram.graph.snapshot import Snapshot
from sociogram.learn import fit_snapshot
from sociogram.progress import SILENT, Stage

QUICK = FitConfig(
    max_steps=8,
    validate_every=4,
    folds=2,
    hidden=32,
    min_topic_users=1,
    encoder_steps=8,
    encoder_layers=2,
    checkpoint_every=3,
)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return community(tmp_path_factory.mktemp("graph") / "s", users=40, items=20)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_joint_reaches_encoder_and_network_and_the_losses_fall(graph: Snapshot, cache: Path, tmp_path: Path) -> None:
    cached = load_encoder(cache=cache)  # as the Engine has it
    assert isinstance(cached, CachedEncoder)
    encoder: Any = cached.encoder
    top = encoder.split(2).state_dict()
    before = {k: v.detach().clone() for k, v in top.items()}
    profiles, report = fit(graph, cached, replace(QUICK, mode="joint"), tmp_path / "run")
    rows = {row["name"]: row for row in report["modes"]["candidates"]}
    assert list(rows) == ["frozen", "two_step", "joint"]
    assert rows["joint"]["weight_change"] > 1e-5
    assert rows["joint"]["texts_with_gradient"] > 10
    assert rows["joint"]["epoch_ratio"] > 0
    assert all(point["gradient_links"] > 0 for point in report["modes"]["curves"]["joint"])
    assert any(point["gradient_network"] > 0 for point in report["modes"]["curves"]["joint"])
    curve = report["modes"]["curves"]["joint"]
    for part in ("loss_links", "loss_items"):
        losses = [point[part] for point in curve]
        assert np.mean(losses[-3:]) < np.mean(losses[:3]), part
    best = max(rows.values(), key=lambda row: row["validation_map"])
    assert rows[report["modes"]["kept"]]["validation_map"] == best["validation_map"]
    moved = max(float((encoder.split(2).state_dict()[k] - v).abs().max()) for k, v in before.items())
    assert (moved > 0) == (report["modes"]["kept"] != "frozen")  # the encoder is left as the kept one has it
    assert np.isfinite(profiles.embeddings["User"]).all()


@pytest.mark.parametrize("mode", ["two_step", "em"])
def test_one_candidate_modes_change_the_encoder(graph: Snapshot, cache: Path, tmp_path: Path, mode: Any) -> None:
    encoder = load_encoder(cache=cache)
    texts = collect_texts(graph).distinct
    before = encoder.encode(texts)
    _, report = fit(graph, encoder, replace(QUICK, mode=mode), tmp_path / "run")
    assert report["modes"]["kept"] == mode
    loss = "loss_links" if mode == "two_step" else "loss_authors"
    losses = [point[loss] for point in report["modes"]["curves"][mode]]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    assert np.abs(encoder.encode(texts) - before).max() > 1e-4


def test_auto_says_what_it_kept_and_by_how_much(graph: Snapshot, tmp_path: Path) -> None:
    """The whole way to a run folder: what the terminal says is in the report and in the audit trail's figures."""
    settings = {
        name: getattr(QUICK, name) for name in ("max_steps", "validate_every", "folds", "hidden", "min_topic_users")
    }
    run = fit_snapshot(graph, Home(tmp_path), mode="auto", encoder_steps=8, encoder_layers=2, **settings)
    modes = run.report["modes"]
    assert modes["sentence"].startswith(f"auto keeps {modes['kept']}: validation mAP ")
    for row in modes["candidates"][1:]:
        assert row["low"] <= row["difference"] <= row["high"]
        assert f"{row['difference']:+.3f}" in modes["sentence"]
    assert modes["sentence"] in run.report_html.read_text(encoding="utf-8")
    assert (run.record["metrics"]["mode"], run.record["metrics"]["choice"]) == (modes["kept"], modes["sentence"])
    assert load_encoder(str(run.folder / "encoder")).encode(["word0x0"]).shape == (1, 384)


def test_auto_takes_frozen_where_the_encoder_cannot_learn(graph: Snapshot, tmp_path: Path) -> None:
    _, report = fit(graph, LightEncoder(16), replace(QUICK, mode="auto", encoder_layers=None), tmp_path / "run")
    assert report["modes"]["kept"] == "frozen"
    assert "no layers to train" in report["modes"]["sentence"]
    with pytest.raises(InputError, match="has no layers to train"):  # not where it was said how they are to learn
        fit(graph, LightEncoder(16), replace(QUICK, mode="auto"), tmp_path / "said")


def test_joint_needs_an_encoder_that_can_learn(graph: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs a transformer"):
        fit(graph, LightEncoder(16), replace(QUICK, mode="joint"), tmp_path / "run")


def test_without_interests_the_links_alone_teach(cache: Path, tmp_path: Path) -> None:
    bare = community(tmp_path / "s", users=40, items=20, interests=False)
    _, report = fit(bare, load_encoder(cache=cache), replace(QUICK, mode="joint"), tmp_path / "joint")
    assert report["modes"]["kept"] == "two_step"
    assert "learns from links alone" in report["modes"]["sentence"]
    _, report = fit(bare, load_encoder(cache=cache), replace(QUICK, mode="auto"), tmp_path / "auto")
    assert report["modes"]["kept"] == "frozen"


class Cut(Exception):
    """Stands for a kill."""


class CutAt:
    """Progress that ends everything at one step of one stage."""

    def __init__(self, stage: str, step: int) -> None:
        self.where, self.left = stage, step

    def stage(self, name: str, total: float | None = None, unit: str = "") -> AbstractContextManager[Stage]:
        return self._stage(name)

    @contextmanager
    def _stage(self, name: str) -> Iterator[Stage]:
        self.name = name
        yield self

    def advance(self, amount: float = 1, note: str | None = None) -> None:
        if self.name == self.where and amount:
            self.left -= 1
            if not self.left:
                raise Cut

    def say(self, name: str, text: str) -> None:
        return None


def outcome(graph: Snapshot, cache: Path, folder: Path, progress: Any = SILENT) -> tuple[Any, Any]:
    encoder: Encoder = load_encoder(cache=cache)
    profiles, report = fit(graph, encoder, replace(QUICK, mode="joint"), folder, progress)
    return profiles.embeddings["User"], (report["modes"]["kept"], report["modes"]["curves"])


@pytest.fixture(scope="module")
def undisturbed(graph: Snapshot, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    return outcome(graph, cache, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def cut_at(graph: Snapshot, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int, Path], Path]:
    """Copies the folder of a run that was cut at a step of a stage, each made once."""
    root = tmp_path_factory.mktemp("cuts")

    def folder(stage: str, step: int, copy: Path) -> Path:
        made = root / f"{stage}-{step}"
        if not made.exists():
            with pytest.raises(Cut):
                outcome(graph, cache, made, CutAt(stage, step))
        return Path(shutil.copytree(made, copy))

    return folder


@pytest.mark.parametrize(("stage", "step"), [("joint", 7), ("train, joint", 5)])
def test_a_run_that_was_cut_goes_on_bit_for_bit(
    graph: Snapshot,
    cache: Path,
    tmp_path: Path,
    undisturbed: tuple[Any, Any],
    cut_at: Callable[..., Path],
    stage: str,
    step: int,
) -> None:
    vectors, told = outcome(graph, cache, cut_at(stage, step, tmp_path / "cut"))
    assert told == undisturbed[1]
    assert (vectors == undisturbed[0]).all()


@pytest.mark.parametrize(("stage", "step", "learned"), [("joint", 7, 6), ("train, joint", 5, 8), ("train", 2, None)])
def test_a_run_that_was_cut_is_finished_with_what_it_had(
    graph: Snapshot,
    cache: Path,
    tmp_path: Path,
    cut_at: Callable[..., Path],
    stage: str,
    step: int,
    learned: int | None,
) -> None:
    config = replace(QUICK, mode="joint")
    folder = cut_at(stage, step, tmp_path / "cut")
    profiles, report = fit(graph, load_encoder(cache=cache), config, folder, finish=True)
    rows = {row["name"]: row for row in report["modes"]["candidates"]}
    assert rows["joint"].get("steps") == learned
    assert ("skipped" in rows["two_step"]) == (learned is None)
    assert "ended early, on request" in report["modes"]["sentence"]
    assert len(profiles.embeddings["User"]) == 40


def test_nothing_to_finish(graph: Snapshot, cache: Path, tmp_path: Path) -> None:
    config = replace(QUICK, mode="two_step")
    with pytest.raises(TrainingError, match="nothing to finish"):
        fit(graph, load_encoder(cache=cache), config, tmp_path / "new", finish=True)
    with pytest.raises(InputError, match="no interrupted run"):
        fit_snapshot(graph, Home(tmp_path / "home"), encoder="light", mode="frozen", finish=True)


def test_a_finished_run_keeps_no_checkpoints(graph: Snapshot, tmp_path: Path) -> None:
    run = fit_snapshot(graph, Home(tmp_path / "home"), encoder="light", mode="frozen", max_steps=8, folds=2)
    assert run.record["state"] == "finished"
    assert not (run.folder / "checkpoint").exists()


def test_em_within_a_budget(graph: Snapshot, cache: Path, tmp_path: Path) -> None:
    config = replace(QUICK, mode="em", encoder_steps=100_000, budget_seconds=30.0)
    _, report = fit(graph, load_encoder(cache=cache), config, tmp_path / "run")
    assert "em stopped before round 1: too little time left" in report["modes"]["sentence"]


class Deaf(Objective):
    """Learns nothing from any text."""

    def ask(self, rng: np.random.Generator, size: float = 1.0) -> Any:
        return np.arange(4)

    def gradient(self, vectors: Any, rows: Any) -> Any:
        return vectors.detach() * 0

    def losses(self) -> dict[str, float]:
        return {}


class Said(CutAt):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__("", 0)
        self.told: list[str] = []

    def say(self, name: str, text: str) -> None:
        self.told.append(f"{name}: {text}")


def test_a_gradient_that_does_not_arrive_is_told(graph: Snapshot, cache: Path) -> None:
    tuner = Tuner(load_encoder(cache=cache), collect_texts(graph).distinct, replace(QUICK, mode="two_step"))
    told = Said()
    tuner.tune({"links": (1.0, Deaf())}, None, "", name="two_step", progress=told)
    assert told.told == ["alarm: two_step: no gradient of its part 'links' reached the text encoder in 8 steps"]


def test_budgets(graph: Snapshot, cache: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="positive time"):
        replace(QUICK, budget_seconds=0.0)
    with pytest.raises(TrainingError, match="budget of 0.001 s is too small"):
        fit(graph, load_encoder(cache=cache), replace(QUICK, budget_seconds=0.001), tmp_path / "none")
    with pytest.raises(TrainingError, match="too small"):
        fit(graph, load_encoder(cache=cache), replace(QUICK, budget_seconds=60.0), tmp_path / "late", spent=59.0)
    _, report = fit(graph, load_encoder(cache=cache), replace(QUICK, mode="auto", budget_seconds=120.0), tmp_path / "x")
    assert len([row for row in report["modes"]["candidates"] if "skipped" not in row]) == 3
    assert report["cost"]["budget_spent"] < 120


def test_what_no_longer_fits_is_skipped_and_said(graph: Snapshot, cache: Path, tmp_path: Path) -> None:
    config = replace(QUICK, mode="auto", encoder_steps=100_000, budget_seconds=30.0)
    _, report = fit(graph, load_encoder(cache=cache), config, tmp_path / "run")
    assert report["modes"]["kept"] == "frozen"
    assert "two_step skipped: too little time left" in report["modes"]["sentence"]


@pytest.mark.parametrize("mode", ["auto", "joint"])
def test_a_way_to_tune_that_there_is_not_is_never_left_out_silently(
    graph: Snapshot, cache: Path, tmp_path: Path, mode: Any
) -> None:
    for wrong, said in (
        ({"encoder_method": "adapters"}, "top_layers, full, lora was expected"),
        ({"encoder_layers": 40}, "the model has 6 layers"),
    ):
        with pytest.raises(EncoderError, match=said):
            fit(graph, load_encoder(cache=cache), replace(QUICK, mode=mode, **wrong), tmp_path / "run")


def test_a_rate_that_is_far_too_high_is_named(graph: Snapshot, cache: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="Lower encoder_rate"):
        fit(graph, load_encoder(cache=cache), replace(QUICK, mode="two_step", encoder_rate=1e6), tmp_path / "run")


def test_a_language_model_is_read_once(tmp_path: Path) -> None:
    """Few of its layers learn, so the first table comes through the lower states; the adapter is saved beside the run."""
    pytest.importorskip("peft", reason="the [llm] extra is not installed")
    graph = community(tmp_path / "s", users=40, items=20)
    texts = collect_texts(graph).distinct
    try:
        encoder = load_encoder("smollm2-135m")
    except EncoderError as missing:
        pytest.skip(str(missing))
    config = replace(QUICK, mode="two_step", encoder_layers=None, encoder_steps=3)
    table, tuner = first_table(encoder, texts, config, tuned=True)
    assert tuner is not None
    assert tuner.cheap
    plain = encoder.encode(texts)
    assert np.abs(table - plain).max() < 0.02 * np.abs(plain).max()
    _, report = fit(graph, encoder, config, tmp_path / "run")
    losses = [point["loss_links"] for point in report["modes"]["curves"]["two_step"]]
    assert len(losses) == 3
    assert np.isfinite(losses).all()
    encoder.save(tmp_path / "encoder")
    again = load_encoder(str(tmp_path / "encoder")).encode(texts[:8])
    np.testing.assert_allclose(again, encoder.encode(texts[:8]), atol=1e-4)
