"""Conditions on the properties of nodes of a role, answered by the database: the values are parameters, the names are quoted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sociogram.errors import InputError
from sociogram.graph.mapping import GraphMapping, NodeRole
from sociogram.graph.store import Store
from sociogram.queries.kinds import PropertyKind, kind_of, unknown
from sociogram.queries.similar.values import typed
from sociogram.queries.similar.where import Condition, conditions_on

EXAMPLE = '{"language": "de", "year": {"gte": 2020}, "city": ["Bern", "Basel"]}'


def conditions(where: Any) -> tuple[Condition, ...]:
    """From a mapping of property to value, list or {operator: value}; raises InputError."""
    if where is None:
        return ()
    if not isinstance(where, Mapping):
        raise InputError(f"where must be a mapping, for instance {EXAMPLE}; got {type(where).__name__}.")
    for name in where:
        if not isinstance(name, str) or not name.strip() or "\x00" in name:
            raise InputError(f"where takes property names, for instance {EXAMPLE}; got {name!r}.")
    return tuple(c for name, value in where.items() for c in conditions_on(name, value))


@dataclass(frozen=True)
class Narrowed:
    """Cypher after `MATCH (VARIABLE:LABEL)` for one label, and its parameters; a label without one of the properties has none."""

    label: str
    test: str
    parameters: dict[str, Any]


def narrowed(
    store: Store, mapping: GraphMapping, role: NodeRole, wanted: tuple[Condition, ...], variable: str = "n"
) -> list[Narrowed]:
    """The labels of a role that can satisfy the conditions; raises InputError for an unknown property or a value of another type."""
    labels = mapping.labels(role)
    kinds: dict[tuple[str, str], PropertyKind] = {}
    for name in dict.fromkeys(c.property for c in wanted):
        found = {(label, name): kind_of(store, mapping, label, name) for label in labels}
        if not any(found.values()):
            raise unknown(store, mapping, labels, name)
        kinds |= {place: kind for place, kind in found.items() if kind is not None}
    out = []
    for label in labels:
        if all((label, c.property) in kinds for c in wanted):
            fit = [typed(c, kinds[label, c.property]) for c in wanted]
            tests = [t.test(variable, f"w{i}") for i, t in enumerate(fit)]
            parameters = {f"w{i}": t.condition.value for i, t in enumerate(fit)}
            out.append(Narrowed(label, " AND ".join(tests) or "true", parameters))
    return out
