"""Unquantised vector indexes over published embeddings."""

from sociogram.graph.filters import PREFIX as FILTERS
from sociogram.graph.schema import quote
from sociogram.graph.store import Store

PREFIX = "sociogram_vector_"


def index_name(label: str) -> str:
    """Name of the index over a label's embeddings."""
    return PREFIX + label


def create_index(store: Store, label: str, name: str, width: int, wait_s: int, filters: tuple[str, ...] = ()) -> None:
    """Create the index where it is missing, of another width or with other filters, and wait until it has caught up.

    Quantisation is off: with it recall@10 falls to .57 to .87 at the same latency (measured on 50,000 vectors of width 128).
    `filters` are properties that a SEARCH can filter by inside the index; servers without SEARCH have an index without them.
    """
    filters = filters if store.supports_search else ()
    rows = store.read(
        "SHOW VECTOR INDEXES YIELD name, options, properties WHERE name = $name RETURN options, properties",
        name=index_name(label),
    )
    if rows:
        options = rows[0]["options"]["indexConfig"]
        if options.get("vector.dimensions") == width and rows[0]["properties"] == [name, *filters]:
            _wait(store, label, wait_s)
            return
        store.auto(f"DROP INDEX {quote(index_name(label))} IF EXISTS")
    within = f"WITH [{', '.join(f'n.{quote(p)}' for p in filters)}] " if filters else ""
    store.auto(
        f"{'CYPHER 25 ' if filters else ''}CREATE VECTOR INDEX {quote(index_name(label))} IF NOT EXISTS "
        f"FOR (n:{quote(label)}) ON n.{quote(name)} {within}"
        f"OPTIONS {{indexConfig: {{`vector.dimensions`: {int(width)}, `vector.similarity_function`: 'cosine', "
        "`vector.quantization.enabled`: false}}"
    )
    _wait(store, label, wait_s)


def _wait(store: Store, label: str, wait_s: int) -> None:
    store.auto("CALL db.awaitIndex($name, $seconds)", name=index_name(label), seconds=wait_s)


def drop_indexes(store: Store) -> None:
    """Drop every index that publishing made."""
    for row in store.read(
        "SHOW INDEXES YIELD name WHERE name STARTS WITH $vectors OR name STARTS WITH $filters RETURN name",
        vectors=PREFIX,
        filters=FILTERS,
    ):
        store.auto(f"DROP INDEX {quote(row['name'])} IF EXISTS")
