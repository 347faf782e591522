"""Every user's place among the others, computed when a run ends: influence, reach, community, bridging, segment."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sociogram.errors import InputError
from sociogram.graph.held_out import HeldOutInterests
from sociogram.graph.profile import Profiles
from sociogram.graph.snapshot import Snapshot
from sociogram.progress import SILENT, Progress
from sociogram.runs import Run, Runs

if TYPE_CHECKING:
    from sociogram.queries.segments.segments import Past, Segmentation
    from sociogram.queries.segments.settings import SegmentSettings

SAME_USERS = 0.5  # of the smaller of two runs, by key and name, from which on they are taken to be of one graph
LOOKED_AT = 3  # earlier runs


def place_users(
    run: Run, runs: Runs, profiles: Profiles, snapshot: Snapshot, progress: Progress = SILENT
) -> dict[str, Any]:
    """Give the profiles their table of users, write segments.json into the run's folder, and return the report's section.

    Ids and names are those of the last finished run of the same users, where the members are; its way of segmenting is kept too, as
    long as it fits the graph. The seed of learning plays no part: the same ties always give the same scores and communities.
    """
    from sociogram.queries.influence.scores import user_scores
    from sociogram.queries.segments import segments
    from sociogram.queries.segments.people import People

    started = time.perf_counter()
    past = last_of_the_same(run, runs, profiles)
    with progress.stage("place among ties", 1) as stage:
        profiles.users, next_community = user_scores(snapshot, before=None if past is None else past.communities)
        stage.advance(1)
    people = People(profiles, snapshot, HeldOutInterests.load(run.folder))
    try:
        found = segments.segment(people, None if past is None else past.settings, past=past, progress=progress)
    except InputError as error:  # a property that a rule reads is gone, or there are too few users for the floor
        progress.say("segments", f"no longer as in the run before ({error}); by embedding instead")
        found = segments.segment(people, past=past, progress=progress)
    segments.put(profiles, found)
    segments.save(run.folder, found, next_community)
    return {**found.to_dict(), "seconds": round(time.perf_counter() - started, 2)}


def last_of_the_same(run: Run, runs: Runs, profiles: Profiles) -> "Past | None":
    """Segments and communities of the last finished run before this one that knows (mostly) the same users."""
    from sociogram.queries.segments.segments import FILE, load_past

    finished = [
        r for r in runs.all() if r.record["state"] == "finished" and r.id != run.id and (r.folder / FILE).exists()
    ]
    mine = _known(profiles)
    for earlier in reversed(finished[-LOOKED_AT:]):
        theirs = _known(earlier.profiles)
        if len(mine & theirs) >= SAME_USERS * min(len(mine), len(theirs)):
            return load_past(earlier.folder, earlier.profiles)
    return None


def _known(profiles: Profiles) -> set[tuple[Any, str]]:
    label = profiles.user_label
    return set(zip(profiles.keys[label], profiles.names[label], strict=True))


def segment_anew(
    run: Run, snapshot: Snapshot, asked: Mapping[str, Any], *, keep: bool = False, progress: Progress = SILENT
) -> "Segmentation":
    """Segment a finished run's users as `asked` (method, k, floor, resolution, rules, seed); what is None or {} is not said.

    Ids and names of the run's own stay where the members do. With `keep` the new ones replace them in the run's folder, and in its
    report as long as the graph has not changed. Raises InputError where the run is not finished or the settings do not fit.
    """
    from sociogram.queries.segments import segments
    from sociogram.queries.segments.people import People
    from sociogram.report.report import write_report

    if run.record["state"] != "finished":
        raise InputError(f"run {run.id} did not finish ({run.record['state']}). Continue it first: sociogram fit")
    profiles = run.profiles
    past = segments.load_past(run.folder, profiles)
    if keep and past is None:  # it has no table of users
        raise InputError(f"run {run.id} is of an earlier version and cannot take segments. Learn anew: sociogram fit")
    people = People(profiles, snapshot, HeldOutInterests.load(run.folder))
    found = segments.segment(people, _settings(asked, past), past=past, progress=progress)
    if keep and past is not None:
        segments.put(profiles, found)
        profiles.save_users(run.folder)
        segments.save(run.folder, found, past.communities.next_id)
        if snapshot.hash == run.record["snapshot"]:
            write_report(run.folder, {**run.report, "segments": found.to_dict()}, profiles, snapshot)
    return found


def _settings(asked: Mapping[str, Any], past: "Past | None") -> "SegmentSettings":
    """What was asked for; the run's own way, where no way was."""
    from sociogram.queries.segments.rules import read_rules
    from sociogram.queries.segments.settings import SegmentSettings

    said = {name: value for name, value in asked.items() if value is not None and name != "rules"}
    if asked.get("rules") is not None:
        said["rules"] = {rule.name: rule.text for rule in read_rules(asked["rules"])}
        said.setdefault("method", "rule")
    if past is not None and not {"method", "k", "resolution"} & set(said):
        return replace(past.settings, **said)
    return SegmentSettings(**said)
