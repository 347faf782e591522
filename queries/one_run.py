"""Answers of one run: asked again where a publish went live in between.

Neo4j reads committed data, and a large commit becomes visible piece by piece: a question of several rows, or of one row with several
properties, could see both runs. Publishing counts its flips in the graph; a question whose count is the same before and after, and odd
at neither end, saw one run only. Where a run goes live in several transactions, because one would be too large, a question waits for a
moment and is then refused: no answer would be of one run.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from sociogram.errors import PublishError, SociogramError
from sociogram.graph.publish_lock import FlipState, flip_state
from sociogram.graph.store import Store

T = TypeVar("T")
P = ParamSpec("P")
POLL_S = 0.02
PATIENCE_S = 120.0  # for a flip to be committed; then the answer is given as it is
PARTS_S = 15.0  # for one in several transactions, which may take minutes


def of_one_run(question: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """A method of something with a `_store`, whose answer never mixes two runs."""

    @wraps(question)
    def asked(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return in_one_run(self._store, lambda: question(self, *args, **kwargs))

    return asked


def in_one_run(store: Store, question: Callable[[], T]) -> T:
    """The answer to a question, asked until no flip came between; an error is only believed where none did.

    Raises PublishError while part of the nodes have another run than the rest.
    """
    started = time.monotonic()
    while True:
        before = flip_state(store)
        passed = time.monotonic() - started
        late = passed > PATIENCE_S
        if before.halfway and (passed > PARTS_S or not before.flipping):
            raise PublishError(_halfway(before))
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


def _halfway(state: FlipState) -> str:
    if state.flipping:
        return (
            f"run {state.halfway} is being made live in several transactions, and until the last of them some profiles are of "
            "another run. Ask again when it is live: sociogram runs"
        )
    return (
        f"making run {state.halfway} live was cut in the middle, and some profiles are of another run. Unless it is being published "
        f"again just now (sociogram runs), end it: sociogram publish {state.halfway}"
    )
