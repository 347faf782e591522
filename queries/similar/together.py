"""Questions that come at once, answered together: what is done once for all of them costs each a part of it.

While a batch is being answered, what comes meanwhile waits and is the next batch (group commit, DeWitt et al. 1984,
doi:10.1145/602259.602261): nobody waits for a batch to fill, and the busier it is, the larger the batches.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Together(Generic[Q, A]):
    """`answer` gives as many answers as it is given questions, in their order; it runs in a thread of its own, which ends with this.

    Two threads would make the batches smaller: measured, each answer then costs more, and comes later.
    """

    def __init__(self, answer: Callable[[Sequence[Q]], Sequence[A]], most: int) -> None:
        self._answer, self._most = answer, most
        self._waiting: deque[tuple[Q, Future[A]]] = deque()
        self._thread = ThreadPoolExecutor(1, "together")

    def ask(self, question: Q) -> "Future[A]":
        """Its answer, or what was raised over its batch."""
        future: Future[A] = Future()
        self._waiting.append((question, future))
        self._thread.submit(self._take)
        return future

    def _take(self) -> None:
        """Answer what waits, unless a batch before has."""
        taken: list[tuple[Q, Future[A]]] = []
        while len(taken) < self._most:
            try:
                question, future = self._waiting.popleft()
            except IndexError:
                break
            if future.set_running_or_notify_cancel():  # from now on nobody can cancel it
                taken.append((question, future))
        if not taken:
            return
        try:
            answers = self._answer([question for question, _ in taken])
        except BaseException as error:
            for _, future in taken:
                future.set_exception(error)
            return
        for (_, future), answer in zip(taken, answers, strict=True):
            future.set_result(answer)
