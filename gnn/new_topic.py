"""A topic that came after training, scored for every user from its name and description alone.

While training a quarter of the topics, drawn anew each step, is scored without its place in the graph; what the text says must then do.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from scipy import special

from sociogram.errors import InputError
from sociogram.gnn.calibrate import platt
from sociogram.gnn.choose import Choice
from sociogram.gnn.matrices import moments
from sociogram.gnn.model import Sociogram

Floats = NDArray[np.float32]
FILE = "new_topics.safetensors"
PAIRS = 200_000  # user-topic pairs that the probabilities are fitted on, at most


@dataclass(frozen=True)
class TopicTower:
    """score = scale u . (W (t - mean) / deviation + b); probability = sigmoid(slope score + level)."""

    weight: Floats  # [shared, width]
    bias: Floats  # [shared]
    mean: Floats  # [width] of the run's text vectors
    deviation: Floats  # [width]
    scale: float
    placed: float  # published vectors are shared-space vectors times this
    slope: float
    level: float

    @classmethod
    def of(cls, model: Sociogram, choice: Choice, shared: Floats, published: Floats) -> "TopicTower":
        """From a trained model and the users' vectors [users, shared] in its own space and as they are published."""
        mean, deviation = moments(choice.context.table)
        size = float(np.linalg.norm(shared))
        return cls(
            model.topic_text.weight.detach().float().cpu().numpy(),
            model.topic_text.bias.detach().float().cpu().numpy(),
            mean,
            deviation,
            float(model.scale.detach()) / shared.shape[1] ** 0.5,
            float(np.linalg.norm(published)) / size if size else 1.0,
            *_platt(choice),
        )

    def scores(self, users: Floats, text: Floats) -> Floats:
        """Scores [users] of a topic whose text vector is [width], from the first columns of published user vectors."""
        topic = self.weight @ ((text - self.mean) / self.deviation) + self.bias
        return np.asarray(self.scale / self.placed * (users[:, : len(topic)] @ topic), np.float32)

    def probability(self, scores: Floats) -> Floats:
        """That a user whose interests were held out turns out to have a topic of this score."""
        return np.asarray(special.expit(self.slope * scores + self.level), np.float32)

    def save(self, folder: Path) -> None:
        """Beside the weights of the run."""
        numbers = np.array([self.scale, self.placed, self.slope, self.level], np.float64)
        arrays = {"weight": self.weight, "bias": self.bias, "mean": self.mean, "deviation": self.deviation}
        tensors = {n: torch.from_numpy(np.ascontiguousarray(a, np.float32)) for n, a in arrays.items()}
        save_file(tensors | {"numbers": torch.from_numpy(numbers)}, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> "TopicTower":
        """Raises InputError where the run knows no topics."""
        if not (folder / FILE).exists():
            raise InputError(
                f"run {folder.name} has learnt from no topics, so a new one cannot be scored. "
                "Load topics and interests, or give their roles in graph.toml, then: sociogram fit"
            )
        found = {n: t.numpy() for n, t in load_file(folder / FILE).items()}
        numbers = found.pop("numbers").tolist()
        return cls(found["weight"], found["bias"], found["mean"], found["deviation"], *numbers)


def text_scores(choice: Choice) -> Floats:
    """Scores [users, targets] of the known topics from their text alone, validation and test being hidden."""
    c, model = choice.context, choice.model
    with torch.no_grad():
        model.eval()
        h = model.hidden(choice.phase.problem.inputs.assemble(choice.phase.problem.table), choice.phase.graph)
        users = model.space(h)[model.shape.users]
        topics = model.topic_text(c.topic_text)[choice.phase.problem.targets]
        return np.asarray(model.scores(users, topics).float().cpu().numpy(), np.float32)


def _platt(choice: Choice) -> tuple[float, float]:
    """Slope and level by logistic regression on validation pairs, the score being that of the text alone."""
    if not choice.judged:
        return 1.0, 0.0
    held, scores = choice.held, text_scores(choice)
    free = ~held.known[held.users]
    x, y = scores[held.users][free], held.truth[held.users][free]
    if len(y) > PAIRS:
        kept = np.random.default_rng(choice.context.config.seed).choice(len(y), PAIRS, replace=False)
        x, y = x[kept], y[kept]
    if not y.any() or y.all():
        return 1.0, 0.0
    return platt(x.astype(float), y.astype(float), decay=0.0)
