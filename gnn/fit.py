"""The learning story: texts to vectors, split, linear parts, HeteroSAGE, stack, calibration, then all again on everything for the profiles."""

import hashlib
import json
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from scipy import sparse

from sociogram.encoders.cache import CachedEncoder
from sociogram.encoders.encoder import Encoder
from sociogram.encoders.keywords import keywords, tokenize
from sociogram.errors import TrainingError
from sociogram.gnn.attributes import predict_attribute
from sociogram.gnn.calibrate import Calibration, fit_calibration
from sociogram.gnn.config import FitConfig
from sociogram.gnn.features import build_features, collect_texts
from sociogram.gnn.heads import read_targets
from sociogram.gnn.infer import embeddings, network_outputs
from sociogram.gnn.joint import train_jointly
from sociogram.gnn.judge import HeldOut, per_topic, tag_report
from sociogram.gnn.linear import Settings
from sociogram.gnn.metrics import mean_average_precision
from sociogram.gnn.model import Sociogram, build_shape
from sociogram.gnn.phase import Context, Phase, build_phase
from sociogram.gnn.split import interests, split_interests, topic_mapping
from sociogram.gnn.stack import Stack, crossed_scores, fit_stack
from sociogram.gnn.train import Trained, Trainer, predict
from sociogram.graph.profile import Attribute, Profiles
from sociogram.graph.snapshot import Snapshot
from sociogram.progress import SILENT, Progress

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
NETWORK = "network"


@dataclass
class Clock:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 2)


@dataclass
class Choice:
    """What the first phase decided on validation."""

    offset: Stack
    stack: Stack
    calibration: Calibration
    steps: int
    trained: Trained
    report: dict[str, Any]


def fit(
    snapshot: Snapshot, encoder: Encoder, config: FitConfig, folder: Path, progress: Progress = SILENT
) -> tuple[Profiles, dict[str, Any]]:
    """Learn profiles from a snapshot; writes model.safetensors, config.json, calibration.json and checkpoints to `folder`.

    Raises TrainingError where there is nothing to learn from, on NaN and on collapse.
    """
    _check(snapshot)
    folder.mkdir(parents=True, exist_ok=True)
    clock = Clock()
    c, items = _prepare(snapshot, encoder, config, clock, progress)
    joint: list[dict[str, float]] = []
    if config.mode == "joint":
        with clock.stage("joint"):
            c, joint = _joint(c, encoder, progress)
    with clock.stage("choosing"):
        choice, model = _choose(c, folder, progress)
    with clock.stage("final"):
        none = c.split.observed * 0
        none.eliminate_zeros()
        final = build_phase(c, none, offset=choice.offset, progress=progress)
        model = _train_final(c, final, choice, model, folder / "checkpoint" / "final", progress=progress)
        vectors, scores, heads = network_outputs(model, final.problem, final.graph)
    attributes, attribute_report = _attributes(c, heads)
    tags = _tags(c, final, choice, scores)
    table = items.table(config.recommendations) if items else _no_recommendations()
    factors = {} if items is None else {snapshot.users.label: items.user_factors, **items.item_factors}
    profiles = Profiles(
        user_label=snapshot.users.label,
        keys={label: n.keys for label, n in snapshot.nodes.items()},
        names={label: n.names for label, n in snapshot.nodes.items()},
        embeddings=embeddings(vectors, factors, snapshot, config),
        tags=tags,
        recommendations=table,
        keywords=_keywords(c),
        attributes=attributes,
    )
    _save(model, config, choice, folder)
    report = _report(c, choice, attribute_report, items, clock) | ({"joint": joint} if joint else {})
    return profiles, report


def _check(snapshot: Snapshot) -> None:
    users, acts = len(snapshot.users), sum(len(e) for e in snapshot.edges.values())
    texts = sum(any(t.strip() for t in n.texts) for n in snapshot.nodes.values())
    topics = sum(len(n) for n in snapshot.with_role("topic"))
    if not users:
        raise TrainingError(
            f"Nothing to learn from: the graph has no {snapshot.users.label} nodes. Load users first, or map another label as user."
        )
    if not acts and not texts and not snapshot.users.mapping.predict and not snapshot.users.mapping.numeric:
        raise TrainingError(
            f"Nothing to learn from: the graph has {users} users, but 0 relationships, 0 texts and {topics} topics. "
            "Load ties, behaviours, texts or topics, or give their roles in graph.toml."
        )


def _prepare(
    snapshot: Snapshot, encoder: Encoder, config: FitConfig, clock: Clock, progress: Progress
) -> tuple[Context, Any]:
    from sociogram.gnn.recommend import fit_items

    with clock.stage("texts"):
        texts = collect_texts(snapshot)
        table = encoder.encode(texts.distinct, progress)
        if not texts.distinct:
            table = np.zeros((0, encoder.width), np.float32)
    with clock.stage("items"):
        items = fit_items(snapshot, seed=config.seed, progress=progress)
    with clock.stage("features"):
        factors = {} if items is None else {snapshot.users.label: items.user_factors, **items.item_factors}
        features = build_features(snapshot, texts, factors, tokenize, seed=config.seed)
        found = interests(snapshot)
        split = split_interests(found, config)
        name = ("cuda" if torch.cuda.is_available() else "cpu") if config.device == "auto" else config.device
        device = torch.device(name)
        attributes = read_targets(snapshot, config.seed)
        said = json.dumps([snapshot.hash, config.to_json(), encoder.digest])
        identity = hashlib.sha256(said.encode()).hexdigest()
        context = Context(snapshot, config, found, split, features, table, device, attributes, Settings(), identity)
    return context, items


def _joint(c: Context, encoder: Encoder, progress: Progress) -> tuple[Context, list[dict[str, float]]]:
    """Train the encoder with the network, encode everything again; the network starts afresh on the new table."""
    if isinstance(encoder, CachedEncoder):
        encoder = encoder.encoder  # while it learns, its vectors change: the cache cannot stand before it
    phase = build_phase(c, c.split.held_out, progress=progress)
    trainer = Trainer(_new_model(c, phase), phase.problem, c.config, None)
    curve = train_jointly(c, phase, trainer, encoder, progress)
    table = encoder.encode(c.features.texts.distinct, progress)
    return replace(c, table=table, settings=Settings()), curve


def _new_model(c: Context, phase: Phase) -> Sociogram:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(c.config.seed)
        heads = {t.name: t.outputs for t in c.attributes}
        shape = build_shape(c.snapshot, c.features, c.table.shape[1], list(phase.graph), heads)
        return Sociogram(shape, c.config).to(c.device)


def _choose(c: Context, folder: Path, progress: Progress) -> tuple[Choice, Sociogram]:
    """Train with validation and test hidden; weigh, calibrate and report."""
    validation, test = c.dense(c.split.validation), c.dense(c.split.test)
    known = c.dense(c.split.train)
    held = HeldOut(known | test, validation, c.activity)
    rows = held.users

    def quality(scores: Floats) -> float:
        return mean_average_precision(scores[rows], held.truth[rows], held.known[rows])

    judge = quality if len(rows) else None
    phase = build_phase(c, c.split.held_out, truth=validation, quality=judge, progress=progress)
    model = _new_model(c, phase)
    trained = Trainer(model, phase.problem, c.config, folder / "checkpoint" / "choose", c.identity).run(
        progress, "train"
    )
    if c.split.kind == "none" or not len(rows):
        steps = min(trained.steps, c.config.max_steps)
        return Choice(phase.offset, phase.offset, Calibration.none(c.activity), steps, trained, {}), model
    report: dict[str, Any] = {}
    raw = predict(model, phase.problem, phase.graph)
    parts = {**phase.parts, NETWORK: raw + phase.offset.apply(phase.parts, held.known)}
    stack = fit_stack(parts, held.known, held.truth)
    crossed = crossed_scores(parts, held.known, held.truth, c.config.seed)
    calibration = fit_calibration(crossed, held.known, held.truth, c.activity, c.config.precision_floor)
    if test.any():
        at_test = HeldOut(known | validation, test, c.activity)
        offset = phase.offset.apply(phase.parts, at_test.known)
        tested = {**phase.parts, NETWORK: raw + offset}
        score = stack.apply(tested, at_test.known)
        shown = {**phase.parts, "linear parts together": offset, "network on linear parts": raw + offset}
        report = tag_report(
            score, calibration, shown, held, at_test, floor=c.config.precision_floor, seed=c.config.seed
        )
        names = topic_names(c)
        report["per_topic"] = per_topic(score, names, at_test)
        fold = phase.problem.folds[0]
        train_score = stack.apply(
            {**phase.parts, NETWORK: predict(model, phase.problem, fold.graph) + fold.offset}, fold.known
        )
        at = np.flatnonzero(fold.truth.any(1))
        on_train = mean_average_precision(train_score[at], fold.truth[at], fold.known[at])
        report["train_minus_test"] = {"map": on_train - report["rows"][0]["map"]}
    report["stack"] = {n: round(w, 4) for n, w in stack.weights.items() if w > 1e-3}
    report["validation_map"] = quality(stack.apply(parts, held.known))
    report["strengths"] = dict(c.settings.chosen)
    return Choice(phase.offset, stack, calibration, max(trained.best_step, 1), trained, report), model


def topic_names(c: Context) -> list[str]:
    """Names of the predicted topics by target column."""
    columns = topic_mapping(c.found, c.snapshot)
    return [c.snapshot.nodes[label].names[i] for label, i in (columns[t] for t in c.split.targets)]


def _train_final(
    c: Context, phase: Phase, choice: Choice, model: Sociogram, checkpoint: Path, *, progress: Progress
) -> Sociogram:
    """The same number of steps on everything that is observed."""
    if c.split.kind == "none":
        return model
    again = _new_model(c, phase)
    config = replace(c.config, max_steps=choice.steps, budget_seconds=None)
    Trainer(again, phase.problem, config, checkpoint, c.identity).run(progress, "train on all")
    return again


def _tags(c: Context, phase: Phase, choice: Choice, raw: Floats) -> pd.DataFrame:
    columns = topic_mapping(c.found, c.snapshot)
    label_of = np.array([label for label, _ in columns], dtype=object)
    row_of = np.array([i for _, i in columns], np.int64)
    observed = c.found.pairs.tocoo()
    strength = np.asarray(_strength(c)[observed.row, observed.col]).ravel() if observed.nnz else np.zeros(0)
    strongest = np.lexsort((observed.col, -strength, observed.row))  # what the graph says most often comes first
    frames = [_frame(observed.row[strongest], observed.col[strongest], np.ones(observed.nnz, np.float32), True, True)]
    if len(c.split.targets) and c.split.kind != "none":
        offset = phase.offset.apply(phase.parts, phase.known)
        score = choice.stack.apply({**phase.parts, NETWORK: raw + offset}, phase.known)
        p = np.where(phase.known, -1.0, choice.calibration.probability(score, phase.known, c.activity))
        width = min(c.config.tags_per_user, p.shape[1])
        best = np.argsort(-p, axis=1, kind="stable")[:, :width]
        value = np.take_along_axis(p, best, 1)
        users = np.repeat(np.arange(len(p)), width)
        keep = value.ravel() >= 0
        frame = _frame(users, c.split.targets[best.ravel()], value.ravel().astype(np.float32), False, False)
        frame["shown"] = frame.probability >= choice.calibration.threshold
        frames.append(frame[keep])
    tags = pd.concat(frames, ignore_index=True)
    order = np.lexsort((-tags.probability, ~tags.observed, tags.user))
    tags = tags.iloc[order].reset_index(drop=True)
    place = tags.groupby("user").cumcount()
    tags = tags[(place < c.config.tags_per_user) | tags.observed].reset_index(drop=True)
    column = tags.topic.to_numpy()
    tags["topic_label"], tags["topic"] = label_of[column] if len(label_of) else [], row_of[column]
    return tags[["user", "topic", "topic_label", "probability", "shown", "observed"]]


def _strength(c: Context) -> Any:
    """Weights of the observed interests, sparse [users, topics], summed over repeated ones."""
    shape = (len(c.snapshot.users), c.found.topics)
    total: Any = sparse.csr_array(shape, dtype=np.float32)
    for e in c.snapshot.edges_with_role("interest"):
        m = e.matrix().tocoo()
        total = total + sparse.csr_array((m.data, (m.row, m.col + c.found.offsets[e.mapping.target])), shape=shape)
    return total


def _frame(users: Any, topics: Any, probability: Floats, shown: bool, observed: bool) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user": np.asarray(users, np.int64),
            "topic": np.asarray(topics, np.int64),
            "probability": probability,
            "shown": np.full(len(probability), shown),
            "observed": np.full(len(probability), observed),
        }
    )


def _attributes(c: Context, heads: Mapping[str, Floats]) -> tuple[dict[str, Attribute], dict[str, Any]]:
    found: dict[str, Attribute] = {}
    report: dict[str, Any] = {}
    if not c.attributes:
        return found, report
    x = c.inputs.assemble(c.standard)
    inputs = x[c.snapshot.users.label].cpu().numpy()
    for t in c.attributes:
        found[t.name], report[t.name] = predict_attribute(t, heads[t.name], inputs, c.features.friends)
    return found, report


def _no_recommendations() -> pd.DataFrame:
    kinds = {
        "user": np.int64,
        "item": np.int64,
        "item_label": object,
        "rank": np.int64,
        "score": np.float32,
        "seen": bool,
    }
    return pd.DataFrame({name: np.zeros(0, kind) for name, kind in kinds.items()})


def _keywords(c: Context) -> list[list[str]]:
    own, distinct = c.features.texts.own, c.features.texts.distinct
    return keywords([[distinct[i] for i in own.indices[a:b]] for a, b in pairwise(own.indptr)])


def _save(model: Sociogram, config: FitConfig, choice: Choice, folder: Path) -> None:
    save_file({k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config.to_json(), indent=1), encoding="utf-8")
    record = {
        "weights": choice.calibration.weights,
        "threshold": choice.calibration.threshold,
        "stack": {"weights": choice.stack.weights, "scales": choice.stack.scales},
        "offset": {"weights": choice.offset.weights, "scales": choice.offset.scales},
    }
    (folder / "calibration.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def _report(c: Context, choice: Choice, attributes: dict[str, Any], items: Any, clock: Clock) -> dict[str, Any]:
    s, texts = c.snapshot, c.features.texts
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return {
        "mode": c.config.mode,
        "seed": c.config.seed,
        "data": {
            "nodes": {label: len(n) for label, n in s.nodes.items()},
            "relationships": {f"{a}-{t}->{b}": len(e) for (a, t, b), e in s.edges.items()},
            "texts": int(sum(sum(bool(t.strip()) for t in n.texts) for n in s.nodes.values())),
            "distinct_texts": len(texts.distinct),
            "hash": s.hash,
            "interests_derived": c.found.derived,
        },
        "split": {
            "kind": c.split.kind,
            "train": int(c.split.train.nnz),
            "validation": int(c.split.validation.nnz),
            "test": int(c.split.test.nnz),
            "topics": len(c.split.targets),
        },
        "curves": choice.trained.curve,
        "steps": {"trained": choice.trained.steps, "best": choice.trained.best_step},
        "tags": choice.report,
        "items": {} if items is None else items.report,
        "attributes": attributes,
        "cost": {
            "seconds": clock.seconds,
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit,
        },
    }
