"""Is it influence at all? The shuffle test, the homophily test and the matched comparison, in one verdict and a plain sentence."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from sociogram.errors import InputError
from sociogram.progress import SILENT, Progress
from sociogram.queries.influence.accord import own_accord, places
from sociogram.queries.influence.alike import Homophily, homophily
from sociogram.queries.influence.behaviours import BehaviourLog
from sociogram.queries.influence.cascades import CascadeGraph
from sociogram.queries.influence.matched import Matched, matched
from sociogram.queries.influence.shuffle import Shuffled, shuffle_test

Answer = Literal["influence", "homophily", "both", "neither"]
FEWEST_USERS = 20


@dataclass(frozen=True)
class Verdict:
    """`influence`: order matters (shuffle test) and the matched difference is above zero. `homophily`: own accord follows the graph."""

    verdict: Answer
    sentence: str
    shuffle: Shuffled
    homophily: Homophily
    matched: Matched
    level: float
    users: int
    behaviours: int
    direction: str

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def judge(
    graph: CascadeGraph,
    log: BehaviourLog,
    *,
    level: float = 0.01,
    shuffles: int = 499,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Verdict:
    """Whether friends do the same because one moves the other, or because they were alike before; both tests at `level`."""
    if not 0 < level < 0.5:
        raise InputError(f"level: expected a number between 0 and .5, got {level}. Try 0.01.")
    if (shuffles + 1) * level < 1:
        raise InputError(f"shuffles: level {level} needs at least {int(np.ceil(1 / level)) - 1}, got {shuffles}.")
    if not graph.edges or len(graph) < FEWEST_USERS:
        raise InputError(
            f"too little to test: {len(graph):,} users and {graph.edges:,} ties; at least {FEWEST_USERS} users with ties are needed."
        )
    own = own_accord(graph, log)
    z = places(graph)
    compared = matched(graph, log, own, z, level=level, seed=seed, progress=progress)
    with progress.stage("own-accord test"):
        alike = homophily(graph, log, own, z, seed=seed)
    order = shuffle_test(graph, log, shuffles=shuffles, seed=seed, progress=progress)
    moved = order.p <= level and compared.influence.low > 0
    liked = alike.p <= level
    answer: Answer = "both" if moved and liked else "influence" if moved else "homophily" if liked else "neither"
    return Verdict(
        answer,
        sentence(answer, order, alike, compared),
        order,
        alike,
        compared,
        level,
        len(graph),
        len(log),
        graph.direction,
    )


def sentence(answer: Answer, order: Shuffled, alike: Homophily, compared: Matched) -> str:
    """The verdict for people."""
    raw, fair = compared.raw_ratio, compared.matched_ratio
    interval = f"{1 - compared.level:.0%} interval of the difference {_points(compared.influence.low)} to {_points(compared.influence.high)} points"
    risk = (
        f"users with a friend before them were {raw:.1f} times as likely to follow as those without, "
        f"{fair:.1f} times at the same place in the graph ({interval})"
    )
    shuffled, own = f"shuffle test {_p(order.p)}", f"own-accord test {_p(alike.p)}"
    alone = {
        "influence": f"Influence: who was first matters ({shuffled}), and {risk}; no sign that friends were alike beforehand ({own}).",
        "homophily": f"Homophily: friends do the same because they are alike ({own}), not because one went first ({shuffled}); {risk}"
        + ("; what place does not explain does not hang on who was first." if compared.influence.low > 0 else "."),
        "both": f"Both: friends are alike beforehand ({own}) and who was first matters ({shuffled}); {risk}.",
        "neither": f"Neither: no sign that friends move each other ({shuffled}) or were alike beforehand ({own}); {risk}.",
    }[answer]
    if answer in {"homophily", "neither"} and order.p <= compared.level:
        known = f"Homophily: friends are alike beforehand ({own})" if answer == "homophily" else "Neither is shown"
        return f"{known}; who was first seems to matter ({shuffled}), but the matched comparison does not bear it out: {risk}."
    return alone


def _p(p: float) -> str:
    return f"p = {p:.2g}" if p >= 1e-4 else "p < .0001"


def _points(difference: float) -> str:
    """Percentage points with sign."""
    return f"{100 * difference:+.2f}"
