"""Answers of one run: asked again where a publish went live in between.

Neo4j reads committed data, and a large commit becomes visible piece by piece: a question of several rows, or of one row with several
properties, could see both runs. Publishing counts its flips in the graph; a question whose count is the same before and after, and odd
at neither end, saw one run only. A question waits for a flip, for a time that its store sets, and is then refused: no answer would be
of one run.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from sociogram.errors import BeingPublished, PublishError, SociogramError
from sociogram.graph.publish_lock import FlipState, flip_state
from sociogram.graph.store import Store
from sociogram.said import Said

T = TypeVar("T")
P = ParamSpec("P")
POLL_S, LONGEST_POLL_S = 0.02, 0.5  # between looks, each twice as long as the one before: many may wait
TIMES_RETRIED = 2  # as long as this many times what a failing transaction is tried again for
PARTS_S = 15.0  # at most, for a flip in several transactions, which may take minutes


def of_one_run(question: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """A method of something with a `_store`, whose answer never mixes two runs."""

    @wraps(question)
    def asked(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return in_one_run(self._store, lambda: question(self, *args, **kwargs))

    return asked


def in_one_run(store: Store, question: Callable[[], T]) -> T:
    """The answer to a question, asked until no flip came between; an error is only believed where none did.

    Raises BeingPublished where a flip takes too long, and PublishError where one was cut and part of the nodes have another run.
    """
    started, poll = time.monotonic(), POLL_S
    while True:
        before = flip_state(store)
        if before.halfway and not before.flipping:
            raise PublishError(_cut(before))
        if not before.flipping:
            try:
                answer = question()
            except SociogramError:
                if flip_state(store) == before:
                    raise
            else:
                if flip_state(store) == before:
                    return answer
        patience = TIMES_RETRIED * store.retry_s
        if time.monotonic() - started > (min(PARTS_S, patience) if before.halfway else patience):
            raise BeingPublished(_under_way(before))
        time.sleep(poll)
        poll = min(2 * poll, LONGEST_POLL_S)


def _under_way(state: FlipState) -> Said:
    if state.halfway is None:
        return Said("a run is being made live, and until then some profiles are of another run. Ask again in a moment.")
    return Said(
        "run {run} is being made live in several transactions, and until the last of them some profiles are of "
        "another run. Ask again when it is live: sociogram runs",
        run=state.halfway,
    )


def _cut(state: FlipState) -> Said:
    return Said(
        "making run {run} live was cut in the middle, and some profiles are of another run. Unless it is being published "
        "again just now (sociogram runs), end it: sociogram publish {run}",
        run=state.halfway,
    )
