"""Segments by rule: an ordered list of names and conditions on a user's tags and properties; the first that holds, counts.

CONDITION := PART ("or" PART)*;  PART := TEST ("and" TEST)*;  TEST := ["not"] ("tag" TOPIC [OP NUMBER] | PROPERTY OP VALUE)
OP := = != < <= > >=.  A tag without a number is one that is shown. Names and values of several words need no quotes; with quotes,
words such as `and` may be in them.
"""

import math
import operator
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sociogram.errors import InputError

Bools = NDArray[np.bool_]
Rules = Mapping[str, str] | Sequence[str] | Path
OPS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
_TOKEN = re.compile(r"""\s*("[^"]*"|'[^']*'|<=|>=|!=|==|=|<|>|[^\s<>=!"']+)""")
_WORDS = ("and", "or", "not", "tag")
OTHER = "other"  # name of the users who are in no segment
PREDICTED = "predicted"  # before the name of an attribute that the run predicts
EXAMPLE = "climbers: tag climbing >= .6"


@dataclass(frozen=True)
class Test:
    """One condition: a tag's probability, or a property, compared with a value."""

    subject: str
    tag: bool
    op: str | None  # None: the tag is shown
    value: str | float | None
    negated: bool


@dataclass(frozen=True)
class Rule:
    """A segment's name and its condition: any of `parts`, each of which needs all of its tests."""

    name: str
    text: str
    parts: tuple[tuple[Test, ...], ...]

    @property
    def learned(self) -> bool:
        """Whether any test is about a tag or a predicted attribute, and so about what a run has learned from behaviour."""
        tests = [test for part in self.parts for test in part]
        return any(test.tag or test.subject.lower().startswith(PREDICTED) for test in tests)


@dataclass(frozen=True)
class Facts:
    """What rules may ask about users, by row: probabilities and shown users of each topic name, property values."""

    users: int
    topics: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float32], Bools]]  # name -> user rows, probability, shown
    properties: Mapping[str, Sequence[Any]]


def read_rules(given: Rules) -> tuple[Rule, ...]:
    """Rules in order, from {name: condition}, from texts `NAME: CONDITION`, or from a TOML file with a table [segments]."""
    if isinstance(given, Path):
        pairs = list(_file(given).items())
    elif isinstance(given, Mapping):
        pairs = list(given.items())
    else:
        pairs = [_pair(text) for text in given]
    if not pairs:
        raise InputError(f"rules: none were given. Give at least one, such as '{EXAMPLE}'.")
    names = [name for name, _ in pairs]
    if OTHER in names:
        raise InputError(f"rules: {OTHER!r} is what users are called for whom no rule holds. Choose another name.")
    doubled = [name for name in names if names.count(name) > 1]
    if doubled:
        raise InputError(f"rules: {doubled[0]!r} is named twice. Join its conditions with `or`.")
    return tuple(Rule(name, text, _parse(name, text)) for name, text in pairs)


def _file(path: Path) -> dict[str, str]:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f'{path}: {error.strerror}. It should hold a table [segments] of name = "condition".'
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {error}.") from None
    table = raw.get("segments")
    if not isinstance(table, dict) or not all(isinstance(text, str) for text in table.values()):
        raise InputError(f'{path}: expected a table [segments] of lines such as climbers = "tag climbing >= .6".')
    return table


def _pair(text: str) -> tuple[str, str]:
    name, sign, condition = text.partition(":")
    if not sign or not name.strip() or not condition.strip():
        raise InputError(f"rule {text!r}: expected NAME: CONDITION, such as '{EXAMPLE}'.")
    return name.strip(), condition.strip()


def _parse(name: str, text: str) -> tuple[tuple[Test, ...], ...]:
    tokens, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            raise InputError(f"rule {name!r}: cannot read {stripped[at:]!r}. A quote may be open.")
        tokens.append(match[1])
        at = match.end()
    return tuple(tuple(_test(name, test) for test in _split(part, "and")) for part in _split(tokens, "or"))


def _split(tokens: list[str], word: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token.lower() == word:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _test(rule: str, tokens: list[str]) -> Test:
    negated = bool(tokens) and tokens[0].lower() == "not"
    rest = tokens[negated:]
    tag = bool(rest) and rest[0].lower() == "tag"
    rest = rest[tag:]
    places = [i for i, word in enumerate(rest) if word in (*OPS, "==")]
    subject = _joined(rest[: places[0]] if places else rest)
    if not subject or len(places) > 1 or (not places and not tag):
        said = " ".join(tokens) or "nothing"
        raise InputError(
            f"rule {rule!r}: expected `tag TOPIC >= NUMBER` or `PROPERTY OP VALUE`, got {said!r}. For example: {EXAMPLE}"
        )
    if not places:
        return Test(subject, True, None, None, negated)
    op = rest[places[0]].replace("==", "=")
    right = rest[places[0] + 1 :]
    value: str | float = _joined(right)
    if not right:
        raise InputError(f"rule {rule!r}: there is nothing to compare {subject!r} with after {op}.")
    number = _number(str(value)) if right[0][0] not in "\"'" else None
    if tag and (number is None or not 0 <= number <= 1):
        raise InputError(f"rule {rule!r}: the probability of a tag is from 0 to 1, got {value!r}.")
    return Test(subject, tag, op, value if number is None else number, negated)


def _joined(tokens: list[str]) -> str:
    return " ".join(token[1:-1] if token[0] in "\"'" else token for token in tokens)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def by_rule(rules: Sequence[Rule], facts: Facts) -> NDArray[np.int64]:
    """Place of the first rule that holds for each user [n], -1 where none does; InputError for an unknown tag or property."""
    labels = np.full(facts.users, -1, np.int64)
    for i, rule in reversed(list(enumerate(rules))):
        holds = np.zeros(facts.users, np.bool_)
        for part in rule.parts:
            holds |= np.logical_and.reduce([_holds(rule.name, test, facts) for test in part])
        labels[holds] = i
    return labels


def _holds(rule: str, test: Test, facts: Facts) -> Bools:
    found = _tag(rule, test, facts) if test.tag else _property(rule, test, facts)
    return ~found if test.negated else found


def _tag(rule: str, test: Test, facts: Facts) -> Bools:
    name = _known(rule, "topic", test.subject, facts.topics)
    users, probability, shown = facts.topics[name]
    if test.op is None:
        out = np.zeros(facts.users, np.bool_)
        out[users[shown]] = True
        return out
    p = np.zeros(facts.users, np.float32)
    p[users] = probability
    return np.asarray(OPS[test.op](p, np.float32(test.value)), np.bool_)


def _property(rule: str, test: Test, facts: Facts) -> Bools:
    values = facts.properties[_known(rule, "property", test.subject, facts.properties)]
    op = test.op or "="
    return np.fromiter((_compare(v, op, test.value) for v in values), np.bool_, facts.users)


def _compare(value: Any, op: str, wanted: str | float | None) -> bool:
    """A missing value satisfies nothing; a list has a value or has it not; text that is a number compares as one."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return False
    if isinstance(value, list | tuple | np.ndarray):
        has = any(_compare(v, "=", wanted) for v in value)
        return has if op == "=" else not has if op == "!=" else False
    if isinstance(value, bool | np.bool_):
        value = str(bool(value)).lower()
    elif isinstance(wanted, float):
        number = _number(str(value))
        return number is not None and bool(OPS[op](number, wanted)) if op != "!=" else number != wanted
    return bool(OPS[op](str(value), str(wanted)))


def _known(rule: str, what: str, name: str, there: Mapping[str, Any]) -> str:
    """The name as it is spelled there, whatever its case."""
    if name in there:
        return name
    folded = {str(known).casefold(): str(known) for known in there}
    if name.casefold() in folded:
        return folded[name.casefold()]
    near = [folded[n] for n in get_close_matches(name.casefold(), folded, 3)]
    some = ", ".join(near or sorted(map(str, there))[:8])
    hint = f"{'Near it' if near else 'There are'}: {some}." if some else f"The run has no {what} at all."
    raise InputError(f"rule {rule!r}: there is no {what} {name!r}. {hint}")
