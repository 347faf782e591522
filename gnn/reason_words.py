"""Reasons in words: the name of a piece, its path in the graph as Cypher draws it, and a sentence from a template."""

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sociogram.encoders.keywords import tokenize
from sociogram.gnn.matrices import Floats, Matrix, csr
from sociogram.gnn.phase import Context, Phase
from sociogram.gnn.removal import Ints
from sociogram.gnn.split import topic_mapping
from sociogram.graph import evidence_words as say

SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
LONGEST = 160  # characters of a quotation
NAMED = 60  # characters of a name within a path
ENTRIES = 4_000_000  # of the graph that are looked at together: about 100 MB
Counts = tuple[int, int]


class ReasonWords:
    """Names, paths and sentences of pieces of evidence; `weights` [terms, targets] are those of own words, where the model has any."""

    def __init__(self, c: Context, phase: Phase, tags: pd.DataFrame, weights: Floats | None = None) -> None:
        self.c, self.s, self.weights = c, c.snapshot, weights
        self.user = c.snapshot.users.label
        self.columns = topic_mapping(c.found, c.snapshot)
        self.tags, self.about = csr(phase.view.tags), csr(phase.view.item_topics)
        self.first, start = {}, 0  # of an item label, its first column among all items
        for n in self.s.with_role("item"):
            self.first[n.label] = start
            start += len(n)
        acts = c.features.behaviour
        self.acts = csr((np.ones_like(acts.data), acts.indices, acts.indptr), acts.shape)
        self.shown = _shown(tags, self.columns, self.tags.shape)
        self.term = {word: i for i, word in enumerate(c.features.terms.words)}
        self.target = {int(column): i for i, column in enumerate(c.split.targets)}

    def describe(self, pieces: pd.DataFrame) -> pd.DataFrame:
        """Columns key, name, path, sentence for pieces with the columns user, column (topic), kind, label, node."""
        columns = (pieces[n].tolist() for n in ("user", "column", "kind", "label", "node"))
        told = [self._one(*row) for row in zip(*columns, self._others(pieces), strict=True)]
        return pd.DataFrame(told, columns=["key", "name", "path", "sentence"], dtype=object)

    def _one(
        self, user: int, column: int, kind: str, label: str, node: int, others: Counts
    ) -> tuple[str, str, str, str]:
        me, topic, liked = self._node(self.user, user), self._topic(column), self._name(*self.columns[column])
        observed = bool(self.tags[user, column])
        if kind == "said":
            return (
                self._key(*self.columns[column]),
                liked,
                f"{me}-[:{self._interest(column)}]->{topic}",
                say.THERE,
            )
        if kind == "text":
            return self._text(user, column, node)
        key, name = self._key(label, node), self._name(label, node)
        if kind == "item" and observed and not self.c.found.derived:
            through = f"[:{self._interest(column)} {{{self._through(column)}: {key}}}]"
            return key, name, f"{me}-{through}->{topic}", say.SAID_OF.format(name=name)
        types, arrow = self._ties(user, label, node)
        step = f"{me}{arrow}{self._node(label, node)}"
        if kind == "friend":
            end, sentence = self._friend(node, name, column)
        elif kind == "item":
            end, sentence = self._item(name, types, self.first[label] + node, column, others)
        elif kind == "topic" and others[0]:
            end = f"<-[:{self._interest(column)}]-(:{self.user})-[:{self._interest(column)}]->{topic}"
            sentence = say.ALSO_OTHERS.format(name=name, all=others[1], some=others[0], liked=liked)
        else:
            end, sentence = "", (say.ALSO if kind == "topic" else say.TIED).format(name=name)
        return key, name, step + end, sentence

    def _friend(self, friend: int, name: str, column: int) -> tuple[str, str]:
        topic, liked = self._topic(column), self._name(*self.columns[column])
        if self.tags[friend, column]:
            return f"-[:{self._interest(column)}]->{topic}", say.TIED_LIKES.format(name=name, liked=liked)
        if self.shown[friend, column]:
            said = say.TIED_SEEMS.format(name=name, liked=liked)
            return f"-[:{self.s.mapping.write.interested_in}]->{topic}", said
        theirs = self.acts.indices[self.acts.indptr[friend] : self.acts.indptr[friend + 1]]
        about = [i for i in theirs.tolist() if self.about[i, column]] if self.about.nnz else []
        if not about:
            return "", say.TIED.format(name=name)
        label = max((n for n in self.first if self.first[n] <= about[0]), key=lambda n: self.first[n])
        item = about[0] - self.first[label]
        end = f"{self._ties(friend, label, item)[1]}{self._node(label, item)}-[:{self._about(label, column)}]->{topic}"
        has = say.TIED_HAS_ONE if len(about) == 1 else say.TIED_HAS
        return end, has.format(name=name, n=len(about), liked=liked)

    def _item(self, name: str, types: list[str], item: int, column: int, others: Counts) -> tuple[str, str]:
        topic, liked, did = self._topic(column), self._name(*self.columns[column]), ", ".join(t.lower() for t in types)
        label = max((n for n in self.first if self.first[n] <= item), key=lambda n: self.first[n])
        if self.about[item, column]:
            said = say.DID_ABOUT.format(did=did, name=name, liked=liked)
            return f"-[:{self._about(label, column)}]->{topic}", said
        if not others[0]:
            return "", say.DID.format(did=did, name=name)
        end = f"<-[:{'|'.join(types)}]-(:{self.user})-[:{self._interest(column)}]->{topic}"
        return end, say.DID_OTHERS.format(did=did, name=name, all=others[1], some=others[0], liked=liked)

    def _text(self, user: int, column: int, text: int) -> tuple[str, str, str, str]:
        said = f'"{self._quote(self.c.features.texts.distinct[text], column)}"'
        me = self._node(self.user, user)
        for e in self.s.edges.values():
            if e.mapping.source != self.user or not e.texts:
                continue
            for i in range(int(e.indptr[user]), int(e.indptr[user + 1])):
                if e.texts[i] == self.c.features.texts.distinct[text]:
                    at = (e.mapping.target, int(e.targets[i]))
                    return self._key(*at), self._name(*at), f"{me}-[:{e.mapping.type}]->{self._node(*at)}", said
        return self._key(self.user, user), self._name(self.user, user), me, said

    def _quote(self, text: str, column: int) -> str:
        """The sentence of a text whose words weigh most for the topic; of the topic's own words where the model weighs none."""
        sentences = [s.strip() for s in SENTENCE.split(text) if s and s.strip()] or [text.strip()]
        target, named = self.target.get(column), set(tokenize(self._name(*self.columns[column])))

        def weight(sentence: str) -> float:
            words = tokenize(sentence)
            if self.weights is None or target is None:
                return float(sum(w in named for w in words))
            return float(sum(self.weights[self.term[w], target] for w in words if w in self.term))

        best = max(sentences, key=weight)
        return best if len(best) <= LONGEST else best[: LONGEST - 1].rstrip() + "…"

    def _others(self, pieces: pd.DataFrame) -> list[Counts]:
        """For items and topics, of the other users who have it too and whose interests are known: how many have the claimed topic, and all."""
        kind, label = pieces["kind"].to_numpy(object), pieces["label"].to_numpy(object)
        user, node = pieces["user"].to_numpy(np.int64), pieces["node"].to_numpy(np.int64)
        column = pieces["column"].to_numpy(np.int64)
        known = (np.diff(self.tags.indptr) > 0).astype(np.float32)
        liking = csr(self.tags.T)
        out = np.zeros((len(pieces), 2), np.int64)
        for of, offsets, having in (("item", self.first, csr(self.acts.T)), ("topic", self.c.found.offsets, liking)):
            at = np.flatnonzero(kind == of)
            if len(at):
                mine = np.array([offsets[name] for name in label[at]], np.int64) + node[at]
                out[at, 0] = in_common(having, mine, liking, column[at])
                out[at, 1] = (having @ known)[mine] - known[user[at]]
        return [(int(a), int(b)) for a, b in out]

    def _ties(self, user: int, label: str, node: int) -> tuple[list[str], str]:
        """Types of the relationships from a user to a node, and all between them as Cypher draws it."""
        out, back = [], []
        for e in self.s.edges.values():
            ends = (e.mapping.source, e.mapping.target)
            if ends == (self.user, label) and node in e.targets[e.indptr[user] : e.indptr[user + 1]]:
                out.append(e.mapping.type)
            if ends == (label, self.user) and user in e.targets[e.indptr[node] : e.indptr[node + 1]]:
                back.append(e.mapping.type)
        types = "|".join(dict.fromkeys([*out, *back]))
        if not types:
            return out, "--"
        return out, f"-[:{types}]-" if out and back else f"-[:{types}]->" if out else f"<-[:{types}]-"

    def _interest(self, column: int) -> str:
        label = self.columns[column][0]
        types = [e.mapping.type for e in self.s.edges_with_role("interest") if e.mapping.target == label and len(e)]
        return "|".join(types) or self.s.mapping.write.interested_in

    def _through(self, column: int) -> str:
        """The property of an interest that names the item through which it was seen."""
        label = self.columns[column][0]
        return next((m.item for m in self.s.mapping.with_role("interest") if m.target == label and m.item), "item")

    def _about(self, label: str, column: int) -> str:
        ends = (label, self.columns[column][0])
        found = [
            e.mapping.type for e in self.s.edges_with_role("about") if (e.mapping.source, e.mapping.target) == ends
        ]
        return "|".join(found)

    def _topic(self, column: int) -> str:
        return f"({self._name(*self.columns[column])})"

    def _node(self, label: str, row: int) -> str:
        key, name = self._key(label, row), self._name(label, row)
        short = name if len(name) <= NAMED else name[: NAMED - 1].rstrip() + "…"
        return f"({key})" if name == key else f'({key} "{short}")'

    def _key(self, label: str, row: int) -> str:
        return str(self.s.nodes[label].keys[row])

    def _name(self, label: str, row: int) -> str:
        return self.s.nodes[label].names[row]


def in_common(a: Matrix, rows: Ints, b: Matrix, others: Ints, most: int = ENTRIES) -> Ints:
    """How many columns rows a[rows[i]] and b[others[i]] have in common [len(rows)]; at most `most` entries are copied at once.

    Pairs that come again are counted once: a popular item speaks for many users.
    """
    pairs, place = np.unique(np.stack([rows, others]), axis=1, return_inverse=True)
    size = np.diff(a.indptr)[pairs[0]].astype(np.int64) + np.diff(b.indptr)[pairs[1]]
    found = np.zeros(pairs.shape[1], np.int64)
    for block in np.split(np.arange(len(found)), np.flatnonzero(np.diff(np.cumsum(size) // most)) + 1):
        found[block] = np.asarray((a[pairs[0, block]] > 0).multiply(b[pairs[1, block]] > 0).sum(1)).ravel()
    return found[place.ravel()]


def _shown(tags: pd.DataFrame, columns: list[tuple[str, int]], shape: Any) -> Matrix:
    said = tags[tags["shown"].to_numpy(bool)]
    at = {pair: i for i, pair in enumerate(columns)}
    column = [at[pair] for pair in zip(said["topic_label"], said["topic"], strict=True)]
    rows: NDArray[np.int64] = said["user"].to_numpy(np.int64)
    return csr((np.ones(len(said), np.float32), (rows, np.array(column, np.int64))), shape)
