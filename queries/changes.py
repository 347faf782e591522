"""What changed about a user between two runs, from the profiles in their run folders."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sociogram.errors import NotFoundError
from sociogram.graph.profile import Key, Profiles
from sociogram.queries.ask import spellings
from sociogram.queries.rows import Rows
from sociogram.said import Said

STEP = 0.1  # of a tag's probability, from which on it counts as changed
SMALLEST = {"influence": 0.05, "bridging": 0.05, "reach": 0.5}  # changes of scores that are told


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was; None where it was not there, or is there no more."""

    what: str
    before: Any
    after: Any


def changes(before: Profiles, after: Profiles, user: Key) -> Rows[Change]:
    """Segment, community and scores, tags that came, went or moved by .1 and more, predicted attributes.

    Raises NotFoundError where the user is in neither run; all is new, or gone, where one of them has none.
    """
    rows = [_row(run, user) for run in (before, after)]
    if rows == [None, None]:
        raise NotFoundError(
            Said("there is no {label} with the key {user!r} in either run.", label=after.user_label, user=user)
        )
    sides = [{} if row is None else dict(_facts(run, row)) for run, row in zip((before, after), rows, strict=True)]
    found = []
    for what in dict.fromkeys([*sides[0], *sides[1]]):
        was, now = (side.get(what) for side in sides)
        if was != now and not _slight(what, was, now):
            found.append(Change(what, was, now))
    return Rows(found)


def _row(run: Profiles, user: Key) -> int | None:
    keys = run.keys[run.user_label]
    return next((keys.index(key) for key in spellings(user) if key in keys), None)


def _facts(run: Profiles, row: int) -> Iterator[tuple[str, Any]]:
    if run.users is not None:
        place = run.users.iloc[row].astype(object)
        place = place.where(place.notna(), None)
        yield "segment", place["segment_name"]
        for name in ("community", *SMALLEST):
            yield name, place[name]
    mine = run.tags[(run.tags["user"] == row) & run.tags["shown"].to_numpy(bool)]
    for label, topic, p in zip(mine["topic_label"], mine["topic"], mine["probability"].tolist(), strict=True):
        yield Said("tag {name}", name=run.names[label][topic]), round(p, 4)
    for name, attribute in run.attributes.items():
        yield Said("predicted {name}", name=name), attribute.values[row]


def _slight(what: str, was: Any, now: Any) -> bool:
    least = STEP if what.startswith("tag ") else SMALLEST.get(what)
    return least is not None and None not in (was, now) and abs(was - now) < least
