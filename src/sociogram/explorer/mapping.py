"""A guessed mapping as tables in which every role can be changed."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from nicegui import ui

from sociogram.explorer.shell import Heading, named
from sociogram.explorer.table import cell, stacked
from sociogram.explorer.words import Words
from sociogram.graph.inspect import Found
from sociogram.graph.mapping import GraphMapping, NodeMapping, NodeRole, RelationshipRole
from sociogram.said import Said

PROPERTY_ROLES = ("name", "text", "numeric", "categorical", "time", "predict", "private", "ignore")
WIDTHS = ("34%", "12rem")
SEVERAL = ("text", "numeric", "categorical", "private")


class MappingTable:
    """The guess about a graph."""

    def __init__(self, words: Words, found: Found) -> None:
        self.words, self.mapping, self.comments = words, found.mapping, found.comments

    def draw(self) -> None:
        """Into the open element."""
        words = self.words
        Heading(words("Nodes"))
        with stacked([words(h) for h in ("Label", "What it is", "Why", "Identifier")], WIDTHS):
            for node in self.mapping.nodes:
                with ui.element("tr").classes("sg-row"):
                    self._cells(node.label, list(get_args(NodeRole)), node.role, partial(self._node, node.label))
                    for text in (self._why(node.label), node.key):
                        with cell():
                            ui.label(text).classes("sg-soft")
        Heading(words("Properties"))
        with stacked([words(h) for h in ("Property", "Taken for", "Why")], WIDTHS):
            for node in self.mapping.nodes:
                for name in self._properties(node):
                    with ui.element("tr").classes("sg-row"):
                        self._cells(
                            f"{node.label}.{name}",
                            list(PROPERTY_ROLES),
                            role_of(node, name),
                            partial(self._property, node.label, name),
                        )
                        with cell():
                            ui.label(self._why(f"{node.label}.{name}")).classes("sg-soft")
        Heading(words("Relationships"))
        with stacked([words(h) for h in ("Type", "What it is", "Why")], WIDTHS):
            for link in self.mapping.relationships:
                with ui.element("tr").classes("sg-row"):
                    shown = f"({link.source})-[{link.type}]->({link.target})"
                    self._cells(shown, list(get_args(RelationshipRole)), link.role, partial(self._link, link.key))
                    with cell():
                        ui.label(self._why(link.type)).classes("sg-soft")

    def _cells(self, name: str, roles: list[str], role: str, change: Callable[[str], None]) -> None:
        with cell():
            ui.label(name).classes("font-mono text-sm")
        with cell():
            chosen = ui.select(
                {one: self.words(one) for one in roles}, value=role, on_change=lambda e: change(e.value)
            ).classes("w-36")
            named(chosen.props("dense outlined options-dense"), name)

    def _why(self, key: str) -> str:
        """Of a property without its role, which stands beside it."""
        comment = self.comments.get(key, "")
        return self.words.said(comment.values.get("why", comment) if isinstance(comment, Said) else comment)

    def _properties(self, node: NodeMapping) -> list[str]:
        said = [key.split(".", 1)[1] for key in self.comments if key.startswith(f"{node.label}.")]
        return [name for name in dict.fromkeys((*node.properties, *node.private, *said)) if name != node.key]

    # a change can pass through states that no mapping may have (two labels of users): it is checked when it is used

    def _node(self, label: str, role: str) -> None:
        self._nodes = {**getattr(self, "_nodes", {}), label: role}

    def _link(self, key: tuple[str, str, str], role: str) -> None:
        self._links = {**getattr(self, "_links", {}), key: role}

    def _property(self, label: str, name: str, role: str) -> None:
        self._roles = {**getattr(self, "_roles", {}), (label, name): role}

    def chosen(self) -> GraphMapping:
        """The mapping with all changes; raises MappingError where it cannot be."""
        roles, nodes, links = (getattr(self, name, {}) for name in ("_roles", "_nodes", "_links"))
        made = []
        for node in self.mapping.nodes:
            for (label, name), role in roles.items():
                if label == node.label:
                    node = with_role(node, name, role)  # noqa: PLW2901  # one change after another
            made.append(replace(node, role=nodes.get(node.label, node.role)))
        linked = tuple(replace(r, role=links.get(r.key, r.role)) for r in self.mapping.relationships)
        return GraphMapping(tuple(made), linked, self.mapping.write)


def role_of(node: NodeMapping, name: str) -> str:
    """What a property is taken for."""
    for role in ("private", "text", "numeric", "categorical"):
        if name in getattr(node, role) and name != node.name:
            return role
    if name in node.predict:
        return "predict"
    return "name" if name == node.name else "time" if name == node.time else "ignore"


def with_role(node: NodeMapping, name: str, role: str) -> NodeMapping:
    """The same with another role for one property."""
    changed: dict[str, Any] = {kind: tuple(p for p in getattr(node, kind) if p != name) for kind in SEVERAL}
    changed |= {one: None if getattr(node, one) == name else getattr(node, one) for one in ("name", "time")}
    changed["predict"] = {p: kind for p, kind in node.predict.items() if p != name}
    if role == "predict":
        changed["predict"][name] = node.predict.get(name, "class")
    elif role in SEVERAL:
        changed[role] = (*changed[role], name)
    elif role in ("name", "time"):
        changed[role] = name
    return replace(node, **changed)
