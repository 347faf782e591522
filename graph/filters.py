"""Which properties of users can be filtered by through an index: chosen, and kept in a range index each."""

from zlib import crc32

from sociogram.graph.mapping import GraphMapping
from sociogram.graph.schema import quote
from sociogram.graph.store import Store

PREFIX = "sociogram_filter_"
SCALARS = frozenset({"STRING", "INTEGER", "FLOAT", "BOOLEAN"})
SAMPLE = 1_000  # users whose values are looked at
MOST = 8  # each costs the index memory and every later write to it time
LONGEST = 200  # characters: longer text is no category
GROUPS = ("segment", "segment_name", "community")  # published ones, as in WriteMapping


def filter_properties(store: Store, mapping: GraphMapping, predicted: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Those of `[write] filters`; else mapped and predicted properties of users that hold one kind of scalar, at most MOST.

    A property without a value in the sample, of several types, or private is left out, named or not.
    """
    user = mapping.user
    groups = [mapping.write.name(group) for group in GROUPS]
    named = mapping.write.filters or (*user.categorical, *user.numeric, *groups, *user.predict, *predicted)
    wanted = [name for name in dict.fromkeys(named) if name not in user.private and name != user.key]
    rows = store.read(
        f"MATCH (n:{quote(user.label)}) WITH n LIMIT $sample UNWIND $names AS name "
        "WITH name, n[name] AS value WHERE value IS NOT NULL "
        "RETURN name, collect(DISTINCT valueType(value)) AS types, max(size(toStringOrNull(value))) AS longest",
        sample=SAMPLE,
        names=wanted,
    )
    fit = {row["name"] for row in rows if _scalar(row["types"]) and (row["longest"] or 0) <= LONGEST}
    return tuple(name for name in wanted if name in fit)[: None if mapping.write.filters else MOST]


def _scalar(types: list[str]) -> bool:
    return len(types) == 1 and plain(types[0]) in SCALARS


def plain(value_type: str) -> str:
    """`valueType` without what it says of null: STRING, LIST<STRING>."""
    return value_type.replace(" NOT NULL", "")


def ensure_range_indexes(store: Store, label: str, names: tuple[str, ...], wait_s: int) -> None:
    """A range index on each, unless there is one: an exact search then starts at those who satisfy the filter."""
    rows = store.read(
        "SHOW INDEXES YIELD name, type, labelsOrTypes AS labels, properties WHERE type = 'RANGE' AND labels = [$label] "
        "RETURN name, properties",
        label=label,
    )
    ours = {_name(label, name): name for name in names}
    for row in rows:
        if row["name"].startswith(PREFIX) and row["name"] not in ours:
            store.auto(f"DROP INDEX {quote(row['name'])} IF EXISTS")
    covered = {row["properties"][0] for row in rows if len(row["properties"]) == 1}
    for index, name in ours.items():
        if name not in covered:
            store.auto(f"CREATE INDEX {quote(index)} IF NOT EXISTS FOR (n:{quote(label)}) ON (n.{quote(name)})")
    if not set(names) <= covered:
        store.auto("CALL db.awaitIndexes($seconds)", seconds=wait_s)


def _name(label: str, name: str) -> str:
    return f"{PREFIX}{crc32(f'{label}/{name}'.encode()):08x}"
