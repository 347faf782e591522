import numpy as np
import pytest
from sklearn import metrics as peer

from sociogram.errors import InputError
from sociogram.gnn import metrics

NAN = float("nan")


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def case(rng, users=40, things=12, levels=5):
    """Scores with many ties, sparse truth, some things known."""
    scores = rng.integers(0, levels, (users, things)) / levels
    return scores, rng.random((users, things)) < 0.2, rng.random((users, things)) < 0.15


def slow_average_precision(scores, truth, known):
    out = []
    for s, t, k in zip(scores, truth, known, strict=True):
        positives = [i for i in range(len(s)) if t[i] and not k[i]]
        ranks = []
        for i in positives:
            above = [j for j in range(len(s)) if not k[j] and s[j] >= s[i]]
            ranks.append(sum(j in positives for j in above) / len(above))
        out.append(np.mean(ranks) if ranks else NAN)
    return np.array(out)


def slow_top(scores, known, k):
    return [
        sorted((i for i in range(len(s)) if not m[i]), key=lambda i: (-s[i], i))[:k]
        for s, m in zip(scores, known, strict=True)
    ]


def test_average_precision_equals_the_slow_one(rng):
    scores, truth, known = case(rng)
    np.testing.assert_allclose(
        metrics.average_precision(scores, truth, known), slow_average_precision(scores, truth, known)
    )


def test_average_precision_equals_scikit_learn(rng):
    scores, truth, _ = case(rng)
    rows = truth.any(1)
    expected = [peer.average_precision_score(t, s) for t, s in zip(truth[rows], scores[rows], strict=True)]
    np.testing.assert_allclose(metrics.average_precision(scores[rows], truth[rows]), expected)
    assert metrics.lrap(scores[rows], truth[rows]) == pytest.approx(
        peer.label_ranking_average_precision_score(truth[rows], scores[rows])
    )


def test_users_without_hidden_positives_are_left_out():
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9]])
    truth = np.array([[1, 0], [0, 0], [1, 1]], bool)
    known = np.array([[0, 0], [0, 0], [1, 1]], bool)
    np.testing.assert_array_equal(metrics.average_precision(scores, truth, known), [1.0, NAN, NAN])
    assert metrics.mean_average_precision(scores, truth, known) == 1.0
    assert np.isnan(metrics.mean_average_precision(scores, np.zeros((3, 2), bool)))


@pytest.mark.parametrize("k", [1, 3, 10, 30])
def test_precision_recall_ndcg_equal_the_slow_ones(rng, k):
    scores, truth, known = case(rng)
    precision, recall, ndcg = [], [], []
    for row, best in enumerate(slow_top(scores, known, k)):
        relevant = int((truth[row] & ~known[row]).sum())
        hit = [bool(truth[row, i]) for i in best]
        gain = sum(h / np.log2(r + 2) for r, h in enumerate(hit))
        ideal = sum(1 / np.log2(r + 2) for r in range(min(k, relevant)))
        precision.append(sum(hit) / k if relevant else NAN)
        recall.append(sum(hit) / relevant if relevant else NAN)
        ndcg.append(gain / ideal if relevant else NAN)
    np.testing.assert_allclose(metrics.precision_at_k(scores, truth, k, known), precision)
    np.testing.assert_allclose(metrics.recall_at_k(scores, truth, k, known), recall)
    np.testing.assert_allclose(metrics.ndcg_at_k(scores, truth, k, known), ndcg)


def test_top_k_says_so_where_nothing_unknown_is_left():
    best = metrics.top_k(np.array([[1.0, 2.0, 3.0]]), 2, np.array([[True, False, True]]))
    assert best.tolist() == [[1, -1]]
    assert metrics.top_k(np.zeros((2, 0)), 3).shape == (2, 0)


def test_f1_and_accuracy_equal_scikit_learn(rng):
    predicted, truth = rng.random((50, 8)) < 0.3, rng.random((50, 8)) < 0.3
    predicted[:, 2] = truth[:, 2] = False
    assert metrics.f1_micro(predicted, truth) == pytest.approx(peer.f1_score(truth, predicted, average="micro"))
    assert metrics.f1_macro(predicted, truth) == pytest.approx(
        peer.f1_score(truth, predicted, average="macro", zero_division=0)
    )
    assert metrics.accuracy(predicted, truth) == np.mean(predicted == truth)
    assert metrics.f1_micro(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 0.0


@pytest.mark.parametrize("by", ["width", "mass"])
def test_ece_equals_the_slow_one(rng, by):
    p = rng.random(203)
    y = rng.random(203) < p**2
    total = 0.0
    ranks = np.argsort(np.argsort(p))
    for b in range(15):
        inside = [i for i in range(203) if (min(int(p[i] * 15), 14) if by == "width" else ranks[i] * 15 // 203) == b]
        if inside:
            total += len(inside) / 203 * abs(np.mean(p[inside]) - np.mean(y[inside]))
    assert metrics.ece(p, y, 15, by) == pytest.approx(total)


def test_reliability_counts_everything_once_and_keeps_equal_probabilities_together():
    p, y = np.array([0.0, 0.2, 0.2, 0.2, 1.0]), np.array([0, 0, 1, 0, 1])
    for by in ("width", "mass"):
        bins = metrics.reliability(p, y, 4, by)
        assert bins.count.sum() == 5
        assert bins.count.max() >= 3
    assert np.isnan(metrics.ece([], []))


def test_brier_and_its_skill(rng):
    p, y = rng.random((30, 4)), rng.random((30, 4)) < 0.4
    assert metrics.brier(p[:, 0], y[:, 0]) == pytest.approx(peer.brier_score_loss(y[:, 0], p[:, 0]))
    rates = y.mean(0)
    assert metrics.brier_skill(np.tile(rates, (30, 1)), y, rates) == pytest.approx(0)
    assert metrics.brier_skill(y.astype(float), y, rates) == 1


def test_coverage_at_precision_takes_the_largest_threshold_set(rng):
    s, y = rng.integers(0, 20, 200) / 20, rng.random(200) < 0.5
    best = 0
    for t in sorted(set(s)):
        if y[s >= t].mean() >= 0.55:
            best = max(best, (s >= t).sum())
    shown = metrics.coverage_at_precision(s, y, 0.55)
    assert shown.coverage == best / 200
    assert shown.precision >= 0.55 or best == 0
    assert metrics.coverage_at_precision([0.9, 0.1], [0, 0], 0.9).coverage == 0


def test_paired_bootstrap_is_seeded_and_covers_the_gain(rng):
    b = rng.random(400)
    a = b + 0.1 + 0.05 * rng.standard_normal(400)
    a[0] = NAN
    found = metrics.paired_bootstrap(a, b, seed=1)
    assert found == metrics.paired_bootstrap(a, b, seed=1)
    assert found.users == 399
    assert found.low < found.difference < found.high
    se = np.nanstd(a - b) / np.sqrt(399)
    assert (found.high - found.low) == pytest.approx(2 * 1.96 * se, rel=0.1)


def test_wrong_shapes_and_values_are_refused():
    with pytest.raises(InputError, match="one shape"):
        metrics.top_k(np.zeros(3), 1)
    with pytest.raises(InputError, match="NaN"):
        metrics.average_precision(np.array([[NAN]]), np.array([[True]]))
    with pytest.raises(InputError, match=r"\[0, 1\]"):
        metrics.ece([1.2], [1])
    with pytest.raises(InputError, match="same users"):
        metrics.paired_bootstrap([1.0], [1.0, 2.0])


def test_the_ece_of_perfect_probabilities_shrinks_with_their_number(rng):
    few, many = rng.random(60), rng.random(20_000)
    assert metrics.ece_by_chance(few) > 0.06
    assert metrics.ece_by_chance(many, draws=20) < 0.01
    measured = [metrics.ece(few, rng.random(60) < few) for _ in range(100)]
    assert metrics.ece_by_chance(few) == pytest.approx(np.mean(measured), abs=0.015)
    assert np.isnan(metrics.ece_by_chance([]))
