"""Methods of the tag benchmarks: Sociogram in any configuration, and the simple ones it has to beat.

Simple methods choose their strength and threshold by cross-validation over the training users.
"""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from benchmarks.first_time import FirstTime
from benchmarks.tag_rows import Answer, Floats, Method
from benchmarks.tag_tasks import Task
from sociogram.config import Home
from sociogram.encoders.cache import CachedEncoder
from sociogram.encoders.keywords import tokenize
from sociogram.encoders.load import load_encoder
from sociogram.gnn import features, lexical, matrices, metrics
from sociogram.gnn.calibrate import best_threshold
from sociogram.gnn.config import FitConfig
from sociogram.gnn.fit import fit
from sociogram.gnn.solvers import logistic
from sociogram.gnn.texts import collect_texts
from sociogram.graph.snapshot import Snapshot

OF_CANDIDATE = (
    "validation_map",
    "steps",
    "weight_change",
    "texts_with_gradient",
    "epoch_ratio",
)  # columns from the report of `fit`
COSTS = (1.0, 4.0, 16.0, 64.0)
AUTHORED = ("ASKED", "ANSWERED")  # relationships from a user to what the user wrote


def sociogram(encoder: str | None = None, **settings: Any) -> Method:
    """A method from settings of FitConfig."""
    return partial(_fitted, encoder=encoder, settings=settings)


def _fitted(task: Task, folder: Path, *, encoder: str | None, settings: dict[str, Any]) -> Answer:
    loaded = first_time(encoder)
    config = FitConfig(**{"min_topic_users": 2, "tags_per_user": 1_000_000} | dict(task.settings) | settings)
    place = folder / str(abs(hash((encoder, *sorted(map(str, settings.items()))))))
    profiles, report = fit(task.snapshot, loaded, config, place)
    tags = profiles.tags
    column = {int(t): i for i, t in enumerate(task.topics)}
    tags = tags[tags["topic"].isin(column)]
    at = (tags["user"].to_numpy(), tags["topic"].map(column).to_numpy())
    probability = np.zeros(task.y.shape, np.float32)
    probability[at] = tags["probability"]
    scores = np.full(task.y.shape, -np.inf, np.float32)
    scores[at] = tags["probability"]
    seen = tags["observed"].to_numpy()
    if (
        task.known is None and seen.any()
    ):  # a later post may be under an old tag: the strongest first, and before all others
        scores[at[0][seen], at[1][seen]] = 1 + 1 / (1 + tags[seen].groupby("user").cumcount())
    modes = report["modes"]
    own: dict[str, Any] = {"kept": modes["kept"], "saved": loaded.saved}
    for row in modes["candidates"]:
        if row["name"] == modes["kept"]:
            own |= {k: row[k] for k in OF_CANDIDATE if k in row}
    own["sure"] = (report["tags"].get("sure") or {}).get("threshold")
    own["peak MB"] = report["cost"]["peak_memory_mb"]
    return scores, probability, float(report["tags"]["threshold"]), own


def popularity(task: Task, folder: Path) -> Answer:
    """Each tag at its base rate."""
    p = np.tile(task.y[task.labelled].mean(0), (len(task.y), 1)).astype(np.float32)
    return p, p, 0.5, {}


def activity(task: Task, folder: Path) -> Answer:
    """Logistic regression on the number of posts."""
    x = matrices.csr(np.stack([np.log1p(task.posts), task.posts > 0], 1))
    return regression(task, x)


def own_text(task: Task, folder: Path) -> Answer:
    """TF-IDF + logistic regression on bio, comments and posts of the user."""
    f, posts = _terms(task)
    return regression(task, matrices.beside(f.own_terms, posts))


def neighbours_text(task: Task, folder: Path) -> Answer:
    """The same beside the text of neighbours and of related posts."""
    f, posts = _terms(task)
    return regression(task, matrices.beside(f.own_terms, posts, f.neighbour_terms))


def minilm(task: Task, folder: Path) -> Answer:
    """Logistic regression on MiniLM vectors of the user's own texts and posts."""
    vectors, saved = text_vectors(task.snapshot)
    authored = [acts @ vectors["Item"] for acts in _authored(task)]
    x = np.concatenate([vectors[task.snapshot.users.label], *authored], 1) / 20.0
    *found, own = regression(task, matrices.csr(x))
    return *found, own | {"saved": saved}


def text_vectors(s: Snapshot) -> tuple[dict[str, Floats], float]:
    """MiniLM vectors, standardised, as the mean of each node's own texts [nodes, width], zeros where there are none; seconds saved."""
    texts = collect_texts(s)
    loaded = first_time(None)
    table = matrices.standardise(loaded.encode(texts.distinct))
    maps = {label: m[0] for label, m in texts.maps.items()} | {texts.user: matrices.mean_rows(texts.own)}
    return {label: np.asarray(m @ table, np.float32) for label, m in maps.items()}, loaded.saved


def past_tags(task: Task, folder: Path) -> Answer:
    """A user's own past tags, smoothed by popularity; popularity alone where there are none."""
    base = task.y[task.labelled].mean(0)
    p = (
        (task.y + base) / (1 + task.y.sum(1, keepdims=True)) if task.y.any() else np.tile(base, (len(task.y), 1))
    ).astype(np.float32)
    return p, p, 0.5, {}


SIMPLE: dict[str, Method] = {
    "popularity": popularity,
    "own past tags + popularity": past_tags,
    "activity only": activity,
    "TF-IDF + LR, own text": own_text,
    "TF-IDF + LR, own + neighbours' text": neighbours_text,
    "MiniLM + LR, own text": minilm,
}


def first_time(encoder: str | None) -> FirstTime:
    """The encoder of that name (None: MiniLM) that knows what its cache saves."""
    loaded = load_encoder(*([encoder] if encoder else []), cache=Home.default().cache)
    assert isinstance(loaded, CachedEncoder)
    return FirstTime(loaded)


def _authored(task: Task) -> list[matrices.Matrix]:
    """Averages of a user's posts, by kind of post; none where posts are texts of relationships: they are own texts then."""
    s = task.snapshot
    return [matrices.mean_rows(s.edges[key].matrix(weighted=False)) for key in s.edges if key[1] in AUTHORED]


def _terms(task: Task) -> tuple[features.Features, matrices.Matrix]:
    texts = collect_texts(task.snapshot)
    f = features.build_features(task.snapshot, texts, {}, tokenize, seed=0)
    terms = lexical.term_matrix(texts.distinct, tokenize)
    posts = sum(
        (acts @ texts.maps["Item"][0] for acts in _authored(task)), start=matrices.csr((len(task.y), terms.shape[0]))
    )
    return f, matrices.unit_rows(matrices.csr(posts @ terms))


def regression(task: Task, x: matrices.Matrix) -> Answer:
    """C and threshold by cross-validation over the training users."""
    rows = np.flatnonzero(task.labelled)
    y = task.y.astype(np.float32)
    part = np.random.default_rng(0).permutation(len(rows)) % 4
    best: tuple[float, float, float] = (-1.0, 1.0, 0.5)
    for cost in COSTS:
        out = np.zeros(task.y.shape, np.float32)
        for k in range(4):
            teach = np.zeros(len(y), bool)
            teach[rows[part != k]] = True
            out[rows[part == k]] = logistic(x, y, teach, cost)[rows[part == k]]
        quality = metrics.lrap(out[rows], task.y[rows])
        p = expit(out[rows])
        best = max(best, (quality, cost, best_threshold(p.ravel(), task.y[rows].ravel(), 0.0)))
    z = logistic(x, y, task.labelled, best[1])
    return z, expit(z), best[2], {}
