"""CSV and Parquet files, and pandas DataFrames, as a source."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sociogram.loaders.columns import Kind, Overrides, Role
from sociogram.loaders.kinds import by_kind, open_tables
from sociogram.loaders.readers import FrameTable, Table
from sociogram.loaders.source import Provenance
from sociogram.loaders.tables import TableSource, lay_out_all, plan

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
    return TableSource(_tables(files, paths), name="csv", provenance=provenance, columns=columns)


def understood(
    files: Sequence[str | Path], kinds: Mapping[Kind, Paths], columns: Overrides | None = None
) -> tuple[list[dict[str, str]], list[tuple[str, Kind, Role]]]:
    """The plan of `csv` for files without and with a kind, and what is missing to load them: file, its kind and the role that no column has."""
    layouts = lay_out_all(_tables(files, kinds), columns)
    lacking = [
        (layout.table.name, kind, role) for kind, some in layouts.items() for layout in some for role in layout.missing
    ]
    return plan(layouts), lacking


def _tables(files: Sequence[str | Path], paths: Mapping[Kind, Paths]) -> dict[Kind, list[Table]]:
    guessed = by_kind(open_tables(files))
    return {kind: open_tables(_each(paths.get(kind, ()))) + some for kind, some in guessed.items()}


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
