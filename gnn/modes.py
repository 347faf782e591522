"""Which text encoder: as it is, tuned on the graph's links, tuned jointly with the network, or in EM rounds. Validation decides.

frozen    the encoder stays as it is (SIGN- and SimTeG-type baselines; input noise while the network trains)
two_step  tuned on links between texts, then the network (SimTeG, Duan et al. 2023, with links for labels)
joint     links and the network's own gradient together; the weight of each is chosen on validation, 0 included
em        GLEM-type rounds (Zhao et al., ICLR 2023): the encoder learns the network's probabilities, the network the new vectors
auto      frozen, two_step and joint within the budget; the best on validation is kept, and it is said by how much
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sociogram.encoders.encoder import Encoder
from sociogram.errors import EncoderError, InputError, TrainingError
from sociogram.gnn import metrics
from sociogram.gnn.budget import Budget
from sociogram.gnn.choose import Choice, choose, hidden_phase, new_model, validation_part
from sociogram.gnn.linear import Settings
from sociogram.gnn.objectives import AuthorTags, Links, Network, Objective
from sociogram.gnn.phase import Context
from sociogram.gnn.text_links import TextLinks, text_links
from sociogram.gnn.train import Trainer
from sociogram.gnn.tuning import Tuned, Tuner
from sociogram.progress import SILENT, Progress

SAMPLE = 96  # texts that a forecast of encoding time is made from
NOT_BEGUN = "it had learned nothing yet when the run was ended"


@dataclass
class Candidate:
    """One way to the text vectors, as it was judged."""

    name: str
    choice: Choice | None = None  # None: skipped
    tuned: Tuned | None = None
    note: str = ""


@dataclass
class Learned:
    """The candidate that is kept, and how the others did."""

    choice: Choice
    kept: str
    sentence: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    curves: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    def report(self, asked: str) -> dict[str, Any]:
        """The section `modes` of the run's report."""
        return {
            "asked": asked, "kept": self.kept, "sentence": self.sentence, "candidates": self.rows, "curves": self.curves,
        }  # fmt: skip


def learn(
    c: Context,
    encoder: Encoder,
    folder: Path,
    budget: Budget,
    progress: Progress = SILENT,
    tuner: Tuner | None = None,
) -> Learned:
    """Train every candidate of the mode and keep the best on validation; the encoder is left with the weights of the kept one.

    Raises InputError for an encoder that cannot learn (auto takes frozen then), TrainingError where there is nothing to learn from.
    """
    return _Modes(c, encoder, folder, budget, progress, tuner).run()


class _Modes:
    def __init__(
        self, c: Context, encoder: Encoder, folder: Path, budget: Budget, progress: Progress, tuner: Tuner | None
    ) -> None:
        self.c, self.encoder, self.folder, self.budget, self.progress = c, encoder, folder, budget, progress
        self.tuner = tuner
        self.mode = c.config.mode
        self.first: Choice | None = None  # the frozen one
        self.step_seconds = 0.0  # of the network's training
        self.once = 0.0  # seconds that it took

    def run(self) -> Learned:
        names, tuner, links, notes = self._plan()
        best: Candidate | None = None
        kept: Choice | None = None
        rows: list[dict[str, Any]] = []
        curves = {}
        for i, name in enumerate(names):
            started = time.perf_counter()
            found = self._candidate(name, tuner, links, len(names) - i)
            seconds = time.perf_counter() - started
            if found.choice:
                self.step_seconds = self.step_seconds or found.choice.trained.step_seconds
            rows.append({"name": name, "seconds": round(seconds, 1)} | self._judged(found, tuner))
            if found.tuned:
                curves[name] = found.tuned.curve
            if found.choice and found.note:
                notes = [*notes, found.note]
            if found.choice and (kept is None or _better(found.choice, kept)):
                best, kept = found, found.choice
        if self.budget.finish:
            notes = [*notes, "ended early, on request"]
        if best is None or kept is None:
            raise self._nothing()
        if tuner is not None:
            tuner.load(best.tuned.weights if best.tuned else tuner.first)
        sentence = _sentence(self.mode, best.name, rows, notes)
        if len(names) > 1 or notes:
            self.progress.say("mode", sentence)
        return Learned(kept, best.name, sentence, rows, curves)

    def _plan(self) -> tuple[tuple[str, ...], Tuner | None, TextLinks | None, list[str]]:
        """Candidates of the mode as far as data and encoder allow, and what has to be said about the others."""
        names, split, texts = self.c.config.tried, self.c.split, self.c.features.texts
        frozen: tuple[str, ...] = ("frozen",)
        if names == frozen:
            return names, None, None, []
        links = text_links(self.c.snapshot, texts, self.c.view(split.held_out), split.targets)
        labelled = bool(split.train.nnz) and split.kind != "none"
        if not texts.distinct or (not links and not labelled):
            if self.mode == "auto":
                return frozen, None, None, ["there are no texts, or no links between them"]
            raise TrainingError(
                f"mode {self.mode} has nothing to learn from: no texts, or no links between them. Use mode frozen."
            )
        if not labelled and self.mode == "auto":
            return frozen, None, None, ["no interests to compare by"]
        try:
            tuner = self.tuner or Tuner(self.encoder, texts.distinct, self.c.config)
        except (InputError, EncoderError):
            if self.mode != "auto" or self.c.config.says_how_to_tune:
                raise
            return frozen, None, None, [f"the encoder {self.encoder.name} has no layers to train"]
        tuner.standardise(self.c.table)
        if not labelled and self.mode in ("joint", "em"):
            return ("two_step",), tuner, links, ["no interests to learn from: the encoder learns from links alone"]
        return names, tuner, links, []

    def _candidate(self, name: str, tuner: Tuner | None, links: TextLinks | None, remaining: int) -> Candidate:
        if tuner is None or name == "frozen":
            return self._frozen()
        if name == "em":
            return self._em(tuner)
        return self._tuned(name, tuner, links, self._allowed(tuner, remaining))

    def _nothing(self) -> TrainingError:
        if self.budget.finish:
            return TrainingError(
                f"mode {self.mode}: there is nothing to finish, the text encoder had not learned anything yet. "
                "Go on without --finish, or use mode frozen."
            )
        return TrainingError(
            f"mode {self.mode}: the budget of {self.budget.seconds:g} s leaves no time to tune the text encoder. "
            "Give more, or use mode frozen."
        )

    def _frozen(self) -> Candidate:
        started = time.perf_counter()
        self.first = choose(self.c, self.folder / "frozen", self.budget, self.progress)
        self.once = time.perf_counter() - started
        return Candidate("frozen", self.first)

    def _tuned(self, name: str, tuner: Tuner, links: TextLinks | None, seconds: float) -> Candidate:
        """Tune, encode, train, judge."""
        if seconds <= 0:
            return Candidate(name, note="no time left within the budget")
        place, objectives = self.folder / name, self._objectives(name, links)
        finish = self.budget.finish
        tuned = tuner.tune(
            objectives, place, self.c.identity, name=name, seconds=seconds, finish=finish, progress=self.progress
        )
        if tuned is None:
            return Candidate(name, note=NOT_BEGUN if finish else "too little time left within the budget")
        choice = choose(self._context(tuned), place, self.budget, self.progress, label=f"train, {name}")
        return Candidate(name, choice, tuned)

    def _objectives(self, name: str, links: TextLinks | None) -> dict[str, tuple[float, Objective]]:
        on_links, on_network = (1.0, 0.0) if name == "two_step" else self.c.config.joint_weights
        out: dict[str, tuple[float, Objective]] = {}
        if on_links and links:
            out["links"] = on_links, Links(links)
        if on_network or not out:
            phase = self.first.phase if self.first else hidden_phase(self.c, validation_part(self.c))
            problem = replace(phase.problem, table=phase.problem.table.detach().clone())
            out["network"] = on_network or 1.0, Network(Trainer(new_model(self.c, phase), problem, self.c.config, None))
        return out

    def _em(self, tuner: Tuner) -> Candidate:
        c, place = self.c, self.folder / "em"
        started = time.perf_counter()
        choice, tuned = choose(c, place / "round0", self.budget, self.progress, label="train, round 0"), None
        self.once = time.perf_counter() - started
        for k in range(1, c.config.em_rounds + 1):
            known = choice.phase.known
            tags = np.where(known, 1.0, choice.probability()).astype(np.float32)
            gold = np.asarray(known.any(1))
            if c.split.kind == "users":
                tags[gold] = known[gold]  # of these users all is known
            authors = AuthorTags(c.features.texts.own, tags, gold, c.table.shape[1], tuner.device)
            if not authors:
                raise TrainingError("mode em has nothing to learn from: no user has a text. Use mode frozen.")
            where, seconds = place / f"round{k}", self._allowed(tuner, c.config.em_rounds + 1 - k)
            again = seconds > 0 and tuner.tune(
                {"authors": (1.0, authors)},
                where,
                c.identity,
                name=f"em, round {k}",
                seconds=seconds,
                finish=self.budget.finish,
                progress=self.progress,
            )
            if not again:
                note = f"em stopped before round {k}: {NOT_BEGUN if self.budget.finish else 'too little time left within the budget'}"
                return Candidate("em", choice, tuned, note)
            tuned = again
            choice = choose(self._context(tuned), where, self.budget, self.progress, label=f"train, round {k}")
        return Candidate("em", choice, tuned)

    def _context(self, tuned: Tuned) -> Context:
        return replace(self.c, table=tuned.table, settings=Settings())

    def _allowed(self, tuner: Tuner, remaining: int) -> float:
        """Seconds of encoder steps for each of the remaining candidates, the final phase being as long as the frozen one was."""
        if not self.budget.limited:
            return np.inf
        left, fixed = self.budget.left - self.once, self.once + tuner.forecast(SAMPLE)
        for sharers in range(remaining, 0, -1):  # where there is no time for all, the first ones get it
            if left / sharers > fixed:
                return left / sharers - fixed
        return 0.0

    def _judged(self, found: Candidate, tuner: Tuner | None) -> dict[str, Any]:
        if found.choice is None:
            return {"skipped": found.note}
        row: dict[str, Any] = {"steps": len(found.tuned.curve) if found.tuned else 0}
        if found.choice.judged:
            row |= {"validation_map": metrics.mean(found.choice.precision), "users": len(found.choice.precision)}
        if found.tuned and tuner:
            row["weight_change"] = round(tuner.change(found.tuned), 5)
            row["texts_with_gradient"] = len(found.tuned.reached)
            row["epoch_ratio"] = self._epoch_ratio(found.name, found.tuned)
        if found.name != "frozen" and self.first is not None and found.choice.judged:
            d = metrics.paired_bootstrap(found.choice.precision, self.first.precision, seed=self.c.config.seed)
            row |= {"difference": d.difference, "low": d.low, "high": d.high}
        return row

    def _epoch_ratio(self, name: str, tuned: Tuned) -> float | None:
        """Seconds of an epoch over those of a frozen one.

        A frozen epoch passes every fold once; here as many texts as the labelled users have of their own pass through the encoder with
        gradient as well. None where a part was not timed, after a resume say.
        """
        frozen, folds = self.step_seconds, self.c.config.folds
        if not (frozen and tuned.step_seconds and tuned.step_texts):
            return None
        labelled = np.diff(self.c.split.train.indptr) > 0
        texts = len(np.unique(self.c.features.texts.own[labelled].indices))
        steps = int(np.ceil(texts / tuned.step_texts))
        network = 0.0 if name == "joint" else folds * frozen  # a joint step has the network's in it
        steps = max(steps, folds) if name == "joint" else steps
        return round((steps * tuned.step_seconds + network) / (folds * frozen), 2)


def _better(a: Choice, b: Choice) -> bool:
    return a.judged and metrics.mean(a.precision) > metrics.mean(b.precision)


def _sentence(mode: str, kept: str, rows: list[dict[str, Any]], notes: list[str]) -> str:
    """What was kept and by how much, for a person."""
    head = f"{mode} keeps {kept}" if mode in ("auto", "joint") else f"mode {kept}"
    row = next(r for r in rows if r["name"] == kept)
    if "difference" in row:
        head += f": validation mAP {row['validation_map']:.3f}, {_gain(row)} over frozen on {row['users']} users"
    elif "validation_map" in row and len(rows) > 1:
        head += f": validation mAP {row['validation_map']:.3f} on {row['users']} users"
    others = "; ".join(_others(rows, kept))
    return head + (f"; {others}" if others else "") + (f" ({'; '.join(notes)})" if notes else "")


def _others(rows: list[dict[str, Any]], kept: str) -> Iterator[str]:
    for row in rows:
        if row["name"] == kept:
            continue
        if "skipped" in row:
            yield f"{row['name']} skipped: {row['skipped']}"
        elif "difference" in row:
            yield f"{row['name']} {_gain(row)}"


def _gain(row: dict[str, Any]) -> str:
    return f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
