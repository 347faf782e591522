"""The learning story: texts to vectors, split, linear parts, HeteroSAGE, stack, calibration, then all again on everything for the profiles."""

import hashlib
import json
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from sociogram.encoders.encoder import Encoder
from sociogram.encoders.keywords import keywords, tokenize
from sociogram.errors import InputError, TrainingError
from sociogram.gnn.attributes import predict_attribute
from sociogram.gnn.budget import Budget
from sociogram.gnn.choose import Choice, new_model, test_report
from sociogram.gnn.config import FitConfig
from sociogram.gnn.features import build_features
from sociogram.gnn.heads import read_targets
from sociogram.gnn.infer import embeddings, network_outputs
from sociogram.gnn.linear import Settings
from sociogram.gnn.memory import peak_on_gpu
from sociogram.gnn.model import Sociogram
from sociogram.gnn.modes import Learned, learn
from sociogram.gnn.new_item import fit_tower
from sociogram.gnn.new_topic import TopicTower
from sociogram.gnn.phase import Context, Phase, build_phase
from sociogram.gnn.reasons import reasons
from sociogram.gnn.recommend import ItemModel, fit_items, kept
from sociogram.gnn.split import interests, split_interests
from sociogram.gnn.tag_table import tag_table
from sociogram.gnn.texts import collect_texts
from sociogram.gnn.train import Trainer
from sociogram.gnn.tuning import Tuner, first_table
from sociogram.graph.held_out import HeldOutInterests
from sociogram.graph.profile import Attribute, Profiles
from sociogram.graph.snapshot import Snapshot
from sociogram.progress import SILENT, Progress
from sociogram.said import Said

Floats = NDArray[np.float32]


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
class Fitted:
    """A network trained on all that is observed, and what it says of every node."""

    context: Context
    phase: Phase  # nothing hidden
    learned: Learned
    model: Sociogram
    items: Any  # ItemModel, None where there are no behaviours
    vectors: dict[str, Floats]
    raw: Floats  # [users, targets] the network's own scores
    heads: dict[str, Floats]
    tag_section: dict[str, Any]  # of the report

    @property
    def choice(self) -> Choice:
        return self.learned.choice

    @property
    def factors(self) -> dict[str, Floats]:
        """Of users and items, by label; empty where there are no behaviours."""
        if self.items is None:
            return {}
        return {self.context.snapshot.users.label: self.items.user_factors, **self.items.item_factors}


def fit(
    snapshot: Snapshot,
    encoder: Encoder,
    config: FitConfig,
    folder: Path,
    progress: Progress = SILENT,
    *,
    spent: float = 0.0,
    finish: bool = False,
) -> tuple[Profiles, dict[str, Any]]:
    """Learn profiles from a snapshot; writes model.safetensors, config.json, calibration.json and checkpoints to `folder`.

    `spent` seconds of the budget are gone already. With `finish` nothing new is learned: what an interrupted run left in `folder`
    becomes the profiles. The encoder is left with the weights that were kept. Raises TrainingError where there
    is nothing to learn from, on NaN, on collapse and where the budget is too small.
    """
    clock = Clock()
    budget = Budget(config.budget_seconds, spent, finish=finish)
    made = train_all(snapshot, encoder, config, folder, progress, budget, clock)
    c, choice = made.context, made.choice
    profiles, attribute_report = profiles_of(made, progress, clock)
    _save(made.model, config, choice, folder)
    _keep_held_out(choice, made.factors, folder)
    if made.model.shape.topics and choice.judged:
        shared, published = made.vectors[profiles.user_label], profiles.embeddings[profiles.user_label]
        TopicTower.of(made.model, choice, shared, published[:, : shared.shape[1]]).save(folder)
    if made.items is not None:
        with clock.stage("new items"):
            made.items.report["new_items"] = _items_by_text(c, made.items, profiles.embeddings, folder)
    report = _report(c, made.learned, made.tag_section, attribute_report, made.items, clock)
    if budget.limited:
        report["cost"]["budget_seconds"] = budget.seconds
        report["cost"]["budget_spent"] = round(budget.spent, 1)
    return profiles, report


def profiles_of(
    made: Fitted, progress: Progress = SILENT, clock: Clock | None = None
) -> tuple[Profiles, dict[str, Any]]:
    """What is published of a trained network, and the attribute section of the report."""
    c, items = made.context, made.items
    snapshot, config = c.snapshot, c.config
    attributes, report = _attributes(c, made.heads)
    tags = tag_table(c, made.phase, made.choice, made.raw)
    with (clock or Clock()).stage("reasons"):
        evidence = reasons(c, made.phase, made.choice, made.model, tags, progress)
    profiles = Profiles(
        user_label=snapshot.users.label,
        keys={label: n.keys for label, n in snapshot.nodes.items()},
        names={label: n.names for label, n in snapshot.nodes.items()},
        embeddings=embeddings(made.vectors, made.factors, snapshot, config),
        tags=tags,
        recommendations=items.table(kept(config.recommendations, len(snapshot.users)))
        if items
        else _no_recommendations(),
        keywords=_keywords(c),
        attributes=attributes,
        evidence=evidence,
    )
    return profiles, report


def train_all(
    snapshot: Snapshot,
    encoder: Encoder,
    config: FitConfig,
    folder: Path,
    progress: Progress = SILENT,
    budget: Budget | None = None,
    clock: Clock | None = None,
) -> Fitted:
    """Choose on validation, then train on everything; the encoder is left with the weights that were kept. Raises as `fit`."""
    _check(snapshot)
    device = _device(config.device)
    budget = budget or Budget(config.budget_seconds, 0.0)
    clock = clock or Clock()
    folder.mkdir(parents=True, exist_ok=True)
    c, items, tuner = _prepare(snapshot, encoder, config, clock, progress, device)
    with clock.stage("choosing"):
        learned = learn(c, encoder, folder / "checkpoint", budget, progress, tuner)
        choice = learned.choice
        c = choice.context
        tag_section = test_report(choice)
    with clock.stage("final"):
        none = c.split.observed * 0
        none.eliminate_zeros()
        final = build_phase(c, none, offset=choice.phase.offset, progress=progress)
        model = _train_final(c, final, choice, folder / "checkpoint" / "final", budget, progress)
        vectors, scores, heads = network_outputs(model, final.problem, final.graph)
    return Fitted(c, final, learned, model, items, vectors, scores, heads, tag_section)


def _check(snapshot: Snapshot) -> None:
    users, acts = len(snapshot.users), sum(len(e) for e in snapshot.edges.values())
    texts = sum(any(t.strip() for t in n.texts) for n in snapshot.nodes.values())
    topics = sum(len(n) for n in snapshot.with_role("topic"))
    if not users:
        raise TrainingError(
            Said(
                "Nothing to learn from: the graph has no {label} nodes. Load users first, or map another label as user.",
                label=snapshot.users.label,
            )
        )
    if not acts and not texts and not snapshot.users.mapping.predict and not snapshot.users.mapping.numeric:
        raise TrainingError(
            Said(
                "Nothing to learn from: the graph has {users} users, but 0 relationships, 0 texts and {topics} topics. "
                "Load ties, behaviours, texts or topics, or give their roles in graph.toml.",
                users=users,
                topics=topics,
            )
        )


def _prepare(
    snapshot: Snapshot, encoder: Encoder, config: FitConfig, clock: Clock, progress: Progress, device: torch.device
) -> tuple[Context, Any, Tuner | None]:
    with clock.stage("texts"):
        texts = collect_texts(snapshot)
        table, tuner = first_table(
            encoder, texts.distinct, config, tuned=config.tried != ("frozen",), progress=progress
        )
    with clock.stage("items"):
        items = fit_items(snapshot, seed=config.seed, progress=progress)
    with clock.stage("features"):
        factors = {} if items is None else items.prior_factors(snapshot.users.label)
        words = tokenize if config.lexical else _no_words
        features = build_features(snapshot, texts, factors, words, seed=config.seed)
        found = interests(snapshot)
        split = split_interests(found, config)
        attributes, skipped = read_targets(snapshot, config.seed)
        for attribute, why in skipped.items():
            progress.say("attribute", f"{attribute} is not predicted: {why}")
        said = json.dumps([snapshot.hash, config.to_json(), encoder.digest])
        identity = hashlib.sha256(said.encode()).hexdigest()
        context = Context(
            snapshot, config, found, split, features, table, device, attributes, Settings(), identity, skipped
        )
    return context, items, tuner


def _device(asked: str) -> torch.device:
    """Raises InputError for a device that there is not."""
    there = torch.cuda.is_available()
    if asked == "auto":
        return torch.device("cuda" if there else "cpu")
    if asked not in ("cpu", "cuda"):
        raise InputError(f"device: expected auto, cpu or cuda, got {asked!r}.")
    if asked == "cuda" and not there:
        raise InputError(
            "device: cuda was asked for, but this torch sees no CUDA device. Use --device auto or cpu, or install a CUDA build of torch."
        )
    return torch.device(asked)


def _no_words(text: str) -> list[str]:
    return []


def _train_final(
    c: Context, phase: Phase, choice: Choice, checkpoint: Path, budget: Budget, progress: Progress
) -> Sociogram:
    """The same number of steps on everything that is observed."""
    if c.split.kind == "none":
        return choice.model
    again = new_model(c, phase)
    config = replace(c.config, max_steps=choice.steps)
    seconds = max(budget.left, 1.0)  # the steps were planned to fit
    Trainer(again, phase.problem, config, checkpoint, c.identity).run(progress, "train on all", seconds)
    return again


def _attributes(c: Context, heads: Mapping[str, Floats]) -> tuple[dict[str, Attribute], dict[str, Any]]:
    found: dict[str, Attribute] = {}
    report: dict[str, Any] = {name: {"skipped": why} for name, why in c.skipped.items()}
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


def _items_by_text(
    c: Context, items: ItemModel, published: Mapping[str, Floats], folder: Path
) -> dict[str, Any] | None:
    """Save how a text becomes the vector of an item; what that is worth, None where too few items have text."""
    labels = items.interactions.labels
    texts = np.concatenate([np.asarray(c.features.texts.maps[label][0] @ c.table, np.float32) for label in labels])
    vectors = np.concatenate([published[label] for label in labels])
    fitted = fit_tower(items.interactions, texts, vectors, c.config.seed)
    if fitted is None:
        return None
    tower, check = fitted
    tower.save(folder)
    return asdict(check)


def _keywords(c: Context) -> list[list[str]]:
    own, distinct = c.features.texts.own, c.features.texts.distinct
    return keywords([[distinct[i] for i in own.indices[a:b]] for a, b in pairwise(own.indptr)])


def _save(model: Sociogram, config: FitConfig, choice: Choice, folder: Path) -> None:
    save_file({k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config.to_json(), indent=1), encoding="utf-8")
    record = {
        "weights": choice.calibration.weights,
        "threshold": choice.calibration.threshold,
        "sure": choice.calibration.sure,
        "bend": asdict(choice.calibration.bend),
        "implied": choice.calibration.implied,
        "stack": {"weights": choice.stack.weights, "scales": choice.stack.scales},
        "offset": {"weights": choice.phase.offset.weights, "scales": choice.phase.offset.scales},
    }
    (folder / "calibration.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def _keep_held_out(choice: Choice, factors: Mapping[str, Floats], folder: Path) -> None:
    """The test part and the embeddings of the network that has not seen it, so that what is made of embeddings can be judged."""
    c = choice.context
    if c.split.test.nnz and not c.found.derived:  # derived ones could be read off the behaviours in the factors
        vectors, _, _ = network_outputs(choice.model, choice.phase.problem, choice.phase.graph)
        unseen = embeddings(vectors, factors, c.snapshot, c.config)[c.snapshot.users.label]
        HeldOutInterests(unseen, c.split.train, c.split.test).save(folder)


def _report(
    c: Context, learned: Learned, tags: dict[str, Any], attributes: dict[str, Any], items: Any, clock: Clock
) -> dict[str, Any]:
    choice = learned.choice
    s, texts = c.snapshot, c.features.texts
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return {
        "mode": c.config.mode,
        "modes": learned.report(c.config.mode),
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
        "tags": tags,
        "items": {} if items is None else items.report,
        "attributes": attributes,
        "cost": {
            "seconds": clock.seconds,
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit,
            **peak_on_gpu(c.device),
        },
    }
