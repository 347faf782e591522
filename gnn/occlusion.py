"""The trained model's score of users with some of their neighbours and texts out of sight: what reasons are read off.

Nothing is learnt again: weights, counts of what a user does and collaborative factors stay as they are. The linear parts and the
combination are exact; the network is exact at the user, while its neighbours' own states stay (a user's echo through them).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.gnn.choose import NETWORK, Choice
from sociogram.gnn.linear import items_said, read_topics, share_of_friends
from sociogram.gnn.matrices import Floats, Matrix, csr, mean_rows, unit_rows
from sociogram.gnn.model import Sociogram
from sociogram.gnn.occluded_network import OccludedNetwork
from sociogram.gnn.phase import Context, Phase
from sociogram.gnn.removal import Mean, Removal, Texts, visible_rows, whole
from sociogram.gnn.solvers import Linear

Ints = NDArray[np.int64]
Entries = tuple[Ints, Ints]  # rows, columns


class Occlusion:
    """Scores [rows, targets] of a run's final model for any removal."""

    def __init__(self, c: Context, phase: Phase, choice: Choice, model: Sociogram) -> None:
        self.c, self.phase, self.choice = c, phase, choice
        self.wanted = _wanted(phase, choice)
        self.linear: dict[str, Linear] = c.priors.fitted(phase.view, c.settings, self.wanted)
        self.inputs = {name for part in self.linear.values() for name in part.weights}
        self.texts = Texts(c, c.table)
        self.network = OccludedNetwork(c, phase, model, self.terms) if NETWORK in self.wanted else None
        f, view, user = c.features, phase.view, c.features.texts.user
        y = view.tags[:, c.split.targets].toarray().astype(np.float32)
        labelled = np.diff(view.tags.indptr) > 0
        self.friends = Mean(user, f.friends, np.concatenate([y, labelled[:, None]], 1).astype(np.float32))
        self.rate = y[labelled].mean(0) if labelled.any() else np.zeros(y.shape[1], np.float32)
        self.acts = csr((np.ones_like(f.behaviour.data), f.behaviour.indices, f.behaviour.indptr), f.behaviour.shape)
        behaviour = mean_rows(f.behaviour)
        self.said = Mean(None, behaviour, items_said(view, c.split.targets).toarray())
        self.friends_said = Mean(user, f.friends, np.asarray(behaviour @ self.said.values, np.float32))
        self.profile = Mean(None, behaviour, read_topics(view))
        self.words = [Mean(k.label, k.weights, csr(k.texts @ f.terms.matrix)) for k in f.texts.around]

    def hide(self, users: Ints, nodes: Mapping[str, Entries], texts: Entries) -> Removal:
        """A removal of (row, node) by label and of (row, text)."""
        shown = {n: (len(users), len(s)) for n, s in self.c.snapshot.nodes.items()}
        none = (np.zeros(0, np.int64), np.zeros(0, np.int64))
        hidden = {label: _ones(nodes.get(label, none), shape) for label, shape in shown.items()}
        items = [hidden[n.label] for n in self.c.snapshot.with_role("item")]
        beside = csr(sparse.hstack(items, format="csr")) if items else csr((len(users), 0))
        return Removal(users, hidden, beside, _ones(texts, (len(users), len(self.c.table))))

    def scores(self, removal: Removal) -> Floats:
        """The combination's score [rows, targets], centred within the user over topics that are not known."""
        known = self.phase.known[removal.users]
        parts = self.parts(removal)
        if self.network is not None:
            parts[NETWORK] = self.network(removal) + self.phase.offset.apply(parts, known)
        return self.choice.stack.apply(parts, known)

    def parts(self, removal: Removal) -> dict[str, Floats]:
        """The linear parts that count [rows, targets]."""
        inputs = self._inputs(removal)
        out = {name: part(inputs) for name, part in self.linear.items()}
        if "popularity" in self.wanted:
            out["popularity"] = self.phase.parts["popularity"][removal.users]
        if "friends' tags" in self.wanted:
            mean = self.friends.without(removal)
            count = np.diff(self.friends.weights.indptr)[removal.users] - np.diff(self.friends.lost(removal).indptr)
            out["friends' tags"] = share_of_friends(mean[:, :-1], mean[:, -1:], count[:, None], self.rate)
        if "items' tags" in self.wanted:
            out["items' tags"] = np.asarray(self.said.without(removal), np.float32)
        if "friends' items' tags" in self.wanted:
            out["friends' items' tags"] = np.asarray(self.friends_said.without(removal), np.float32)
        if "text likeness" in self.wanted:
            written = mean_rows(visible_rows(self.c.features.texts.own, removal.users, removal.texts))
            own = np.asarray(written @ self.c.table, np.float32)
            around = sum((m.without(removal) for m in self.texts.around), start=np.zeros_like(own))
            out["text likeness"] = self.c.priors.likeness(own, whole(around))
        return out

    def _inputs(self, removal: Removal) -> dict[str, Matrix | Floats]:
        """The inputs that the ridge and logistic parts read [rows, columns]."""
        view, found, priors = self.phase.view, self.c.found, self.c.priors
        out: dict[str, Matrix | Floats] = {}
        if "items" in self.inputs:
            out["items"] = visible_rows(self.acts, removal.users, removal.items)
        if "tags" in self.inputs:
            hidden = csr(sparse.hstack([removal.nodes[label] for label in found.offsets], format="csr"))
            out["tags"] = visible_rows(view.tags, removal.users, hidden)
        if "items' tags" in self.inputs:
            said = mean_rows(whole(self.profile.without(removal)))
            said.data = np.sqrt(np.maximum(said.data, 0))
            out["items' tags"] = said
        if "vectors" in self.inputs:
            out["vectors"] = priors.centred([whole(x) for x in self.texts.blocks(removal)])
        if "own words" in self.inputs or "others' words" in self.inputs:
            out["own words"], out["others' words"] = self.terms(removal)
        return out

    def terms(self, removal: Removal) -> tuple[Matrix, Matrix]:
        """TF-IDF of own and of neighbours' words, rows of length one."""
        f = self.c.features
        own = visible_rows(f.texts.own, removal.users, removal.texts) @ f.terms.matrix
        around = sum((m.without(removal) for m in self.words), start=csr((len(removal.users), f.terms.matrix.shape[1])))
        return unit_rows(own), unit_rows(whole(around))

    def word_weights(self) -> Floats | None:
        """Weights of own words [terms, targets], of the part that reads them alone if it counts; None where no part reads them."""
        return next((part.weights["own words"] for part in self.linear.values() if "own words" in part.weights), None)


def _wanted(phase: Phase, choice: Choice) -> set[str]:
    """The parts that the combination gives weight to, those under the network included."""

    def weighed(weights: Mapping[str, float]) -> set[str]:
        return {name.removesuffix(" |z") for name, weight in weights.items() if weight > 0}

    found = weighed(choice.stack.weights)
    return found | (weighed(phase.offset.weights) if NETWORK in found else set())


def _ones(entries: Entries, shape: tuple[int, int]) -> Matrix:
    matrix = csr((np.ones(len(entries[0]), np.float32), entries), shape)
    matrix.data[:] = 1
    return matrix
