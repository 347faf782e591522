"""A Cypher condition of the user's own on a candidate `u`: checked to be one expression that can only read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sociogram.errors import InputError
from sociogram.queries.header import QUIET, USED, WRITE, code_only

OURS = "sg_"  # our own parameters begin with it
_CALL = re.compile(r"(?<![\w.$:`])(CALL|USE)(?!\w)", re.IGNORECASE)
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class Predicate:
    """One expression over `u`, with its parameters."""

    text: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"({self.text})"


def check(text: str, parameters: Mapping[str, Any]) -> Predicate:
    """Raises InputError where the text could be more than one reading expression, or lacks a parameter.

    It is run in brackets and in a read transaction; what is refused here could close the brackets, call a procedure or write.
    """
    if not text.strip():
        raise InputError('the Cypher condition is empty. Write one on the user u, such as "u.age > 30".')
    shown = text if len(text) <= 80 else text[:77] + "..."
    if "\\u" in text or "\x00" in text:
        raise InputError(f"the Cypher condition {shown!r} has an escape \\u: write the character itself.")
    code = code_only(text)
    if "/*" in code or any(quiet[0].startswith("/") for quiet in QUIET.finditer(text)):
        raise InputError(f"the Cypher condition {shown!r} has a comment: leave it out.")
    if re.search(r"['\"`]", code.replace("''", "").replace("``", "")):
        raise InputError(f"the Cypher condition {shown!r} has a quote that is not closed.")
    if ";" in code:
        raise InputError(f"the Cypher condition {shown!r} has a semicolon: it must be one expression.")
    if write := WRITE.search(code):
        raise InputError(f"the Cypher condition {shown!r} would write ({write[1].upper()}): it may only read.")
    if call := _CALL.search(code):
        raise InputError(f"the Cypher condition {shown!r} has {call[1].upper()}: it must be an expression on u alone.")
    _balanced(code, shown)
    _parameters(code, parameters, shown)
    return Predicate(text.strip(), dict(parameters))


def _balanced(code: str, shown: str) -> None:
    open_: list[str] = []
    for sign in code:
        if sign in _PAIRS.values():
            open_.append(sign)
        elif sign in _PAIRS and (not open_ or open_.pop() != _PAIRS[sign]):
            raise InputError(f"the Cypher condition {shown!r} closes a bracket {sign!r} that it did not open.")
    if open_:
        raise InputError(f"the Cypher condition {shown!r} does not close its bracket {open_[-1]!r}.")


def _parameters(code: str, parameters: Mapping[str, Any], shown: str) -> None:
    used = set(USED.findall(code))
    for name in (*parameters, *used):
        if not isinstance(name, str) or name.startswith(OURS):
            raise InputError(f"a parameter cannot be called {name!r}: {OURS}... are ours.")
    if missing := sorted(used - set(parameters)):
        raise InputError(
            f"the Cypher condition {shown!r} uses ${missing[0]}, which has no value. Give it: --param {missing[0]}=VALUE, "
            f'or "parameters": {{"{missing[0]}": ...}}.'
        )
