"""A description in words as a direction in the users' published space: where those are whom it describes."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sociogram.encoders.keywords import stop_words, tokenize
from sociogram.errors import InputError
from sociogram.graph.profile import Profiles
from sociogram.said import Said

if TYPE_CHECKING:
    from sociogram.encoders.encoder import Encoder

Floats = NDArray[np.float32]
WORD = re.compile(r"\w+")
LONGEST = 5  # words of a topic's name that is looked for
NEAREST = 8  # topics that a description is made of
SHARPNESS = 20.0  # of the softmax over cosines: one that is .1 nearer counts 7 times as much
SURENESS = 4  # a part of the text counts by this power of its nearest topic's cosine: "who" is near to none


class Describer:
    """Descriptions as directions in one run's space; the topics are read once, and a question costs its own words."""

    def __init__(self, profiles: Profiles, encoder: "Encoder") -> None:
        self._profiles, self._encoder = profiles, encoder
        labels = dict.fromkeys(profiles.tags["topic_label"])
        self.topics = [name for label in labels for name in profiles.names[label]]
        if not self.topics:
            raise InputError(
                Said("the run knows no topics, and words are read as topics. Give a vector (numbers) instead.")
            )
        self._names = encoder.encode(self.topics)

    def describe(self, text: str) -> tuple[list[float], list[str]]:
        """The direction, and the topics that the text means, most meant first; raises InputError."""
        described = self._encoder.encode(parts(text, self.topics))
        topics = [self.topics[row] for row in meant(self._names, described).tolist()]
        return direction(self._profiles, self._names, described), topics


def parts(text: str, topics: Iterable[str]) -> list[str]:
    """What is encoded of a description: all of it, the topics that it names, and its other words, so that none drowns the others.

    Names are found by the longest that fits ("drum and bass" before "bass"), whatever their case and hyphens; a stop word names
    nothing by itself ("who" is no band), and words without a topic of their own tell what they are near to.
    """
    known = {_spelt(name) for name in topics}
    words = WORD.findall(text.casefold())
    named: list[str] = []
    others: list[str] = []
    at = 0
    while at < len(words):
        spans = [" ".join(words[at : at + n]) for n in range(LONGEST, 0, -1) if at + n <= len(words)]
        found = next((s for s in spans if s in known and s not in stop_words() and len(s) > 1), None)
        (named if found else others).append(found or words[at])
        at += len(found.split()) if found else 1
    return [text, *dict.fromkeys((*named, *tokenize(" ".join(others))))]


def _spelt(name: str) -> str:
    return " ".join(WORD.findall(name.casefold()))


def direction(profiles: Profiles, names: Floats, described: Floats) -> list[float]:
    """From the text vectors of the topics' names [topics, width] and of a description's parts [parts, width]; raises InputError.

    Users are weighed by how much surer than usual their profile is of the topics that the description is nearest to. A topic's own
    vector would not do: what a profile says comes from more than a dot product (on the demo of 600, planted fans among the nearest ten:
    93 % by this direction, 18 % by the topic's vector).
    """
    if profiles.tags["topic_label"].nunique() != 1:
        raise InputError(Said("words need a graph with one label of topics. Give a vector (numbers) instead of words."))
    weight = _topics(names, described)
    best = meant(names, described)
    users = profiles.embeddings[profiles.user_label]
    table = profiles.tags[profiles.tags["topic"].isin(best)]
    place = {int(t): i for i, t in enumerate(best)}
    sure = np.zeros((len(users), len(best)), np.float32)
    sure[table["user"].to_numpy(), table["topic"].map(place).to_numpy()] = table["probability"].to_numpy(np.float32)
    unit = users / np.maximum(np.linalg.norm(users, axis=1, keepdims=True), 1e-9)
    found = ((sure - sure.mean(0)) @ weight[best]) @ unit
    if not np.any(found):
        raise InputError(Said("no profile says anything of these words. Give a vector (numbers) instead of words."))
    return [float(x) for x in found]


def meant(names: Floats, described: Floats) -> NDArray[np.int64]:
    """The rows of the topics that a description is made of, most meant first; raises InputError where it is near to none."""
    weight = _topics(names, described)
    best = np.argsort(-weight, kind="stable")[:NEAREST]
    if weight[best[0]] <= 0:
        raise InputError(
            Said("the description has nothing in common with any topic of the graph. Use words that topics have.")
        )
    return best


def _topics(names: Floats, described: Floats) -> Floats:
    """How much each topic [topics] is meant."""
    near = _unit(described) @ _unit(names).T
    best = near.max(1, keepdims=True)
    soft = np.exp(SHARPNESS * (near - best))
    soft /= soft.sum(1, keepdims=True)
    return np.asarray((soft * np.maximum(best, 0) ** SURENESS).sum(0), np.float32)


def _unit(x: Floats) -> Floats:
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9), np.float32)
