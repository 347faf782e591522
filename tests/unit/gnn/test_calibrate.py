"""Probabilities are those of the held-out event, for the busy and the quiet alike."""

from pathlib import Path

import numpy as np
from gnn_community import community
from scipy import special

from sociogram.gnn import metrics
from sociogram.gnn.bend import Bend, fit_bend
from sociogram.gnn.calibrate import Calibration, best_threshold, fit_calibration, sure_threshold, user_activity

USERS, TAGS = 1200, 20


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scores, known, truth and activity of users whose number of tags grows with what they do; the scores do not tell it."""
    rng = np.random.default_rng(seed)
    activity = rng.normal(size=(USERS, 1)).astype(np.float32)
    scores = rng.normal(size=(USERS, TAGS)).astype(np.float32)
    truth = rng.random((USERS, TAGS)) < special.expit(1.2 * scores + 1.5 * activity - 1.5)
    return scores, np.zeros_like(truth), truth, activity


def test_activity_makes_the_probabilities_honest() -> None:
    scores, known, truth, activity = drawn(0)
    fitted = fit_calibration(scores, known, truth, activity, 0.5)
    blind = fit_calibration(scores, known, truth, np.zeros_like(activity), 0.5)
    scores, known, truth, activity = drawn(1)
    p, q = fitted.probability(scores, known, activity), blind.probability(scores, known, activity * 0)
    at = truth.any(1)
    assert metrics.ece(p[at], truth[at]) < 0.02
    assert metrics.brier(p[at], truth[at]) < metrics.brier(q[at], truth[at]) - 0.02
    busy = at & (activity[:, 0] > 1)
    assert abs(p[busy].mean() - truth[busy].mean()) < 0.03
    assert abs(q[busy].mean() - truth[busy].mean()) > 0.1


def test_known_topics_do_not_enter() -> None:
    scores, known, truth, activity = drawn(2)
    fitted = fit_calibration(scores, known, truth, activity, 0.5)
    hidden = known.copy()
    hidden[:, 0] = True
    loud = scores.copy()
    loud[:, 0] = 50.0  # of a topic that is known: it must not take the others' probability away
    a, b = fitted.probability(scores, hidden, activity), fitted.probability(loud, hidden, activity)
    np.testing.assert_allclose(a[:, 1:], b[:, 1:], atol=1e-6)


def test_nothing_to_calibrate_on() -> None:
    scores, known, truth, activity = drawn(3)
    fitted = fit_calibration(scores, known, truth & False, activity, 0.5)
    assert fitted == Calibration.none(activity)
    np.testing.assert_allclose(fitted.probability(scores, known, activity), special.expit(scores), atol=1e-6)


def test_the_threshold_keeps_its_precision() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(5000)
    hit = rng.random(5000) < p
    cut = best_threshold(p, hit, 0.8)
    assert hit[p >= cut].mean() >= 0.8


def test_tails_of_another_slope_are_bent() -> None:
    """Odds that are right in the middle and far too high above: as where each user's scores were brought to one spread."""
    rng = np.random.default_rng(3)
    z = rng.normal(-2.5, 2.0, 40_000)
    true = np.where(z > 0, 0.3 * z, z)
    hit = (rng.random(len(z)) < special.expit(true)).astype(float)
    bend = fit_bend(z[:20_000], hit[:20_000])
    p = special.expit(bend(z[20_000:]))
    high = p > 0.3
    assert metrics.ece(p[high], hit[20_000:][high] > 0) < 0.02
    assert metrics.ece(special.expit(z[20_000:])[high], hit[20_000:][high] > 0) > 0.06
    order = np.argsort(z)
    assert (np.diff(bend(z)[order]) >= 0).all()


def test_few_hits_bend_nothing() -> None:
    z = np.linspace(-3, 3, 200)
    assert fit_bend(z, (z > 2.4).astype(float)) == Bend()
    np.testing.assert_array_equal(Bend()(z), z)


def test_what_is_called_sure_is_on_other_users_too() -> None:
    rng = np.random.default_rng(1)
    reached = []
    for _ in range(40):
        p = rng.beta(0.6, 0.9, 1000)
        cut = sure_threshold(p, rng.random(1000) < p, 0.9)
        if cut is not None:
            others = rng.beta(0.6, 0.9, 60_000)
            reached.append((rng.random(60_000) < others)[others >= cut].mean())
    assert len(reached) > 20
    assert abs(np.mean(reached) - 0.9) < 0.03
    assert min(reached) > 0.85


def test_nothing_is_sure_where_nothing_reaches_it() -> None:
    p = np.full(200, 0.4)
    assert sure_threshold(p, np.arange(200) % 5 < 2, 0.9) is None
    assert sure_threshold(np.full(10, 0.99), np.ones(10, bool), 0.9) is None


def test_activity_counts_what_a_user_does_and_no_interest(tmp_path: Path) -> None:
    snapshot = community(tmp_path / "s")
    found = user_activity(snapshot)
    kinds = [e for e in snapshot.edges.values() if e.role in ("behaviour", "tie") and e.mapping.source == "User"]
    assert found.shape == (len(snapshot.users), 1 + len(kinds))
    np.testing.assert_allclose(np.expm1(found[:, 1]), np.diff(kinds[0].indptr), rtol=1e-5)
