"""Pairs of texts that the graph links: what teaches an encoder without any label.

An answer and its question, a comment and what it is about, two texts of one author, a user's own text and that of an item or of a friend,
two items of one user, an item and its topic.
Interests enter only where they are visible: what is held out teaches nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from sociogram.gnn.linear import Visible
from sociogram.gnn.matrices import Matrix, csr
from sociogram.gnn.texts import Texts
from sociogram.graph.snapshot import EdgeKey, Edges, Snapshot

Rows = NDArray[np.int64]
AUTHORS = 1.5  # users per item up to which a behaviour is authorship: two texts of one author are alike
SHARES = {  # how often a kind of pair is drawn, next to the others that there are
    "related": 6.0, "own": 1.0, "author": 1.0, "together": 1.0, "tie": 1.0, "interest": 1.0, "about": 1.0,
}  # fmt: skip


@dataclass(frozen=True)
class TextLinks:
    """Rows of the distinct texts that are linked, by kind, and the groups (thread, author) within which nothing is a negative."""

    pairs: dict[str, Rows]  # kind -> [k, 2]
    groups: Matrix  # [texts, groups]

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def sample(self, rng: np.random.Generator, size: int) -> Rows:
        """Random pairs [size, 2], kinds by SHARES."""
        if not self.pairs:
            return np.zeros((0, 2), np.int64)
        kinds = list(self.pairs)
        share = np.array([SHARES[kind] for kind in kinds])
        drawn = rng.choice(len(kinds), size, p=share / share.sum())
        pools = [self.pairs[kinds[k]] for k in drawn]
        return np.stack([pool[rng.integers(len(pool))] for pool in pools])

    def related(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        """Whether two texts share a group [len(left), len(right)]."""
        return np.asarray((self.groups[left] @ self.groups[right].T).toarray() > 0)


def text_links(snapshot: Snapshot, texts: Texts, view: Visible, targets: Rows) -> TextLinks:
    """All pairs that the visible graph gives; links between equal or missing texts are left out."""
    user = snapshot.users.label
    text_of = {label: first_text(maps[0]) for label, maps in texts.maps.items()}
    said = _said(snapshot, texts)
    kinds: dict[str, list[Rows]] = {kind: [] for kind in SHARES}
    for e in snapshot.edges.values():
        if not len(e) or e.role not in ("behaviour", "tie", "related"):
            continue
        left, right = text_of[e.mapping.source][e.sources], text_of[e.mapping.target][e.targets]
        kind = {"behaviour": "own", "tie": "tie", "related": "related"}[e.role]
        kinds[kind].append(np.stack([left, right], 1))
        if e.key in said:
            kinds["related" if e.role == "behaviour" else kind].append(np.stack([said[e.key], right], 1))
    written = _written(snapshot, text_of)
    kinds["author"].append(_neighbouring(written))
    interest = view.tags[:, targets].tocoo()
    topics = first_text(texts.topics)[targets]
    kinds["interest"].append(np.stack([text_of[user][interest.row], topics[interest.col]], 1))
    kinds["together"] += [
        _neighbouring(np.stack([e.sources.astype(np.int64), text_of[e.mapping.target][e.targets]], 1))
        for e in snapshot.edges_with_role("behaviour")
        if len(e) and not _authorship(e)
    ]
    items = np.concatenate([np.zeros(0, np.int64), *(text_of[n.label] for n in snapshot.with_role("item"))])
    about = view.item_topics[:, targets].tocoo()
    kinds["about"].append(np.stack([items[about.row], topics[about.col]], 1))
    clean = {kind: _clean(found) for kind, found in kinds.items()}
    groups = _groups(snapshot, text_of, written, said, len(texts.distinct))
    return TextLinks({kind: pairs for kind, pairs in clean.items() if len(pairs)}, groups)


def first_text(m: Matrix) -> Rows:
    """Row of one text of each node, -1 where it has none."""
    has = np.diff(m.indptr) > 0
    out = np.full(m.shape[0], -1, np.int64)
    out[has] = m.indices[m.indptr[:-1][has]]
    return out


def _said(snapshot: Snapshot, texts: Texts) -> dict[EdgeKey, Rows]:
    """Row of the text on each relationship, by type; -1 where it has none."""
    row_of = {text: i for i, text in enumerate(texts.distinct)}
    return {
        e.key: np.array([row_of.get(text, -1) for text in e.texts], np.int64)
        for e in snapshot.edges.values()
        if e.texts is not None
    }


def _clean(found: Iterable[Rows]) -> Rows:
    pairs = np.concatenate([np.zeros((0, 2), np.int64), *found])
    clean: Rows = pairs[(pairs >= 0).all(1) & (pairs[:, 0] != pairs[:, 1])]
    return clean


def _authorship(e: Edges) -> bool:
    return e.role == "behaviour" and len(e) <= AUTHORS * len(np.unique(e.targets))


def _written(snapshot: Snapshot, text_of: dict[str, Rows]) -> Rows:
    """(user, text) of what a user is the author of [k, 2]: own text, items of a behaviour that few share."""
    own = text_of[snapshot.users.label]
    found = [np.stack([np.arange(len(own)), own], 1)]
    for e in snapshot.edges.values():
        if len(e) and _authorship(e) and e.texts is None:
            found.append(np.stack([e.sources.astype(np.int64), text_of[e.mapping.target][e.targets]], 1))
    pairs = np.concatenate(found)
    pairs = pairs[pairs[:, 1] >= 0]
    return pairs[np.argsort(pairs[:, 0], kind="stable")]


def _neighbouring(written: Rows) -> Rows:
    """Texts of one author, each with the next one."""
    same = written[1:, 0] == written[:-1, 0]
    return np.stack([written[:-1, 1][same], written[1:, 1][same]], 1)


def _groups(
    snapshot: Snapshot, text_of: dict[str, Rows], written: Rows, said: dict[EdgeKey, Rows], size: int
) -> Matrix:
    """Who wrote a text, and the thread that it belongs to: items that hang together by relations with one target a source."""
    labels = [n.label for n in snapshot.with_role("item")]
    offset = dict(zip(labels, np.cumsum([0, *(len(snapshot.nodes[label]) for label in labels)]).tolist(), strict=False))
    count = sum(len(snapshot.nodes[label]) for label in labels)
    belongs = [
        e
        for e in snapshot.edges_with_role("related")
        if len(e) and int(np.diff(e.indptr).max()) <= 1 and {e.mapping.source, e.mapping.target} <= set(labels)
    ]
    rows = np.concatenate([np.zeros(0, np.int64), *(e.sources + offset[e.mapping.source] for e in belongs)])
    columns = np.concatenate([np.zeros(0, np.int64), *(e.targets + offset[e.mapping.target] for e in belongs)])
    linked = sparse.coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(count, count))
    threads, thread = csgraph.connected_components(linked, directed=False) if count else (0, np.zeros(0, np.int64))
    pairs = [np.stack([written[:, 1], threads + written[:, 0]], 1)]
    for label in labels:
        at = offset[label]
        pairs.append(np.stack([text_of[label], thread[at : at + len(text_of[label])].astype(np.int64)], 1))
    for e in snapshot.edges_with_role("behaviour"):
        if e.key in said and e.mapping.target in offset:
            pairs.append(np.stack([said[e.key], thread[e.targets + offset[e.mapping.target]].astype(np.int64)], 1))
            pairs.append(np.stack([said[e.key], threads + e.sources.astype(np.int64)], 1))
    every = np.concatenate(pairs)
    every = every[every[:, 0] >= 0]
    return csr((np.ones(len(every), np.float32), (every[:, 0], every[:, 1])), (size, threads + len(snapshot.users)))
