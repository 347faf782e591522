"""Which texts there are, who has them, and the means of them that the models read."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.gnn.matrices import Matrix, beside, csr, mean_rows
from sociogram.graph.snapshot import Nodes, Snapshot


@dataclass(frozen=True)
class Around:
    """One kind of a user's neighbours: their mean text is `weights @ texts`."""

    label: str | None  # None: items of all labels, one label after another
    weights: Matrix  # [users, nodes] rows sum to one
    texts: Matrix  # [nodes, distinct]


@dataclass(frozen=True)
class Texts:
    """Each distinct text once, and who has it.

    `maps[label]` are sparse [n, distinct] averaging matrices: a text input of the model is `map @ table`, so a new table
    (joint training) gives new inputs, with gradient. Users have: own, on own relationships, then a mean per kind of neighbour.
    """

    distinct: list[str]
    maps: dict[str, list[Matrix]]
    own: Matrix  # [users, distinct] counts: own text and texts on own relationships
    neighbours: Matrix  # [users, distinct] mean over kinds of neighbours
    topics: Matrix  # [topics, distinct]
    user: str  # label of the users
    written: Matrix  # [users, distinct] counts on own relationships
    around: list[Around]


def collect_texts(snapshot: Snapshot) -> Texts:
    """Gather every text of nodes and relationships, each distinct one once, the empty one left out."""
    index: dict[str, int] = {}

    def rows(texts: list[str]) -> NDArray[np.int64]:
        return np.array([index.setdefault(t, len(index)) if t.strip() else -1 for t in texts], np.int64)

    node_rows = {label: rows(_node_texts(n)) for label, n in snapshot.nodes.items()}
    user = snapshot.users.label
    edge_rows = [(e, rows(e.texts)) for e in snapshot.edges.values() if e.mapping.source == user and e.texts]
    size = len(index)
    nodes = {label: _one_hot(r, size) for label, r in node_rows.items()}
    written = csr((len(snapshot.users), size))
    for e, r in edge_rows:
        keep = r >= 0
        pairs = (e.sources[keep], r[keep])
        written = csr(written + csr((np.ones(int(keep.sum()), np.float32), pairs), written.shape))
    own_all = sparse.csr_array(nodes[user] + written)
    kinds = _around(snapshot, nodes, mean_rows(own_all))
    around = [csr(k.weights @ k.texts) for k in kinds]
    maps = {label: [m] for label, m in nodes.items()}
    maps[user] = [nodes[user], *([mean_rows(sparse.csr_array(written))] if edge_rows else []), *around]
    neighbours = sparse.csr_array(sum(around, start=sparse.csr_array(written.shape, dtype=np.float32)))
    topics = [nodes[n.label] for n in snapshot.with_role("topic")]
    topic_map = sparse.vstack(topics, format="csr") if topics else sparse.csr_array((0, size), dtype=np.float32)
    return Texts(list(index), maps, own_all, neighbours, sparse.csr_array(topic_map), user, written, kinds)


def _node_texts(n: Nodes) -> list[str]:
    """Text of a node; a topic without one is read by its name, since a new topic must be scored from that."""
    if n.role != "topic":
        return n.texts
    return [text or name for text, name in zip(n.texts, n.names, strict=True)]


def _one_hot(rows: NDArray[np.int64], size: int) -> Matrix:
    at = np.flatnonzero(rows >= 0)
    return sparse.csr_array((np.ones(len(at), np.float32), (at, rows[at])), shape=(len(rows), size))


def _around(snapshot: Snapshot, nodes: Mapping[str, Matrix], own: Matrix) -> list[Around]:
    """The kinds of neighbours of which any has a text."""
    user = snapshot.users.label
    kinds = []
    for e in snapshot.edges.values():
        if user not in (e.mapping.source, e.mapping.target) or e.role in ("interest", "ignore") or not len(e):
            continue
        both = e.matrix(weighted=False)
        if e.mapping.source == e.mapping.target:
            kinds.append(Around(user, mean_rows(sparse.csr_array(both + both.T)), own))
        elif e.mapping.source == user:
            kinds.append(Around(e.mapping.target, mean_rows(both), nodes[e.mapping.target]))
        else:
            kinds.append(Around(e.mapping.source, mean_rows(sparse.csr_array(both.T)), nodes[e.mapping.source]))
    kinds += _two_hop(snapshot, nodes, len(snapshot.users))
    return [k for k in kinds if (k.weights @ k.texts).nnz]


def _two_hop(snapshot: Snapshot, nodes: Mapping[str, Matrix], users: int) -> list[Around]:
    """Texts of items related to a user's items: of the question that an answer of theirs belongs to, say."""
    if not snapshot.edges_with_role("related"):
        return []
    acts, beyond = [], []
    for n in snapshot.with_role("item"):
        total, related = csr((users, len(n))), csr(nodes[n.label].shape)
        for e in snapshot.edges_with_role("behaviour"):
            if e.mapping.target == n.label:
                total = csr(total + e.matrix(weighted=False))
        for r in snapshot.edges_with_role("related"):
            matrix = r.matrix(weighted=False)
            if r.mapping.source == n.label:
                related = csr(related + mean_rows(matrix) @ nodes[r.mapping.target])
            if r.mapping.target == n.label:
                related = csr(related + mean_rows(sparse.csr_array(matrix.T)) @ nodes[r.mapping.source])
        acts.append(total @ sparse.diags_array(np.asarray(related.sum(1)).ravel()))
        beyond.append(mean_rows(related))
    return [Around(None, mean_rows(beside(*acts)), csr(sparse.vstack(beyond, format="csr")))]
