"""One cascade, step by step: who became active when, and through whom."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sociogram.errors import InputError
from sociogram.graph.snapshot import Key
from sociogram.queries.influence.cascades import CascadeGraph, rows_of


@dataclass(frozen=True)
class Activation:
    """A user who became active in a step; `by` is whose tie did it, None of a seed."""

    step: int
    id: Key
    name: str
    by: Key | None


def play(graph: CascadeGraph, seeds: Sequence[Key], *, seed: int = 0, most: int = 2_000) -> list[Activation]:
    """One random cascade from these seeds, in the order of activation, at most so many users.

    Independent cascade: who has just become active tries each tie once. Linear threshold: a user becomes active when the weights of
    active neighbours pass the user's own random threshold (Kempe, Kleinberg, Tardos 2003). Raises NotFoundError for unknown seeds.
    """
    if not len(seeds):
        raise InputError("seeds: name at least one user, by key.")
    random = np.random.default_rng(seed)
    out = graph.outgoing
    active = dict.fromkeys(rows_of(graph, seeds).tolist())
    told = [Activation(0, graph.ids[v], graph.names[v], None) for v in active]
    load = np.zeros(len(graph))
    limit = random.random(len(graph)) if graph.threshold else None
    front, step = list(active), 0
    while front and len(told) < most:
        step, fresh = step + 1, []
        for u in front:
            for e in range(int(out.indptr[u]), int(out.indptr[u + 1])):
                v = int(out.others[e])
                if v in active:
                    continue
                load[v] += out.p[e]
                if load[v] > limit[v] if limit is not None else random.random() < out.p[e]:
                    active[v] = None
                    fresh.append(v)
                    told.append(Activation(step, graph.ids[v], graph.names[v], graph.ids[u]))
        front = fresh
    return told[:most]
