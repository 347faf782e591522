"""One learning problem: hide interests, compute the linear parts out-of-fold, build the message graphs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from sociogram.gnn.calibrate import user_activity
from sociogram.gnn.config import FitConfig
from sociogram.gnn.features import Features
from sociogram.gnn.heads import Target
from sociogram.gnn.linear import Priors, Settings, Visible, visible
from sociogram.gnn.matrices import standardise
from sociogram.gnn.model import Graph, Inputs, relation_matrices
from sociogram.gnn.sage import Adjacency
from sociogram.gnn.split import Interests, Split, fold_masks
from sociogram.gnn.stack import Stack, fit_stack
from sociogram.gnn.train import Fold, Problem
from sociogram.graph.snapshot import EdgeKey, Snapshot
from sociogram.progress import SILENT, Progress

Matrix = sparse.csr_array
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
STACKED_USERS = 8000  # the out-of-fold stack is fitted on at most so many user rows


@dataclass
class Context:
    """What both phases (choosing, final) share."""

    snapshot: Snapshot
    config: FitConfig
    found: Interests
    split: Split
    features: Features
    table: Floats
    device: torch.device
    attributes: list[Target]
    settings: Settings
    identity: str  # of data, options and encoder
    skipped: dict[str, str] = field(default_factory=dict)  # attributes that are not learnt, and why

    def __post_init__(self) -> None:
        self.priors = Priors(self.features, self.table, self.split, self.config.seed)
        self.activity = user_activity(self.snapshot)
        self.inputs = Inputs.of(self.features, self.device)
        self.standard = torch.from_numpy(standardise(self.table)).to(self.device)
        topics = np.asarray(self.features.texts.topics @ standardise(self.table), np.float32)
        self.topic_text = torch.from_numpy(topics).to(self.device)

    def view(self, hidden: Matrix) -> Visible:
        """The graph with `hidden` interests out of sight."""
        return visible(self.snapshot, self.found, hidden)

    def dense(self, matrix: Matrix) -> Bools:
        """Target columns of a pair matrix as bool [users, targets]."""
        return np.asarray(matrix[:, self.split.targets].toarray() > 0)


@dataclass
class Phase:
    """A problem with one set of interests hidden for good (`hidden`), and the linear parts seen from there."""

    problem: Problem
    graph: Graph
    parts: dict[str, Floats]
    known: Bools
    offset: Stack
    view: Visible


def build_phase(
    c: Context,
    hidden: Matrix,
    *,
    truth: Bools | None = None,
    offset: Stack | None = None,
    quality: Callable[[Floats], float] | None = None,
    progress: Progress = SILENT,
) -> Phase:
    """Compute parts and graphs with `hidden` out of sight; `truth` (if any) is what validation looks for."""
    train = sparse.csr_array(c.found.pairs - c.found.pairs.multiply(hidden))
    train.eliminate_zeros()
    masks = fold_masks(train, c.split, c.config.folds, c.config.seed) if len(c.split.targets) else []
    with progress.stage("linear parts", len(masks) + 1, "folds") as stage:
        view = c.view(hidden)
        parts = _parts(c, view, quality) if len(c.split.targets) else {}
        stage.advance(1)
        seen: list[tuple[Visible, dict[str, Floats], Bools, Bools]] = []
        out_of_sight = c.dense(hidden)
        for mask in masks:
            fold_view = c.view(sparse.csr_array(hidden + mask))
            # what is hidden for good counts as unknown, like all else that is not seen: left out of the loss it would be told
            # apart from what a user does not have, and the network would find it again
            known = c.dense(fold_view.tags)
            seen.append((fold_view, _parts(c, fold_view), known, c.dense(mask)))
            stage.advance(1)
    stack = offset or _fit_offset([(p, k, t) for _, p, k, t in seen], c.config.seed)
    links = _hidden_acts(c.snapshot, max(len(masks), 1), c.config.seed)
    folds = [
        Fold(
            _graph(c, fold_view, links[k]),
            known,
            mask_truth,
            stack.apply(fold_parts, known),
            _link_rows(c.snapshot, links[k]),
        )
        for k, (fold_view, fold_parts, known, mask_truth) in enumerate(seen)
    ]
    known = c.dense(view.tags)
    graph = _graph(c, view, None)
    if not folds:
        empty = np.zeros((len(c.snapshot.users), 0), np.float32)
        folds = [Fold(_graph(c, view, links[0]), empty > 0, empty > 0, empty, _link_rows(c.snapshot, links[0]))]
    validation = None
    if truth is not None and truth.any():
        masked = known | (out_of_sight & ~truth)
        validation = Fold(graph, masked, truth, stack.apply(parts, masked), {})
    targets = torch.from_numpy(c.split.targets).to(c.device)
    problem = Problem(c.inputs, c.standard, c.topic_text, targets, folds, validation, c.attributes)
    return Phase(problem, graph, parts, known, stack, view)


def _parts(c: Context, view: Visible, quality: Callable[[Floats], float] | None = None) -> dict[str, Floats]:
    """The linear parts; popularity alone where the linear skip is switched off."""
    parts = c.priors.parts(view, c.settings, quality)
    return parts if c.config.skip else {"popularity": parts["popularity"]}


def _fit_offset(folds: list[tuple[dict[str, Floats], Bools, Bools]], seed: int) -> Stack:
    if not folds:
        return Stack({}, {})
    rng = np.random.default_rng(seed)
    names = [n for n in folds[0][0] if all(n in p for p, _, _ in folds)]
    rows = []
    for _, _, truth in folds:
        users = np.flatnonzero(truth.any(1))
        most = STACKED_USERS // len(folds)
        rows.append(np.sort(rng.choice(users, most, replace=False)) if len(users) > most else users)
    parts = {n: np.concatenate([p[n][r] for (p, _, _), r in zip(folds, rows, strict=True)]) for n in names}
    known = np.concatenate([k[r] for (_, k, _), r in zip(folds, rows, strict=True)])
    return fit_stack(parts, known, np.concatenate([t[r] for (_, _, t), r in zip(folds, rows, strict=True)]))


def _graph(c: Context, view: Visible, acts: Mapping[EdgeKey, Bools] | None) -> Graph:
    return {r: Adjacency.of(m, c.device) for r, m in relation_matrices(c.snapshot, c.found, view, acts).items()}


def _hidden_acts(snapshot: Snapshot, folds: int, seed: int) -> list[dict[EdgeKey, Bools]]:
    """Per fold, a random tenth of the distinct behaviours by type: the links to be found there."""
    rng = np.random.default_rng((seed, 11))
    out: list[dict[EdgeKey, Bools]] = []
    for _ in range(folds):
        out.append({e.key: rng.random(e.matrix().nnz) < 0.1 for e in snapshot.edges_with_role("behaviour") if len(e)})
    return out


def _link_rows(snapshot: Snapshot, acts: Mapping[EdgeKey, Bools]) -> dict[str, NDArray[np.int64]]:
    rows: dict[str, list[NDArray[np.int64]]] = {}
    for key, mask in acts.items():
        coo = snapshot.edges[key].matrix().tocoo()
        rows.setdefault(key[2], []).append(np.stack([coo.row[mask], coo.col[mask]], 1).astype(np.int64))
    return {label: np.concatenate(r) for label, r in rows.items()}
