"""Learned vectors for other programs: one label of one run, as NumPy, Arrow, PyTorch, pandas or a file."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from safetensors import safe_open

from sociogram.errors import InputError, NotFoundError
from sociogram.graph.id_map import IdMap, beside
from sociogram.graph.profile import Key, complete
from sociogram.graph.schema import quote

if TYPE_CHECKING:
    import torch

    from sociogram.graph.mapping import GraphMapping
    from sociogram.graph.store import Store

SUFFIXES = (".parquet", ".arrow", ".npy")


@dataclass(frozen=True)
class Embeddings:
    """Keys [n] of one label and their vectors [n, d], float32, as one run learned them; not normalised.

    The cosine says how alike two users are, the dot product how well an item suits a user.
    """

    ids: list[Key]
    vectors: NDArray[np.float32]
    label: str
    run: str

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def row(self) -> dict[Key, int]:
        """The row of each key."""
        return {key: row for row, key in enumerate(self.ids)}

    def of(self, ids: Iterable[Key]) -> "Embeddings":
        """Those of `ids`, in their order; raises NotFoundError for keys that have no vector."""
        wanted = list(ids)
        missing = [key for key in wanted if key not in self.row]
        if missing:
            shown = ", ".join(repr(key) for key in missing[:3])
            known = f"{type(self.ids[0]).__name__} such as {self.ids[0]!r}" if self.ids else "none"
            raise NotFoundError(
                f"run {self.run} has no vector for {len(missing):,} of the {len(wanted):,} {self.label} keys asked for: {shown}"
                f"{', ...' if len(missing) > 3 else ''}. Its keys: {known}."
            )
        return Embeddings(wanted, self.vectors[[self.row[key] for key in wanted]], self.label, self.run)

    def aligned(self, ids: IdMap) -> NDArray[np.float32]:
        """Vectors [len(ids), d] in the rows of an id map; rows of keys that this run does not know are zero."""
        out = np.zeros((len(ids), self.vectors.shape[1]), np.float32)
        known = [(row, self.row[key]) for row, key in enumerate(ids.ids) if key in self.row]
        if known:
            to, at = np.asarray(known).T
            out[to] = self.vectors[at]
        return out

    def to_pandas(self) -> pd.DataFrame:
        """Columns id, embedding."""
        return pd.DataFrame({"id": self.ids, "embedding": list(self.vectors)})

    def to_arrow(self) -> pa.Table:
        """Columns id, embedding (fixed_size_list<float>[d], the same memory); the schema's metadata name label and run."""
        flat = pa.array(np.ascontiguousarray(self.vectors).reshape(-1))
        column = pa.FixedSizeListArray.from_arrays(flat, self.vectors.shape[1])
        table = pa.table({"id": pa.array(self.ids), "embedding": column})
        return table.replace_schema_metadata({"sociogram.label": self.label, "sociogram.run": self.run})

    def to_torch(self) -> "torch.Tensor":
        """Tensor [n, d], float32, on the CPU; a copy where the vectors may not be written to."""
        import torch

        return torch.from_numpy(self.vectors if self.vectors.flags.writeable else self.vectors.copy())

    def save(self, path: Path | str) -> None:
        """Write .parquet, .arrow (the Arrow file format) or .npy.

        Beside FILE.npy goes FILE.ids.parquet, its id map. Where that is there already it is kept and only added to: a key keeps
        its row from run to run, and the rows of keys that are gone are zero.
        """
        path = Path(path)
        if path.suffix not in SUFFIXES:
            raise InputError(f"{path}: expected a file name that ends with {', '.join(SUFFIXES)}.")
        if not path.parent.is_dir():
            raise InputError(f"{path}: the folder {path.parent} does not exist.")
        if path.suffix == ".parquet":
            pq.write_table(self.to_arrow(), path)
        elif path.suffix == ".arrow":
            table = self.to_arrow()
            with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
                writer.write_table(table)
        else:
            place = beside(path)
            ids = (IdMap.read(place) if place.exists() else IdMap([])).extended(self.ids)
            ids.save(place)  # first: an array that is longer than its map could not be read
            staged = path.with_name(path.name + ".part")
            with staged.open("wb") as out:
                np.save(out, self.aligned(ids))
            staged.replace(path)


def read_embeddings(folder: Path, label: str, run: str) -> Embeddings:
    """The vectors of a label from a run folder, without the rest of the profiles; raises NotFoundError for a label without vectors."""
    complete(folder)
    record: dict[str, Any] = json.loads((folder / "profiles.json").read_text(encoding="utf-8"))
    with safe_open(folder / "embeddings.safetensors", framework="np") as stored:
        labels = sorted(stored.keys())
        if label not in labels:
            raise NotFoundError(f"run {run} has no embeddings for {label!r} (it has: {', '.join(labels)}).")
        return Embeddings(record["keys"][label], stored.get_tensor(label), label, run)


def published_embeddings(store: "Store", mapping: "GraphMapping", label: str, run: str) -> Embeddings:
    """The same from the graph, for a run that is live there and was made elsewhere."""
    w = mapping.write
    labels = [node.label for node in mapping.nodes]
    if label not in labels:
        raise NotFoundError(f"the mapping has no label {label!r} (it has: {', '.join(labels)}).")
    key, vector, mark = (quote(name) for name in (mapping.node(label).key, w.name("embedding"), w.name("run")))
    rows: Sequence[dict[str, Any]] = store.read(
        f"MATCH (n:{quote(label)}) WHERE n.{mark} = $run RETURN n.{key} AS id, n.{vector} AS v ORDER BY id", run=run
    )
    if not rows:
        raise NotFoundError(f"run {run} has published no embeddings for {label!r}.")
    return Embeddings([r["id"] for r in rows], np.asarray([r["v"] for r in rows], np.float32), label, run)
