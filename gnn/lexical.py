"""Words: TF-IDF of the texts, and its leading singular directions as an input of the network."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from sociogram.gnn.matrices import Floats, Matrix, csr, moments_of, standardise, unit_rows
from sociogram.gnn.texts import Texts

WIDTH = 64  # of the lexical channel
TERMS = 20_000


@dataclass(frozen=True)
class Terms:
    """TF-IDF of every distinct text."""

    matrix: Matrix  # [texts, terms]
    words: list[str]


@dataclass(frozen=True)
class Lexical:
    """How words become the lexical channel of the users' inputs: own words, then those of neighbours, each standardised."""

    directions: Floats  # [width, terms]
    moments: list[tuple[Floats, Floats] | None]  # of own and neighbours': mean and SD; None: all zeros
    start: int  # first column in the users' static inputs

    @classmethod
    def of(cls, directions: Floats, own: Matrix, around: Matrix, start: int) -> "Lexical":
        """As the users' inputs were made."""
        moments = [moments_of(np.asarray(m @ directions.T, np.float32)) for m in (own, around)]
        return cls(directions, moments, start)

    def columns(self, own: Matrix, around: Matrix) -> Floats:
        """The channel [rows, 2 x width] of rows of TF-IDF of length one."""
        blocks = []
        for terms, moments in zip((own, around), self.moments, strict=True):
            x = np.asarray(terms @ self.directions.T, np.float32)
            if moments is None:
                blocks.append(np.zeros_like(x))
            else:
                blocks.append(np.where(np.any(x != 0, axis=1)[:, None], (x - moments[0]) / moments[1], 0))
        return np.concatenate(blocks, 1).astype(np.float32)


def term_matrix(texts: list[str], tokenize: Callable[[str], list[str]]) -> Matrix:
    """TF-IDF [texts, terms] of `read_terms`."""
    return read_terms(texts, tokenize).matrix


def read_terms(texts: list[str], tokenize: Callable[[str], list[str]]) -> Terms:
    """TF-IDF with sublinear counts: (1 + log tf) (log((1 + n) / (1 + df)) + 1), terms in two texts at least."""
    vocabulary: dict[str, int] = {}
    rows, columns = [], []
    for i, text in enumerate(texts):
        for token in tokenize(text[:20_000]):
            rows.append(i)
            columns.append(vocabulary.setdefault(token, len(vocabulary)))
    shape = (len(texts), max(len(vocabulary), 1))
    counts = sparse.csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
    counts.sum_duplicates()
    frequency = np.bincount(counts.indices, minlength=shape[1])
    kept = np.sort(np.argsort(-frequency, kind="stable")[:TERMS])
    kept = kept[frequency[kept] > 1]
    counts = sparse.csr_array(counts[:, kept])
    counts.data = (1.0 + np.log(counts.data)).astype(np.float32)
    weight = np.log((1 + len(texts)) / (1 + frequency[kept])) + 1.0
    words = list(vocabulary)
    return Terms(csr(counts @ sparse.diags_array(weight)), [words[i] for i in kept.tolist()])


def reduced(
    texts: Texts, terms: Matrix, own: Matrix, around: Matrix, seed: int
) -> tuple[Floats | None, dict[str, list[Floats]]]:
    """Terms projected on their leading singular directions, one set of directions for all labels; the directions, if there are any."""
    from sklearn.utils.extmath import randomized_svd

    width = min(WIDTH, min(terms.shape) - 1)
    if width < 2 or not terms.nnz:
        return None, {label: [] for label in texts.maps}
    basis = unit_rows(terms)
    _, _, directions = randomized_svd(sparse.csr_matrix(basis), width, random_state=seed)
    out = {
        label: [standardise(np.asarray(unit_rows(maps[0] @ terms) @ directions.T, np.float32))]
        for label, maps in texts.maps.items()
    }
    out[texts.user] = [standardise(np.asarray(m @ directions.T, np.float32)) for m in (own, around)]
    return np.asarray(directions), out
