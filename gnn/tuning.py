"""Training of the text encoder's upper layers on any mixture of objectives, on states of the lower layers that were computed once."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from torch import Tensor

from sociogram.encoders.cache import CachedEncoder
from sociogram.encoders.encoder import Encoder
from sociogram.encoders.top_layers import LowerStates
from sociogram.encoders.tuning import Tuning, default_tuning
from sociogram.errors import EncoderError, InputError, TrainingError
from sociogram.gnn.checkpoint import (
    as_record,
    as_tensor,
    flattened,
    optimizer_states,
    read_checkpoint,
    under,
    write_checkpoint,
)
from sociogram.gnn.config import FitConfig
from sociogram.gnn.matrices import moments
from sociogram.gnn.memory import in_use, with_less
from sociogram.gnn.objectives import Objective
from sociogram.gnn.randomness import random_state, restore_random_state, seeded
from sociogram.progress import SILENT, Progress

Floats = NDArray[np.float32]
TOKENS = 64  # of a text that are read while training; encoding afterwards reads all of it
STATES = 2_000_000_000  # bytes of lower states at most that are kept of whole texts; above, training keeps the first TOKENS only
CHEAP = 0.3  # share of the layers that learn, up to which the first table comes through the lower states as well
CHARACTERS = 3  # a token has at least, on average
TIMED = 3  # steps after which a budget is turned into steps
SMALLEST = 1 / 8  # of a step's texts: below, memory is given up on
COLLAPSED = 1e-3  # spread of a step's vectors below which they are all alike


@dataclass
class Tuned:
    """What one candidate came to: the encoder's weights, the table of all texts, the losses by step, and what a step took."""

    weights: list[Tensor]
    table: Floats
    curve: list[dict[str, float]] = field(default_factory=list)
    reached: set[int] = field(default_factory=set)  # texts that a gradient went through
    step_seconds: float = 0.0
    step_texts: float = 0.0

    def record(self, **more: Any) -> Tensor:
        """All but the weights and the table, for a checkpoint."""
        cost = {"step_seconds": self.step_seconds, "step_texts": self.step_texts}
        return as_tensor({"curve": self.curve, "reached": sorted(self.reached), **cost, **more})


class Tuner:
    """Holds an encoder that can learn and the lower states of the training texts, for one candidate after the other.

    Raises InputError for an encoder whose upper layers cannot be trained alone.
    """

    def __init__(self, encoder: Encoder, texts: list[str], config: FitConfig) -> None:
        opened: Any = encoder.encoder if isinstance(encoder, CachedEncoder) else encoder
        if not hasattr(opened, "split") or not hasattr(opened, "lower_states"):
            raise InputError(
                f"mode {config.mode} needs a transformer text encoder; {encoder.name!r} has no layers to train. "
                "Use mode frozen, or another encoder."
            )
        self.encoder: Any = opened
        self.states: Any = encoder  # has the lower states, from an earlier run perhaps
        self.texts, self.config = texts, config
        self.tuning = _tuning(opened, config)
        self.top = opened.split(self.tuning)
        self.first = self.weights()
        room = min(STATES, psutil.virtual_memory().total // 8)
        self.whole = sum(map(len, texts)) // CHARACTERS * opened.width * 2 <= room
        self.lower: LowerStates | None = None
        self.encoding: float | None = None
        self.size = 1.0  # of a step, as a share of what an objective takes
        self.mean, self.deviation = torch.zeros(opened.width), torch.ones(opened.width)

    @property
    def device(self) -> torch.device:
        """Where the encoder learns."""
        found: torch.device = next(self.top.parameters()).device
        return found

    @property
    def cheap(self) -> bool:
        """Whether encoding all texts through the lower states is next to nothing beside computing these, which training needs anyway."""
        return bool(self.whole and self.top.share < CHEAP)

    def table(self, progress: Progress = SILENT) -> Floats:
        """All texts encoded with the present weights, through the lower states where whole texts have them."""
        if self.whole:
            return np.asarray(self.top.encode(self._lower(progress), progress), np.float32)
        return np.asarray(self.encoder.encode(self.texts, progress), np.float32)

    def standardise(self, frozen: Floats) -> None:
        """Fix the scale of the vectors by that of the table before training; it is kept while they move."""
        mean, deviation = moments(frozen)
        self.mean, self.deviation = torch.from_numpy(mean), torch.from_numpy(deviation)

    def _lower(self, progress: Progress = SILENT) -> LowerStates:
        if self.lower is None:
            length = {"max_windows": None} if self.whole else {"max_length": TOKENS}
            self.lower = self.states.lower_states(self.texts, self.top, progress=progress, **length)
        return self.lower

    def weights(self) -> list[Tensor]:
        """A copy of the trained part's weights."""
        return [p.detach().clone() for p in self.top.parameters()]

    def load(self, weights: list[Tensor]) -> None:
        """Put weights in place."""
        with torch.no_grad():
            for p, w in zip(self.top.parameters(), weights, strict=True):
                p.copy_(w)

    def change(self, tuned: Tuned) -> float:
        """Norm of what training changed over the norm of the weights."""
        pairs = list(zip(tuned.weights, self.first, strict=True))
        moved = sum(float(((a - b).float() ** 2).sum()) for a, b in pairs)
        return float(np.sqrt(moved / max(sum(float((b.float() ** 2).sum()) for _, b in pairs), 1e-24)))

    def forecast(self, sample: int) -> float:
        """Seconds that encoding all texts will take, from a sample of them; measured once."""
        if self.encoding is None:
            rng = np.random.default_rng(0)
            chosen = rng.choice(len(self.texts), min(sample, len(self.texts)), replace=False)
            started = time.perf_counter()
            self.encoder.encode([self.texts[i] for i in chosen])
            each = (time.perf_counter() - started) / max(sum(len(self.texts[i]) for i in chosen), 1)
            self.encoding = each * sum(map(len, self.texts)) * (self.top.share if self.whole else 1.0)
        return self.encoding

    def tune(
        self,
        objectives: Mapping[str, tuple[float, Objective]],
        checkpoint: Path | None,
        identity: str,
        *,
        name: str,
        seconds: float = np.inf,
        finish: bool = False,
        progress: Progress = SILENT,
    ) -> Tuned | None:
        """From the pre-trained weights, `encoder_steps` steps or as many as `seconds` allow; then all texts encoded again.

        The gradient on the vectors is the sum over objectives of weight x its own gradient scaled to norm 1; that on the weights is
        scaled to norm 1. None where `seconds` do not allow a third of the steps; with `finish` it is the steps of an earlier run, and
        None where there are none. Raises TrainingError on NaN and collapse.
        """
        self.load(self.first)
        done = checkpoint and read_checkpoint(checkpoint / "tuned.safetensors", identity)
        if done:
            return self._restored(done)
        file = checkpoint and checkpoint / "tuning.safetensors"
        stored = file and read_checkpoint(file, identity)
        if finish and not stored:
            return None
        tuned = self._steps(objectives, file, stored or {}, identity, name, 0.0 if finish else seconds, progress)
        if tuned is None:
            self.load(self.first)
            return None
        for part in objectives:
            if not any(point[f"gradient_{part}"] for point in tuned.curve):
                progress.say(
                    "alarm",
                    f"{name}: no gradient of its part {part!r} reached the text encoder in {len(tuned.curve)} steps",
                )
        tuned.table = self.table(progress)
        tuned.weights = self.weights()
        if checkpoint is not None:
            kept = {f"weight.{i}": w for i, w in enumerate(tuned.weights)} | {"table": torch.from_numpy(tuned.table)}
            write_checkpoint(checkpoint / "tuned.safetensors", kept | {"record": tuned.record()}, identity)
        return tuned

    def _restored(self, done: dict[str, Tensor]) -> Tuned:
        weights, record = under(done, "weight."), as_record(done["record"])
        reached = set(record.pop("reached"))
        kept = [weights[str(i)].to(self.device) for i in range(len(weights))]
        tuned = Tuned(kept, done["table"].numpy(), reached=reached, **record)
        self.load(tuned.weights)
        return tuned

    def _steps(
        self,
        objectives: Mapping[str, tuple[float, Objective]],
        file: Path | None,
        stored: dict[str, Tensor],
        identity: str,
        name: str,
        seconds: float,
        progress: Progress,
    ) -> Tuned | None:
        self._lower(progress)
        fused = self.device.type in ("cpu", "cuda")
        optimizer = torch.optim.AdamW(self.top.parameters(), self.tuning.rate, weight_decay=0.01, fused=fused)
        limit = self.config.encoder_steps
        tuned, texts = Tuned([], np.zeros((0, 0), np.float32)), 0
        with seeded(self.config.seed, self.device), progress.stage(name, limit, "steps") as stage:
            if stored:
                limit = self._resume(stored, objectives, optimizer, tuned)
                stage.advance(len(tuned.curve))
            if seconds <= 0:
                limit = len(tuned.curve)
            started, first = time.perf_counter(), len(tuned.curve)
            while (step := len(tuned.curve)) < limit:
                rows, flow = self._fitting(objectives, optimizer, name, step)
                tuned.reached.update(rows.tolist())
                texts += len(rows)
                losses = {k: v for _, o in objectives.values() for k, v in o.losses().items()}
                tuned.curve.append({"step": step + 1, **losses, **flow})
                each = (time.perf_counter() - started) / (step + 1 - first)
                tuned.step_seconds, tuned.step_texts = each, texts / (step + 1 - first)
                stage.advance(1, _note(losses, tuned.step_texts / max(each, 1e-9)))
                if np.isfinite(seconds) and step + 1 == first + TIMED:
                    limit = min(limit, int(seconds / each))
                    if limit < self.config.encoder_steps // 3:
                        return None
                if file and (step + 1) % self.config.checkpoint_every == 0:
                    write_checkpoint(file, self._state(objectives, optimizer, tuned, limit), identity)
        return tuned

    def _fitting(
        self, objectives: Mapping[str, tuple[float, Objective]], optimizer: torch.optim.Optimizer, name: str, step: int
    ) -> tuple[NDArray[np.int64], dict[str, float]]:
        """One step, with fewer texts from now on where memory runs out; returns the texts that it read and the norms of its gradients."""

        def once() -> tuple[NDArray[np.int64], dict[str, float]]:
            rng = np.random.default_rng((self.config.seed, 13, step))  # nothing to keep when a run is cut
            rows = np.unique(np.concatenate([o.ask(rng, self.size) for _, o in objectives.values()]))
            return rows, self._step(objectives, rows, optimizer, name)

        def less() -> bool:
            self.size /= 2
            return self.size >= SMALLEST

        return with_less(once, less, name)

    def _step(
        self,
        objectives: Mapping[str, tuple[float, Objective]],
        rows: NDArray[np.int64],
        optimizer: torch.optim.Optimizer,
        name: str,
    ) -> dict[str, float]:
        vectors = self.top.vectors(self._lower(), rows, TOKENS)
        standard = (vectors - self.mean.to(vectors)) / self.deviation.to(vectors)
        spread = float(standard.detach().std(0).max()) if len(rows) > 2 else 1.0
        if spread < COLLAPSED:
            raise TrainingError(
                f"{name}: the text encoder collapsed: all texts have one vector (spread {spread:.1e}). "
                f"Lower encoder_rate (now {self.tuning.rate:g})."
            )
        total, flow = torch.zeros_like(standard), {}
        for part, (weight, objective) in objectives.items():
            gradient = objective.gradient(standard, rows)
            norm = gradient.norm()
            flow[f"gradient_{part}"] = float(norm)
            total = total + weight * gradient / norm.clamp(min=1e-10)
        parameters = list(self.top.parameters())
        grads = torch.autograd.grad(standard, parameters, total, allow_unused=True)
        norm = torch.sqrt(sum((g.float() ** 2).sum() for g in grads if g is not None) + torch.tensor(1e-24))
        if not torch.isfinite(norm):
            raise TrainingError(
                f"{name}: the encoder's gradient is not finite. Lower encoder_rate (now {self.tuning.rate:g})."
            )
        for w, g in zip(parameters, grads, strict=True):
            w.grad = None if g is None else g / norm.clamp(min=1e-10)
        optimizer.step()
        for _, objective in objectives.values():
            objective.saw(standard.detach(), rows)
        return flow

    def _state(
        self,
        objectives: Mapping[str, tuple[float, Objective]],
        optimizer: torch.optim.Optimizer,
        tuned: Tuned,
        limit: int,
    ) -> dict[str, Tensor]:
        out = {f"weight.{i}": p for i, p in enumerate(self.top.parameters())}
        out |= {f"optimizer.{k}": v for k, v in flattened(optimizer.state_dict()["state"]).items()}
        for name, (_, objective) in objectives.items():
            out |= {f"objective.{name}.{k}": v for k, v in objective.tensors().items()}
        return out | random_state(self.device) | {"record": tuned.record(limit=limit)}

    def _resume(
        self,
        stored: dict[str, Tensor],
        objectives: Mapping[str, tuple[float, Objective]],
        optimizer: torch.optim.Optimizer,
        tuned: Tuned,
    ) -> int:
        """Put everything where it was, `tuned` too; returns the limit of steps."""
        weights = under(stored, "weight.")
        self.load([weights[str(i)] for i in range(len(weights))])
        states = optimizer_states(under(stored, "optimizer."))
        optimizer.load_state_dict({**optimizer.state_dict(), "state": states})
        for name, (_, objective) in objectives.items():
            objective.restore(under(stored, f"objective.{name}."))
        restore_random_state(stored, self.device)
        record = as_record(stored["record"])
        tuned.curve, tuned.reached = record["curve"], set(record["reached"])
        tuned.step_seconds, tuned.step_texts = record["step_seconds"], record["step_texts"]
        return int(record["limit"])


def first_table(
    encoder: Encoder, texts: list[str], config: FitConfig, *, tuned: bool, progress: Progress = SILENT
) -> tuple[Floats, Tuner | None]:
    """The vectors [texts, width] before any training, and the tuner that made them, if one did.

    A language model of which few layers learn is read once, not twice: its lower states are needed anyway. The cache is then passed by, so
    that the vectors do not depend on what is in it.
    """
    if not texts:
        return np.zeros((0, encoder.width), np.float32), None
    if tuned:
        try:
            tuner = Tuner(encoder, texts, config)
        except (InputError, EncoderError):
            return encoder.encode(texts, progress), None  # said by the mode
        if tuner.cheap:
            return tuner.table(progress), tuner
    return encoder.encode(texts, progress), None


def _tuning(encoder: Any, config: FitConfig) -> Tuning:
    """The measured recipe for this kind of model, with what the options say otherwise."""
    recipe = default_tuning(encoder, config.encoder_layers)
    return replace(
        recipe,
        method=config.encoder_method or recipe.method,
        rate=recipe.rate if config.encoder_rate is None else config.encoder_rate,
        rank=recipe.rank if config.encoder_rank is None else config.encoder_rank,
        targets=recipe.targets if config.encoder_targets is None else config.encoder_targets,
    )


def _note(losses: Mapping[str, float], rate: float) -> str:
    shown = {"loss_links": "links", "loss_tags": "tags", "loss_authors": "authors"}
    parts = ", ".join(f"{label} {losses[key]:.3f}" for key, label in shown.items() if key in losses)
    return f"{parts} · {rate:,.0f} texts/s · {in_use()}"
