"""A run's profiles block by block of users, from memory or from its folder: publishing a million of them needs little memory."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from safetensors import safe_open

from sociogram.graph.profile import USER_VALUES, Key, Profiles, read_record, user_values

BATCH = 65_536  # rows of a table that are read at once


@dataclass(frozen=True)
class StoredVectors:
    """The vectors [n, d] of one label, read in slices; the file is only mapped into memory while a slice is read."""

    path: Path
    label: str
    shape: tuple[int, int]

    def __getitem__(self, rows: slice) -> NDArray[np.float32]:
        stop = min(rows.stop, self.shape[0])
        if rows.start >= stop:  # safetensors refuses an empty slice
            return np.zeros((0, self.shape[1]), np.float32)
        with safe_open(self.path, framework="np") as stored:
            found: NDArray[np.float32] = stored.get_slice(self.label)[rows.start : stop]
        return found


class StoredProfiles:
    """What `Profiles.load` would read, of which only keys and names stay in memory."""

    def __init__(self, folder: Path) -> None:
        """Raises InputError where the folder is not complete."""
        record = read_record(folder)
        self.user_label: str = record["user_label"]
        self.keys: dict[str, list[Key]] = record["keys"]
        self.names: dict[str, list[str]] = {**record["names"], self.user_label: []}
        self.attributes: dict[str, Any] = record["attributes"]
        self.tables = {
            field.name: folder / f"{field.name}.parquet"
            for field in fields(Profiles)
            if (folder / f"{field.name}.parquet").exists()
        }
        self._values = folder / USER_VALUES
        path = folder / "embeddings.safetensors"
        with safe_open(path, framework="np") as stored:
            self.embeddings = {
                label: StoredVectors(path, label, tuple(stored.get_slice(label).get_shape()))
                for label in stored.keys()  # noqa: SIM118
            }

    def blocks(self, size: int) -> Iterator[Profiles]:
        """Profiles of `size` users at a time: their rows count from 0, those of topics and items stay as they are."""
        label, keys = self.user_label, self.keys[self.user_label]
        readers = {name: _Reader(path) for name, path in self.tables.items()}
        values = _Reader(self._values)
        for start in range(0, max(len(keys), 1), size):
            stop = min(start + size, len(keys))
            keywords, attributes = user_values(values.rows(stop - start), self.attributes)
            tables = {name: reader.of_users(start, stop) for name, reader in readers.items()}
            yield Profiles(
                user_label=label,
                keys={**self.keys, label: keys[start:stop]},
                names=self.names,
                embeddings={name: x[start:stop] if name == label else x for name, x in self.embeddings.items()},  # type: ignore[misc]
                keywords=keywords,
                attributes=attributes,
                **tables,
            )


def blocks(profiles: Profiles | StoredProfiles, label: str, size: int) -> Iterator[Profiles]:
    """The nodes of one label, `size` at a time, users with all that is known of them; at least one block, which may be empty."""
    if label == profiles.user_label:
        yield from profiles.blocks(size) if isinstance(profiles, StoredProfiles) else _user_blocks(profiles, size)
        return
    keys, nothing = profiles.keys[label], pd.DataFrame()
    for start in range(0, len(keys), size):
        part = slice(start, start + size)
        vectors = {label: profiles.embeddings[label][part]}
        yield Profiles(profiles.user_label, {label: keys[part]}, {}, vectors, nothing, nothing, [])


def _user_blocks(profiles: Profiles, size: int) -> Iterator[Profiles]:
    label = profiles.user_label
    if len(profiles.keys[label]) <= size:
        yield profiles
        return
    held: dict[str, Any] = {f.name: getattr(profiles, f.name) for f in fields(profiles)}
    for start in range(0, len(profiles.keys[label]), size):
        part = slice(start, start + size)
        tables: dict[str, Any] = {name: _of_users(t, part) for name, t in held.items() if isinstance(t, pd.DataFrame)}
        yield replace(
            profiles,
            keys={**profiles.keys, label: profiles.keys[label][part]},
            embeddings={name: x[part] if name == label else x for name, x in profiles.embeddings.items()},
            keywords=profiles.keywords[part],
            attributes={
                name: replace(a, values=a.values[part], confidence=a.confidence[part])
                for name, a in profiles.attributes.items()
            },
            **tables,
        )


def _of_users(table: pd.DataFrame, part: slice) -> pd.DataFrame:
    """Rows of some users, counted from 0; a table without a column `user` has a row for each."""
    if "user" not in table:
        return table[part]
    user = table["user"].to_numpy(np.int64)
    first, last = np.searchsorted(user, (part.start, part.stop))
    return table[first:last].assign(user=user[first:last] - part.start)


class _Reader:
    """A Parquet file from its beginning to its end, in the order of users."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        self._batches = self._file.iter_batches(BATCH)
        self._held = pa.Table.from_batches([], self._file.schema_arrow)

    def rows(self, count: int) -> pd.DataFrame:
        """The next rows."""
        while self._held.num_rows < count and self._read():
            pass
        return self._cut(count)

    def of_users(self, start: int, stop: int) -> pd.DataFrame:
        """The rows of the users start to stop, which count from 0; a table without a column `user` has a row for each."""
        if "user" not in self._held.column_names:
            return self.rows(stop - start)
        while (not self._held.num_rows or self._held["user"][-1].as_py() < stop) and self._read():
            pass
        user = self._held["user"].to_numpy()
        part = self._cut(int(np.searchsorted(user, stop)))
        return part.assign(user=part["user"].to_numpy(np.int64) - start)

    def _read(self) -> bool:
        batch = next(self._batches, None)
        if batch is not None:
            self._held = pa.concat_tables([self._held, pa.Table.from_batches([batch])])
        return batch is not None

    def _cut(self, count: int) -> pd.DataFrame:
        part, self._held = self._held.slice(0, count), self._held.slice(count)
        table: pd.DataFrame = part.to_pandas()
        return table
