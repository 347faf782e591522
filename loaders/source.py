"""What a source of data is to the loader: a mapping, clean batches in a stream, and a quarantine for what was refused."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from sociogram.graph.mapping import GraphMapping

Provenance = Literal["public", "internal", "third_party"]

_SCHEMA = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("column", pa.string()),
        ("reason", pa.string()),
        ("row", pa.string()),
    ]
)
_CHUNK = 10_000  # rejected rows held in memory


@dataclass(frozen=True)
class NodeBatch:
    """Nodes of one label; each row has the label's key property (`id`) and its other properties, already clean."""

    label: str
    rows: list[dict[str, Any]]


@dataclass(frozen=True)
class RelationshipBatch:
    """Relationships of one type; each row has `source` and `target` (keys) and properties.

    `eventId`, else `at` (datetime or epoch ms), tells parallel relationships apart; `source` and `target` are labels.
    """

    type: str
    source: str
    target: str
    rows: list[dict[str, Any]]


Batch = NodeBatch | RelationshipBatch


class Quarantine:
    """Collects rejected rows and writes them to Parquet in chunks: file, line, column, reason, row (as JSON).

    The file appears when the quarantine is closed, and only if something was rejected. `notes` counts what was changed but
    kept (a text cut, a duplicate merged); `read` counts the rows that a source has looked at. `existing_keys` answers which
    keys of a label the database holds already, so that a file of ties alone can be loaded on top of users loaded before.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.merged = 0
        self.read = 0
        self.existing_keys: Callable[[str], Collection[Any]] = _none
        self._rows: list[dict[str, Any]] = []
        self._writer: pq.ParquetWriter | None = None

    @property
    def rejected(self) -> int:
        """Rows rejected so far."""
        return self.counts.total()

    def reject(self, file: str, line: int | None, column: str | None, reason: str, row: Any = None) -> None:
        """Keep one row aside; `reason` is a short phrase that repeats, so that it can be counted."""
        self.counts[reason] += 1
        text = json.dumps(row, ensure_ascii=True, default=str)  # ASCII: lone surrogates cannot be written as UTF-8
        self._rows.append({"file": file, "line": line, "column": column, "reason": reason, "row": text})
        if len(self._rows) >= _CHUNK:
            self._flush()

    def note(self, what: str, count: int = 1) -> None:
        """Count something that was changed or noticed in a row that was kept."""
        self.notes[what] += count

    def close(self) -> None:
        """Finish the file."""
        if self._rows:
            self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._part.replace(self.path)

    def __enter__(self) -> "Quarantine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _part(self) -> Path:
        return self.path.with_name(self.path.name + ".part")

    def _flush(self) -> None:
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._part, _SCHEMA)
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=_SCHEMA))
        self._rows.clear()


def _none(label: str) -> Collection[Any]:
    return ()


class Source(Protocol):
    """Something that can be loaded."""

    @property
    def name(self) -> str: ...

    @property
    def provenance(self) -> Provenance: ...

    @property
    def mapping(self) -> GraphMapping:
        """Roles of what the batches hold."""

    def batches(self, quarantine: Quarantine) -> Iterator[Batch]:
        """Stream clean batches; nodes of a label come before the relationships that need them."""
