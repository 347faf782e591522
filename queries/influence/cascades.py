"""The graph that cascades run on: who influences whom, with which probability or weight, checked.

Independent cascade (Kempe, Kleinberg, Tardos 2003): a user who becomes active has one chance to activate each neighbour, with the
edge's probability p; `wc`, the weighted cascade, takes p = 1 / indegree of the one who is influenced; `ic` a constant, or a
probability per edge. Linear threshold, `lt`: a user becomes active when the weights of active neighbours pass a uniform threshold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.errors import InputError, NotFoundError
from sociogram.graph.snapshot import Edges, Key, Snapshot
from sociogram.said import Said

Model = Literal["wc", "ic", "lt"]
Direction = Literal["auto", "both", "follows", "forward"]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CONSTANT = 0.1  # probability of an edge under `ic` where none is given
MUTUAL = 0.95  # share of ties that are answered from which on a type counts as symmetric
ONE_WAY = ("FOLLOW", "SUBSCRIBE", "TRUST", "CITE")  # names of types that have a direction, whatever the data say
FLOOR = 0.05  # of a user's interest in a topic: nobody is wholly deaf


@dataclass(frozen=True)
class Side:
    """One side of the edges as CSR: for each user the others [m], and the probability or weight of each edge [m]."""

    indptr: Ints
    others: NDArray[np.int32]
    p: Floats


@dataclass(frozen=True)
class CascadeGraph:
    """Users, and for every edge how strongly its source influences its target."""

    ids: Sequence[Key]
    names: Sequence[str]
    model: Model
    direction: str  # what the edges mean, as it was resolved
    outgoing: Side  # row: who influences
    incoming: Side  # row: who is influenced

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def edges(self) -> int:
        return len(self.outgoing.others)

    @cached_property
    def row(self) -> dict[Key, int]:
        """Row number of each key."""
        return {key: i for i, key in enumerate(self.ids)}

    @property
    def threshold(self) -> bool:
        """Whether cascades are those of the linear threshold model."""
        return self.model == "lt"

    @classmethod
    def build(
        cls,
        source: Ints,
        target: Ints,
        *,
        ids: Sequence[Key],
        names: Sequence[str] | None = None,
        model: Model = "wc",
        p: "float | Floats | None" = None,
        weight: Floats | None = None,
        multiplier: Floats | None = None,
        direction: str = "forward",
    ) -> "CascadeGraph":
        """From arrays of edges, row numbers [m]: `source` influences `target`; parallel edges and loops must not be there.

        `p` is a constant or an array [m] (model `ic` only), `weight` [m] shares out the thresholds of `lt` (equal where None),
        `multiplier` [m] in 0..1 scales whatever comes out.
        """
        n = len(ids)
        values = strengths(n, source, target, model=model, p=p, weight=weight)
        if multiplier is not None:
            values = values * multiplier
        outgoing = sparse.csr_array((values, (source, target)), shape=(n, n))
        incoming = sparse.csr_array(outgoing.T)
        return cls(ids, names or [str(key) for key in ids], model, direction, _side(outgoing), _side(incoming))


def _side(matrix: Any) -> Side:
    matrix.sort_indices()
    return Side(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float64))


def strengths(
    n: int, source: Ints, target: Ints, *, model: Model, p: "float | Floats | None", weight: Floats | None
) -> Floats:
    """Probability or weight of each edge [m]; InputError where a model is unknown or a value is no probability."""
    if model not in get_args(Model):
        raise InputError(f"model: expected wc, ic or lt, got {model!r}.")
    if p is not None and model != "ic":
        raise InputError(f"model {model!r} has its own probabilities; give p with model 'ic' only.")
    if model == "wc":
        return 1.0 / np.bincount(target, minlength=n)[target]
    if model == "lt":
        share = np.ones(len(target)) if weight is None else np.asarray(weight, np.float64)
        if (share < 0).any() or not np.isfinite(share).all():
            raise InputError(
                Said("model 'lt' shares out the ties' weights, and some are negative or missing. Correct them.")
            )
        total = np.bincount(target, share, minlength=n)[target]
        return np.divide(share, total, out=np.zeros(len(share)), where=total > 0)
    values = np.broadcast_to(np.asarray(CONSTANT if p is None else p, np.float64), len(source)).copy()
    wrong = ~((values >= 0) & (values <= 1))
    if wrong.any() or (isinstance(p, float | int) and not 0 < p <= 1):
        shown = p if isinstance(p, float | int) else values[wrong][0]
        raise InputError(
            f"p: expected a probability above 0 and at most 1, got {shown:g}. Divide counts by their total."
        )
    return values


def influence_edges(snapshot: Snapshot, direction: Direction = "auto") -> tuple[Ints, Ints, Floats, str]:
    """Who influences whom by the user-user ties: sources [m], targets [m], tie weights [m], and the direction in words.

    A tie `u -> v` reads "u knows (follows) v". `follows`: v influences u. `forward`: u influences v. `both`: each the other.
    `auto`: both where (nearly) all ties are answered or none is, since then a tie is stored twice or once for one and the same
    friendship; else, or where the type's name has a direction (FOLLOWS, ...), as `follows`.
    """
    if direction not in get_args(Direction):
        raise InputError(f"direction: expected auto, both, follows or forward, got {direction!r}.")
    label = snapshot.mapping.user.label
    ties = [e for e in snapshot.edges_with_role("tie") if e.key[0] == e.key[2] == label and len(e)]
    if not ties:
        raise InputError(
            Said(
                "the graph has no ties between users, so nobody can influence anybody. Load ties, or map one as role 'tie'."
            )
        )
    n = len(snapshot.users)
    matrix: Any = None
    resolved = set()
    for e in ties:
        part = sparse.csr_array(e.matrix()).astype(np.float64)
        part.setdiag(0)
        part.eliminate_zeros()
        way = _auto(e, part) if direction == "auto" else direction
        resolved.add(way)
        turned = {"follows": lambda m: m.T, "forward": lambda m: m, "both": lambda m: m.maximum(m.T)}[way](part)
        matrix = turned if matrix is None else matrix.maximum(turned)
    found = sparse.coo_array(matrix)
    if found.shape != (n, n) or not found.nnz:
        raise InputError(
            Said("all ties between users are ties to oneself or weigh nothing. Load ties between two users.")
        )
    return found.row.astype(np.int64), found.col.astype(np.int64), found.data, " and ".join(sorted(resolved))


def _auto(edges: Edges, matrix: Any) -> str:
    if any(word in edges.key[1].upper() for word in ONE_WAY):
        return "follows"
    there = matrix.astype(bool)
    answered = there.multiply(there.T).sum() / max(there.sum(), 1)
    return "both" if answered >= MUTUAL or answered == 0 else "follows"


def cascade_graph(
    snapshot: Snapshot,
    *,
    model: Model = "wc",
    p: "float | str | Mapping[tuple[Key, Key], float] | None" = None,
    direction: Direction = "auto",
    interest: Mapping[Key, float] | None = None,
) -> CascadeGraph:
    """The cascade graph of a snapshot's users.

    `p` under `ic`: a constant, `"weight"` (the ties' weights are probabilities), or {(who influences, who is influenced): p}, 0
    for edges that are not in it. `interest` (user to 0..1) makes it topic-aware: an edge is scaled by the geometric mean of both
    ends' interest, for a message has to be told by one and heard by the other; users that are not in it count as .05.
    """
    source, target, weight, way = influence_edges(snapshot, direction)
    users = snapshot.users
    given: float | Floats | None
    if isinstance(p, str):
        if p != "weight":
            raise InputError(f"p: expected a number, 'weight' or 'learned', got {p!r}.")
        given = weight
    elif isinstance(p, Mapping):
        keys = users.keys
        pairs = zip(source.tolist(), target.tolist(), strict=True)
        given = np.array([p.get((keys[s], keys[t]), 0.0) for s, t in pairs], np.float64)
    else:
        given = p
    multiplier = None if interest is None else _topical(interest, users.row, source, target)
    return CascadeGraph.build(
        source,
        target,
        ids=users.keys,
        names=users.names,
        model=model,
        p=given,
        weight=weight,
        multiplier=multiplier,
        direction=way,
    )


def _topical(interest: Mapping[Key, float], row: Mapping[Key, int], source: Ints, target: Ints) -> Floats:
    level = np.full(len(row), FLOOR)
    for key, value in interest.items():
        if not 0 <= value <= 1:
            raise InputError(f"interest of user {key!r}: expected a number from 0 to 1, got {value}.")
        if key in row:
            level[row[key]] = max(value, FLOOR)
    return np.asarray(np.sqrt(level[source] * level[target]), np.float64)


def rows_of(graph: CascadeGraph, keys: Sequence[Any], what: str = "seeds") -> Ints:
    """Row numbers of users by key (a text finds a whole-number key too); NotFoundError names those that are not there."""
    found, missing = [], []
    for key in keys:
        at = graph.row.get(key)
        if at is None and isinstance(key, str) and key.lstrip("-").isdigit():
            at = graph.row.get(int(key))
        if at is None and isinstance(key, int):
            at = graph.row.get(str(key))
        if at is None:
            missing.append(str(key))
        else:
            found.append(at)
    if missing:
        from difflib import get_close_matches

        near = get_close_matches(missing[0], [str(key) for key in graph.ids], 3)
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        hint = f" Near it: {', '.join(near)}." if near else " Name users by their key."
        raise NotFoundError(f"{what}: there is no user {missing[0]!r}{others}.{hint}")
    return np.array(list(dict.fromkeys(found)), np.int64)
