"""Credit for what happened: who influenced whom, and whose behaviours spread (Goyal, Bonchi, Lakshmanan, PVLDB 2011).

Where u does something that v, who influences u, did before, v has the direct credit
    infl(u) exp(-(t_u - t_v) / tau_vu) / |those who did it before u and influence u|,
with tau_vu the mean delay on that tie and infl(u) the part of u's behaviours that came within such a delay. Credit passes on: who
moved v has a part of what v moved.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sociogram.errors import InputError
from sociogram.graph.snapshot import Key
from sociogram.queries.influence.behaviours import BehaviourLog
from sociogram.queries.influence.cascades import CascadeGraph, Floats, Ints
from sociogram.queries.influence.credit import delays, promptness, shares


@dataclass(frozen=True)
class Attribution:
    """The credit of every tie, user and item.

    `ties`: source influences target; times (behaviours that the source did before the target), credit (of those, how many are the
    source's), share (of all that the target did), p (of all that the source did: the probability that `ic` can use).
    `users`: behaviours, credit (behaviours of others that this user moved, directly or through others), per_behaviour.
    `items`: adopters, started (without anybody before them), credited (part of the adoptions that is credited to somebody).
    """

    ties: pd.DataFrame
    users: pd.DataFrame
    items: pd.DataFrame
    direction: str

    @property
    def p(self) -> dict[tuple[Key, Key], float]:
        """Learned probabilities {(who influences, who is influenced): p}, for model `ic`."""
        columns = (self.ties["source"].tolist(), self.ties["target"].tolist(), self.ties["p"].tolist())
        return {(s, t): min(p, 1.0) for s, t, p in zip(*columns, strict=True) if p > 0}

    def to_dict(self, top: int = 20) -> dict[str, Any]:
        """Ready for JSON: the `top` of each."""
        return {
            "ties": self.ties.head(top).to_dict("records"),
            "users": self.users.head(top).to_dict("records"),
            "items": self.items.head(top).to_dict("records"),
            "direction": self.direction,
        }


def attribute(graph: CascadeGraph, log: BehaviourLog) -> Attribution:
    """Share out the credit for all behaviours of a log over the graph's ties; tables come with the most credited first."""
    if not len(log):
        raise InputError("there are no timed behaviours to give credit for. Load some with a time.")
    side = graph.incoming
    ties, rows = (side.indptr, side.others), (log.starts, log.user, log.time.astype(np.float64))
    delay, times, started = delays(ties, rows)
    credit, total, credited = shares(ties, rows, delay, promptness(ties, rows, delay))
    done = np.bincount(log.user, minlength=len(graph))
    return Attribution(
        _ties(graph, credit, times, done),
        _users(graph, total, done),
        _items(log, credited, started),
        graph.direction,
    )


def _ties(graph: CascadeGraph, credit: Floats, times: Ints, done: Ints) -> pd.DataFrame:
    side = graph.incoming
    target = np.repeat(np.arange(len(graph)), np.diff(side.indptr))
    order = np.argsort(-credit, kind="stable")
    source, target, credit = side.others[order], target[order], credit[order]
    ids = np.array(graph.ids, object)
    return pd.DataFrame(
        {
            "source": ids[source],
            "target": ids[target],
            "times": times[order],
            "credit": credit,
            "share": credit / np.maximum(done[target], 1),
            "p": credit / np.maximum(done[source], 1),
        }
    )


def _users(graph: CascadeGraph, total: Floats, done: Ints) -> pd.DataFrame:
    order = np.argsort(-total, kind="stable")
    return pd.DataFrame(
        {
            "id": np.array(graph.ids, object)[order],
            "name": np.array(graph.names, object)[order],
            "behaviours": done[order],
            "credit": total[order],
            "per_behaviour": total[order] / np.maximum(done[order], 1),
        }
    )


def _items(log: BehaviourLog, credited: Floats, started: Ints) -> pd.DataFrame:
    adopters = np.diff(log.starts)
    there = np.flatnonzero(adopters)
    order = there[np.argsort(-credited[there], kind="stable")]
    label, key, name = ([log.items[i][part] for i in order.tolist()] for part in range(3))
    return pd.DataFrame(
        {
            "label": label,
            "id": key,
            "name": name,
            "adopters": adopters[order],
            "started": started[order],
            "credited": credited[order] / adopters[order],
        }
    )
