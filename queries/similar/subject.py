"""What users are compared with: a user, a description in words or a vector."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sociogram.errors import InputError
from sociogram.queries.ask import Key


@dataclass(frozen=True)
class Subject:
    """A direction of the users' space [width], of length 1, and where it comes from."""

    vector: list[float]
    key: Key | None = None  # of the user, who is never in the answer
    meant: tuple[str, ...] | None = None  # the topics of a description, most meant first


def direction(vector: Any, width: int, whose: str = "the vector") -> list[float]:
    """The vector at length 1, which leaves every cosine as it is; raises InputError unless it has `width` finite numbers, not all zero."""
    try:
        x = np.asarray(vector, np.float64)
    except (TypeError, ValueError, RuntimeError):
        raise InputError(f"{whose} must be a list of {width} numbers, got {type(vector).__name__}.") from None
    if x.ndim != 1 or len(x) != width:
        shape = f"{len(x)} numbers" if x.ndim == 1 else f"the shape {x.shape}"
        raise InputError(f"{whose} has {shape}; the live run's embeddings have {width}. Give one of that length.")
    if not np.isfinite(x).all():
        place = int(np.flatnonzero(~np.isfinite(x))[0])
        raise InputError(f"{whose} holds {x[place]} at place {place}; every number must be finite.")
    largest = np.abs(x).max()
    if largest == 0:
        raise InputError(f"{whose} is all zero: it points nowhere, so nobody is near it. Give another.")
    x = x / largest  # neither overflows nor vanishes when squared
    return [float(v) for v in x / np.linalg.norm(x)]


def matching(rows: list[dict[str, Any]], shares: dict[str, float]) -> list[str]:
    """The topics that users near a vector have more than others have: mean score minus the share of all users, positive, highest first."""
    excess = {name: -share for name, share in shares.items()}
    for row in rows:
        for name, score in zip(row["tags"], row["scores"] or (), strict=False):
            excess[name] = excess.get(name, 0.0) + score / len(rows)
    return [name for name in sorted(excess, key=lambda n: (-excess[n], n)) if excess[name] > 0]
