"""Benchmarks: one file a question, each against a named peer; `python -m benchmarks [NAME...]` runs them."""

import json
import os
import platform
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


class SkippedError(Exception):
    """A benchmark without its data or its peer: the message says what is missing."""


def data(name: str) -> Path:
    """A data folder under SOCIOGRAM_DATA, else under ../shared/data beside the checkout; raises SkippedError."""
    root = Path(os.environ.get("SOCIOGRAM_DATA") or HERE.parent.parent / "shared/data")
    if not (root / name).is_dir():
        raise SkippedError(f"no folder {name!r} in {root}; name its parent in SOCIOGRAM_DATA")
    return root / name


def save(name: str, result: dict[str, Any]) -> None:
    """Write results/NAME.json."""
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def machine() -> dict[str, Any]:
    """What a speed was measured on."""
    import torch

    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "processor": torch.cpu.get_capabilities().get("cpu_name", "") or platform.machine(),
        "load_average_per_core": round(os.getloadavg()[0] / (os.cpu_count() or 1), 2),
    }


def show(title: str, rows: list[dict[str, Any]]) -> None:
    """Print a table; floats with four digits."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [
        [f"{v:.4f}" if isinstance(v, float) else str(v) for v in (row.get(c, "") for c in columns)] for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    print(f"\n{title}")
    for line in (columns, *cells):
        print("  " + "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip())
