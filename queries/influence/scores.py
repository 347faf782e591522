"""What a run says of each user's place among the ties: influence, reach, community, bridging."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sociogram.graph.snapshot import Snapshot
from sociogram.queries.influence.cascades import CascadeGraph, cascade_graph
from sociogram.queries.influence.reverse import memberships, skips
from sociogram.queries.segments.match import Earlier, stable_ids
from sociogram.queries.segments.network import betweenness, communities, undirected

Floats = NDArray[np.float64]
SCORES = ("influence", "reach", "community", "bridging")
SETS_EACH = 200  # reverse-reachable sets per user, between the two bounds
SETS = (1 << 19, 1 << 22)


def user_scores(snapshot: Snapshot, *, seed: int = 0, before: Earlier | None = None) -> tuple[pd.DataFrame, int]:
    """One row a user, and the id that the next new community would get; all values are missing where the graph has no ties.

    `reach`: expected users reached by this user alone, itself included (weighted cascade, direction `auto`). `influence`: share of the
    other users who reach fewer, 0..1, so that at most a tenth is above .9. `community`: id from 1, missing without ties; ids of `before`
    are kept where the members are (mostly) the same. `bridging`: share of the other users with less betweenness, 0..1.
    """
    ties = undirected(snapshot)
    free = 1 if before is None else before.next_id
    n = len(snapshot.users)
    if ties is None:
        empty = {name: np.full(n, np.nan) for name in ("influence", "reach", "bridging")}
        return _frame(**empty, community=[None] * n), free
    reached = reach(cascade_graph(snapshot), seed=seed)
    labels = communities(ties, seed=seed)
    ids, free = stable_ids(labels, snapshot.users.keys, before)
    named = [ids.get(label) for label in labels.tolist()]
    between = betweenness(ties, seed=seed)
    return _frame(share_below(reached), reached, named, share_below(between)), free


def _frame(influence: Floats, reach: Floats, community: Sequence[int | None], bridging: Floats) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "influence": influence.round(4),
            "reach": reach.round(3),
            "community": pd.array(community, dtype="Int64"),
            "bridging": bridging.round(4),
        }
    )


def reach(graph: CascadeGraph, *, seed: int = 0, sets: int | None = None) -> Floats:
    """Expected number of users that each user reaches as the only seed, itself included [n].

    1 + n x the share of random reverse-reachable sets of others that hold the user (Borgs et al. 2014); the standard error of a reach r
    is about sqrt(n (r - 1) / sets).
    """
    n = len(graph)
    sets = sets or int(np.clip(SETS_EACH * n, *SETS))
    side = (graph.incoming.indptr, graph.incoming.others, graph.incoming.p)
    start = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    held = memberships(side, skips(graph.incoming.indptr, graph.incoming.p), graph.threshold, sets, start)
    return np.asarray(1.0 + held * (n / sets), np.float64)


def share_below(values: Floats) -> Floats:
    """Share of the others whose value is smaller, 0..1 [n]; equal values have equal shares."""
    ordered = np.sort(values)
    return np.asarray(np.searchsorted(ordered, values, side="left") / max(len(values) - 1, 1), np.float64)
