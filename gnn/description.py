"""A description in words as a direction in the users' published space: where those are whom it describes."""

import numpy as np
from numpy.typing import NDArray

from sociogram.errors import InputError
from sociogram.graph.profile import Profiles

Floats = NDArray[np.float32]
NEAREST = 8  # topics that a description is made of
SHARPNESS = 20.0  # of the softmax over cosines: one that is .1 nearer counts 7 times as much


def direction(profiles: Profiles, names: Floats, text: Floats) -> list[float]:
    """From the text vectors of the topics' names [topics, width] and of the description [width]; raises InputError where none is near.

    Users are weighed by how much surer than usual their profile is of the topics that the description is nearest to. A topic's own
    vector would not do: what a profile says comes from more than a dot product (on the demo of 600, planted fans among the nearest ten: 93 %
    by this direction, 18 % by the topic's vector).
    """
    labels = list(dict.fromkeys(profiles.tags["topic_label"].tolist()))
    if len(labels) != 1:
        raise InputError(
            f"a description needs one label of topics, the run has {len(labels)}. Give a vector instead of words."
        )
    near = names @ text / np.maximum(np.linalg.norm(names, axis=1) * np.linalg.norm(text), 1e-9)
    best = np.argsort(-near, kind="stable")[:NEAREST]
    if near[best[0]] <= 0:
        raise InputError(
            "the description has nothing in common with any topic of the graph. Use words that topics have."
        )
    weight = np.exp(SHARPNESS * (near[best] - near[best[0]]))
    users = profiles.embeddings[profiles.user_label]
    table = profiles.tags[profiles.tags["topic"].isin(best)]
    sure = np.zeros((len(users), len(best)), np.float32)
    place = {int(t): i for i, t in enumerate(best)}
    sure[table["user"].to_numpy(), table["topic"].map(place).to_numpy()] = table["probability"].to_numpy(np.float32)
    unit = users / np.maximum(np.linalg.norm(users, axis=1, keepdims=True), 1e-9)
    found = ((sure - sure.mean(0)) @ (weight / weight.sum())) @ unit
    if not np.any(found):
        raise InputError("no user has a profile that says anything of these words. Give a vector instead of words.")
    return [float(x) for x in found]
