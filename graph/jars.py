"""The jars of Neo4j: a committed lock of coordinates and hashes, a parallel verified download."""

import errno
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from sociogram.errors import DownloadError
from sociogram.progress import SILENT, Progress

WORKERS = 8
TRIES = 3
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)  # trying again does not help
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
    """Paths of all jars of a version, downloaded and checked where they are missing.

    A marker notes the size of what was checked, so that 180 MB are not hashed at every start. Raises DownloadError: no network, a wrong
    hash (the file is removed), a full disk. What is complete is kept: calling again goes on.
    """
    jars = read_lock(version)
    marker = folder / f"neo4j-{version}.verified.json"
    verified = _verified(marker)
    missing = [jar for jar in jars if verified.get(jar.file, "") != _stamp(folder / jar.file, jar)]
    if missing:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _download(missing, folder, version, progress)
            stamps = {jar.file: _stamp(folder / jar.file, jar) for jar in jars}
            staged = marker.with_suffix(f".{os.getpid()}.part")
            staged.write_text(json.dumps(stamps), encoding="utf-8")
            staged.replace(marker)
        except OSError as error:
            raise DownloadError(
                f"Neo4j {version} could not be stored in {folder}: {error.strerror or error}. Make room ({_megabytes(jars)} MB are needed) or set "
                "SOCIOGRAM_HOME to another disk, then run the same command again: what is complete is kept."
            ) from None
    return [folder / jar.file for jar in jars]


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


def _download(jars: list[Jar], folder: Path, version: str, progress: Progress) -> None:
    with (
        progress.stage(f"Neo4j {version}", sum(jar.size for jar in jars), "bytes") as stage,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        futures = [pool.submit(_one, jar, folder) for jar in jars]
        try:
            for jar, future in zip(jars, futures, strict=True):
                future.result()
                stage.advance(jar.size, jar.name)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    progress.say(f"Neo4j {version}", f"downloaded ({_megabytes(jars)} MB, verified)")


def _one(jar: Jar, folder: Path) -> None:
    target = folder / jar.file
    if not target.exists():
        _resolve(jar, folder, target)
    found = hashlib.sha256(target.read_bytes()).hexdigest()
    if found != jar.sha256:
        target.unlink()
        raise DownloadError(
            f"{jar.file} is not the expected file (SHA-256 {found[:12]}…, expected {jar.sha256[:12]}…). It was removed. Run the same command again; "
            "if it happens again, something between you and the package repository changes files."
        )


def _resolve(jar: Jar, folder: Path, target: Path) -> None:
    from jgo.maven import MavenContext

    component = MavenContext(repo_cache=folder / "repository").project(jar.group, jar.name).at_version(jar.version)
    artifact = component.artifact(jar.classifier, "jar")
    last: Exception | None = None
    for _ in range(TRIES):
        try:
            artifact.cached_path.unlink(missing_ok=True)  # a download that was killed leaves a part there
            Path(artifact.resolve()).replace(target)
            return
        except Exception as error:
            if isinstance(error, OSError) and error.errno in DISK_ERRORS:
                artifact.cached_path.unlink(missing_ok=True)
                raise
            last = error
    raise DownloadError(
        f"{jar.file}, which Neo4j needs, could not be downloaded ({type(last).__name__}). The first start needs the network once. "
        "Connect, or use a Neo4j of your own with --uri; then run the same command again."
    )
