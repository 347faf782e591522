"""Profiles into the graph: staged in batches that nobody sees, then made live."""

from dataclasses import dataclass
from typing import Any

from sociogram.errors import PublishError
from sociogram.graph.filters import ensure_range_indexes, filter_properties
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.profile import Profiles
from sociogram.graph.profile_blocks import StoredProfiles, blocks
from sociogram.graph.publish_flip import Flip, any_of, flip
from sociogram.graph.publish_lock import LockTimes, only_publisher, remove_lock
from sociogram.graph.publish_runs import RUN_LABEL, record_run, written_by_us
from sociogram.graph.publish_stage import (
    BLOCK,
    all_groups,
    clear_stage,
    predicted_name,
    property_names,
    stage_nodes,
    staged_names,
)
from sociogram.graph.schema import quote
from sociogram.graph.store import Store
from sociogram.graph.vector_index import create_index, drop_indexes
from sociogram.progress import SILENT, Progress, Stage
from sociogram.said import Said

INDEX_WAIT_S, INDEX_VECTORS_S = 600, 200  # for an index, and a second more for so many vectors
PUBLISHER_WAIT_S = 60.0  # for another publisher to be done; more than it takes to know that one is dead


@dataclass(frozen=True)
class Written:
    """What one publish wrote."""

    run: str
    nodes: int
    interests: int
    recommendations: int


def publish(
    store: Store,
    mapping: GraphMapping,
    run: str,
    profiles: Profiles | StoredProfiles,
    *,
    config: dict[str, Any],
    metrics: dict[str, Any],
    recommended: int = 20,
    overwrite: bool = False,
    wait: float = PUBLISHER_WAIT_S,
    times: LockTimes | None = None,
    progress: Progress = SILENT,
) -> Written:
    """Write a run's profiles so that every node changes from the old run to this one in a single transaction where the server's memory holds it.

    Else in several, between which our queries are refused. A publish that was killed is continued by calling it again. Raises PublishError where a property would be overwritten that
    Sociogram did not write, unless `overwrite`, and where another still publishes after `wait` seconds.
    """
    names = property_names(mapping, next(blocks(profiles, profiles.user_label, BLOCK)))
    if not overwrite:
        _refuse_foreign(store, names, mapping)
    groups, linked = all_groups(mapping, profiles, recommended)
    staged = staged_names(mapping, names, groups)
    with only_publisher(store, run, wait=wait, times=times or LockTimes(), progress=progress) as held:
        record_run(store, mapping, run, names, staged, config, metrics)
        clear_stage(store, run, staged, mapping)
        with progress.stage("publishing", sum(map(len, profiles.keys.values())), "nodes") as stage:
            stage_nodes(store, mapping, held, profiles, names, groups, recommended, stage)
            made = Flip(store, mapping, run, names, staged, groups, sum(linked.values()), profiles)
            flip(store, held, made, progress)
            index_profiles(store, mapping, profiles)
    return Written(
        run,
        sum(map(len, profiles.keys.values())),
        linked.get(mapping.write.interested_in, 0),
        linked.get(mapping.write.recommended, 0),
    )


def index_profiles(store: Store, mapping: GraphMapping, profiles: Profiles | StoredProfiles) -> None:
    """A vector index for each label, that of users with the properties to filter by, and a range index for each of these."""
    predicted = tuple(predicted_name(mapping, attribute) for attribute in profiles.attributes)
    filters = filter_properties(store, mapping, predicted)
    for label, vectors in profiles.embeddings.items():
        of_user = filters if label == mapping.user.label else ()
        n, width = vectors.shape
        create_index(store, label, mapping.write.name("embedding"), width, INDEX_WAIT_S + n // INDEX_VECTORS_S, of_user)
    ensure_range_indexes(store, mapping.user.label, filters, INDEX_WAIT_S)


def unpublish(store: Store, progress: Progress = SILENT, wait: float = PUBLISHER_WAIT_S) -> int:
    """Remove every property, relationship, index and ProfileRun that publishing wrote and nothing else; returns nodes changed."""
    with only_publisher(store, "unpublish", wait=wait, progress=progress), progress.stage("unpublishing") as stage:
        changed = _unpublish(store, stage)
    remove_lock(store)
    return changed


def _unpublish(store: Store, stage: Stage) -> int:
    properties, types = written_by_us(store)
    changed = 0
    drop_indexes(store)
    for kind in sorted(types):
        store.auto(
            f"MATCH ()-[r:{quote(kind)}]->() WHERE r.run IS NOT NULL CALL (r) {{ DELETE r }} IN TRANSACTIONS OF 10000 ROWS"
        )
    for label, names in properties.items():
        marked = any_of(names)
        removed = ", ".join(f"n.{quote(name)}" for name in sorted(names))
        changed += store.read(f"MATCH (n:{quote(label)}) WHERE {marked} RETURN count(*) AS n")[0]["n"]
        store.auto(
            f"MATCH (n:{quote(label)}) WHERE {marked} CALL (n) {{ REMOVE {removed} }} IN TRANSACTIONS OF 10000 ROWS"
        )
        stage.advance(1, label)
    store.write(f"MATCH (r:{RUN_LABEL}) DETACH DELETE r")
    return changed


def _refuse_foreign(store: Store, names: dict[str, list[str]], mapping: GraphMapping) -> None:
    ours, types = written_by_us(store)
    for label, properties in names.items():
        for name in properties:
            if name in ours.get(label, ()):
                continue
            found = store.read(f"MATCH (n:{quote(label)}) WHERE n.{quote(name)} IS NOT NULL RETURN count(*) AS n")[0][
                "n"
            ]
            if found and name not in written_by_us(store)[0].get(label, ()):  # a first publisher beside us records it
                raise PublishError(
                    Said(
                        "{n:,} {label} nodes already have a property {name!r} that Sociogram did not write. Give ours another name "
                        'in graph.toml ([write] prefix = "sg_"), or say --overwrite to replace it.',
                        n=found,
                        label=label,
                        name=name,
                    )
                )
    for kind in (mapping.write.interested_in, mapping.write.recommended):
        if kind in types or not store.read(f"MATCH ()-[r:{quote(kind)}]->() RETURN count(*) AS n")[0]["n"]:
            continue
        if kind not in written_by_us(store)[1]:
            raise PublishError(
                f"the graph already has {kind} relationships that Sociogram did not write. Give ours another name in graph.toml "
                f"([write] interested_in, recommended), or say --overwrite to add to them."
            )
