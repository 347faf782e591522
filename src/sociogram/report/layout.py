"""Where each user stands on the map of the embeddings, and under which tag."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sociogram.graph.profile import Profiles

TSNE_MOST = 5_000  # users; above, t-SNE takes minutes and PCA is drawn
DRAWN_MOST = 20_000  # points in one picture; above, an even sample is drawn
NAMED_MOST = 24  # groups with a colour and a name of their own


@dataclass(frozen=True)
class UserMap:
    """A two-dimensional view of the user embeddings."""

    rows: NDArray[np.int64]  # [n] rows of the users drawn
    points: NDArray[np.float64]  # [n, 2]
    group: NDArray[np.int64]  # [n] position in `names`, -1 for a rarer tag or none
    names: list[str]
    sizes: list[int]  # users per name, over all users
    method: str  # "t-SNE" or "PCA"


def user_map(profiles: Profiles, *, seed: int = 0) -> UserMap:
    """Lay out the users: t-SNE up to 5,000 of them, else the first two principal components; the same on every run."""
    vectors = unit_rows(profiles.embeddings.get(profiles.user_label, np.zeros((0, 2), np.float32)))
    rows = np.arange(len(vectors))
    if len(rows) > DRAWN_MOST:
        rows = np.linspace(0, len(vectors) - 1, DRAWN_MOST).astype(np.int64)
    tag = strongest_tag(profiles)
    names, sizes, group = _groups(tag, profiles)
    points, method = _laid_out(vectors, rows, seed)
    return UserMap(rows, points, group[rows], names, sizes, method)


def positions(profiles: Profiles, *, seed: int = 0) -> tuple[NDArray[np.float64], str]:
    """Where every user stands [users, 2], and by which method: as `user_map` lays them out, but nobody is left out."""
    vectors = unit_rows(profiles.embeddings.get(profiles.user_label, np.zeros((0, 2), np.float32)))
    return _laid_out(vectors, np.arange(len(vectors)), seed)


def _laid_out(vectors: NDArray[np.float32], rows: NDArray[np.int64], seed: int) -> tuple[NDArray[np.float64], str]:
    points = principal(vectors[rows].astype(np.float64), 2)
    if 10 <= len(vectors) <= TSNE_MOST and float(np.ptp(points)) > 1e-6:
        return _tsne(vectors, seed), "t-SNE"
    return points, "PCA"


def unit_rows(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Rows at length one (cosine becomes a dot product); rows that are zero or not finite become zero."""
    clean = np.nan_to_num(np.asarray(vectors, np.float32), posinf=0.0, neginf=0.0)
    length = np.linalg.norm(clean, axis=1, keepdims=True)
    return np.asarray(clean / np.where(length > 0, length, 1.0), np.float32)


def principal(vectors: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Scores on the first principal components [n, width]; each axis points where its largest loading is positive."""
    if not len(vectors):
        return np.zeros((0, width))
    centred = vectors - vectors.mean(0)
    _, axes = np.linalg.eigh(centred.T @ centred)  # ascending
    axes = axes[:, ::-1][:, :width]
    axes = axes * np.where(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    scores = centred @ axes
    return np.pad(scores, ((0, 0), (0, width - scores.shape[1])))


def strongest_tag(profiles: Profiles) -> list[tuple[str, int] | None]:
    """(topic label, topic row) of the most probable tag that is shown or observed, per user; None where there is none."""
    found: list[tuple[str, int] | None] = [None] * len(profiles.keys[profiles.user_label])
    tags = profiles.tags
    tags = tags[tags["shown"].astype(bool) | tags["observed"].astype(bool)]
    tags = tags.sort_values(["user", "probability"], ascending=[True, False], kind="stable")
    first = tags.drop_duplicates("user")
    for user, topic, label in zip(first["user"], first["topic"], first["topic_label"], strict=True):
        found[int(user)] = (str(label), int(topic))
    return found


def _groups(tag: list[tuple[str, int] | None], profiles: Profiles) -> tuple[list[str], list[int], NDArray[np.int64]]:
    counts: dict[tuple[str, int], int] = {}
    for t in tag:
        if t is not None:
            counts[t] = counts.get(t, 0) + 1
    best = sorted(counts, key=lambda t: (-counts[t], t))[:NAMED_MOST]
    place = {t: i for i, t in enumerate(best)}
    group = np.array([-1 if t is None else place.get(t, -1) for t in tag], np.int64)
    return [profiles.names[label][row] for label, row in best], [counts[t] for t in best], group


def _tsne(vectors: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """Barnes-Hut t-SNE (van der Maaten 2014) of the first 32 components, one thread: parallel sums are not repeatable."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    start = principal(vectors.astype(np.float64), min(32, vectors.shape[1]))
    init = start[:, :2] / (float(start[:, 0].std()) or 1.0) * 1e-4  # as scikit-learn's own init="pca"
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    with threadpool_limits(1):
        model = TSNE(init=init.astype(np.float32), perplexity=perplexity, random_state=seed, max_iter=500)
        return np.asarray(model.fit_transform(start.astype(np.float32)), np.float64)
