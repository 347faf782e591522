"""What a question does while runs go live: told by a store whose flips are written down beforehand."""

import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from sociogram.errors import BeingPublished, InputError, PublishError
from sociogram.graph.store import Store
from sociogram.queries.one_run import in_one_run

QUIET, FLIPPING = {"flips": 2, "flipping": False, "halfway": None}, {"flips": 3, "flipping": True, "halfway": None}
LATER = {"flips": 3, "flipping": False, "halfway": None}
PARTS, CUT = FLIPPING | {"halfway": "r7"}, LATER | {"halfway": "r7"}


class Flips:
    """Gives one state after the other, the last for ever."""

    def __init__(self, *states: dict[str, Any], retry_s: float = 10.0) -> None:
        self._states, self.retry_s, self.looks = list(states), retry_s, 0

    def read(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        self.looks += 1
        return [self._states.pop(0) if len(self._states) > 1 else self._states[0]]


def ask(flips: Flips, question: Callable[[], Any]) -> Any:
    return in_one_run(cast(Store, flips), question)


def test_an_answer_between_two_equal_looks_is_given() -> None:
    assert ask(Flips(QUIET), lambda: 5) == 5


def test_a_flip_is_waited_for_and_one_in_between_asked_again() -> None:
    answers = iter(("old and new", "new"))
    assert ask(Flips(FLIPPING, FLIPPING, QUIET, LATER, LATER), lambda: next(answers)) == "new"


def test_an_error_is_believed_only_where_no_flip_came_between() -> None:
    said = iter((InputError("half new"), InputError("it is so")))

    def question() -> None:
        raise next(said)

    with pytest.raises(InputError, match="it is so"):
        ask(Flips(QUIET, LATER, LATER), question)


@pytest.mark.parametrize(("state", "said"), [(FLIPPING, "a run is being made live"), (PARTS, "run r7 .*several")])
def test_a_flip_that_takes_long_is_told_and_not_looked_at_all_the_time(state: dict[str, Any], said: str) -> None:
    flips, started = Flips(state, retry_s=0.5), time.monotonic()
    with pytest.raises(BeingPublished, match=said):
        ask(flips, lambda: 5)
    assert time.monotonic() - started >= 1
    assert flips.looks < 10


def test_a_flip_that_was_cut_is_told_at_once() -> None:
    with pytest.raises(PublishError, match="sociogram publish r7") as caught:
        ask(Flips(CUT, retry_s=60), lambda: 5)
    assert not isinstance(caught.value, BeingPublished)
