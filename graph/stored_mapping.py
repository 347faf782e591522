"""The mapping of what was loaded, kept in the database itself: a later command needs no graph.toml."""

from dataclasses import fields, replace
from typing import Any, TypeVar

from sociogram.errors import MappingError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.store import Store

MAPPING_LABEL = "SociogramMapping"
_READ = f"MATCH (m:{MAPPING_LABEL} {{id: 'mapping'}}) RETURN m.toml AS toml, m.sources AS sources"
_SAVE = f"MERGE (m:{MAPPING_LABEL} {{id: 'mapping'}}) SET m.toml = $toml, m.sources = $sources"
_FORGET = f"MATCH (m:{MAPPING_LABEL}) DELETE m"

Entry = TypeVar("Entry", NodeMapping, RelationshipMapping)


def stored_mapping(store: Store) -> GraphMapping | None:
    """What `save_mapping` kept, or None where nothing was loaded by Sociogram."""
    rows = store.read(_READ)
    return GraphMapping.parse(rows[0]["toml"], "the mapping stored in the database") if rows else None


def stored_sources(store: Store) -> set[str]:
    """Names of the sources that were loaded into this database."""
    rows = store.read(_READ)
    return set(rows[0]["sources"] or ()) if rows else set()


def save_mapping(store: Store, mapping: GraphMapping, source: str | None = None) -> GraphMapping:
    """Join a mapping to the stored one and keep the union, which is returned; MappingError where they contradict."""
    before = stored_mapping(store)
    joined = join_mappings(before, mapping) if before else mapping
    sources = sorted(stored_sources(store) | ({source} if source else set()))
    store.write(_SAVE, {"toml": joined.to_toml(), "sources": sources})
    return joined


def forget_mapping(store: Store) -> None:
    """Remove the stored mapping."""
    store.write(_FORGET)


def join_mappings(before: GraphMapping, after: GraphMapping) -> GraphMapping:
    """All labels and relationships of both; where both map the same property, the later role holds, but private stays private."""
    nodes = {n.label: n for n in before.nodes}
    for n in after.nodes:
        nodes[n.label] = _join_nodes(nodes[n.label], n) if n.label in nodes else n
    users = [n.label for n in nodes.values() if n.role == "user"]
    if len(users) > 1:
        raise MappingError(
            f"the database holds users labelled {before.user.label!r}; this source labels them {after.user.label!r}. "
            "One graph has one user label: load it into another database (SOCIOGRAM_HOME), or use --replace."
        )
    relationships = {r.key: r for r in before.relationships}
    for r in after.relationships:
        relationships[r.key] = _join(relationships[r.key], r) if r.key in relationships else r
    return GraphMapping(tuple(nodes.values()), tuple(relationships.values()), before.write)


def _join_nodes(before: NodeMapping, after: NodeMapping) -> NodeMapping:
    if (before.role, before.key) != (after.role, after.key):
        raise MappingError(
            f"label {before.label!r} is {before.role} with key {before.key!r} in the database, {after.role} with key "
            f"{after.key!r} in this source. Load it into another database (SOCIOGRAM_HOME), or use --replace."
        )
    predict = {**before.predict, **after.predict}
    joined = replace(_join(before, after), predict=predict)
    taken = {name for names in (joined.text, joined.numeric, joined.categorical) for name in names}
    return replace(joined, predict={name: kind for name, kind in predict.items() if name not in taken})


def _join(before: Entry, after: Entry) -> Entry:
    """Union of the lists of property names, the later one's place for each; single names by the later one."""
    changes: dict[str, Any] = {}
    private = {*before.private, *after.private}
    placed: set[str] = {n for f in ("text", "numeric", "categorical") for n in getattr(after, f)} | set(
        getattr(after, "predict", ())
    )
    for f in fields(after):
        old: Any = getattr(before, f.name)
        new: Any = getattr(after, f.name)
        if f.name == "private":
            changes[f.name] = tuple(dict.fromkeys((*old, *new)))
        elif isinstance(new, tuple):
            names = [*(name for name in old if name in new or name not in placed), *new]
            changes[f.name] = tuple(name for name in dict.fromkeys(names) if name not in private)
        elif new is None:
            changes[f.name] = old
    return replace(after, **changes)
