"""CSV and Parquet files, and pandas DataFrames, as a source."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sociogram.loaders.columns import Kind, Overrides
from sociogram.loaders.kinds import by_kind, open_tables
from sociogram.loaders.readers import FrameTable, Table
from sociogram.loaders.source import Provenance
from sociogram.loaders.tables import TableSource

if TYPE_CHECKING:
    import pandas as pd

Paths = str | Path | Sequence[str | Path]


def csv(
    *files: str | Path,
    users: Paths = (),
    items: Paths = (),
    ties: Paths = (),
    events: Paths = (),
    topics: Paths = (),
    columns: Overrides | None = None,
    provenance: Provenance = "internal",
) -> TableSource:
    """CSV or Parquet files, several each; columns are guessed from names and values, `columns` overrides the guess.

    What the `files` given without a kind hold is guessed as well, from their columns and names.
    An override maps `KIND.ROLE` to a column's name or names: `{"users.id": "uid", "events.ignore": ["session"]}`. Headers of
    neo4j-admin import (`:ID`, `:START_ID`, `name:string`, ...) are understood, in files
    of their own as well. `source.plan()` shows what was understood.
    Raises InputError where a file is missing or empty, or a needed column is not found.
    """
    paths: Mapping[Kind, Paths] = {"users": users, "items": items, "ties": ties, "events": events, "topics": topics}
    guessed = by_kind(open_tables(files))
    tables: dict[Kind, list[Table]] = {kind: open_tables(_each(given)) + guessed[kind] for kind, given in paths.items()}
    return TableSource(tables, name="csv", provenance=provenance, columns=columns)


def frames(
    *,
    users: "pd.DataFrame | None" = None,
    items: "pd.DataFrame | None" = None,
    ties: "pd.DataFrame | None" = None,
    events: "pd.DataFrame | None" = None,
    topics: "pd.DataFrame | None" = None,
    columns: Overrides | None = None,
    provenance: Provenance = "internal",
) -> TableSource:
    """DataFrames, understood as `csv` understands files; the index is not read."""
    given: Mapping[Kind, pd.DataFrame | None] = {
        "users": users,
        "items": items,
        "ties": ties,
        "events": events,
        "topics": topics,
    }
    tables: dict[Kind, list[Table]] = {
        kind: [FrameTable(kind, frame)] for kind, frame in given.items() if frame is not None
    }
    return TableSource(tables, name="frames", provenance=provenance, columns=columns)


def _each(paths: Paths) -> Iterable[str | Path]:
    return [paths] if isinstance(paths, str | Path) else paths
