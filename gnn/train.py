"""Training: masked interests and links, early stopping on validation, checkpoints that resume to the same result."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sociogram.errors import TrainingError
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
from sociogram.gnn.heads import Target, head_loss
from sociogram.gnn.memory import in_use, with_less
from sociogram.gnn.metrics import mean_average_precision
from sociogram.gnn.model import Graph, Inputs, Sociogram
from sociogram.gnn.randomness import random_state, restore_random_state, seeded
from sociogram.gnn.sage import name
from sociogram.gnn.sampler import Sampler
from sociogram.progress import SILENT, Progress

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Fold:
    """One choice of hidden interests: the graph without them, what is known, what is to be found, what linear parts say."""

    graph: Graph
    known: Bools  # [users, targets]
    truth: Bools  # [users, targets]
    offset: Floats  # [users, targets] stacked score of the linear parts
    links: Mapping[str, NDArray[np.int64]]  # item label -> [k, 2] user, item rows left out of the graph


@dataclass(frozen=True)
class Problem:
    """Everything a step needs besides the model."""

    inputs: Inputs
    table: Tensor  # [texts, width] standardised text vectors
    topic_text: Tensor  # [topics, width]
    targets: Tensor  # [targets] topic columns
    folds: Sequence[Fold]
    validation: Fold | None
    attributes: Sequence[Target]


@dataclass
class Trained:
    """What training came to."""

    curve: list[dict[str, float]] = field(default_factory=list)
    best: float = -np.inf
    best_step: int = 0
    steps: int = 0
    step_seconds: float = 0.0  # of the steps that this process took


def user_topic(
    model: Sociogram, problem: Problem, h: Mapping[str, Tensor], drop: Tensor | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """Scores [users, targets] and the shared space."""
    z = model.space(h)
    if not len(problem.targets):
        return h[model.shape.users].new_zeros((len(h[model.shape.users]), 0)), z
    topics = model.topic_vectors(z, problem.topic_text, drop)[problem.targets]
    return model.scores(z[model.shape.users], topics), z


def ranking_loss(scores: Tensor, known: Tensor, truth: Tensor) -> Tensor:
    """Mean over users of -log softmax over unknown topics, averaged over the hidden ones."""
    users = truth.any(1)
    free = scores[users].masked_fill(known[users] & ~truth[users], -torch.inf)
    hit = truth[users].float()
    log_p = torch.log_softmax(free, 1).masked_fill(~truth[users], 0.0)
    return -(log_p * hit / hit.sum(1, keepdim=True)).sum() / max(int(users.sum()), 1)


def link_loss(z: Mapping[str, Tensor], links: Mapping[str, NDArray[np.int64]], users: str, size: int) -> Tensor:
    """InfoNCE of hidden user-item links against the other items of the batch."""
    total = z[users].new_zeros(())
    for label, pairs in links.items():
        if len(pairs) < 2:
            continue
        pick = torch.randperm(len(pairs))[:size].numpy()
        batch = torch.from_numpy(pairs[pick]).to(total.device)
        u, i = z[users][batch[:, 0]], z[label][batch[:, 1]]
        logits = u @ i.T / z[users].shape[1] ** 0.5
        same = (batch[:, 1][:, None] == batch[:, 1][None]) & ~torch.eye(len(batch), dtype=torch.bool, device=u.device)
        logits = logits.masked_fill(same, -torch.inf)
        total = total + nn.functional.cross_entropy(logits, torch.arange(len(batch), device=u.device))
    return total


@dataclass(frozen=True)
class Batch:
    """Inputs and graph of one step; `users` are the rows of the first user states, `links` rows within the states."""

    x: dict[str, Tensor]
    graph: Graph | list[Graph]
    users: slice | Tensor
    links: Mapping[str, NDArray[np.int64]]


FEWEST_USERS = 32  # of a batch: below, memory is given up on
FEWEST_STEPS = 24  # however large the graph
TIMED = 5  # steps after which a time is turned into steps


class Trainer:
    """Steps over the folds in turn; keeps the weights of the best validation."""

    def __init__(
        self, model: Sociogram, problem: Problem, config: FitConfig, checkpoint: Path | None, identity: str = ""
    ) -> None:
        self.identity = identity  # a checkpoint of other data or options is not resumed
        self.model, self.problem, self.config, self.checkpoint = model, problem, config, checkpoint
        self.optimizer = torch.optim.AdamW(model.parameters(), config.learning_rate, weight_decay=config.weight_decay)
        self.result, self.bad, self.limit = Trained(), 0, config.max_steps
        self.best_state: dict[str, Tensor] = {}
        edges = sum(a.forward._nnz() for a in problem.folds[0].graph.values())
        self.sampled = edges > 2 * config.full_batch_edges  # each relationship is there in both directions
        if not self.sampled:
            self.limit = min(self.limit, max(FEWEST_STEPS, config.max_passes // max(edges, 1)))
        self.nodes = 0  # that the last step read
        self.batch_users = config.batch_users
        self.samplers: dict[int, Sampler] = {}
        self.whole: dict[str, Tensor] = {}
        device = self.device = problem.table.device
        self.known = [torch.from_numpy(f.known).to(device) for f in problem.folds]
        self.truth = [torch.from_numpy(f.truth).to(device) for f in problem.folds]
        self.offset = [torch.from_numpy(f.offset).to(device) for f in problem.folds]

    def run(
        self, progress: Progress = SILENT, label: str = "train", seconds: float = np.inf, *, finish: bool = False
    ) -> Trained:
        """Train to the step limit or until validation stops improving; the model ends with the best weights.

        `seconds` are turned into steps once, after some have been timed; with `finish` no steps are added to those of an earlier run,
        as far as it had taken the fewest. Raises TrainingError where the seconds do not allow an epoch.
        """
        with seeded(self.config.seed, self.device):
            self._resume()
            if finish:
                self.limit = min(self.limit, max(self.result.steps, FEWEST_STEPS))
            with progress.stage(label, self.limit, "steps") as stage:
                stage.advance(self.result.steps)
                started, first = time.perf_counter(), self.result.steps
                while self.result.steps < self.limit and self.bad < self.config.patience:
                    note = self._advance()
                    done = self.result.steps - first
                    each = self.result.step_seconds = (time.perf_counter() - started) / done
                    stage.advance(
                        1,
                        f"{note} · {self.nodes / each:,.0f} nodes/s · {in_use()}",
                    )
                    if np.isfinite(seconds) and done == min(TIMED, self.limit):
                        self._limit_to(int(seconds / each), each)
            if self.result.steps > first:
                self._save()  # a finished part is not trained again
            self.model.load_state_dict(self.best_state or self.model.state_dict())
        return self.result

    def _limit_to(self, steps: int, each: float) -> None:
        epoch = len(self.problem.folds)  # a step passes the users of one fold
        if steps < epoch:
            raise TrainingError(
                f"The budget is too small for one epoch: {epoch} steps of {each:.2f} s, and {max(steps, 0)} would fit. Give more time."
            )
        self.limit = min(self.limit, steps)

    def step(self) -> dict[str, float]:
        """One gradient step on the next fold, on less of the graph at a time where memory runs out; the losses."""
        losses = with_less(self._step, self._less, "training the network")
        self.result.steps += 1
        return losses

    def _less(self) -> bool:
        """Sampled neighbourhoods instead of the whole graph, then of fewer users."""
        if self.sampled:
            self.batch_users //= 2
        self.sampled = True
        return self.batch_users >= FEWEST_USERS

    def _advance(self) -> str:
        losses, r = self.step(), self.result
        note = f"loss {losses['loss']:.3f}"
        if r.steps % self.config.validate_every == 0 or r.steps == self.limit:
            score = self._validate()
            r.curve.append({"step": r.steps, **losses, "validation_map": score})
            if self.problem.validation is not None:
                note += f", validation mAP {score:.3f}"
            if score > r.best + 1e-4:
                r.best, r.best_step, self.bad = score, r.steps, 0
                self.best_state = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
            else:
                self.bad += self.problem.validation is not None
        if r.steps % self.config.checkpoint_every == 0:
            self._save()
        return note

    def _step(self) -> dict[str, float]:
        p, config, k = self.problem, self.config, self.result.steps % len(self.problem.folds)
        self.model.train()
        batch = self._sampled(k) if self.sampled else self._full(k)
        self.nodes = sum(map(len, batch.x.values()))
        h = self.model.hidden(batch.x, batch.graph)
        users = self.model.shape.users
        drop = torch.rand(len(p.topic_text)) < 0.25  # these topics are scored from their text alone
        scores, z = user_topic(self.model, p, h, drop.to(p.table.device))
        at, losses = batch.users, {}
        if self.truth[k][at].any():
            offset = self.offset[k][at]
            losses["tags"] = ranking_loss(scores + offset, self.known[k][at], self.truth[k][at])
        if config.item_loss:
            losses["items"] = config.item_loss * link_loss(z, batch.links, users, self.batch_users)
        for target in p.attributes:
            rows = target.train if isinstance(at, slice) else target.train[at.numpy()]
            if rows.any():
                out = self.model.heads[name(target.name)](h[users])
                goal = target.y if isinstance(at, slice) else target.y[at.numpy()]
                losses[target.name] = 0.3 * head_loss(target.kind, goal, out, rows)
        loss = torch.stack(list(losses.values())).sum() if losses else scores.sum() * 0
        self._alarm(losses, z)
        self.optimizer.zero_grad()
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
        zero = torch.zeros(())
        return {
            "loss": float(loss.detach()),
            "loss_tags": float(losses.get("tags", zero).detach()),
            "loss_items": float(losses.get("items", zero).detach()) / (config.item_loss or 1.0),
        }

    def _full(self, k: int) -> "Batch":
        p, fold = self.problem, self.problem.folds[k]
        return Batch(p.inputs.assemble(p.table, self.config.text_noise), fold.graph, slice(None), fold.links)

    def _sampled(self, k: int) -> "Batch":
        """Neighbourhoods of some users with something to find, of all topics and of some links."""
        p, config, fold, shape = self.problem, self.config, self.problem.folds[k], self.model.shape
        whole = self.whole = p.inputs.assemble(p.table) if p.table.requires_grad or not self.whole else self.whole
        sampler = self.samplers.setdefault(
            k, Sampler(fold.graph, {label: len(x) for label, x in whole.items()}, p.table.device)
        )
        pool = torch.from_numpy(np.flatnonzero(fold.truth.any(1)))
        pool = pool if len(pool) else torch.arange(len(fold.truth))
        users = pool[torch.randperm(len(pool))[: self.batch_users]].numpy()
        links = {}
        for label, pairs in fold.links.items():
            links[label] = pairs[torch.randperm(len(pairs))[: self.batch_users].numpy()]
        seeds = {label: np.arange(len(whole[label])) for label in shape.topics}
        everyone = np.concatenate([users, *(pairs[:, 0] for pairs in links.values())])
        seeds[shape.users] = everyone[np.sort(np.unique(everyone, return_index=True)[1])]
        seeds |= {label: np.unique(pairs[:, 1]) for label, pairs in links.items()}
        block = sampler.sample(seeds, config.fanouts, int(torch.randint(2**31, ())))
        order = {label: np.argsort(rows, kind="stable") for label, rows in seeds.items()}

        def local(label: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
            return order[label][np.searchsorted(seeds[label][order[label]], rows)]

        near = {label: np.stack([local(shape.users, q[:, 0]), local(label, q[:, 1])], 1) for label, q in links.items()}
        x = {
            label: p.inputs.noisy(whole[label][torch.from_numpy(rows)], label, p.table.shape[1], config.text_noise)
            for label, rows in block.nodes.items()
        }
        return Batch(x, block.graphs, torch.from_numpy(seeds[shape.users]), near)

    def _alarm(self, losses: Mapping[str, Tensor], z: Mapping[str, Tensor]) -> None:
        for part, value in losses.items():
            if not torch.isfinite(value):
                broken = [n for n, w in self.model.named_parameters() if not torch.isfinite(w).all()]
                cause = f"weights of {broken[0]} are not finite" if broken else "its inputs overflow"
                raise TrainingError(
                    f"The loss of {part!r} became {float(value.detach())} at step {self.result.steps + 1}: {cause}. "
                    f"Lower learning_rate (now {self.config.learning_rate}) or look for extreme numeric properties."
                )
        users = z[self.model.shape.users].detach()
        spread = float(users.std(0).max()) if len(users) > 1 else 1.0
        if spread < 1e-5 and self.result.steps > 3 and self._inputs_differ():
            raise TrainingError(
                f"The model collapsed at step {self.result.steps + 1}: all user vectors are equal (spread {spread:.1e}) "
                f"though their inputs differ. Lower learning_rate (now {self.config.learning_rate}) or dropout."
            )

    def _inputs_differ(self) -> bool:
        x = self.problem.inputs.assemble(self.problem.table)[self.model.shape.users]
        return bool(len(x) > 1 and x.std(0).max() > 1e-3)

    @torch.no_grad()
    def _validate(self) -> float:
        fold = self.problem.validation
        if fold is None:
            return 0.0
        return mean_average_precision(
            predict(self.model, self.problem, fold.graph) + fold.offset, fold.truth, fold.known
        )

    def tensors(self) -> dict[str, Tensor]:
        """Weights, best weights so far, optimizer, random state and record: all that going on needs."""
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        tensors |= {f"best.{k}": v for k, v in self.best_state.items()}
        tensors |= {f"optimizer.{k}": v for k, v in flattened(self.optimizer.state_dict()["state"]).items()}
        r = self.result
        record = {"curve": r.curve, "best": r.best, "best_step": r.best_step, "steps": r.steps}
        record |= {"bad": self.bad, "limit": self.limit}
        return tensors | random_state(self.device) | {"record": as_tensor(record)}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `tensors` gave."""
        record: dict[str, Any] = as_record(tensors["record"])
        self.model.load_state_dict(under(tensors, "model."))
        self.best_state = under(tensors, "best.")
        self.optimizer.load_state_dict(
            {**self.optimizer.state_dict(), "state": optimizer_states(under(tensors, "optimizer."))}
        )
        restore_random_state(tensors, self.device)
        self.bad, self.limit = record.pop("bad"), record.pop("limit")
        self.result = Trained(**record)

    def _save(self) -> None:
        if self.checkpoint is not None:
            write_checkpoint(self.checkpoint / "train.safetensors", self.tensors(), self.identity)

    def _resume(self) -> None:
        stored = self.checkpoint and read_checkpoint(self.checkpoint / "train.safetensors", self.identity)
        if stored:
            self.restore(stored)


@torch.no_grad()
def predict(model: Sociogram, problem: Problem, graph: Graph) -> Floats:
    """The network's own scores [users, targets]."""
    model.eval()
    scores, _ = user_topic(model, problem, model.hidden(problem.inputs.assemble(problem.table), graph))
    out: Floats = scores.float().cpu().numpy()
    return out
