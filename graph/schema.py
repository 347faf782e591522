"""Names in Cypher, constraints and indexes."""

from zlib import crc32

from sociogram.errors import DatabaseError
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.store import Store

PREFIX = "sociogram_"


def quote(name: str) -> str:
    """A label, type or property name as Cypher takes it literally, whatever is in it."""
    if not name or "\x00" in name:
        raise DatabaseError(f"{name!r} cannot be a name in Neo4j.")
    if "\\u" in name:  # Neo4j also reads \\u0060 as a backtick: then each backslash is written as an escape of its own
        name = name.replace("\\", "\\u005C")
    return "`" + name.replace("`", "``") + "`"


def ensure_schema(store: Store, mapping: GraphMapping) -> None:
    """Create a uniqueness constraint on each key and an index on each name, where there are none; idempotent.

    A key with an index of the user's own keeps it: Neo4j takes no constraint beside it. Raises DatabaseError where a key is not unique.
    """
    indexes = store.read(
        "SHOW INDEXES YIELD name, type, labelsOrTypes AS l, properties AS p, owningConstraint AS owner WHERE type = 'RANGE' "
        "RETURN name, l, p, owner"
    )
    keys = {_name(n.label, n.key) for n in mapping.nodes}
    for row in indexes:  # a client that dies while a constraint is made leaves its index behind, populating for ever
        if row["name"] in keys and row["owner"] is None:
            store.auto(f"DROP INDEX {quote(row['name'])} IF EXISTS")
    covered = {
        (tuple(row["l"] or ()), tuple(row["p"] or ()))
        for row in indexes
        if row["owner"] is not None or row["name"] not in keys
    }
    for n in mapping.nodes:
        if n.role == "ignore":
            continue
        if ((n.label,), (n.key,)) not in covered:
            _constrain(store, n.label, n.key)
        if n.name and n.name != n.key and n.role in ("user", "topic") and ((n.label,), (n.name,)) not in covered:
            name = quote(_name(n.label, n.name))
            store.auto(f"CREATE INDEX {name} IF NOT EXISTS FOR (n:{quote(n.label)}) ON (n.{quote(n.name)})")
    store.auto("CALL db.awaitIndexes(300)")


def _constrain(store: Store, label: str, key: str) -> None:
    try:
        store.auto(
            f"CREATE CONSTRAINT {quote(_name(label, key))} IF NOT EXISTS FOR (n:{quote(label)}) REQUIRE n.{quote(key)} IS UNIQUE"
        )
    except DatabaseError as error:
        doubled = store.read(
            f"MATCH (n:{quote(label)}) WHERE n.{quote(key)} IS NOT NULL WITH n.{quote(key)} AS key, count(*) AS n WHERE n > 1 "
            "RETURN toString(key) AS key, n LIMIT 1"
        )
        if not doubled:
            raise
        raise DatabaseError(
            f"{label}.{key} is to be the key of {label}, but {doubled[0]['n']} nodes have the same value {doubled[0]['key']!r}. "
            "Merge them, or name another key in graph.toml."
        ) from error


def _name(label: str, name: str) -> str:
    """Of a constraint or index; the checksum keeps (A_b, c) and (A, b_c) apart."""
    plain = f"{PREFIX}{label}_{name}"
    return plain if "_" not in label + name else f"{plain}_{crc32(f'{label}/{name}'.encode()):08x}"
