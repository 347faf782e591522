"""The table of tags of a run: observed interests first, then predicted ones by calibrated probability."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from sociogram.gnn.choose import Choice, parts_with
from sociogram.gnn.phase import Context, Phase
from sociogram.gnn.split import topic_mapping

Floats = NDArray[np.float32]

SUREST = 0.9999  # of what is predicted: 1 is said of what the graph has


def tag_table(c: Context, phase: Phase, choice: Choice, raw: Floats) -> pd.DataFrame:
    """Columns user, topic, topic_label, probability, shown, observed; `phase` sees everything, `raw` are the network's scores there."""
    columns = topic_mapping(c.found, c.snapshot)
    label_of = np.array([label for label, _ in columns], dtype=object)
    row_of = np.array([i for _, i in columns], np.int64)
    observed = c.found.pairs.tocoo()
    strength = np.asarray(_strength(c)[observed.row, observed.col]).ravel() if observed.nnz else np.zeros(0)
    strongest = np.lexsort((observed.col, -strength, observed.row))  # what the graph says most often comes first
    frames = [_frame(observed.row[strongest], observed.col[strongest], np.ones(observed.nnz, np.float32), True, True)]
    if len(c.split.targets) and c.split.kind != "none":
        score = choice.stack.apply(parts_with(phase, raw, phase.known), phase.known)
        p = np.minimum(choice.calibration.probability(score, phase.known, c.activity), SUREST)
        p = np.where(phase.known, -1.0, p)
        width = min(c.config.tags_per_user, p.shape[1])
        best = np.argsort(-p, axis=1, kind="stable")[:, :width]
        value = np.take_along_axis(p, best, 1)
        users = np.repeat(np.arange(len(p)), width)
        keep = value.ravel() >= 0
        frame = _frame(users, c.split.targets[best.ravel()], value.ravel().astype(np.float32), False, False)
        frame["shown"] = frame.probability >= choice.calibration.threshold
        frames.append(frame[keep])
    tags = pd.concat(frames, ignore_index=True)
    order = np.lexsort((-tags.probability, ~tags.observed, tags.user))
    tags = tags.iloc[order].reset_index(drop=True)
    place = tags.groupby("user").cumcount()
    tags = tags[(place < c.config.tags_per_user) | tags.observed].reset_index(drop=True)
    column = tags.topic.to_numpy()
    tags["topic_label"], tags["topic"] = label_of[column] if len(label_of) else [], row_of[column]
    return tags[["user", "topic", "topic_label", "probability", "shown", "observed"]]


def _strength(c: Context) -> Any:
    """Weights of the observed interests, sparse [users, topics], summed over repeated ones."""
    shape = (len(c.snapshot.users), c.found.topics)
    total: Any = sparse.csr_array(shape, dtype=np.float32)
    for e in c.snapshot.edges_with_role("interest"):
        m = e.matrix().tocoo()
        total = total + sparse.csr_array((m.data, (m.row, m.col + c.found.offsets[e.mapping.target])), shape=shape)
    return total


def _frame(users: Any, topics: Any, probability: Floats, shown: bool, observed: bool) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user": np.asarray(users, np.int64),
            "topic": np.asarray(topics, np.int64),
            "probability": probability,
            "shown": np.full(len(probability), shown),
            "observed": np.full(len(probability), observed),
        }
    )
