"""The `.cypher` files, written in the default schema, and their translation to a mapped graph."""

import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import cast

from sociogram.errors import NotFoundError
from sociogram.graph.mapping import BEGUN, GraphMapping, NodeMapping, RelationshipRole
from sociogram.graph.schema import quote
from sociogram.graph.vector_index import index_name

# In the files a variable's name says what it is: that is how a property finds its name in another schema.
VARIABLES = {
    "user": "user", "other": "user", "friend": "user", "seed": "user",
    "topic": "topic", "topic2": "topic", "item": "item", "item2": "item",
}  # fmt: skip
RELATIONSHIPS = {"did": "behaviour", "tie": "tie", "tagged": "interest", "about": "about"}
PROFILE = {
    "embedding": "embedding",
    "tags": "tags",
    "tagScores": "tag_scores",
    "keywords": "keywords",
    "profileRun": "run",
    "profiledAt": "published_at",
    "influence": "influence",
    "reach": "reach",
    "community": "community",
    "bridging": "bridging",
    "segment": "segment",
    "segmentName": "segment_name",
}
_NAMES = "User|Item|Topic|KNOWS|TAGGED|VIEWED|ABOUT|INTERESTED_IN|RECOMMENDED"


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
    return translate("\n".join(line for line in source(name).splitlines() if not line.startswith("//")), mapping)


def translate(text: str, mapping: GraphMapping) -> str:
    """Cypher of the default schema in that of a mapping."""
    vectors = index_name(mapping.user.label)
    text = text.replace("'sociogram_vector_User'", _string(vectors))
    text = text.replace("VECTOR INDEX sociogram_vector_User", f"VECTOR INDEX {quote(vectors)}")
    text = re.sub(rf":(!RECOMMENDED|{_NAMES})\b", _name(mapping), text)
    text = re.sub(
        rf"\b({'|'.join(RELATIONSHIPS)})\.(at|weight)\b", lambda m: _of_relationship(mapping, m[1], m[2]), text
    )
    variables = "|".join(VARIABLES)
    text = re.sub(
        rf"\b({variables})\.(id|name) (=|IN) (\$\w+)", lambda m: _lookup(mapping, m[1], m[2], f"{m[3]} {m[4]}"), text
    )
    return re.sub(rf"\b({variables})\.(\w+)", lambda m: _property(mapping, m[1], m[2]), text)


def _string(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _name(mapping: GraphMapping) -> Callable[[re.Match[str]], str]:
    write = mapping.write
    types = {
        "KNOWS": {r.type for r in mapping.with_role("tie")},
        "TAGGED": {r.type for r in mapping.with_role("interest")},
        "VIEWED": {r.type for r in mapping.with_role("behaviour")},
        "!RECOMMENDED": {r.type for r in mapping.with_role("behaviour")},
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


def written_name(mapping: GraphMapping, name: str) -> str:
    """The name under which one of the profile's properties is written; any other name as it is."""
    return mapping.write.name(PROFILE[name]) if name in PROFILE else name


def _property(mapping: GraphMapping, variable: str, name: str) -> str:
    if name in PROFILE:
        return f"{variable}.{quote(written_name(mapping, name))}"
    if name not in ("id", "name", "title" if VARIABLES[variable] == "item" else "name"):
        return f"{variable}.{quote(name)}"  # of the user's own
    nodes = [n for n in mapping.nodes if n.role == VARIABLES[variable]]
    wanted = [_mapped(n, name, variable) for n in nodes]
    parts = list(dict.fromkeys(part for options in wanted for part in options))
    if not parts:
        return "null"
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def _lookup(mapping: GraphMapping, variable: str, name: str, test: str) -> str:
    """A comparison that an index on the property can answer: no coalesce around it."""
    nodes = [n for n in mapping.nodes if n.role == VARIABLES[variable]]
    wanted = dict.fromkeys(n.name if name == "name" and n.name else n.key for n in nodes)
    tests = [f"{variable}.{quote(p)} {test}" for p in wanted]
    if len(tests) > 1:
        return f"({' OR '.join(tests)})"
    return tests[0] if tests else "false"


def _of_relationship(mapping: GraphMapping, variable: str, name: str) -> str:
    found = mapping.with_role(cast(RelationshipRole, RELATIONSHIPS[variable]))
    wanted = dict.fromkeys(r.time if name == "at" else r.weight for r in found)
    parts = [f"{variable}.{quote(p)}" for p in wanted if p]
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
