"""Profiles into the graph: staged in batches that nobody sees, then made live in one transaction."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from neo4j.vector import Vector

from sociogram.config import HEAP
from sociogram.errors import DatabaseUnavailable, PublishError, TransactionTooLarge
from sociogram.graph.filters import ensure_range_indexes, filter_properties
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.profile import USER_COLUMNS, Profiles
from sociogram.graph.profile_blocks import StoredProfiles, blocks
from sociogram.graph.publish_links import LinkGroup, link_groups, shown_tags, statements
from sociogram.graph.publish_lock import Held, LockTimes, only_publisher, remove_lock
from sociogram.graph.schema import quote
from sociogram.graph.snapshot import now
from sociogram.graph.store import Execute, Store
from sociogram.graph.vector_index import create_index, drop_indexes
from sociogram.progress import SILENT, Progress, Stage

RUN_LABEL = "ProfileRun"
NEXT = "next_"  # before the name of a property that is staged and not yet live
INDEX_WAIT_S = 600
BLOCK = 10_000  # users whose rows are made at once
PUBLISHER_WAIT_S = 60.0  # for another publisher to be done; more than it takes to know that one is dead


@dataclass(frozen=True)
class PublishedRun:
    """One ProfileRun node."""

    id: str
    state: str  # staging | live | superseded
    mode: str
    started_at: str
    finished_at: str | None
    metrics: dict[str, Any]


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
    """Write a run's profiles so that every node changes from the old run to this one in a single transaction.

    A publish that was killed is continued by calling it again. Raises PublishError where a property would be overwritten that
    Sociogram did not write, unless `overwrite`, and where another still publishes after `wait` seconds.
    """
    names = property_names(mapping, next(blocks(profiles, profiles.user_label, BLOCK)))
    if not overwrite:
        _refuse_foreign(store, names, mapping)
    groups, linked = _all_groups(mapping, profiles, recommended)
    staged = staged_names(mapping, names, groups)
    with only_publisher(store, run, wait=wait, times=times or LockTimes(), progress=progress) as held:
        _record(store, mapping, run, names, staged, config, metrics)
        _clear_stage(store, run, staged, mapping)
        with progress.stage("publishing", sum(map(len, profiles.keys.values())), "nodes") as stage:
            _stage_nodes(store, mapping, held, profiles, names, groups, recommended, stage)
            _flip(store, mapping, held, names, staged, groups)
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
        create_index(store, label, mapping.write.name("embedding"), vectors.shape[1], INDEX_WAIT_S, of_user)
    ensure_range_indexes(store, mapping.user.label, filters, INDEX_WAIT_S)


def predicted_name(mapping: GraphMapping, attribute: str) -> str:
    """`plan` is predicted into `predictedPlan`: the property of the source is never touched."""
    return f"{mapping.write.prefix}predicted{attribute[:1].upper()}{attribute[1:]}"


def property_names(mapping: GraphMapping, profiles: Profiles) -> dict[str, list[str]]:
    """Every property that publishing these profiles writes, by label."""
    w = mapping.write
    names = {label: [w.name("embedding"), w.name("run"), w.name("published_at")] for label in profiles.embeddings}
    user = names.setdefault(profiles.user_label, [])
    user += [w.name("tags"), w.name("tag_scores"), w.name("keywords")]
    for attribute in profiles.attributes:
        name = predicted_name(mapping, attribute)
        user += [name, name + w.confidence]
    if profiles.users is not None:
        user += [w.name(column) for column in USER_COLUMNS]
    return names


def staged_names(mapping: GraphMapping, names: dict[str, list[str]], groups: list[LinkGroup]) -> dict[str, list[str]]:
    """Every property that holds something not yet live, by label."""
    staged = {label: [NEXT + name for name in properties] for label, properties in names.items()}
    staged[mapping.user.label] += [NEXT + name for group in groups for name in group.names]
    return staged


def published_runs(store: Store) -> list[PublishedRun]:
    """All ProfileRun nodes, newest first."""
    rows = store.read(f"MATCH (r:{RUN_LABEL}) RETURN properties(r) AS r ORDER BY r.startedAt DESC, r.id DESC")
    return [
        PublishedRun(
            r["id"],
            r["state"],
            r.get("mode", ""),
            r["startedAt"],
            r.get("finishedAt"),
            json.loads(r.get("metrics") or "{}"),
        )
        for r in (row["r"] for row in rows)
    ]


def live_run(store: Store) -> str | None:
    """Id of the run whose profiles are on the nodes now."""
    rows = store.read(f"MATCH (r:{RUN_LABEL} {{state: 'live'}}) RETURN r.id AS id")
    return str(rows[0]["id"]) if rows else None


def written_by_us(store: Store) -> tuple[dict[str, set[str]], set[str]]:
    """Properties by label, and relationship types, that any publish has written (staged properties included)."""
    properties: dict[str, set[str]] = {}
    types: set[str] = set()
    for row in store.read(f"MATCH (r:{RUN_LABEL}) RETURN r.writes AS writes, r.staged AS staged, r.types AS types"):
        for record in (row["writes"], row["staged"]):
            for label, names in json.loads(record or "{}").items():
                properties.setdefault(label, set()).update(names)
        types.update(row["types"] or ())
    return properties, types


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
        marked = _any_of(names)
        removed = ", ".join(f"n.{quote(name)}" for name in sorted(names))
        changed += store.read(f"MATCH (n:{quote(label)}) WHERE {marked} RETURN count(*) AS n")[0]["n"]
        store.auto(
            f"MATCH (n:{quote(label)}) WHERE {marked} CALL (n) {{ REMOVE {removed} }} IN TRANSACTIONS OF 10000 ROWS"
        )
        stage.advance(1, label)
    store.write(f"MATCH (r:{RUN_LABEL}) DETACH DELETE r")
    return changed


def _any_of(names: Iterable[str]) -> str:
    return " OR ".join(f"n.{quote(name)} IS NOT NULL" for name in sorted(names))


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
                    f"{found:,} {label} nodes already have a property {name!r} that Sociogram did not write. Give ours another name "
                    f'in graph.toml ([write] prefix = "sg_"), or say --overwrite to replace it.'
                )
    for kind in (mapping.write.interested_in, mapping.write.recommended):
        if kind in types or not store.read(f"MATCH ()-[r:{quote(kind)}]->() RETURN count(*) AS n")[0]["n"]:
            continue
        if kind not in written_by_us(store)[1]:
            raise PublishError(
                f"the graph already has {kind} relationships that Sociogram did not write. Give ours another name in graph.toml "
                f"([write] interested_in, recommended), or say --overwrite to add to them."
            )


def _record(
    store: Store,
    mapping: GraphMapping,
    run: str,
    names: dict[str, list[str]],
    staged: dict[str, list[str]],
    config: dict[str, Any],
    metrics: dict[str, Any],
) -> None:
    store.write(
        f"MERGE (r:{RUN_LABEL} {{id: $id}}) ON CREATE SET r.startedAt = $now "
        "SET r.state = CASE r.state WHEN 'live' THEN 'live' ELSE 'staging' END, r.config = $config, r.mode = $mode, r.kept = $kept, r.choice = $choice, "
        "r.model = $model, r.metrics = $metrics, r.writes = $writes, r.staged = $staged, "
        "r.types = $types, r.similarity = $similarity",
        id=run,
        now=now(),
        config=json.dumps(config, ensure_ascii=False, default=str),
        mode=str(config.get("mode", "")),
        kept=metrics.get("mode"),
        choice=metrics.get("choice"),
        model=str(config.get("encoder", "")),
        metrics=json.dumps(metrics, ensure_ascii=False),
        writes=json.dumps(names, ensure_ascii=False),
        staged=json.dumps(staged, ensure_ascii=False),
        types=[mapping.write.interested_in, mapping.write.recommended],
        similarity="vectors are not normalised: cosine for alike nodes, dot product for user and item",
    )


def _clear_stage(store: Store, run: str, staged: dict[str, list[str]], mapping: GraphMapping) -> None:
    """Remove what an earlier, unfinished publish of another run has staged."""
    for label, properties in staged.items():
        mark = quote(NEXT + mapping.write.name("run"))
        removed = ", ".join(f"n.{quote(name)}" for name in properties)
        store.auto(
            f"MATCH (n:{quote(label)}) WHERE n.{mark} IS NOT NULL AND n.{mark} <> $run "
            f"CALL (n) {{ REMOVE {removed} }} IN TRANSACTIONS OF 10000 ROWS",
            run=run,
        )


def _all_groups(
    mapping: GraphMapping, profiles: Profiles | StoredProfiles, most: int
) -> tuple[list[LinkGroup], dict[str, int]]:
    """The groups of all users, without their entries, and how many relationships of each type there will be."""
    groups: dict[str, LinkGroup] = {}
    linked: dict[str, int] = {}
    for block in blocks(profiles, profiles.user_label, BLOCK):
        for group in link_groups(mapping, block, most):
            groups.setdefault(group.names[0], group.without_entries())
            linked[group.kind] = linked.get(group.kind, 0) + len(group)
    return list(groups.values()), linked


def _stage_nodes(
    store: Store,
    mapping: GraphMapping,
    held: Held,
    profiles: Profiles | StoredProfiles,
    names: dict[str, list[str]],
    groups: list[LinkGroup],
    most: int,
    stage: Stage,
) -> None:
    w = mapping.write
    at = now()
    prefix = "CYPHER 25 " if store.vector_parameters else ""
    for label in profiles.embeddings:
        key = mapping.node(label).key
        vector = "toFloatList(row.e)" if store.vector_parameters else "row.e"
        sets = [f"n.{quote(NEXT + w.name('embedding'))} = {vector}", f"n.{quote(NEXT + w.name('run'))} = $run"]
        sets.append(f"n.{quote(NEXT + w.name('published_at'))} = datetime($at)")
        if label == profiles.user_label:
            others = [name for name in names[label] if name not in map(w.name, ("embedding", "run", "published_at"))]
            others += [name for group in groups for name in group.names]
            sets += [f"n.{quote(NEXT + name)} = row.p[{i}]" for i, name in enumerate(others)]
        query = f"{prefix}{held.staging}UNWIND $rows AS row MATCH (n:{quote(label)} {{{quote(key)}: row.key}}) SET {', '.join(sets)}"
        rows = _all_rows(mapping, profiles, label, groups, most, store.vector_parameters)
        said = {"run": held.run, "token": held.token, "at": at}
        store.write_batches(query, rows, size=2000, sessions=2, parameters=said, stage=stage)


def _all_rows(
    mapping: GraphMapping,
    profiles: Profiles | StoredProfiles,
    label: str,
    groups: list[LinkGroup],
    most: int,
    native: bool,
) -> Iterator[dict[str, Any]]:
    for block in blocks(profiles, label, BLOCK):
        found: dict[str, LinkGroup] = {}
        if label == profiles.user_label:
            found = {group.names[0]: group for group in link_groups(mapping, block, most)}
        entries = [found.get(group.names[0], group) for group in groups]
        yield from _node_rows(block, label, block.embeddings[label], entries, native)


def _node_rows(
    profiles: Profiles, label: str, vectors: Any, groups: list[LinkGroup], native: bool
) -> Iterator[dict[str, Any]]:
    is_user = label == profiles.user_label
    tags = _tags_by_user(profiles) if is_user else []
    placed = _user_rows(profiles) if is_user else []
    for i, key in enumerate(profiles.keys[label]):
        vector = vectors[i]
        row: dict[str, Any] = {
            "key": key,
            "e": Vector.from_numpy(np.asarray(vector, np.float32)) if native else vector.tolist(),
        }
        if is_user:
            row["p"] = [*tags[i], profiles.keywords[i] if profiles.keywords else []]
            for attribute in profiles.attributes.values():
                value = attribute.values[i]
                row["p"] += [value, None if value is None else float(attribute.confidence[i])]
            row["p"] += placed[i] if placed else []
            for group in groups:
                row["p"] += group.of(i)
        yield row


def _user_rows(profiles: Profiles) -> list[list[Any]]:
    """Values of the table of users as Bolt takes them: None (no property) where one is missing."""
    if profiles.users is None:
        return []
    table = profiles.users[list(USER_COLUMNS)].astype(object)
    return [list(row) for row in table.where(table.notna(), None).itertuples(index=False)]


def _tags_by_user(profiles: Profiles) -> list[tuple[list[str], list[float]]]:
    result: list[tuple[list[str], list[float]]] = [([], []) for _ in profiles.keys[profiles.user_label]]
    tags = shown_tags(profiles)
    columns = (
        tags["user"].tolist(),
        tags["topic"].tolist(),
        tags["topic_label"].tolist(),
        tags["probability"].tolist(),
    )
    for user, topic, label, probability in zip(*columns, strict=True):
        result[user][0].append(profiles.names[label][topic])
        result[user][1].append(round(float(probability), 4))
    return result


def _flip(
    store: Store,
    mapping: GraphMapping,
    held: Held,
    names: dict[str, list[str]],
    staged: dict[str, list[str]],
    groups: list[LinkGroup],
) -> None:
    """One transaction: staged lists become relationships, staged properties the live ones, all of the old run goes."""
    ours, types = written_by_us(store)
    mark = NEXT + mapping.write.name("run")
    said = {"run": held.run, "now": now()}
    made = statements(mapping, groups, held.run, mark, NEXT)
    current = {mapping.write.interested_in, mapping.write.recommended}
    made += [(f"MATCH ()-[r:{quote(t)}]->() WHERE r.run IS NOT NULL DELETE r", {}) for t in sorted(types - current)]
    made += [(_live(label, names[label], staged[label], ours.get(label, set()), mark), said) for label in names]
    made += [(_left(label, ours[label], mapping.write.name("run")), said) for label in ours]
    made.append((f"MATCH (r:{RUN_LABEL}) WHERE r.state = 'live' SET r.state = 'superseded'", {}))
    made.append((f"MATCH (r:{RUN_LABEL} {{id: $run}}) SET r.state = 'live', r.finishedAt = $now", said))

    def flip(execute: Execute) -> None:
        if not held.may_flip(execute):
            return
        for label in names:  # a publisher that slept through its replacement may have woken up in the middle of a batch
            strange = f"MATCH (n:{quote(label)}) WHERE n.{quote(mark)} <> $run RETURN count(*) AS n"
            if execute(strange, {"run": held.run})[0]["n"]:
                raise held.lost(None)
        for query, parameters in made:
            execute(query, parameters)

    try:
        store.transaction(flip, before_commit=held.begin_flip)
    except DatabaseUnavailable:
        raise  # there is nobody to tell that it is over
    except TransactionTooLarge as error:
        held.end_flip()
        links = (
            "" if not any(g.kind == mapping.write.recommended for g in groups) else " or publish with --no-recommended,"
        )
        raise PublishError(
            f"making run {held.run} live, all of it in one transaction, needs more memory than Neo4j allows; the run before is live "
            f"as it was. Give Neo4j more (managed: set {HEAP}=8g, then sociogram db stop; your own: server.memory.heap.max_size),{links} "
            f"then: sociogram publish {held.run}. {error}"
        ) from None
    except BaseException:
        held.end_flip()
        raise
    held.end_flip()


def _live(label: str, properties: list[str], staged: list[str], ours: set[str], mark: str) -> str:
    sets = ", ".join(f"n.{quote(name)} = n.{quote(NEXT + name)}" for name in properties)
    removes = ", ".join(f"n.{quote(name)}" for name in [*staged, *sorted(ours - {*properties, *staged})])
    return f"MATCH (n:{quote(label)}) WHERE n.{quote(mark)} = $run SET {sets} REMOVE {removes}"


def _left(label: str, ours: set[str], run: str) -> str:
    """Nodes that this run does not know, newcomers at a rollback, keep nothing of another one."""
    removes = ", ".join(f"n.{quote(name)}" for name in sorted(ours))
    return f"MATCH (n:{quote(label)}) WHERE (n.{quote(run)} IS NULL OR n.{quote(run)} <> $run) AND ({_any_of(ours)}) REMOVE {removes}"
