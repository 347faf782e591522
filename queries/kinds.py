"""What the properties of a label hold in the graph: looked up, and said where a question does not fit."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sociogram.errors import InputError
from sociogram.graph.filters import plain
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.publish_stage import NEXT
from sociogram.graph.schema import quote
from sociogram.graph.store import Store
from sociogram.queries.catalogue import nearest
from sociogram.said import Joined, Said

SAMPLE = 200  # values of a property whose types are looked at
KNOWN = 1_000  # nodes whose properties are listed where one is unknown


@dataclass(frozen=True)
class PropertyKind:
    """The types that a property has on nodes of a label, most frequent first, and one of its values."""

    property: str  # as it is called in the graph
    types: tuple[str, ...]  # STRING, INTEGER, LIST<STRING>, ...
    example: Any

    def __str__(self) -> str:
        return self.told()

    def told(self) -> Said:
        """In words."""
        types = Joined(" or ", self.types)
        return Said(
            "{property} holds {types} (for instance {example!r})",
            property=self.property,
            types=types,
            example=self.example,
        )


def kind_of(store: Store, mapping: GraphMapping, label: str, name: str) -> PropertyKind | None:
    """None where no node of the label has the property; raises InputError where it is private."""
    if name in mapping.node(label).private:
        raise InputError(Said("{label}.{name} is private in the mapping: nothing reads it.", label=label, name=name))
    if name.startswith(NEXT):
        return None
    rows = store.read(
        f"MATCH (n:{quote(label)}) WHERE n.{quote(name)} IS NOT NULL WITH n.{quote(name)} AS value LIMIT $sample "
        "RETURN valueType(value) AS type, count(*) AS n, collect(value)[0] AS example ORDER BY n DESC, type",
        sample=SAMPLE,
    )
    types = tuple(dict.fromkeys(plain(row["type"]) for row in rows))
    return PropertyKind(name, types, rows[0]["example"]) if rows else None


def unknown(store: Store, mapping: GraphMapping, labels: Iterable[str], name: str) -> InputError:
    """What to raise where no node of these labels has a property."""
    labels = tuple(labels)
    names: set[str] = set()
    for label in labels:
        rows = store.read(
            f"MATCH (n:{quote(label)}) WITH n LIMIT $known UNWIND keys(n) AS name RETURN DISTINCT name", known=KNOWN
        )
        hidden = {*mapping.node(label).private, mapping.write.name("embedding")}
        names |= {row["name"] for row in rows} - hidden
    known = sorted(found for found in names if not found.startswith(NEXT))
    hint = nearest(name, known) or Said(" There are: {known}.", known=Joined(", ", known))
    return InputError(
        Said("no {labels} has a property {name!r}.{hint}", labels=Joined(" or ", labels), name=name, hint=hint)
    )
