"""A blend as stored vectors: user . item ranks nearly as the blend does."""

import numpy as np

from sociogram.gnn.blend import Blend, blocks
from sociogram.gnn.priors import Factors

WIDTH = 64
SAMPLE = 40_000_000  # scores from which the item side is learned: 160 MB
SHIFTS = (1.0, 2.0)


def factorise(blend: Blend, shape: tuple[int, int], shift: float, seed: int, width: int = WIDTH) -> Factors:
    """Truncated SVD of max(score - shift, 0): the order at the top matters, the long tail of poor items does not.

    The item side comes from a seeded sample of users (all where they fit into SAMPLE scores); every user is then projected on it. Users
    [users, width], items [items, width], zero columns where the rank is smaller.
    """
    from sklearn.utils.extmath import randomized_svd

    users, items = shape
    rng = np.random.default_rng(seed)
    count = max(min(users, SAMPLE // max(items, 1)), min(users, 4 * width))
    sample = np.sort(rng.choice(users, count, replace=False))
    top = np.empty((count, items), np.float32)
    for block in blocks(count, items):
        top[block] = np.maximum(blend.scores(sample[block]) - shift, 0)
    rank = min(width, *top.shape)
    _, strength, right = randomized_svd(top, rank, n_iter=3, random_state=seed)
    basis = np.asarray(right, np.float32)
    user = np.zeros((users, width), np.float32)
    for block in blocks(users, items):
        user[block, :rank] = np.maximum(blend.scores(block) - shift, 0) @ basis.T
    half = np.sqrt(np.maximum(strength, 1e-12) / np.sqrt(count)).astype(np.float32)  # the same spread on both sides
    item = np.zeros((items, width), np.float32)
    item[:, :rank] = basis.T * half
    user[:, :rank] /= half
    return Factors(user, item)
