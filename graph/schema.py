"""Names in Cypher, constraints and indexes."""

from sociogram.errors import DatabaseError
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.store import Store


def quote(name: str) -> str:
    """A label, type or property name as Cypher takes it literally, whatever is in it."""
    if not name or "\x00" in name:
        raise DatabaseError(f"{name!r} cannot be a name in Neo4j.")
    # Neo4j also reads \\u0060 as a backtick, so a backslash before a u is written as its own escape
    return "`" + name.replace("\\u", "\\u005Cu").replace("`", "``") + "`"


def ensure_schema(store: Store, mapping: GraphMapping) -> None:
    """Create a uniqueness constraint on each key and an index on each name, where there are none; idempotent.

    Raises DatabaseError where the data itself is not unique.
    """
    existing = {
        (tuple(row["l"]), tuple(row["p"]))
        for row in store.read("SHOW CONSTRAINTS YIELD labelsOrTypes AS l, properties AS p RETURN l, p")
    }
    for n in mapping.nodes:
        if n.role == "ignore":
            continue
        if ((n.label,), (n.key,)) not in existing:
            store.auto(
                f"CREATE CONSTRAINT {quote(f'sociogram_{n.label}_{n.key}')} IF NOT EXISTS "
                f"FOR (n:{quote(n.label)}) REQUIRE n.{quote(n.key)} IS UNIQUE"
            )
        if n.name and n.name != n.key and n.role in ("user", "topic"):
            store.auto(
                f"CREATE INDEX {quote(f'sociogram_{n.label}_{n.name}')} IF NOT EXISTS FOR (n:{quote(n.label)}) ON (n.{quote(n.name)})"
            )
    store.auto("CALL db.awaitIndexes(300)")
