"""The `.cypher` files, written in the default schema, and their translation to a mapped graph."""

import re
from collections.abc import Callable
from functools import cache
from importlib import resources

from sociogram.errors import NotFoundError
from sociogram.graph.mapping import BEGUN, GraphMapping, NodeMapping
from sociogram.graph.schema import quote
from sociogram.graph.vector_index import index_name

# In the files a variable's name says what it is: that is how a property finds its name in another schema.
VARIABLES = {"user": "user", "other": "user", "friend": "user", "topic": "topic", "item": "item"}
PROFILE = {
    "embedding": "embedding",
    "tags": "tags",
    "tagScores": "tag_scores",
    "keywords": "keywords",
    "profileRun": "run",
    "profiledAt": "published_at",
}


@cache
def source(name: str) -> str:
    """Text of `queries/NAME.cypher` as it can be pasted into any client; raises NotFoundError."""
    try:
        return (resources.files("sociogram.queries") / f"{name}.cypher").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFoundError(f"there is no query {name!r} (there are: {', '.join(names())}).") from None


def names() -> list[str]:
    """Names of all queries."""
    files = resources.files("sociogram.queries").iterdir()
    return sorted(f.name.removesuffix(".cypher") for f in files if f.name.endswith(".cypher"))


def query(name: str, mapping: GraphMapping) -> str:
    """The query with labels, types and properties of a mapping in place of the default ones."""
    text = "\n".join(line for line in source(name).splitlines() if not line.startswith("//"))
    text = text.replace("'sociogram_vector_User'", _string(index_name(mapping.user.label)))
    text = re.sub(r":(User|Item|Topic|KNOWS|TAGGED|VIEWED|ABOUT|INTERESTED_IN|RECOMMENDED)\b", _name(mapping), text)
    return re.sub(r"\b(user|other|friend|topic|item)\.(\w+)", lambda m: _property(mapping, m[1], m[2]), text)


def _string(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _name(mapping: GraphMapping) -> Callable[[re.Match[str]], str]:
    write = mapping.write
    types = {
        "KNOWS": {r.type for r in mapping.with_role("tie")},
        "TAGGED": {r.type for r in mapping.with_role("interest")},
        "VIEWED": {r.type for r in mapping.with_role("behaviour")},
        "ABOUT": {r.type for r in mapping.with_role("about")},
        "INTERESTED_IN": {write.interested_in},
        "RECOMMENDED": {write.recommended},
        "User": set(mapping.labels("user")),
        "Item": set(mapping.labels("item")),
        "Topic": set(mapping.labels("topic")),
    }

    def replace(match: re.Match[str]) -> str:
        # a role that the mapping does not have becomes a name that nothing has: the pattern matches nothing
        return ":" + "|".join(quote(n) for n in sorted(types[match[1]])) if types[match[1]] else ":`-`"

    return replace


def _property(mapping: GraphMapping, variable: str, name: str) -> str:
    if name in PROFILE:
        return f"{variable}.{quote(mapping.write.name(PROFILE[name]))}"
    nodes = [n for n in mapping.nodes if n.role == VARIABLES[variable]]
    wanted = [_mapped(n, name, variable) for n in nodes]
    parts = list(dict.fromkeys(part for options in wanted for part in options))
    if not parts:
        return "null"
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def _mapped(n: NodeMapping, name: str, variable: str) -> list[str]:
    """What a property is in one label, first choice first; an item without a name goes by the beginning of its text."""
    key = f"{variable}.{quote(n.key)}"
    if name == "id":
        return [key]
    begun = [
        f"nullIf(split(left({variable}.{quote(p)}, {BEGUN}), '\\n')[0], '')"
        for p in n.text
        if n.role == "item" and p != n.name
    ]
    return [f"{variable}.{quote(n.name)}", *begun, key] if n.name else [*begun, key]
