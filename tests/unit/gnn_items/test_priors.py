import numpy as np
import pytest
from scipy import sparse

from sociogram.gnn import priors


@pytest.fixture
def x():
    rng = np.random.default_rng(0)
    dense = rng.random((30, 20)) * (rng.random((30, 20)) < 0.3)
    return sparse.csr_array(dense.astype(np.float32))


def checkerboard(users=40, items=20):
    """User u likes item i when u + i is even, but one pair of each user is kept back."""
    dense = np.add.outer(np.arange(users), np.arange(items)) % 2 == 0
    for u in range(users):
        own = np.flatnonzero(dense[u])
        dense[u, own[u % len(own)]] = False
    return sparse.csr_array(dense.astype(np.float32))


def test_confidences_are_average_ranks_per_user():
    users, items = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 2, 0, 1, 1])
    c = priors.confidences(users, items, np.array([9, 1, 100, 5, 5, 7], np.float32), (4, 3)).toarray()
    expected = [[1.0, 0.5 + 0.5 / 3, 0.5 + 2.5 / 3], [1, 1, 0], [0, 1, 0], [0, 0, 0]]
    np.testing.assert_allclose(c, expected, rtol=1e-6)


def test_repeated_pairs_are_summed_before_ranking():
    c = priors.confidences(np.zeros(3, int), np.array([0, 0, 1]), np.array([2, 2, 3], np.float32), (1, 2)).toarray()
    np.testing.assert_allclose(c, [[1.25, 0.75]])


@pytest.mark.parametrize("fit", [priors.fit_ials, priors.fit_autoencoder, priors.fit_neighbours])
def test_a_checkerboard_is_filled_in(fit):
    x = checkerboard()
    options = {"regularization": 1.0, "factors": 8} if fit is priors.fit_ials else {"ridge": 1.0}
    scores = fit(x, **options).scores(np.arange(40))
    scores[x.toarray() > 0] = -np.inf
    assert ((scores.argmax(1) + np.arange(40)) % 2 == 0).all()


def test_autoencoder_equals_its_formula_on_both_sides(x, monkeypatch):
    degree = np.maximum((x.toarray() > 0).sum(0), 1.0)
    y = x.toarray() * degree**-0.15
    s = np.mean(y[y > 0] ** 2)
    expected = y @ np.linalg.solve(y.T @ y + 3 * s * np.eye(20), y.T @ x.toarray())
    rows = np.arange(30)
    np.testing.assert_allclose(priors.fit_autoencoder(x, ridge=3).scores(rows), expected, atol=1e-5)
    monkeypatch.setattr(priors, "DUAL_USERS", 0)
    np.testing.assert_allclose(priors.fit_autoencoder(x, ridge=3).scores(rows), expected, atol=1e-5)
    monkeypatch.setattr(priors, "PRIMAL_ITEMS", 5)
    few = priors.fit_autoencoder(x, ridge=3)
    assert (few.scores(rows) != 0).any(0).sum() == 5
    monkeypatch.setattr(priors, "GRAM_LIMIT", 0)
    assert priors.fit_autoencoder(x) is None


def test_ials_repeats_bit_for_bit_and_is_the_mean_of_its_seeds(x):
    both = priors.fit_ials(x, seeds=(1, 2), regularization=1.0, factors=4)
    again = priors.fit_ials(x, seeds=(1, 2), regularization=1.0, factors=4)
    np.testing.assert_array_equal(both.item, again.item)
    one, two = (priors.fit_ials(x, seeds=(s,), regularization=1.0, factors=4).scores(np.arange(30)) for s in (1, 2))
    np.testing.assert_allclose(both.scores(np.arange(30)), (one + two) / 2, atol=1e-6)
    np.testing.assert_allclose(both.first_seed().scores(np.arange(30)), one, atol=1e-6)


def test_friends_as_columns_reach_a_user_without_items():
    dense = np.kron(np.eye(2), np.ones((10, 5)))
    dense[0] = 0
    ties = sparse.csr_array(np.kron(np.eye(2), np.ones((10, 10))).astype(np.float32))
    x = sparse.csr_array(dense.astype(np.float32))
    scores = priors.fit_ials(x, ties, regularization=1.0, factors=4).scores(np.array([0]))[0]
    assert scores[:5].min() > scores[5:].max()


def test_content_follows_topics_and_says_nothing_without_them(x):
    about = sparse.csr_array(np.eye(20, 4, dtype=np.float32)[np.arange(20) % 4])
    scores = priors.fit_content(x, about).scores(np.arange(30))
    profile = np.stack([x.toarray()[:, np.arange(20) % 4 == t].sum(1) for t in range(4)], 1)
    fits = profile.argmax(1)[profile.max(1) > 0]
    assert (scores.argmax(1)[profile.max(1) > 0] % 4 == fits).all()
    assert priors.fit_content(x, sparse.csr_array((20, 4), dtype=np.float32)) is None


def test_alike_is_one_with_oneself(x):
    content = priors.fit_content(x, sparse.csr_array(np.ones((20, 3), np.float32)))
    alike = priors.alike(content, 2.0)
    known = np.asarray(x.sum(1)) > 0
    np.testing.assert_allclose(alike.diagonal()[known], 2, rtol=1e-5)


def test_standardised_rows():
    z = priors.standardised(np.array([[1, 2, 3], [7, 7, 7], [0, 0, 1e-3]], np.float32))
    np.testing.assert_allclose(z.mean(1), 0, atol=1e-6)
    np.testing.assert_allclose(z.std(1), [1, 0, 1], atol=1e-5)


def test_befriended_is_positive_semi_definite():
    rng = np.random.default_rng(0)
    a = np.triu(rng.random((12, 12)) < 0.3, 1)
    kernel = priors.befriended(sparse.csr_array((a | a.T).astype(np.float32)), 1.0)
    assert np.linalg.eigvalsh(kernel).min() > -1e-5
    np.testing.assert_allclose(kernel.diagonal(), 1)
