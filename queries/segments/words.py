"""The words that set each segment apart, and a name made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sociogram.graph.profile import Profiles

Ints = NDArray[np.int64]
SURE = 1.96  # z from which on a word sets a segment apart
SHOWN = 8  # words of a segment that are kept
IN_NAME = 2
LONGEST = 40  # characters of a word in a name
COMMON = 0.1  # a word of a name is said by at least so many of the segment
PRIOR = 0.1  # of all counts: what the informative prior weighs


@dataclass(frozen=True)
class Word:
    """A tag or keyword: how many of the segment have it, how many times as common as among all, and how sure that is."""

    word: str
    share: float
    lift: float
    z: float


@dataclass(frozen=True)
class Terms:
    """Who has which tag or keyword: sparse ones [users, words]."""

    words: list[str]
    held: sparse.csr_array


def terms_of(profiles: Profiles) -> Terms:
    """Shown and observed tags, then keywords; a keyword spelled like a tag is that tag."""
    shown = profiles.tags[profiles.tags["shown"].to_numpy(bool) | profiles.tags["observed"].to_numpy(bool)]
    said = [profiles.names[label][row] for label, row in zip(shown["topic_label"], shown["topic"], strict=True)]
    place: dict[str, int] = {}
    words: list[str] = []
    rows, columns = shown["user"].tolist(), []
    for word in said:
        columns.append(_place(word, place, words))
    for user, keywords in enumerate(profiles.keywords):
        rows += [user] * len(keywords)
        columns += [_place(word, place, words) for word in keywords]
    users = len(profiles.keys[profiles.user_label])
    held: Any = sparse.csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(users, len(words)))
    held.sum_duplicates()
    held.data[:] = 1
    return Terms(words, held)


def _place(word: str, place: dict[str, int], words: list[str]) -> int:
    folded = word.casefold()
    if folded not in place:
        place[folded] = len(words)
        words.append(word)
    return place[folded]


def words_apart(terms: Terms, labels: Ints, groups: int) -> list[list[Word]]:
    """Per group the words it has more than all others, surest first.

    z of the log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi, Quinn 2008, eq. 15 to 22): group against all other
    users, the prior being the words' counts over all users. Words with z below 1.96 are left out.
    """
    if not terms.words:
        return [[] for _ in range(groups)]
    users = len(labels)
    everybody = np.asarray(terms.held.sum(0), np.float64).ravel()
    prior = PRIOR * everybody
    out = []
    for g in range(groups):
        members = np.flatnonzero(labels == g)
        mine = np.asarray(terms.held[members].sum(0), np.float64).ravel()
        rest = everybody - mine
        odds = _log_odds(mine, prior) - _log_odds(rest, prior)
        z = odds / np.sqrt(1 / (mine + prior) + 1 / (rest + prior))
        share = mine / max(len(members), 1)
        lift = share / (everybody / users)
        best = [i for i in np.argsort(-z, kind="stable")[:SHOWN].tolist() if z[i] >= SURE and lift[i] > 1]
        out.append([Word(terms.words[i], float(share[i]), float(lift[i]), float(z[i])) for i in best])
    return out


def _log_odds(counts: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    against = np.maximum(
        counts.sum() + prior.sum() - counts - prior, 0.5
    )  # of a vocabulary of one word nothing is left
    return np.asarray(np.log((counts + prior) / against), np.float64)


def names(words: Sequence[Sequence[Word]], ids: Sequence[int], taken: Sequence[str] = ()) -> list[str]:
    """A name for each segment of its surest common words; a name that is taken gets more words, then the id."""
    used = {name.casefold() for name in taken}
    found = []
    for apart, number in zip(words, ids, strict=True):
        common = [_short(w.word) for w in apart if w.share >= COMMON] or [_short(w.word) for w in apart]
        options = [" · ".join(common[:few]) for few in range(IN_NAME, len(common) + 1)] or [*common[:1]]
        base = options[0] if options else "segment"
        more = (f"{base} {number}" if i == 0 else f"{base} {number}.{i}" for i in count())
        name = next(option for option in chain(options, more) if option.casefold() not in used)
        used.add(name.casefold())
        found.append(name)
    return found


def _short(word: str) -> str:
    return " ".join(word.split())[:LONGEST]
