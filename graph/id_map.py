"""A key's row number, the same from run to run: what a recommender's own tables are indexed by."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sociogram.errors import InputError
from sociogram.graph.profile import Key


@dataclass(frozen=True)
class IdMap:
    """Keys by row; rows are never given to another key."""

    ids: list[Key]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def row(self) -> dict[Key, int]:
        """The row of each key."""
        return {key: row for row, key in enumerate(self.ids)}

    def extended(self, ids: Iterable[Key]) -> "IdMap":
        """The same rows, and further ones for keys that are new, in their order."""
        return IdMap([*self.ids, *(key for key in dict.fromkeys(ids) if key not in self.row)])

    def save(self, path: Path) -> None:
        """Write a Parquet file with the columns row, id; the old one is replaced when the new one is whole."""
        try:
            table = pa.table({"row": pa.array(range(len(self.ids)), pa.int64()), "id": pa.array(self.ids)})
        except pa.ArrowInvalid as error:
            kinds = ", ".join(sorted({type(key).__name__ for key in self.ids}))
            raise InputError(f"{path}: keys are of several types ({kinds}); an id map needs one.") from error
        staged = path.with_name(path.name + ".part")
        pq.write_table(table, staged)
        staged.replace(path)

    @classmethod
    def read(cls, path: Path) -> "IdMap":
        """Read what `save` wrote; raises InputError for another file, for rows with gaps and for keys that come twice."""
        try:
            table = pq.read_table(path, columns=["row", "id"]).sort_by("row")
        except (OSError, pa.ArrowException) as error:
            raise InputError(
                f"{path}: expected an id map, a Parquet file with the columns row and id ({error})."
            ) from error
        ids = table["id"].to_pylist()
        if table["row"].to_pylist() != list(range(len(ids))) or len(set(ids)) != len(ids):
            raise InputError(
                f"{path}: expected an id map with rows 0, 1, 2, ... and each id once. Delete it to begin anew."
            )
        return cls(ids)


def beside(path: Path) -> Path:
    """Where the id map of FILE.npy is kept: FILE.ids.parquet."""
    return path.with_name(path.stem + ".ids.parquet")
