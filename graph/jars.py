"""The jars of Neo4j: a committed lock of coordinates and hashes, a parallel verified download."""

import errno
import hashlib
import json
import logging
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from sociogram.errors import DownloadError
from sociogram.graph.files import locked, write_private
from sociogram.progress import SILENT, Progress

WORKERS = 8
TRIES = 3
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)  # trying again does not help
logging.getLogger("jgo").setLevel(logging.CRITICAL)  # what goes wrong is told once, by us
CURRENT, LTS = "2026.08.1", "5.26.30"


@dataclass(frozen=True)
class Jar:
    """One line of a lock: coordinates, SHA-256, size in bytes."""

    group: str
    name: str
    version: str
    classifier: str
    sha256: str
    size: int

    @property
    def file(self) -> str:
        tail = f"-{self.classifier}" if self.classifier else ""
        return f"{self.name}-{self.version}{tail}.jar"


Download = Callable[[Jar, Path], Path]


def read_lock(version: str) -> list[Jar]:
    """The lock of a Neo4j version, in class path order; raises DownloadError for one that has none."""
    file = resources.files("sociogram.graph") / f"neo4j-{version}.lock"
    if not file.is_file():
        raise DownloadError(f"there is no lock for Neo4j {version} (there are locks for {CURRENT} and {LTS}).")
    jars = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            coordinates, sha256, size = line.split()
            group, name, jar_version, *classifier = coordinates.split(":")
            jars.append(Jar(group, name, jar_version, classifier[0] if classifier else "", sha256, int(size)))
    return jars


def fetch(version: str, folder: Path, progress: Progress = SILENT) -> list[Path]:
    """Paths of all jars of a version, downloaded and checked where they are missing; raises as `fetch_jars`."""
    return fetch_jars(version, read_lock(version), folder, progress)


def fetch_jars(
    version: str, jars: list[Jar], folder: Path, progress: Progress = SILENT, download: Download | None = None
) -> list[Path]:
    """Paths of these jars.

    A marker notes the size and time of what was checked, so that 180 MB are not hashed at every start. Raises DownloadError: no network,
    a wrong hash (the file is removed), a full disk. What is complete is kept: calling again goes on.
    """
    marker = folder / f"neo4j-{version}.verified.json"
    if _missing(jars, folder, marker):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with locked(folder / "download.lock"):  # a second process waits, and finds them there
                missing = _missing(jars, folder, marker)
                if missing:
                    _fetch_all(missing, folder, version, progress, download or from_repository)
                    shutil.rmtree(folder / "repository", ignore_errors=True)  # empty by now
                    write_private(marker, json.dumps({jar.file: _stamp(folder / jar.file, jar) for jar in jars}))
        except OSError as error:
            raise DownloadError(
                f"Neo4j {version} could not be stored in {folder}: {error.strerror or error}. Make room ({_megabytes(jars)} MB are needed) or set "
                "SOCIOGRAM_HOME to another disk, then run the same command again: what is complete is kept."
            ) from None
    return [folder / jar.file for jar in jars]


def kept(version: str, folder: Path) -> tuple[int, list[Path]]:
    """How many jars of a version are not here yet, and the files that are here but not whole."""
    jars = read_lock(version)
    here = [jar for jar in jars if (folder / jar.file).exists()]
    damaged = [folder / jar.file for jar in here if (folder / jar.file).stat().st_size != jar.size]
    return len(jars) - len(here), damaged


def _missing(jars: list[Jar], folder: Path, marker: Path) -> list[Jar]:
    verified = _verified(marker)
    return [jar for jar in jars if verified.get(jar.file, "") != _stamp(folder / jar.file, jar)]


def _stamp(path: Path, jar: Jar) -> str | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return f"{jar.sha256} {status.st_size} {status.st_mtime_ns}" if status.st_size == jar.size else None


def _verified(marker: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(marker.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _megabytes(jars: list[Jar]) -> int:
    return round(sum(jar.size for jar in jars) / 1e6)


def _fetch_all(jars: list[Jar], folder: Path, version: str, progress: Progress, download: Download) -> None:
    with (
        progress.stage(f"Neo4j {version}", sum(jar.size for jar in jars), "bytes") as stage,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        futures = {pool.submit(_one, jar, folder, download): jar for jar in jars}
        try:
            for future in as_completed(futures):
                future.result()
                stage.advance(futures[future].size, futures[future].name)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    progress.say(f"Neo4j {version}", f"downloaded ({_megabytes(jars)} MB, verified)")


def _one(jar: Jar, folder: Path, download: Download) -> None:
    target = folder / jar.file
    if not target.exists():
        _try(jar, folder, target, download)
    found = hashlib.sha256(target.read_bytes()).hexdigest()
    if found != jar.sha256:
        target.unlink()
        raise DownloadError(
            f"{jar.file} is not the expected file (SHA-256 {found[:12]}…, expected {jar.sha256[:12]}…). It was removed. Run the same command again; "
            "if it happens again, something between you and the package repository changes files."
        )


def _try(jar: Jar, folder: Path, target: Path, download: Download) -> None:
    last: Exception | None = None
    for _ in range(TRIES):
        try:
            download(jar, folder / "repository").replace(target)
            return
        except Exception as error:
            if isinstance(error, OSError) and error.errno in DISK_ERRORS:
                raise
            last = error
    raise DownloadError(
        f"{jar.file}, which Neo4j needs, could not be downloaded ({type(last).__name__}). The first start needs the network once. "
        "Connect, or use a Neo4j of your own with --uri; then run the same command again: what is complete is kept."
    )


def from_repository(jar: Jar, cache: Path) -> Path:
    """Download one jar into `cache` by its coordinates, with jgo's own knowledge of where it is; no part of a file is left behind."""
    from jgo.maven import MavenContext

    component = MavenContext(repo_cache=cache).project(jar.group, jar.name).at_version(jar.version)
    artifact = component.artifact(jar.classifier, "jar")
    artifact.cached_path.unlink(missing_ok=True)  # a download that was killed leaves a part there
    try:
        return Path(artifact.resolve())
    except BaseException:
        artifact.cached_path.unlink(missing_ok=True)
        raise
