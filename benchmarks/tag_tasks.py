"""Tag tasks of the Stack Exchange dump: whose tags are hidden, what is to be found, who counts as light (BENCHMARKS C)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.from_source import snapshot
from sociogram.gnn import linear, split
from sociogram.graph.snapshot import NO_TIME, EdgeKey, Snapshot
from sociogram.loaders.stackexchange import stackexchange

Bools = NDArray[np.bool_]
JUDGED = 10  # a tag is judged where so many users have it
LIGHT = 3  # posts up to which a user is light
DATED = ("Posts", "Comments", "PostLinks", "Votes", "Users", "Badges")


@dataclass(frozen=True)
class Task:
    """A snapshot as the methods may see it, and what the test users turn out to have."""

    name: str
    snapshot: Snapshot
    topics: NDArray[np.int64]  # [tags] judged rows of the topic label
    y: Bools  # [users, tags] what may be learnt
    labelled: Bools  # [users] users whose y is complete
    truth: Bools  # [users, tags]
    test: Bools  # [users]
    light: Bools  # [users] light test users
    posts: NDArray[np.int64]  # [users]
    known: Bools | None = None  # [users, tags] masked when judged; None: what is known may be right again
    settings: Mapping[str, Any] = field(default_factory=dict)  # of FitConfig, that the task asks for


def posts_of(s: Snapshot) -> NDArray[np.int64]:
    """Questions and answers of each user."""
    edges = [s.edges[key] for key in s.edges if key[1] in ("ASKED", "ANSWERED")]
    return np.asarray(sum(np.diff(e.indptr) for e in edges), np.int64)


def hidden_users(data: Path, folder: Path, fold: int, share: float, seed: int = 0) -> Task:
    """Task (i): a fifth of the users with tags is the test fold, `share` of all of them teach, nobody else's tags are seen."""
    s = snapshot(stackexchange(data), folder / "whole")
    return hide(s, folder, fold, share, posts_of(s), seed)


def hide(s: Snapshot, folder: Path, fold: int, share: float, posts: NDArray[np.int64], seed: int = 0) -> Task:
    """The same on any snapshot; `posts` [users] says who is light."""
    found = split.interests(s)
    pairs = found.pairs
    topics = np.flatnonzero(np.asarray((pairs > 0).sum(0)).ravel() >= JUDGED)
    judged = pairs[:, topics].toarray() > 0
    users = np.random.default_rng(seed).permutation(np.flatnonzero(judged.any(1)))
    parts = np.array_split(users, 5)
    rest = np.concatenate([part for i, part in enumerate(parts) if i != fold])
    rest = np.random.default_rng((seed, fold)).permutation(rest)
    teachers = rest[: round(share * len(users))]
    test, labelled = np.zeros(len(judged), bool), np.zeros(len(judged), bool)
    test[parts[fold]], labelled[teachers] = True, True
    seen = sparse.diags_array(labelled.astype(np.float32))
    hidden = sparse.csr_array(pairs - seen @ pairs)
    hidden.eliminate_zeros()
    reduced = without_interests(s, found, hidden, folder / f"fold{fold}-{share}")
    name = f"(i) fold {fold}, {share:.0%}"
    return Task(
        name, reduced, topics, judged & labelled[:, None], labelled, judged, test, test & (posts <= LIGHT), posts
    )


def without_ties(task: Task, folder: Path) -> Task:
    """The task on a graph without ties between users."""
    s = task.snapshot
    kept = {key: e for key, e in s.edges.items() if e.role != "tie"}
    mapping = replace(s.mapping, relationships=tuple(r for r in s.mapping.relationships if r.key in kept))
    tables = {key: table(s, key) for key in kept}
    return replace(task, snapshot=Snapshot.create(folder, mapping, {n: x.table for n, x in s.nodes.items()}, tables))


def without_interests(s: Snapshot, found: split.Interests, hidden: sparse.csr_array, folder: Path) -> Snapshot:
    """The snapshot less the hidden interests and their triples in ABOUT."""
    view = linear.visible(s, found, hidden)
    edges: dict[EdgeKey, pa.Table] = {}
    for key, e in s.edges.items():
        source, target = s.nodes[key[0]].keys, s.nodes[key[2]].keys
        if e.role == "about":
            coo = view.item_topics.tocoo()
            edges[key] = pa.table(
                {
                    "source": [source[i] for i in coo.row],
                    "target": [target[i] for i in coo.col],
                    "weight": coo.data.astype(float),
                }
            )
            continue
        keep = np.ones(len(e), bool)
        if e.role == "interest":
            keep = np.asarray(hidden[e.sources, e.targets]).ravel() == 0
        edges[key] = table(s, key, keep)
    return Snapshot.create(folder, s.mapping, {label: n.table for label, n in s.nodes.items()}, edges)


def table(s: Snapshot, key: EdgeKey, keep: Bools | None = None) -> pa.Table:
    """The relationships of one type as they were exported, all or some."""
    e = s.edges[key]
    rows = np.arange(len(e)) if keep is None else np.flatnonzero(keep)
    source, target = s.nodes[key[0]].keys, s.nodes[key[2]].keys
    columns: dict[str, Any] = {
        "source": [source[i] for i in e.sources[rows]],
        "target": [target[i] for i in e.targets[rows]],
        "weight": np.asarray(e.weight, float)[rows],
        "time": [None if t == NO_TIME else int(t) for t in e.time[rows]],
    }
    if e.items is not None:
        items = s.with_role("item")[0].keys
        columns["item"] = [items[i] if i >= 0 else None for i in np.asarray(e.items)[rows]]
    if e.features is not None:
        taken = e.features.take(pa.array(rows))
        columns |= {name: taken.column(name) for name in taken.column_names}
    return pa.table(columns)


def after_cut(data: Path, folder: Path, share: float) -> tuple[Task, Task]:
    """Task (ii): the dump as it stood when `share` of the posts were written, and the tags posted under afterwards.

    Two tasks on one snapshot: users who had posted before, and newcomers, who had not.
    """
    whole = snapshot(stackexchange(data), folder / "whole")
    times = np.concatenate([whole.edges[key].time for key in whole.edges if key[1] in ("ASKED", "ANSWERED")])
    cut = int(np.quantile(times, share))
    then = folder / f"dump-{share}"
    _cut_dump(data, then, cut)
    s = snapshot(stackexchange(then), folder / f"cut-{share}")
    row, topic_row = s.users.row, s.nodes["Topic"].row
    e = next(e for e in whole.edges_with_role("interest"))
    later = e.time > cut
    pairs = split.interests(s).pairs
    topics = np.flatnonzero(np.asarray((pairs > 0).sum(0)).ravel() >= JUDGED)
    place = {int(t): i for i, t in enumerate(topics)}
    truth = np.zeros((len(s.users), len(topics)), bool)
    users, tags = whole.users.keys, whole.nodes["Topic"].keys
    for u, t in zip(e.sources[later].tolist(), e.targets[later].tolist(), strict=True):
        at = place.get(topic_row.get(tags[t], -1), -1)
        if users[u] in row and at >= 0:
            truth[row[users[u]], at] = True
    y = pairs[:, topics].toarray() > 0
    posts = posts_of(s)
    tasks = []
    for name, who in (("known users", posts > 0), ("newcomers", posts == 0)):
        test = truth.any(1) & who
        title = f"(ii) cut {share}, {name}"
        tasks.append(Task(title, s, topics, y, y.any(1), truth, test, test & (posts <= LIGHT), posts))
    return tasks[0], tasks[1]


def _cut_dump(data: Path, target: Path, cut: int) -> None:
    """Copy the rows that were there at `cut` (epoch ms); rows without a date stay."""
    target.mkdir(parents=True, exist_ok=True)
    for file in data.glob("*.xml"):
        with file.open("rb") as source, (target / file.name).open("wb") as out:
            for line in source:
                said = re.search(rb'CreationDate="([^"]+)"', line) if file.stem in DATED else None
                if said is None or datetime.fromisoformat(said[1].decode() + "+00:00").timestamp() * 1000 <= cut:
                    out.write(line)
