"""The graph mapping of laid-out tables."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from sociogram.errors import InputError
from sociogram.graph.mapping import NodeMapping, NodeRole, RelationshipMapping, RelationshipRole
from sociogram.loaders.columns import Layout, Role

NodeKind = Literal["users", "items", "topics"]
NODE_KINDS: tuple[NodeKind, ...] = ("users", "items", "topics")
DEFAULT_LABEL: dict[NodeKind, str] = {"users": "User", "items": "Item", "topics": "Topic"}
_ROLE: dict[NodeKind, NodeRole] = {"users": "user", "items": "item", "topics": "topic"}


def node_mapping(kind: NodeKind, label: str, layouts: Sequence[Layout]) -> NodeMapping:
    """Roles of the properties that these tables give a label; InputError where they disagree on the key."""
    keys = _names(layouts, "id") or ("id",)
    if len(keys) > 1:
        files = ", ".join(layout.table.name for layout in layouts)
        raise InputError(f"{files}: different key properties ({', '.join(keys)}) for one label {label}. Use one name.")
    name = next(iter(_names(layouts, "name")), {"users": None, "items": None, "topics": "name"}[kind])
    texts = _names(layouts, "text")
    return NodeMapping(
        label,
        _ROLE[kind],
        key=keys[0],
        name=name,
        text=texts if kind == "users" or name is None else tuple(dict.fromkeys((name, *texts))),
        time=next(iter(_names(layouts, "time")), None),
        **_features(layouts),
    )


def relationship_mapping(
    key: tuple[str, str, str], role: RelationshipRole, layouts: Sequence[Layout]
) -> RelationshipMapping:
    """Roles of the properties that these tables give a relationship type."""
    source, kind, target = key
    return RelationshipMapping(
        kind,
        source,
        target,
        role,
        weight="weight" if role in ("tie", "behaviour") else None,
        time="at" if _names(layouts, "time") else None,
        text=_names(layouts, "text"),
        **_features(layouts),
    )


def _names(layouts: Iterable[Layout], role: Role) -> tuple[str, ...]:
    return tuple(dict.fromkeys(c.property for layout in layouts for c in layout.all(role)))


def _features(layouts: Sequence[Layout]) -> dict[str, Any]:
    """Numeric, categorical and private; what is text in one table and a category in the other is text."""
    private = _names(layouts, "private")
    texts = {*_names(layouts, "text"), *private}
    categorical = tuple(name for name in _names(layouts, "categorical") if name not in texts)
    taken = {*texts, *categorical}
    numeric = tuple(name for name in _names(layouts, "numeric") if name not in taken)
    return {"numeric": numeric, "categorical": categorical, "private": private}
