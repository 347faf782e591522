"""Another order of a pool: against brute force, and what the controls promise."""

from itertools import pairwise

import numpy as np
import pytest

from sociogram.gnn.rerank import mmr, rerank, tilted


def pool(seed: int, users: int = 7, m: int = 12, d: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    relevance = np.sort(rng.normal(size=(users, m)), 1)[:, ::-1].astype(np.float32)
    relevance[1, 4:] = -np.inf  # a short pool
    relevance[2, :] = -np.inf  # an empty one
    fame = rng.exponential(size=(users, m)).astype(np.float32)
    return relevance, rng.normal(size=(users, m, d)).astype(np.float32), fame


def by_definition(relevance: np.ndarray, vectors: np.ndarray, k: int, d: float) -> list[int]:
    """Carbonell and Goldstein, one user, word for word."""
    left = [i for i in range(len(relevance)) if np.isfinite(relevance[i])]
    if not left:
        return [-1] * k
    low, high = min(relevance[left]), max(relevance[left])
    r = {i: (relevance[i] - low) / (high - low) for i in left}
    cos = lambda a, b: a @ b / (np.linalg.norm(a) * np.linalg.norm(b))  # noqa: E731
    chosen: list[int] = []
    while left and len(chosen) < k:
        worth = {i: (1 - d) * r[i] - d * max((cos(vectors[i], vectors[j]) for j in chosen), default=0.0) for i in left}
        best = max(left, key=lambda i: worth[i]) if chosen else max(left, key=lambda i: r[i])
        chosen.append(best)
        left.remove(best)
    return chosen + [-1] * (k - len(chosen))


@pytest.mark.parametrize("diversity", [0.1, 0.5, 0.9, 1.0])
def test_mmr_is_its_definition(diversity: float) -> None:
    relevance, vectors, _ = pool(0)
    found = mmr(relevance, vectors, 6, diversity)
    for u in range(len(relevance)):
        assert found[u].tolist() == by_definition(relevance[u], vectors[u], 6, diversity)


def test_without_diversity_and_popularity_the_order_is_that_of_relevance() -> None:
    relevance, vectors, fame = pool(1)
    for places in (rerank(relevance, vectors, fame, 5), mmr(relevance, vectors, 5, 0.0)):
        assert places[0].tolist() == [0, 1, 2, 3, 4]
        assert places[1].tolist() == [0, 1, 2, 3, -1]
        assert places[2].tolist() == [-1] * 5


def test_more_diversity_makes_lists_less_alike() -> None:
    relevance, vectors, fame = pool(2, users=200, m=30)

    def likeness(d: float) -> float:
        places = rerank(relevance[3:], vectors[3:], fame[3:], 5, diversity=d)
        unit = vectors[3:] / np.linalg.norm(vectors[3:], axis=2, keepdims=True)
        own = np.take_along_axis(unit, places[:, :, None], 1)
        return float((np.einsum("uid,ujd->uij", own, own).sum((1, 2)) - 5).mean())

    values = [likeness(d) for d in (0.0, 0.3, 0.6, 1.0)]
    assert values == sorted(values, reverse=True)
    assert values[-1] < values[0] - 1


def test_fame_of_the_chosen_never_falls_as_popularity_rises() -> None:
    relevance, vectors, fame = pool(3, users=60, m=40)
    steps = [
        np.take_along_axis(fame[3:], rerank(relevance[3:], vectors[3:], fame[3:], 8, popularity=p), 1).sum(1)
        for p in (-1.0, -0.6, -0.2, 0.0, 0.2, 0.6, 1.0)
    ]
    for lower, higher in pairwise(steps):
        assert (higher >= lower - 1e-4).all()
    assert steps[0].sum() < steps[3].sum() < steps[-1].sum()


def test_at_the_ends_popularity_alone_decides() -> None:
    relevance, vectors, fame = pool(4)
    assert rerank(relevance, vectors, fame, 12, popularity=1.0)[0].tolist() == np.argsort(-fame[0]).tolist()
    assert rerank(relevance, vectors, fame, 12, popularity=-1.0)[0].tolist() == np.argsort(fame[0]).tolist()
    assert not np.isfinite(tilted(relevance, fame, 0.5)[1, 4:]).any()
