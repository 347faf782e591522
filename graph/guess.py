"""What a property or a label probably is, from its name and a sample of values."""

import math
import re
from dataclasses import dataclass
from typing import Any, Literal

import neo4j.time

from sociogram.said import Said

Guessed = Literal["text", "name", "numeric", "categorical", "time", "private", "ignore"]

_LABELS = {
    "user": r"user|person|people|member|customer|account|client|author|employee|player|student|subscriber|profile|patient|visitor",
    "topic": r"topic|tag|category|categories|genre|interest|skill|subject|keyword|hashtag|theme",
}
_PRIVATE = re.compile(
    r"e-?mail|\bip\b|ip_?addr|phone|mobile|passw|secret|token|ssn|iban|credit|street|postal|zip_?code|birth", re.I
)
_TIME = re.compile(
    r"^(at|on|time|date|timestamp|ts|when)$|(_at|_on|At|On|Date|_date|Time|_time|[Tt]imestamp|[Ss]ince|created|updated)$"
)
_TEXT = re.compile(r"bio|about|text|body|description|summary|comment|review|content|message|query|abstract|note", re.I)
FEW = 50  # at most so many distinct values make a categorical property
LONG = 30  # characters on average from which a string is text


@dataclass(frozen=True)
class PropertyGuess:
    """A role and the reason that is written beside it."""

    role: Guessed
    why: Said


def is_label_of(label: str, role: Literal["user", "topic"]) -> bool:
    """Whether a label's name says so: `AppUser`, `customers`, `Movie Genre`."""
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", label).replace("_", " ").lower().split()
    return bool(words) and re.fullmatch(rf"({_LABELS[role]})s?", words[-1]) is not None


def guess_property(name: str, values: list[Any]) -> PropertyGuess:
    """The role of a property from its name and sampled values (none of them null)."""
    if _PRIVATE.search(re.sub(r"([a-z])([A-Z])", r"\1_\2", name)):
        return PropertyGuess("private", Said("looks like personal data; never read"))
    if all(isinstance(v, neo4j.time.DateTime | neo4j.time.Date) for v in values):
        return PropertyGuess("time", Said("temporal values"))
    if all(isinstance(v, bool) for v in values):
        return PropertyGuess("categorical", Said("true or false"))
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return _number(name, values)
    if all(isinstance(v, str) for v in values):
        return _string(name, values)
    return PropertyGuess("ignore", Said("values of type {type}", type=type(values[0]).__name__))


def _number(name: str, values: list[Any]) -> PropertyGuess:
    finite = [v for v in values if math.isfinite(v)]
    epoch = finite and all(isinstance(v, int) and 10**8 <= v <= 5 * 10**12 for v in finite)
    if epoch and _TIME.search(name):
        return PropertyGuess("time", Said("whole numbers that are epoch times"))
    if re.search(r"(^|_)(id|uid|key)$|[a-z]Id$", name):
        return PropertyGuess("ignore", Said("numbers that name something"))
    if not finite:
        return PropertyGuess("numeric", Said("numbers"))
    return PropertyGuess("numeric", Said("numbers from {low:g} to {high:g}", low=min(finite), high=max(finite)))


def _string(name: str, values: list[str]) -> PropertyGuess:
    distinct, mean = len(set(values)), sum(map(len, values)) / len(values)
    if re.match(r"https?://", values[0]):
        return PropertyGuess("ignore", Said("links"))
    if _TEXT.search(name) or mean >= LONG:
        return PropertyGuess("text", Said("{mean:.0f} characters on average", mean=mean))
    if re.search(r"(^|_)(id|uid|uuid|key)$|[a-z]Id$", name):
        return PropertyGuess("ignore", Said("names something"))
    if distinct <= FEW and distinct <= max(2, len(values) // 2):
        return PropertyGuess("categorical", Said("{n} distinct values", n=distinct))
    return PropertyGuess("ignore", Said("{n:,} distinct short strings", n=distinct))
