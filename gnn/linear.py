"""What linear models know about a user's topics: each a prior for the network, a baseline of the report and a part of the final score."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, sparse, special

from sociogram.gnn.features import Features, beside, csr, mean_rows
from sociogram.gnn.split import Interests, Split, about_without, without
from sociogram.graph.snapshot import Snapshot

Matrix = sparse.csr_array
Floats = NDArray[np.float32]
KERNEL = 6000  # up to this many users ridge is solved exactly in the dual
REDUCED = 256  # above it, on this many singular directions
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
SPAN = 50_000_000  # users x labelled users for which logistic regression works in the span of the labelled rows
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
        vectors = [_centred(v) for v in vectors if v.any()]
        self.vectors = np.concatenate(vectors, 1) if vectors else None
        self.own_vectors = _centred(np.asarray(mean_rows(texts.own) @ table, np.float32))
        around = _centred(np.asarray(texts.neighbours @ table, np.float32))
        topics = np.asarray(texts.topics @ table, np.float32)[split.targets]
        self.similarity = _unit(_unit(self.own_vectors) + _unit(around)) @ _unit(_centred(topics)).T
        self.terms_both = beside(features.own_terms, features.neighbour_terms)

    def parts(self, view: Visible, settings: Settings, quality: Quality | None = None) -> dict[str, Floats]:
        """Scores [users, targets] by part; `quality` (higher is better) chooses strengths not chosen yet."""
        f, targets = self.f, self.split.targets
        y = view.tags[:, targets].toarray().astype(np.float32)
        labelled = np.diff(view.tags.indptr) > 0
        goal = Goal(y, labelled, settings, quality)
        out = {"popularity": self._popularity(y, labelled)}
        if f.friends.nnz:
            out["friends' tags"] = _share(f.friends, y, labelled)
        if view.item_topics.nnz and f.behaviour.nnz:
            said = mean_rows(view.item_topics)[:, targets].tocsr()
            out["items' tags"] = np.asarray((mean_rows(f.behaviour) @ said).toarray(), np.float32)
            if f.friends.nnz:
                out["friends' items' tags"] = np.asarray(f.friends @ out["items' tags"], np.float32)
        inputs = self._ridge_inputs(view)
        for name, x in inputs.items():
            out[name] = self._ridge(name, x, goal)
        if len(inputs) > 1 and len(y) <= KERNEL:
            out["ridge on all"] = self._ridge_on_all(inputs, goal)
        if f.own_terms.nnz:
            out["TF-IDF + LR, own text"] = self._logistic("own", f.own_terms, goal)
        if f.neighbour_terms.nnz:
            out["TF-IDF + LR, own and neighbours' text"] = self._logistic("both", self.terms_both, goal)
        if self.similarity.any():
            out["text likeness"] = self.similarity.astype(np.float32)
        return out

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
                frequent = np.sort(np.argsort(-np.asarray(view.item_topics.sum(0)).ravel(), kind="stable")[:PROFILE])
                said = mean_rows(behaviour) @ mean_rows(view.item_topics)[:, frequent]
                found["ridge on items' tags"] = np.sqrt(mean_rows(sparse.csr_array(said)).toarray())
        if self.split.kind != "users" and view.tags.nnz:
            found["ridge on tags"] = view.tags
            if behaviour.nnz:
                found["ridge on tags and items"] = beside(view.tags, 0.5 * acts)
        if self.vectors is not None:
            found["ridge on text vectors"] = self.vectors
        return found

    def _ridge_on_all(self, inputs: Mapping[str, Matrix | Floats], goal: "Goal") -> Floats:
        """Ridge on the inputs beside one another, each scaled to a share of the mean squared row length.

        Above the exact size the same information reaches the combination by the separate ridges.
        """
        at = np.flatnonzero(goal.labelled)
        total = np.zeros((len(goal.y), len(goal.y)), np.float32)
        for name, share in SHARES.items():
            if name in inputs and not (name == "ridge on items" and "ridge on tags and items" in inputs):
                kernel = self._kernel(name, inputs[name])
                total += (
                    np.float32(share / max(float(np.trace(kernel[np.ix_(at, at)])) / max(len(at), 1), 1e-9)) * kernel
                )
        centred = self.split.kind == "users"
        solve = ridge_path(total, goal.y, goal.labelled, self.seed, centred=centred, kernel=total)
        return goal.choose("ridge on all", solve, RIDGES, 3.0)

    def _kernel(self, name: str, x: Matrix | Floats) -> Floats:
        if name not in CONSTANT:
            return gram(x)
        if name not in self.kernels:
            self.kernels[name] = gram(x)
        return self.kernels[name]

    def _ridge(self, name: str, x: Matrix | Floats, goal: "Goal") -> Floats:
        kernel = self._kernel(name, x) if x.shape[0] <= KERNEL else None
        centred = self.split.kind == "users"
        solve = ridge_path(x, goal.y, goal.labelled, self.seed, centred=centred, kernel=kernel)
        return goal.choose(name, solve, RIDGES, 3.0)

    def _logistic(self, name: str, x: Matrix, goal: "Goal") -> Floats:
        if goal.y.shape[1] > LOGISTIC_TOPICS:
            return self._ridge("ridge " + name, x, goal)
        return goal.choose(name, lambda c: logistic(x, goal.y, goal.labelled, c), COSTS, 4.0)


@dataclass(frozen=True)
class Goal:
    """What a part is fitted to, and how its strength is found."""

    y: Floats  # [users, targets]
    labelled: NDArray[np.bool_]  # users that may be learnt from
    settings: Settings
    quality: Quality | None

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
    count = (np.diff(friends.indptr)[:, None]) * reach
    return np.asarray((known / np.maximum(reach, 1e-9) * count + mean) / (count + 1.0), np.float32)


def ridge_path(
    x: Matrix | Floats, y: Floats, rows: NDArray[np.bool_], seed: int, *, centred: bool, kernel: Floats | None = None
) -> Callable[[float], Floats]:
    """Ridge scores of all users for a relative strength: X (X_r'X_r + s m I)^-1 X_r'Y_r, m the mean squared row length.

    Exact through the kernel X X' up to KERNEL users, on singular directions above. `centred` takes the column means of Y off first.
    """
    at = np.flatnonzero(rows)
    mean = y[at].mean(0) if centred and len(at) else np.zeros(y.shape[1], np.float32)
    goal = y[at] - mean
    if x.shape[0] > KERNEL:
        return _primal(np.asarray(reduce(x, REDUCED, seed), np.float64), at, goal, mean)
    kernel = gram(x) if kernel is None else kernel
    inner, across = kernel[np.ix_(at, at)], kernel[:, at]
    scale = max(float(np.trace(inner)) / max(len(at), 1), 1e-9)

    def solve(strength: float) -> Floats:
        shifted = inner + np.float32(strength * scale) * np.eye(len(inner), dtype=np.float32)
        weights = linalg.cho_solve(linalg.cho_factor(shifted, overwrite_a=True, check_finite=False), goal)
        return np.asarray(across @ weights + mean, np.float32)

    return solve


def gram(x: Matrix | Floats) -> Floats:
    """X X' [users, users]."""
    product = x @ x.T
    return np.asarray(product.toarray() if sparse.issparse(product) else product, np.float32)


def _primal(
    x: NDArray[np.float64], at: NDArray[np.int64], goal: NDArray[np.float64], mean: Floats
) -> Callable[[float], Floats]:
    gram, moment = x[at].T @ x[at], x[at].T @ goal
    scale = max(float(np.trace(gram)) / max(len(at), 1), 1e-9)

    def solve(strength: float) -> Floats:
        weights = np.linalg.solve(gram + strength * scale * np.eye(len(gram)), moment)
        return (x @ weights + mean).astype(np.float32)

    return solve


def reduce(x: Matrix | Floats, width: int, seed: int) -> Floats:
    """Rows on the leading singular directions."""
    from sklearn.utils.extmath import randomized_svd

    if min(x.shape) <= width:
        return np.asarray(x.toarray() if sparse.issparse(x) else x, np.float32)
    left, values, _ = randomized_svd(sparse.csr_matrix(x) if sparse.issparse(x) else x, width, random_state=seed)
    return np.asarray(left * values, np.float32)


def logistic(x: Matrix, y: Floats, rows: NDArray[np.bool_], cost: float) -> Floats:
    """Log-odds of all users from one L2-regularised logistic regression per topic (intercept free), by L-BFGS.

    min_W |W|^2 / 2 + C sum log(1 + exp(-(2y - 1)(xW + b))), as scikit-learn's.
    """
    at = np.flatnonzero(rows)
    goal = y[at].astype(np.float64)
    if not len(at):
        return np.zeros(y.shape, np.float32)
    whole: Any = _span(x, at) if 2 * len(at) < x.shape[1] and len(at) * x.shape[0] <= SPAN else x
    fit = whole[at]
    width, transposed = whole.shape[1], fit.T if isinstance(whole, np.ndarray) else sparse.csr_array(fit.T)
    out = np.zeros(y.shape, np.float32)
    for start in range(0, y.shape[1], 32):  # chunks bound the memory of L-BFGS
        part = goal[:, start : start + 32]
        shape = (width + 1, part.shape[1])

        def loss(flat: NDArray[np.float64], part: NDArray[np.float64] = part) -> tuple[float, NDArray[np.float64]]:
            w = flat.reshape(width + 1, -1)
            z = fit @ w[:-1] + w[-1]
            value = 0.5 * float((w[:-1] ** 2).sum()) + cost * float((np.logaddexp(0, z) - part * z).sum())
            residual = cost * (special.expit(z) - part)
            return value, np.concatenate([transposed @ residual + w[:-1], residual.sum(0)[None]]).ravel()

        first = np.zeros(shape)
        rate = (part.sum(0) + 0.5) / (len(part) + 1.0)
        first[-1] = special.logit(rate)
        found = optimize.minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 60})
        w = found.x.reshape(shape)
        out[:, start : start + 32] = whole @ w[:-1] + w[-1]
    return out


def _span(x: Matrix, at: NDArray[np.int64]) -> NDArray[np.float64]:
    """All rows in an orthonormal basis of the rows `at`: an L2-regularised model fitted on those has its weights in their span,
    so that it is the same model with as many inputs as there are rows."""
    across = np.asarray((x @ sparse.csr_array(x[at].T)).toarray(), np.float64)
    values, vectors = linalg.eigh(across[at])
    keep = values > 1e-7 * max(float(values[-1]), 1e-12)
    return np.asarray(across @ (vectors[:, keep] / np.sqrt(values[keep])))


def _centred(x: Floats) -> Floats:
    """Less the mean of the rows that are not zero; zero rows stay zero."""
    rows = np.asarray(x.any(1))
    mean = x[rows].mean(0) if len(x) and rows.any() else np.zeros(x.shape[1], np.float32)
    return np.asarray(np.where(rows[:, None], x - mean, 0), np.float32)


def _unit(x: Floats) -> Floats:
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9), np.float32)
