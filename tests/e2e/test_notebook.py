"""The notebooks run as they stand, and what is saved in them is whole: pictures, no errors, no paths of a machine."""

import base64
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from running import empty

from sociogram.config import Home
from sociogram.graph.store import Store

FOLDER = Path(__file__).parents[2] / "notebooks"
REFRESH = "run it again on an empty home, the recommender's with SOCIOGRAM_DATA: jupyter execute --inplace notebooks/NAME.ipynb"
PICTURES = {
    "quickstart": 3,
    "recommender": 1,
    "audiences": 2,
    "influence": 2,
    "own_files": 1,
    "your_neo4j": 1,
    "joint_training": 1,
    "chinese": 1,
}
LEFT = {  # users and profiles in the database at the end
    "quickstart": (300, 300),
    "recommender": (300, 0),
    "audiences": (300, 300),
    "influence": (300, 0),
    "own_files": (239, 239),
    "your_neo4j": (240, 0),
    "joint_training": (240, 0),
    "chinese": (600, 600),
}
USERS = {"your_neo4j": "Member"}  # where they are not called User
BENCHMARKS = FOLDER.parent / "benchmarks" / "README.md"
INTERVAL = r"[+-]\.\d+ \([+-]\.\d+ to [+-]\.\d+\)"
COST = r"\d+ \(two_step\) and \d+ \(joint\)|[\d.]+ GB frozen, [\d.]+ GB joint"
PATHS = re.compile(r"(?:/(?:home|root|tmp|work|Users|private|var|usr|opt)/|[A-Z]:\\\\)[\w.-]")


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def pictures(notebook: Any) -> list[bytes]:
    found = [o["data"]["image/png"] for o in outputs(notebook) if "image/png" in o.get("data", {})]
    return [base64.b64decode(picture) for picture in found]


@pytest.fixture(params=list(PICTURES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def saved(name: str) -> Any:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def test_all_are_looked_at() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(PICTURES)


def test_it_is_saved_with_its_outputs(saved: Any, name: str) -> None:
    nbformat.validate(saved)
    code = [cell for cell in saved.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), REFRESH
    assert len(pictures(saved)) == PICTURES[name], REFRESH
    assert all(len(picture) > 5_000 for picture in pictures(saved))
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 300 * 1024


def test_nothing_saved_tells_about_a_machine(saved: Any) -> None:
    kinds = {(o.output_type, o.get("name")) for o in outputs(saved)}
    assert not {k for k in kinds if k[0] == "error" or k[1] == "stderr"}, REFRESH
    for output in outputs(saved):
        for kind, text in {"text": output.get("text", ""), **output.get("data", {})}.items():
            if kind != "image/png":
                assert not PATHS.search(str(text)), (kind, REFRESH)


def test_what_is_said_of_joint_training_was_measured() -> None:
    notebook = nbformat.read(FOLDER / "joint_training.ipynb", as_version=4)
    said = next(cell.source for cell in notebook.cells if "benchmarks/README.md" in cell.source).replace("**", "")
    measured = BENCHMARKS.read_text(encoding="utf-8").replace("**", "")
    figures = re.findall(f"{INTERVAL}|{COST}", said)
    assert len(figures) == 11
    assert [figure for figure in figures if figure not in measured] == []


@pytest.mark.usefixtures("store")
def test_it_runs(saved: Any, name: str, home: Home, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [v for v in os.environ if v.startswith("NEO4J_") or v == "SOCIOGRAM_DATA"]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("SOCIOGRAM_HOME", str(home.root))
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    empty(store)
    again = nbformat.from_dict(saved)
    NotebookClient(again, timeout=300, kernel_name="python3").execute()  # raises CellExecutionError
    assert [o.text for o in outputs(again) if o.get("name") == "stderr"] == []
    assert len(pictures(again)) == PICTURES[name]
    assert [len(cell.outputs) > 0 for cell in again.cells if cell.cell_type == "code"] == [
        len(cell.outputs) > 0 for cell in saved.cells if cell.cell_type == "code"
    ]
    published = "count(coalesce(u.embedding, u.sg_embedding)) AS published"
    written = store.read(f"MATCH (u:{USERS.get(name, 'User')}) RETURN count(u) AS users, {published}")[0]
    assert (written["users"], written["published"]) == LEFT[name]
