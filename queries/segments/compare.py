"""How alike segments are in what their users like."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sociogram.graph.profile import Profiles


def alike(profiles: Profiles, ids: Sequence[int]) -> NDArray[np.float64]:
    """Cosine of the mean tag probabilities of segments [segments, segments], in the order of `ids`; 0 where one likes nothing."""
    place = {segment: i for i, segment in enumerate(ids)}
    table: Any = profiles.users
    mine = table["segment"].fillna(0).astype(int).map(lambda s: place.get(s, -1)).to_numpy()
    tags = profiles.tags[profiles.tags["shown"].to_numpy(bool) | profiles.tags["observed"].to_numpy(bool)]
    topics = tags.groupby(["topic_label", "topic"]).ngroup().to_numpy()
    rows = mine[tags["user"].to_numpy(np.int64)]
    mass = np.zeros((len(ids), int(topics.max(initial=-1)) + 1))
    kept = rows >= 0
    np.add.at(mass, (rows[kept], topics[kept]), tags["probability"].to_numpy(np.float64)[kept])
    unit = mass / np.maximum(np.linalg.norm(mass, axis=1, keepdims=True), 1e-12)
    return np.asarray(unit @ unit.T, np.float64)
