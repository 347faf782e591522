"""The combination of parts: what it minimises, and the ranking that it is refined by."""

import numpy as np
import pytest

from sociogram.gnn.metrics import mean_average_precision
from sociogram.gnn.stack import Stack, fit_stack, refined


def ranking_problem(
    users: int = 60, topics: int = 12, seed: int = 0
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random((users, topics)) < 0.2
    known = (rng.random((users, topics)) < 0.1) & ~truth
    parts = {
        "good": (2 * truth + rng.normal(size=truth.shape)).astype(np.float32),
        "fair": (truth + rng.normal(size=truth.shape)).astype(np.float32),
        "noise": rng.normal(size=truth.shape).astype(np.float32),
    }
    return parts, known, truth


def quality(stack: Stack, parts: dict[str, np.ndarray], known: np.ndarray, truth: np.ndarray) -> float:
    users = truth.any(1)
    return mean_average_precision(stack.apply(parts, known)[users], truth[users], known[users])


@pytest.mark.parametrize("seed", range(5))
def test_refining_never_ranks_worse_where_it_looked(seed: int) -> None:
    parts, known, truth = ranking_problem(seed=seed)
    stack = fit_stack(parts, known, truth)
    assert quality(refined(stack, parts, known, truth), parts, known, truth) >= quality(stack, parts, known, truth)


def test_refining_leaves_a_part_that_only_hurts() -> None:
    parts, known, truth = ranking_problem(users=400)
    spoilt = Stack({"good |z": 1.0, "noise |z": 1.0}, dict.fromkeys(parts, 1.0))
    better = refined(spoilt, parts, known, truth)
    assert better.weights["good |z"] > 3 * better.weights["noise |z"]
    assert quality(better, parts, known, truth) > quality(spoilt, parts, known, truth) + 0.05


def test_with_few_users_nothing_is_refined() -> None:
    parts, known, truth = ranking_problem(users=12)
    stack = fit_stack(parts, known, truth)
    assert refined(stack, parts, known, truth) is stack
