"""Answers of one run: asked again where a publish went live in between.

Neo4j reads committed data, and a large commit becomes visible piece by piece: a question of several rows, or of one row with several
properties, could see both runs. Publishing counts its flips in the graph; a question whose count is the same before and after, and odd
at neither end, saw one run only.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from sociogram.errors import SociogramError
from sociogram.graph.publish_lock import flip_state
from sociogram.graph.store import Store

T = TypeVar("T")
P = ParamSpec("P")
POLL_S = 0.02
PATIENCE_S = 120.0  # for a flip to be committed; then the answer is given as it is


def of_one_run(question: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """A method of something with a `_store`, whose answer never mixes two runs."""

    @wraps(question)
    def asked(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return in_one_run(self._store, lambda: question(self, *args, **kwargs))

    return asked


def in_one_run(store: Store, question: Callable[[], T]) -> T:
    """The answer to a question, asked until no flip came between; an error is only believed where none did."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        before = flip_state(store)
        late = time.monotonic() > deadline
        if before.flipping and not late:
            time.sleep(POLL_S)
            continue
        try:
            answer = question()
        except SociogramError:
            if late or flip_state(store) == before:
                raise
            continue
        if late or flip_state(store) == before:
            return answer
