import json
from pathlib import Path

import pyarrow.parquet as pq

from sociogram.loaders.source import Quarantine


def test_nothing_rejected_leaves_no_file(tmp_path: Path) -> None:
    with Quarantine(tmp_path / "q" / "x.parquet") as quarantine:
        quarantine.note("seen")
    assert list(tmp_path.iterdir()) == []


def test_rows_in_several_chunks_are_all_kept(tmp_path: Path) -> None:
    with Quarantine(tmp_path / "q" / "x.parquet") as quarantine:
        for i in range(25_000):
            quarantine.reject("a.csv", i + 2, "weight" if i % 2 else None, "bad", {"w": f"\ud800{i}"})
    table = pq.read_table(tmp_path / "q" / "x.parquet")
    assert table.column_names == ["file", "line", "column", "reason", "row"]
    assert table.num_rows == quarantine.rejected == quarantine.counts["bad"] == 25_000
    assert table.column("line").to_pylist() == list(range(2, 25_002))
    assert json.loads(table.column("row")[7].as_py()) == {"w": "\ud8007"}
    assert [p.name for p in (tmp_path / "q").iterdir()] == ["x.parquet"]
