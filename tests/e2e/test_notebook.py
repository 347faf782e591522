"""The quickstart notebook runs as it stands, and what is saved in it is whole: pictures, no errors, no paths of a machine."""

import base64
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from sociogram.config import Home
from sociogram.graph.store import Store

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
REFRESH = "run it again on a home without a demo: jupyter execute --inplace notebooks/quickstart.ipynb"
PICTURES = 3
PATHS = re.compile(r"(?:/(?:home|root|tmp|work|Users|private|var|usr|opt)/|[A-Z]:\\\\)[\w.-]")


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def pictures(notebook: Any) -> list[bytes]:
    found = [o["data"]["image/png"] for o in outputs(notebook) if "image/png" in o.get("data", {})]
    return [base64.b64decode(picture) for picture in found]


@pytest.fixture(scope="module")
def saved() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


def test_it_is_saved_with_its_outputs(saved: Any) -> None:
    nbformat.validate(saved)
    code = [cell for cell in saved.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), REFRESH
    assert len(pictures(saved)) == PICTURES, REFRESH
    assert all(len(picture) > 5_000 for picture in pictures(saved))
    assert NOTEBOOK.stat().st_size < 500_000


def test_nothing_saved_tells_about_a_machine(saved: Any) -> None:
    kinds = {(o.output_type, o.get("name")) for o in outputs(saved)}
    assert not {k for k in kinds if k[0] == "error" or k[1] == "stderr"}, REFRESH
    for output in outputs(saved):
        for kind, text in {"text": output.get("text", ""), **output.get("data", {})}.items():
            if kind != "image/png":
                assert not PATHS.search(str(text)), (kind, REFRESH)


@pytest.mark.usefixtures("store")
def test_it_runs(saved: Any, home: Home, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NEO4J_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SOCIOGRAM_HOME", str(home.root))
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    again = nbformat.from_dict(saved)
    NotebookClient(again, timeout=300, kernel_name="python3").execute()  # raises CellExecutionError
    assert [o.text for o in outputs(again) if o.get("name") == "stderr"] == []
    assert len(pictures(again)) == PICTURES
    assert [len(cell.outputs) > 0 for cell in again.cells if cell.cell_type == "code"] == [
        len(cell.outputs) > 0 for cell in saved.cells if cell.cell_type == "code"
    ]
    assert store.read("MATCH (u:User) WHERE u.embedding IS NOT NULL RETURN count(u) AS n")[0]["n"] == 300
