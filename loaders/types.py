"""Names of labels and relationship types as the cells of a table give them."""

import re
from collections.abc import Iterable

from sociogram.errors import InputError
from sociogram.loaders.clean import clean_text, is_missing
from sociogram.loaders.columns import Layout

PARENT = "BROADER"  # topic to its broader topic
_MAX_TYPES = 100  # different values of a type column
_BY_COLUMN = {"rating": "RATED", "stars": "RATED", "plays": "LISTENED", "listens": "LISTENED", "review": "REVIEWED"}

RelationshipKey = tuple[str, str, str]  # source label, type, target label


def type_name(layout: Layout, cell: object) -> str:
    """A relationship type of a type cell: as it is in a neo4j-admin file, else in capitals and underscores."""
    if is_missing(cell):
        return default_type(layout)
    text = clean_text(str(cell))
    return text if layout.admin else re.sub(r"\W+", "_", text).strip("_").upper() or default_type(layout)


def default_type(layout: Layout) -> str:
    """KNOWS for ties; for events by the name of a column (`rating`: RATED), else INTERACTED_WITH."""
    if layout.kind == "ties":
        return "KNOWS"
    names = [c.name.lower().partition(":")[0] for c in layout.columns]
    return next((kind for name, kind in _BY_COLUMN.items() if name in names), "INTERACTED_WITH")


def first_label(cell: object) -> str:
    """The first of a neo4j-admin :LABEL cell."""
    return clean_text(str(cell or "").split(";")[0])


def check_types(layout: Layout, kinds: Iterable[str]) -> None:
    """InputError for a column of types that is none."""
    kinds = list(kinds)
    if len(kinds) > _MAX_TYPES:
        column = layout.one("type")
        name = column.name if column else ""
        raise InputError(
            f'{layout.table.name}: column "{name}" has more than {_MAX_TYPES} different values ({", ".join(kinds[:3])}, '
            f"...); expected relationship types. Say what it is: --column {layout.kind}.property={name}"
        )
