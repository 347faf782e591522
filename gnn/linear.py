"""What linear models know about a user's topics: each a prior for the network, a baseline of the report and a part of the final score."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.gnn.features import Features
from sociogram.gnn.matrices import beside, csr, mean_rows
from sociogram.gnn.solvers import KERNEL, Linear, Ridge, gram, logistic, logistic_weights, split_weights, taught
from sociogram.gnn.split import Interests, Split, about_without, without
from sociogram.graph.snapshot import Snapshot

Matrix = sparse.csr_array
Floats = NDArray[np.float32]
RIDGES = (0.3, 1.0, 3.0, 10.0, 30.0)  # times the mean squared row length
COSTS = (1.0, 4.0, 16.0)  # C of logistic regression
CONSTANT = (
    "ridge on items",
    "ridge on text vectors",
    "ridge own",
    "ridge both",
)  # inputs that no hidden interest changes
SHARES = {
    "ridge on tags and items": 1.0,
    "ridge on items": 1.0,
    "ridge on items' tags": 3.0,
    "ridge on text vectors": 0.3,
}
PROFILE = 2000  # most frequent topics of a user's items that ridge reads
OWN_WORDS = "TF-IDF + LR, own text"
ALL_WORDS = "TF-IDF + LR, own and neighbours' text"
ACTS = 0.5  # weight of an item beside that of a tag, where ridge reads both
LOGISTIC_TOPICS = 256  # more topics than this: ridge instead of logistic regression


@dataclass(frozen=True)
class Visible:
    """The graph as the models may see it under one choice of hidden interests."""

    tags: Matrix  # [users, topics]
    item_topics: Matrix  # [items of all labels, topics] ABOUT weights


@dataclass
class Settings:
    """Strengths chosen on validation once and kept: part name -> value."""

    chosen: dict[str, float] = field(default_factory=dict)


def visible(snapshot: Snapshot, found: Interests, hidden: Matrix) -> Visible:
    """Take hidden interests, and their triples in ABOUT, out of the graph."""
    blocks = []
    for n in snapshot.with_role("item"):
        row = [sparse.csr_array((len(n), len(snapshot.nodes[t])), dtype=np.float32) for t in found.offsets]
        for e in snapshot.edges_with_role("about"):
            if e.mapping.source == n.label:
                at = list(found.offsets).index(e.mapping.target)
                row[at] = sparse.csr_array(row[at] + about_without(e, found, hidden))
        if row:
            blocks.append(sparse.hstack(row, format="csr"))
    stacked = csr(sparse.vstack(blocks, format="csr")) if blocks else csr((0, found.topics))
    return Visible(without(found, hidden), stacked)


Quality = Callable[[Floats], float]


class Priors:
    """Computes every linear part for a visible graph; parts that have nothing to read are left out."""

    def __init__(self, features: Features, table: Floats, split: Split, seed: int) -> None:
        self.f, self.split, self.seed = features, split, seed
        self.kernels: dict[str, Floats] = {}
        texts = features.texts
        vectors = [np.asarray(m @ table, np.float32) for m in texts.maps[texts.user]]
        self.means = [_mean(v) if v.any() else None for v in vectors]
        self.vectors = self.centred(vectors) if any(m is not None for m in self.means) else None
        own = np.asarray(mean_rows(texts.own) @ table, np.float32)
        around = np.asarray(texts.neighbours @ table, np.float32)
        topics = np.asarray(texts.topics @ table, np.float32)[split.targets]
        self.middle, self.topics = (_mean(own), _mean(around)), _unit(_less(topics, _mean(topics)))
        self.similarity = self.likeness(own, around)
        self.terms_both = beside(features.own_terms, features.neighbour_terms)

    def centred(self, blocks: Sequence[Floats]) -> Floats:
        """Text vectors of users [rows, width] as ridge reads them, from the blocks of the text maps."""
        kept = zip(blocks, self.means, strict=True)
        return np.concatenate([_less(v, mean) for v, mean in kept if mean is not None], 1)

    def likeness(self, own: Floats, around: Floats) -> Floats:
        """Cosine of mean own and mean neighbours' text [rows, width] with the targets' text [rows, targets]."""
        both = [_unit(_less(x, mean)) for x, mean in zip((own, around), self.middle, strict=True)]
        return np.asarray(_unit(both[0] + both[1]) @ self.topics.T, np.float32)

    def parts(self, view: Visible, settings: Settings, quality: Quality | None = None) -> dict[str, Floats]:
        """Scores [users, targets] by part; `quality` (higher is better) chooses strengths not chosen yet."""
        f, targets = self.f, self.split.targets
        goal = self._goal(view, settings, quality)
        y, labelled = goal.y, goal.labelled
        out = {"popularity": self._popularity(y, labelled)}
        if f.friends.nnz:
            out["friends' tags"] = _share(f.friends, y, labelled)
        if view.item_topics.nnz and f.behaviour.nnz:
            said = items_said(view, targets)
            out["items' tags"] = np.asarray((mean_rows(f.behaviour) @ said).toarray(), np.float32)
            if f.friends.nnz:
                out["friends' items' tags"] = np.asarray(f.friends @ out["items' tags"], np.float32)
        inputs = self._ridge_inputs(view)
        for name, x in inputs.items():
            out[name] = goal.choose(name, self._ridge(name, x, goal).scores, RIDGES, 3.0)
        if len(inputs) > 1 and len(y) <= KERNEL:
            ridge = self._ridge_on_all(inputs, goal)
            out["ridge on all"] = goal.choose("ridge on all", ridge.scores, RIDGES, 3.0)
        if f.own_terms.nnz:
            out[OWN_WORDS] = self._logistic("own", f.own_terms, goal)
        if f.neighbour_terms.nnz:
            out[ALL_WORDS] = self._logistic("both", self.terms_both, goal)
        if self.similarity.any():
            out["text likeness"] = self.similarity.astype(np.float32)
        return out

    def fitted(self, view: Visible, settings: Settings, wanted: Container[str]) -> dict[str, Linear]:
        """The wanted ones of the ridge and logistic parts that `parts` scores with, as weights of their inputs.

        Inputs: items (1 where the user has it), items' tags, tags, vectors, own words, others' words.
        """
        goal, inputs = self._goal(view, settings, None), self._ridge_inputs(view)
        widths = {name: _widths(name, x.shape[1], view.tags.shape[1]) for name, x in inputs.items()}
        out = {}
        for name, x in inputs.items():
            if name in wanted:
                ridge = self._ridge(name, x, goal)
                weights = ridge.weights(goal.strength(name, 3.0))
                out[name] = Linear(split_weights(weights, widths[name]), ridge.mean)
        if "ridge on all" in wanted and len(inputs) > 1 and len(goal.y) <= KERNEL:
            ridge = self._ridge_on_all(inputs, goal)
            alpha = ridge.alpha(goal.strength("ridge on all", 3.0))
            weights_of: dict[str, Floats] = {}
            for name, share in self._shares(inputs, goal).items():
                mine = np.asarray(share * (taught(inputs[name], ridge.at) @ alpha), np.float32)
                for part, w in split_weights(mine, widths[name]).items():
                    weights_of[part] = weights_of.get(part, np.float32(0)) + w
            out["ridge on all"] = Linear(weights_of, ridge.mean)
        own, both = self.f.own_terms, self.terms_both
        for name, short, x in ((OWN_WORDS, "own", own), (ALL_WORDS, "both", both)):
            if name in wanted:
                weights, level = self._logistic_weights(short, x, goal)
                columns = [("own words", own.shape[1], 1.0), ("others' words", x.shape[1] - own.shape[1], 1.0)]
                out[name] = Linear(split_weights(weights, columns[: 1 + (short == "both")]), level)
        return out

    def _goal(self, view: Visible, settings: Settings, quality: Quality | None) -> "Goal":
        y = view.tags[:, self.split.targets].toarray().astype(np.float32)
        return Goal(y, np.diff(view.tags.indptr) > 0, settings, quality)

    def _popularity(self, y: Floats, labelled: NDArray[np.bool_]) -> Floats:
        rate = np.log((y.sum(0) + 0.5) / (labelled.sum() + 1.0))
        return np.broadcast_to(rate, y.shape).astype(np.float32)

    def _ridge_inputs(self, view: Visible) -> dict[str, Matrix | Floats]:
        found: dict[str, Matrix | Floats] = {}
        behaviour = self.f.behaviour
        if behaviour.nnz:
            acts = behaviour.copy()
            acts.data = np.ones_like(acts.data)
            found["ridge on items"] = acts
            if view.item_topics.nnz:
                said = mean_rows(behaviour) @ read_topics(view)
                found["ridge on items' tags"] = np.sqrt(mean_rows(sparse.csr_array(said)).toarray())
        if self.split.kind != "users" and view.tags.nnz:
            found["ridge on tags"] = view.tags
            if behaviour.nnz:
                found["ridge on tags and items"] = beside(view.tags, ACTS * acts)
        if self.vectors is not None:
            found["ridge on text vectors"] = self.vectors
        return found

    def _shares(self, inputs: Mapping[str, Matrix | Floats], goal: "Goal") -> dict[str, np.float32]:
        """What the kernel of each input of `ridge on all` is multiplied by: a share of the mean squared row length."""
        at = np.flatnonzero(goal.labelled)
        found = {}
        for name, share in SHARES.items():
            if name in inputs and not (name == "ridge on items" and "ridge on tags and items" in inputs):
                length = float(np.trace(self._kernel(name, inputs[name])[np.ix_(at, at)])) / max(len(at), 1)
                found[name] = np.float32(share / max(length, 1e-9))
        return found

    def _ridge_on_all(self, inputs: Mapping[str, Matrix | Floats], goal: "Goal") -> Ridge:
        """Ridge on the inputs beside one another, each scaled to its share.

        Above the exact size the same information reaches the combination by the separate ridges.
        """
        total = np.zeros((len(goal.y), len(goal.y)), np.float32)
        for name, share in self._shares(inputs, goal).items():
            total += share * self._kernel(name, inputs[name])
        centred = self.split.kind == "users"
        return Ridge(None, goal.y, goal.labelled, self.seed, centred=centred, kernel=total)

    def _kernel(self, name: str, x: Matrix | Floats) -> Floats:
        if name not in CONSTANT:
            return gram(x)
        if name not in self.kernels:
            self.kernels[name] = gram(x)
        return self.kernels[name]

    def _ridge(self, name: str, x: Matrix | Floats, goal: "Goal") -> Ridge:
        kernel = self._kernel(name, x) if x.shape[0] <= KERNEL else None
        return Ridge(x, goal.y, goal.labelled, self.seed, centred=self.split.kind == "users", kernel=kernel)

    def _logistic(self, name: str, x: Matrix, goal: "Goal") -> Floats:
        if goal.y.shape[1] > LOGISTIC_TOPICS:
            return goal.choose("ridge " + name, self._ridge("ridge " + name, x, goal).scores, RIDGES, 3.0)
        return goal.choose(name, lambda c: logistic(x, goal.y, goal.labelled, c), COSTS, 4.0)

    def _logistic_weights(self, name: str, x: Matrix, goal: "Goal") -> tuple[Floats, Floats]:
        if goal.y.shape[1] > LOGISTIC_TOPICS:
            ridge = self._ridge("ridge " + name, x, goal)
            return ridge.weights(goal.strength("ridge " + name, 3.0)), ridge.mean
        return logistic_weights(x, goal.y, goal.labelled, goal.strength(name, 4.0))


def items_said(view: Visible, targets: NDArray[np.int64]) -> Matrix:
    """What is said of the items [items, targets], rows over all topics summing to one."""
    return csr(mean_rows(view.item_topics)[:, targets])


def read_topics(view: Visible) -> Matrix:
    """What ridge reads of the items' topics [items, PROFILE most frequent topics], rows summing to one before the cut."""
    frequent = np.sort(np.argsort(-np.asarray(view.item_topics.sum(0)).ravel(), kind="stable")[:PROFILE])
    return csr(mean_rows(view.item_topics)[:, frequent])


def _widths(name: str, columns: int, topics: int) -> list[tuple[str, int, float]]:
    """Which inputs stand side by side in a ridge: input, columns, factor."""
    if name == "ridge on tags and items":
        return [("tags", topics, 1.0), ("items", columns - topics, ACTS)]
    short = {"ridge on items": "items", "ridge on items' tags": "items' tags", "ridge on tags": "tags"}
    return [(short.get(name, "vectors"), columns, 1.0)]


@dataclass(frozen=True)
class Goal:
    """What a part is fitted to, and how its strength is found."""

    y: Floats  # [users, targets]
    labelled: NDArray[np.bool_]  # users that may be learnt from
    settings: Settings
    quality: Quality | None

    def strength(self, name: str, default: float) -> float:
        """What was chosen before, or the default."""
        return self.settings.chosen.get(name, default)

    def choose(self, name: str, solve: Callable[[float], Floats], grid: tuple[float, ...], default: float) -> Floats:
        """Solve at the strength chosen before, or choose it now."""
        chosen = self.settings.chosen
        if name not in chosen:
            if self.quality is None:
                return solve(default)
            tried = {value: solve(value) for value in grid}
            values = {value: self.quality(scores) for value, scores in tried.items()}
            chosen[name] = max(values, key=lambda value: values[value])
            return tried[chosen[name]]
        return solve(chosen[name])


def _share(friends: Matrix, y: Floats, labelled: NDArray[np.bool_]) -> Floats:
    """Share of a user's labelled friends that have the topic, shrunk by one friend of the average kind."""
    reach = np.asarray(friends @ labelled.astype(np.float32))[:, None]
    known = np.asarray(friends @ y)
    mean = y[labelled].mean(0) if labelled.any() else np.zeros(y.shape[1], np.float32)
    return share_of_friends(known, reach, np.diff(friends.indptr)[:, None], mean)


def share_of_friends(known: Floats, reach: Floats, count: NDArray[Any], mean: Floats) -> Floats:
    """`known` [rows, targets] and `reach` [rows, 1] are weights of friends that have the topic and of labelled ones, `count` their number."""
    told = count * reach
    return np.asarray((known / np.maximum(reach, 1e-9) * told + mean) / (told + 1.0), np.float32)


def _mean(x: Floats) -> Floats:
    """Of the rows that are not zero [width]."""
    rows = np.asarray(x.any(1))
    return np.asarray(x[rows].mean(0) if len(x) and rows.any() else np.zeros(x.shape[1]), np.float32)


def _less(x: Floats, mean: Floats) -> Floats:
    """Less a mean where there is anything; zero rows stay zero."""
    return np.asarray(np.where(np.any(x, axis=1)[:, None], x - mean, 0), np.float32)


def _unit(x: Floats) -> Floats:
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9), np.float32)
