"""What loader tests share."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from sociogram.loaders.source import NodeBatch, Quarantine, Source


class Collected:
    """All batches of a source, and its quarantine."""

    def __init__(self, source: Source, folder: Path) -> None:
        self.quarantine = Quarantine(folder / "quarantine.parquet")
        self.nodes: dict[str, dict[Any, dict[str, Any]]] = {}
        self.links: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        with self.quarantine:
            for batch in source.batches(self.quarantine):
                if isinstance(batch, NodeBatch):
                    key = source.mapping.node(batch.label).key
                    for row in batch.rows:
                        self.nodes.setdefault(batch.label, {}).setdefault(row[key], {}).update(row)
                else:
                    ends = (batch.source, batch.type, batch.target)
                    self.links.setdefault(ends, []).extend(batch.rows)
                    for row in batch.rows:  # nodes come before the relationships that need them
                        assert row["source"] in self.nodes[batch.source]
                        assert row["target"] in self.nodes[batch.target]

    @property
    def rejected(self) -> list[tuple[str, int | None, str | None, str]]:
        if not self.quarantine.path.exists():
            return []
        rows = pq.read_table(self.quarantine.path).to_pylist()
        return [(row["file"], row["line"], row["column"], row["reason"]) for row in rows]


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path
