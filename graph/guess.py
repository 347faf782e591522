"""What a property or a label probably is, from its name and a sample of values."""

import math
import re
from dataclasses import dataclass
from typing import Any, Literal

import neo4j.time

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
    why: str


def is_label_of(label: str, role: Literal["user", "topic"]) -> bool:
    """Whether a label's name says so: `AppUser`, `customers`, `Movie Genre`."""
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", label).replace("_", " ").lower().split()
    return bool(words) and re.fullmatch(rf"({_LABELS[role]})s?", words[-1]) is not None


def guess_property(name: str, values: list[Any]) -> PropertyGuess:
    """The role of a property from its name and sampled values (none of them null)."""
    if _PRIVATE.search(re.sub(r"([a-z])([A-Z])", r"\1_\2", name)):
        return PropertyGuess("private", "looks like personal data; never read")
    if all(isinstance(v, neo4j.time.DateTime | neo4j.time.Date) for v in values):
        return PropertyGuess("time", "temporal values")
    if all(isinstance(v, bool) for v in values):
        return PropertyGuess("categorical", "true or false")
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return _number(name, values)
    if all(isinstance(v, str) for v in values):
        return _string(name, values)
    return PropertyGuess("ignore", f"values of type {type(values[0]).__name__}")


def _number(name: str, values: list[Any]) -> PropertyGuess:
    finite = [v for v in values if math.isfinite(v)]
    epoch = finite and all(isinstance(v, int) and 10**8 <= v <= 5 * 10**12 for v in finite)
    if epoch and _TIME.search(name):
        return PropertyGuess("time", "whole numbers that are epoch times")
    if re.search(r"(^|_)(id|uid|key)$|[a-z]Id$", name):
        return PropertyGuess("ignore", "numbers that name something")
    return PropertyGuess("numeric", f"numbers from {min(finite):g} to {max(finite):g}" if finite else "numbers")


def _string(name: str, values: list[str]) -> PropertyGuess:
    distinct, mean = len(set(values)), sum(map(len, values)) / len(values)
    if re.match(r"https?://", values[0]):
        return PropertyGuess("ignore", "links")
    if _TEXT.search(name) or mean >= LONG:
        return PropertyGuess("text", f"{mean:.0f} characters on average")
    if re.search(r"(^|_)(id|uid|uuid|key)$|[a-z]Id$", name):
        return PropertyGuess("ignore", "names something")
    if distinct <= FEW and distinct <= max(2, len(values) // 2):
        return PropertyGuess("categorical", f"{distinct} distinct values")
    return PropertyGuess("ignore", f"{distinct:,} distinct short strings")
