"""The first half of publishing: profiles written in batches to properties that nobody reads."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from neo4j.vector import Vector

from sociogram.graph.mapping import GraphMapping
from sociogram.graph.profile import USER_COLUMNS, Profiles
from sociogram.graph.profile_blocks import StoredProfiles, blocks
from sociogram.graph.publish_links import LinkGroup, link_groups, shown_tags
from sociogram.graph.publish_lock import Held
from sociogram.graph.schema import quote
from sociogram.graph.snapshot import now
from sociogram.graph.store import Store
from sociogram.progress import Stage

NEXT = "next_"  # before the name of a property that is staged and not yet live
BLOCK = 10_000  # users whose rows are made at once


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


def all_groups(
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


def clear_stage(store: Store, run: str, staged: dict[str, list[str]], mapping: GraphMapping) -> None:
    """Remove what an earlier, unfinished publish of another run has staged."""
    for label, properties in staged.items():
        mark = quote(NEXT + mapping.write.name("run"))
        removed = ", ".join(f"n.{quote(name)}" for name in properties)
        store.auto(
            f"MATCH (n:{quote(label)}) WHERE n.{mark} IS NOT NULL AND n.{mark} <> $run "
            f"CALL (n) {{ REMOVE {removed} }} IN TRANSACTIONS OF 10000 ROWS",
            run=run,
        )


def stage_nodes(
    store: Store,
    mapping: GraphMapping,
    held: Held,
    profiles: Profiles | StoredProfiles,
    names: dict[str, list[str]],
    groups: list[LinkGroup],
    most: int,
    stage: Stage,
) -> None:
    """Write every node's `next_` properties; where another publisher has taken over, nothing."""
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
