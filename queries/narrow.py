"""Conditions on the properties of nodes of a role, answered by the database: the values are parameters, the names are quoted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sociogram.errors import InputError
from sociogram.graph.mapping import GraphMapping, NodeRole
from sociogram.graph.publish import NEXT
from sociogram.graph.schema import quote
from sociogram.graph.store import Store
from sociogram.queries.catalogue import nearest
from sociogram.queries.similar.where import OPERATORS, Condition, operators, plain

EXAMPLE = '{"language": "de", "year": {"gte": 2020}, "city": ["Bern", "Basel"]}'
TIMES = ("DATE", "DATETIME", "TIME")
SAMPLE = 200  # values of a property whose types are looked at
KNOWN = 1_000  # nodes whose properties are listed where one is unknown


def conditions(where: Any) -> tuple[Condition, ...]:
    """From a mapping of property to value, list or {operator: value}; raises InputError."""
    if where is None:
        return ()
    if not isinstance(where, Mapping):
        raise InputError(f"where must be a mapping, for instance {EXAMPLE}; got {type(where).__name__}.")
    return tuple(c for name, value in where.items() for c in _of_property(name, value))


def _of_property(name: Any, value: Any) -> Iterator[Condition]:
    if not isinstance(name, str) or not name.strip() or "\x00" in name:
        raise InputError(f"where takes property names, for instance {EXAMPLE}; got {name!r}.")
    for operator, wanted in operators(name, value).items():
        if operator != "in":
            yield Condition(name, operator, plain(name, wanted))
        elif isinstance(wanted, list | tuple | set | frozenset) and wanted:
            yield Condition(name, operator, [plain(name, v) for v in wanted])
        else:
            raise InputError(f"{name}: `in` takes a list with at least one value, got {wanted!r}.")


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
    found: dict[str, dict[str, tuple[set[str], Any]]] = {label: {} for label in labels}
    for name in dict.fromkeys(c.property for c in wanted):
        for label in labels:
            kinds = _kinds(store, mapping, label, name)
            if kinds is not None:
                found[label][name] = kinds
        if not any(name in of_label for of_label in found.values()):
            known = _properties(store, mapping, labels)
            hint = nearest(name, known) or f" There are: {', '.join(known)}."
            raise InputError(f"no {' or '.join(labels) or role} has a property {name!r}.{hint}")
    out = []
    for label in labels:
        if all(c.property in found[label] for c in wanted):
            tests = [_test(c, *found[label][c.property], f"w{i}", variable) for i, c in enumerate(wanted)]
            out.append(
                Narrowed(
                    label, " AND ".join(t for t, _ in tests) or "true", {f"w{i}": v for i, (_, v) in enumerate(tests)}
                )
            )
    return out


def _kinds(store: Store, mapping: GraphMapping, label: str, name: str) -> tuple[set[str], Any] | None:
    if name in mapping.node(label).private:
        raise InputError(f"{label}.{name} is private in the mapping: nothing reads it.")
    rows = store.read(
        f"MATCH (n:{quote(label)}) WHERE n.{quote(name)} IS NOT NULL WITH n.{quote(name)} AS value LIMIT $sample "
        "RETURN collect(DISTINCT replace(valueType(value), ' NOT NULL', '')) AS types, collect(value)[0] AS example",
        sample=SAMPLE,
    )
    return (set(rows[0]["types"]), rows[0]["example"]) if rows and rows[0]["types"] else None


def _properties(store: Store, mapping: GraphMapping, labels: tuple[str, ...]) -> list[str]:
    names: set[str] = set()
    for label in labels:
        rows = store.read(
            f"MATCH (n:{quote(label)}) WITH n LIMIT $known UNWIND keys(n) AS name RETURN DISTINCT name", known=KNOWN
        )
        hidden = {*mapping.node(label).private, mapping.write.name("embedding")}
        names |= {row["name"] for row in rows} - hidden
    return sorted(name for name in names if not name.startswith(NEXT))


def _test(condition: Condition, types: set[str], example: Any, parameter: str, variable: str) -> tuple[str, Any]:
    name, operator = f"{variable}.{quote(condition.property)}", OPERATORS[condition.operator]
    values = condition.value if condition.operator == "in" else [condition.value]
    fit = [_fit(v, types) for v in values]
    if None in fit:
        raise InputError(
            f"{condition.property} holds {' or '.join(sorted(types))} (for instance {example!r}); "
            f"it cannot be compared by {condition.operator} with {condition.value!r}."
        )
    value = fit if condition.operator == "in" else fit[0]
    if any(kind.startswith("LIST<") for kind in types):
        if condition.operator in ("eq", "in"):
            return f"any(x IN {name} WHERE x IN ${parameter})", value if isinstance(value, list) else [value]
        raise InputError(f"{condition.property} holds lists: compare it by eq or in.")
    return f"{name} {operator} ${parameter}", value


def _fit(value: Any, types: set[str]) -> Any:
    """The value as one of the types has it, None where it fits none; whole numbers of a command line may be meant as text."""
    inner = {kind.removeprefix("LIST<").split(" NOT NULL")[0].removesuffix(">") for kind in types}
    if isinstance(value, bool):
        return value if "BOOLEAN" in inner else None
    if isinstance(value, int | float) and inner & {"INTEGER", "FLOAT"}:
        return value
    if isinstance(value, str) and "STRING" in inner:
        return value
    if isinstance(value, int | float):
        return str(value) if "STRING" in inner else None
    if isinstance(value, str):
        return _time(value, inner)
    return value if any(kind.endswith(TIMES) for kind in inner) else None


def _time(text: str, types: set[str]) -> Any:
    from neo4j.time import Date, DateTime

    day = len(text) == len("2024-01-31")
    try:
        if "DATE" in types:
            return Date.from_iso_format(text[: len("2024-01-31")])
        if any(kind.endswith("DATETIME") for kind in types):
            return DateTime.from_iso_format(
                text + ("T00:00:00+00:00" if day and "ZONED DATETIME" in types else "T00:00:00" if day else "")
            )
    except ValueError:
        pass
    return None
