"""Segments of a run's users: made, numbered and named as before, and measured."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sociogram.graph.profile import Profiles
from sociogram.graph.snapshot import Key
from sociogram.progress import SILENT, Progress
from sociogram.queries.segments.match import Earlier, stable_ids
from sociogram.queries.segments.measure import Lift, Stability, held_out_lift, stability
from sociogram.queries.segments.methods import Made, make
from sociogram.queries.segments.people import People
from sociogram.queries.segments.rules import OTHER
from sociogram.queries.segments.settings import SegmentSettings
from sociogram.queries.segments.words import Word, names, terms_of, words_apart
from sociogram.said import Said

Ints = NDArray[np.int64]
OTHER_ID = 0
FILE = "segments.json"


@dataclass(frozen=True)
class Segment:
    """One segment: id and name stay with it over runs; `words` set it apart, surest first."""

    id: int
    name: str
    users: int
    share: float
    words: list[Word]


@dataclass(frozen=True)
class Past:
    """The segments and communities of an earlier run of the same graph."""

    settings: SegmentSettings
    segments: Earlier
    names: dict[int, str]
    communities: Earlier


@dataclass(frozen=True)
class Segmentation:
    """Every user's segment, what the segments are, and what the segmentation is worth."""

    settings: SegmentSettings
    keys: Sequence[Key]
    ids: Ints  # [users]; 0: other
    segments: list[Segment]  # largest first, `other` last
    stability: Stability | None  # None of rules: there is no chance in them
    lift: Lift | None  # None where it could not be measured: `notes` say why
    notes: list[str]
    next_id: int

    @property
    def names(self) -> dict[int, str]:
        """Name by id."""
        return {s.id: s.name for s in self.segments}

    def to_pandas(self) -> pd.DataFrame:
        """Columns user, segment, name: one row a user."""
        ids = self.ids.tolist()
        return pd.DataFrame({"user": list(self.keys), "segment": ids, "name": [self.names[i] for i in ids]})

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON, without the users."""
        return {
            "settings": self.settings.to_dict(),
            "segments": [asdict(s) for s in self.segments],
            "stability": None if self.stability is None else asdict(self.stability),
            "lift": None if self.lift is None else asdict(self.lift),
            "notes": list(self.notes),
            "next_id": self.next_id,
        }

    def _repr_html_(self) -> str:
        rows = [(s.id, s.name, s.users, ", ".join(w.word for w in s.words)) for s in self.segments]
        table = pd.DataFrame(rows, columns=["id", "name", "users", "words"])
        return str(table.to_html(index=False, escape=True))


def segment(
    people: People,
    settings: SegmentSettings | None = None,
    *,
    past: Past | None = None,
    progress: Progress = SILENT,
) -> Segmentation:
    """Segment a run's users. Ids and names of `past` stay where the members (mostly) do, if it was made by the same method.

    Raises InputError where the settings do not fit the graph: no ties for leiden, an unknown topic or property in a rule, a floor above
    the number of users.
    """
    settings = settings or SegmentSettings()
    keys = people.profiles.keys[people.profiles.user_label]
    with progress.stage("segments", 3, "steps") as stage:
        made = make(people, settings)
        groups = int(made.labels.max(initial=-1)) + 1
        stage.advance(1, f"{groups} found")
        steady = None if made.again is None else stability(made.labels, made.again, settings.seed)
        stage.advance(1, "stability")
        lift, unmeasured = _lift(people, made, settings.seed)
        ids, next_id = _ids(made, groups, keys, settings, past)
        segments = _described(people, made, ids, past)
        stage.advance(1)
    of_label = np.array([*ids, OTHER_ID], np.int64)  # -1 finds the last
    return Segmentation(
        settings, keys, of_label[made.labels], segments, steady, lift, [*made.notes, *unmeasured], next_id
    )


def _ids(
    made: Made, groups: int, keys: Sequence[Key], settings: SegmentSettings, past: Past | None
) -> tuple[list[int], int]:
    """Ids of the labels 0.., and the next free one; rules keep theirs by name."""
    free = 1 if past is None else past.segments.next_id
    same = past is not None and past.settings.method == settings.method
    if not made.names:
        before = past.segments if past is not None and same else Earlier({}, free)
        found, free = stable_ids(made.labels, keys, before)
        return [found[g] for g in range(groups)], free
    known = {name: number for number, name in past.names.items()} if past is not None and same else {}
    ids = []
    for name in made.names:
        if name not in known:
            known[name], free = free, free + 1
        ids.append(known[name])
    return ids, free


def _described(people: People, made: Made, ids: list[int], past: Past | None) -> list[Segment]:
    words = words_apart(terms_of(people.profiles), made.labels, len(ids))
    given: list[str | None] = list(made.names) or [past.names.get(i) if past is not None else None for i in ids]
    new = [g for g, name in enumerate(given) if name is None]
    taken = [OTHER, *(name for name in given if name is not None)]
    fresh = dict(zip(new, names([words[g] for g in new], [ids[g] for g in new], taken), strict=True))
    size = np.bincount(made.labels + 1, minlength=len(ids) + 1).tolist()
    n = max(len(made.labels), 1)
    found = [Segment(ids[g], given[g] or fresh[g], size[g + 1], size[g + 1] / n, words[g]) for g in range(len(ids))]
    return found + ([Segment(OTHER_ID, OTHER, size[0], size[0] / n, [])] if size[0] else [])


def _lift(people: People, made: Made, seed: int) -> tuple[Lift | None, list[str]]:
    """Lift on what the segments were not made from, else why there is none."""
    held = people.held_out
    if made.unseen is None:
        why = (
            Said("lift was not measured: the rules read what the run has learned from all behaviour")
            if made.names
            else Said("lift was not measured: the run held no interests out")
        )
        return None, [why]
    known, test = (held.known, held.test) if held is not None else people.cut(seed)
    found = held_out_lift(made.unseen(), known, test, seed)
    return found, [] if found is not None else [Said("lift was not measured: nothing could be held out")]


def put(profiles: Profiles, found: Segmentation) -> None:
    """Write every user's segment into the profiles' table of users."""
    table = found.to_pandas()
    profiles.users = (pd.DataFrame() if profiles.users is None else profiles.users).assign(
        segment=table["segment"].astype("Int64").array, segment_name=table["name"].array
    )


def save(folder: Path, found: Segmentation, community_next: int) -> None:
    """Write segments.json under a run's folder; who is where is in the users' table of the profiles."""
    staged = folder / (FILE + ".part")
    notes = [note.to_dict() for note in found.notes if isinstance(note, Said)]
    record = {**found.to_dict(), "notes_from": notes, "community_next": community_next}
    staged.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
    staged.rename(folder / FILE)


def load_past(folder: Path, profiles: Profiles) -> Past | None:
    """The segments that a run's folder holds; None where the run is of an earlier version."""
    if profiles.users is None or not (folder / FILE).exists():
        return None
    record = json.loads((folder / FILE).read_text(encoding="utf-8"))
    keys = profiles.keys[profiles.user_label]

    def earlier(column: str, next_id: int) -> Earlier:
        ids = profiles.users[column].fillna(0).astype(int).tolist()  # type: ignore[index]
        return Earlier({key: i for key, i in zip(keys, ids, strict=True) if i}, next_id)

    return Past(
        SegmentSettings(**record["settings"]),
        earlier("segment", record["next_id"]),
        {s["id"]: s["name"] for s in record["segments"] if s["id"] != OTHER_ID},
        earlier("community", record["community_next"]),
    )
