"""What is built from the repository is whole: the folders are symlinks, and Cypher, locks and templates are no Python."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PYTHONS = ("3.11", "3.12", "3.13")
SEEN = ("pyproject.toml", "README.md", "LICENSE", "src", "graph", "loaders", "encoders", "gnn", "queries")


def package_files(root: Path) -> set[str]:
    """Every file below src/sociogram, through the symlinks, as a wheel names it."""
    top = root / "src"
    return {Path(name).relative_to(top).as_posix() for name in _walk(top / "sociogram") if "__pycache__" not in name}


def _walk(top: Path) -> list[str]:
    return [os.path.join(folder, f) for folder, _, files in os.walk(top, followlinks=True) for f in files]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone has of the package."""
    root = tmp_path_factory.mktemp("clone")
    for name in SEEN:
        if (ROOT / name).is_dir():
            left_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, root / name, symlinks=True, ignore=left_out)
        else:
            shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture(scope="module")
def built(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with an sdist, and the wheel that was built from it."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_the_wheel_holds_every_file_of_the_package(tree: Path, built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    expected = package_files(tree)
    assert held == expected
    kinds = {Path(name).suffix for name in held}
    assert {".py", ".cypher", ".lock", ".css", ".j2", ".txt", ".typed"} <= kinds


def test_the_sdist_holds_files_in_place_of_symlinks(tree: Path, built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        members = sdist.getmembers()
    assert not [m.name for m in members if m.issym()]
    names = {m.name.partition("/")[2] for m in members if m.isfile()}
    assert {f"src/{name}" for name in package_files(tree)} <= names
    assert {"pyproject.toml", "README.md", "LICENSE"} <= names


def test_the_wheel_names_its_command_and_its_licence(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        info = next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA")).rpartition("/")[0]
        assert "sociogram = sociogram.cli:main" in wheel.read(f"{info}/entry_points.txt").decode()
        metadata = wheel.read(f"{info}/METADATA").decode()
        assert f"{info}/licenses/LICENSE" in wheel.namelist()
    assert "Requires-Python: >=3.11" in metadata
    assert "License-Expression: Apache-2.0" in metadata


def test_the_pythons_are_said_alike_everywhere() -> None:
    said = [c.rpartition(" ")[2] for c in PROJECT["project"]["classifiers"] if re.search(r":: 3\.\d+$", c)]
    assert tuple(said) == PYTHONS
    assert PROJECT["project"]["requires-python"] == f">={PYTHONS[0]}"
    assert PROJECT["tool"]["ruff"]["target-version"] == "py" + PYTHONS[0].replace(".", "")


@pytest.mark.parametrize("version", PYTHONS)
def test_every_file_compiles_without_a_warning(version: str, tmp_path: Path) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    code = (
        "import sys, pathlib\n"
        "for name in sys.stdin.read().split('\\n'):\n"
        "    compile(pathlib.Path(name).read_text(encoding='utf-8'), name, 'exec')\n"
    )
    files = "\n".join(f for f in _walk(ROOT / "src" / "sociogram") if f.endswith(".py"))
    done = subprocess.run(
        [python, "-W", "error", "-c", code], input=files, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr


def interpreter(version: str) -> str | None:
    """A Python of this version, of this process or on the machine."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    found = shutil.which(f"python{version}")
    if found is None:
        return None
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)  # a shim may lead nowhere
    return found if done.returncode == 0 else None
