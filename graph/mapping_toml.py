"""Render a graph mapping as commented TOML."""

import json
from collections.abc import Mapping
from dataclasses import fields

from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping, WriteMapping

HEADER = """# Which labels, relationship types and properties play which role. Edit freely, then check it with
#   sociogram inspect --check graph.toml
# Node roles: user, item, topic, ignore. Relationship roles: tie (user-user), behaviour (user-item), about (item-topic),
# interest (user-topic: what is predicted), parent (topic to broader topic), related (any other), ignore.
# Property roles: key, name, text, numeric, categorical, time, predict (class, multilabel, number), private (never read).
"""


def render(mapping: GraphMapping, comments: Mapping[str, str]) -> str:
    """TOML text that `GraphMapping.parse` reads back to an equal mapping."""
    parts = [HEADER, *(_node(n, comments) for n in mapping.nodes)]
    parts += [_relationship(r, comments) for r in mapping.relationships]
    changed = [f for f in fields(WriteMapping) if getattr(mapping.write, f.name) != f.default]
    write = "\n".join(_fields(mapping.write, tuple(f.name for f in changed)))
    parts.append(
        '# Names of what is written back; prefix = "sg_" would put sg_ before each property. filters = ["age"]: what the vector '
        f"index filters users by.\n[write]\n{write}\n"
    )
    return "\n".join(parts)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(_text, values)) + "]"


def _comment(comments: Mapping[str, str], key: str) -> str:
    return "".join(f"# {line}\n" for line in comments[key].splitlines()) if key in comments else ""


def _fields(entry: NodeMapping | RelationshipMapping | WriteMapping, names: tuple[str, ...]) -> list[str]:
    lines = []
    for name in names:
        value = getattr(entry, name)
        if value:
            lines.append(f"{name} = {_list(value) if isinstance(value, tuple) else _text(value)}")
    return lines


def _node(n: NodeMapping, comments: Mapping[str, str]) -> str:
    lines = [f"[nodes.{_text(n.label)}]", f"role = {_text(n.role)}"]
    lines += _fields(n, ("key", "name", "text", "numeric", "categorical", "time", "private"))
    if n.predict:
        pairs = ", ".join(f"{_text(k)} = {_text(v)}" for k, v in n.predict.items())
        lines.append(f"predict = {{ {pairs} }}")
    notes = "".join(
        f"# {key.split('.', 1)[1]}: {note}\n" for key, note in comments.items() if key.startswith(n.label + ".")
    )
    return _comment(comments, n.label) + notes + "\n".join(lines) + "\n"


def _relationship(r: RelationshipMapping, comments: Mapping[str, str]) -> str:
    lines = ["[[relationships]]", f"type = {_text(r.type)}", f"from = {_text(r.source)}", f"to = {_text(r.target)}"]
    lines += [f"role = {_text(r.role)}"]
    lines += _fields(r, ("weight", "time", "text", "numeric", "categorical", "item", "private"))
    return _comment(comments, r.type) + "\n".join(lines) + "\n"
