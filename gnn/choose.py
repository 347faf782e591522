"""The first phase: train with validation and test hidden, weigh the parts, calibrate; and, once all choices are made, the test report."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sociogram.gnn import metrics
from sociogram.gnn.budget import Budget
from sociogram.gnn.calibrate import Calibration, fit_calibration
from sociogram.gnn.hierarchy import implications
from sociogram.gnn.judge import HeldOut, per_topic, tag_report
from sociogram.gnn.model import Sociogram, build_shape
from sociogram.gnn.phase import Context, Phase, build_phase
from sociogram.gnn.randomness import seeded
from sociogram.gnn.split import topic_mapping
from sociogram.gnn.stack import Stack, crossed_scores, fit_stack, refined
from sociogram.gnn.train import Trained, Trainer, predict
from sociogram.progress import SILENT, Progress

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
NETWORK = "network"
PLENTY = 1000  # held-out pairs from which on a combination of some parts no longer fits them by heart


@dataclass
class Choice:
    """What the first phase decided on validation, for one table of text vectors."""

    context: Context
    phase: Phase
    model: Sociogram
    trained: Trained
    stack: Stack
    calibration: Calibration
    raw: Floats  # [users, targets] the network's own scores
    crossed: Floats  # [users, targets] scores of validation users from stacks fitted on the others

    @property
    def steps(self) -> int:
        """What the final phase trains for."""
        return max(self.trained.best_step, 1) if self.judged else min(self.trained.steps, self.context.config.max_steps)

    @property
    def judged(self) -> bool:
        """Whether there was anything to validate on."""
        return self.context.split.kind != "none" and len(self.held.users) > 0

    @cached_property
    def held(self) -> HeldOut:
        """The validation part."""
        return validation_part(self.context)

    @cached_property
    def precision(self) -> Floats:
        """Average precision [validation users] of the crossed scores: what candidates are compared by."""
        return np.asarray(self.held.precision(self.crossed), np.float32)

    def parts(self, known: Bools) -> dict[str, Floats]:
        """The linear parts and the network upon them."""
        return parts_with(self.phase, self.raw, known)

    def probability(self) -> Floats:
        """Calibrated probabilities [users, targets], validation and test hidden; the known ones as they are known."""
        known = self.phase.known
        score = self.stack.apply(self.parts(known), known)
        return np.asarray(self.calibration.probability(score, known, self.context.activity), np.float32)


def parts_with(phase: Phase, raw: Floats, known: Bools) -> dict[str, Floats]:
    """The linear parts of a phase, and its network's own scores `raw` upon what they say together."""
    return {**phase.parts, NETWORK: raw + phase.offset.apply(phase.parts, known)}


def validation_part(c: Context) -> HeldOut:
    """What is to be found in validation, train and test being masked."""
    return HeldOut(c.dense(c.split.train) | c.dense(c.split.test), c.dense(c.split.validation), c.activity)


def hidden_phase(c: Context, held: HeldOut, progress: Progress = SILENT) -> Phase:
    """The problem with validation and test hidden; the strengths of the linear parts are chosen on validation."""
    quality = held.mean_precision if len(held.users) else None
    return build_phase(c, c.split.held_out, truth=held.truth, quality=quality, progress=progress)


def choose(c: Context, folder: Path, budget: Budget, progress: Progress = SILENT, *, label: str = "train") -> Choice:
    """Train with validation and test hidden; weigh the parts and calibrate on validation. The test part is not looked at."""
    started = time.perf_counter()
    held = validation_part(c)
    phase = hidden_phase(c, held, progress)
    model = new_model(c, phase)
    seconds = budget.training(time.perf_counter() - started)
    trainer = Trainer(model, phase.problem, c.config, folder, c.identity)
    trained = trainer.run(progress, label, seconds, finish=budget.finish)
    if c.split.kind == "none" or not len(held.users):
        nothing = np.zeros((len(c.snapshot.users), len(c.split.targets)), np.float32)
        unknown = Calibration.none(c.activity)
        return Choice(c, phase, model, trained, phase.offset, unknown, nothing, nothing)
    raw = predict(model, phase.problem, phase.graph)
    parts = parts_with(phase, raw, held.known)
    stack = refined(fit_stack(parts, held.known, held.truth), parts, held.known, held.truth)
    crossed = crossed_scores(stack, parts, held.known, held.truth, c.config.seed)
    judged = stack.apply(parts, held.known) if held.truth.sum() >= PLENTY else crossed
    calibration = fit_calibration(judged, held.known, held.truth, c.activity, c.config.precision_floor)
    calibration.implied = implications(c.snapshot, c.found, c.split)
    return Choice(c, phase, model, trained, stack, calibration, raw, crossed)


def new_model(c: Context, phase: Phase) -> Sociogram:
    """Freshly initialised from the seed."""
    with seeded(c.config.seed, c.device):
        heads = {t.name: t.outputs for t in c.attributes}
        shape = build_shape(c.snapshot, c.features, c.table.shape[1], list(phase.graph), heads)
        return Sociogram(shape, c.config).to(c.device)


def test_report(choice: Choice) -> dict[str, Any]:
    """The tag section of the run's report: the model and its parts on the test part, which is read here for the first time."""
    if not choice.judged:
        return {}
    c, held, phase = choice.context, choice.held, choice.phase
    report: dict[str, Any] = {}
    test = c.dense(c.split.test)
    if test.any():
        at_test = HeldOut(c.dense(c.split.train) | held.truth, test, c.activity)
        offset = phase.offset.apply(phase.parts, at_test.known)
        score = choice.stack.apply(choice.parts(at_test.known), at_test.known)
        shown = {**phase.parts, "linear parts together": offset, "network on linear parts": choice.raw + offset}
        report = tag_report(
            score, choice.calibration, shown, held, at_test, floor=c.config.precision_floor, seed=c.config.seed
        )
        report["per_topic"] = per_topic(score, topic_names(c), at_test)
        fold = phase.problem.folds[0]
        train_score = choice.stack.apply(
            {**phase.parts, NETWORK: predict(choice.model, phase.problem, fold.graph) + fold.offset}, fold.known
        )
        at = np.flatnonzero(fold.truth.any(1))
        on_train = metrics.mean_average_precision(train_score[at], fold.truth[at], fold.known[at])
        report["train_minus_test"] = {"map": on_train - report["rows"][0]["map"]}
    score = choice.stack.apply(choice.parts(held.known), held.known)
    report["stack"] = {n: round(w, 4) for n, w in choice.stack.weights.items() if w > 1e-3}
    report["validation_map"] = held.mean_precision(score)
    report["strengths"] = dict(c.settings.chosen)
    return report


def topic_names(c: Context) -> list[str]:
    """Names of the predicted topics by target column."""
    columns = topic_mapping(c.found, c.snapshot)
    return [c.snapshot.nodes[label].names[i] for label, i in (columns[t] for t in c.split.targets)]
