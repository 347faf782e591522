"""The locks, and a download that is refused, interrupted or impossible."""

import errno
import hashlib
import threading
from pathlib import Path

import pytest

from sociogram.errors import DownloadError
from sociogram.graph.jars import CURRENT, LTS, Jar, fetch_jars, from_repository, read_lock

CONTENT = {f"jar{i}": f"content of {i}".encode() for i in range(20)}
JARS = [
    Jar("some.group", name, "1.0", "", hashlib.sha256(data).hexdigest(), len(data)) for name, data in CONTENT.items()
]


class Repository:
    """A package repository in memory; `broken` maps a name to what happens on its download."""

    def __init__(self, **broken: BaseException | bytes) -> None:
        self.broken, self.asked, self._lock = broken, [], threading.Lock()

    def __call__(self, jar: Jar, cache: Path) -> Path:
        with self._lock:
            self.asked.append(jar.name)
        fault = self.broken.get(jar.name, CONTENT[jar.name])
        if isinstance(fault, BaseException):
            raise fault
        cache.mkdir(exist_ok=True)
        path = cache / jar.file
        path.write_bytes(fault)
        return path


@pytest.mark.parametrize("version", [CURRENT, LTS])
def test_a_lock_names_each_jar_once_with_hash_and_size(version: str) -> None:
    jars = read_lock(version)
    assert len({jar.file for jar in jars}) == len(jars) > 200
    assert all(len(jar.sha256) == 64 and int(jar.sha256, 16) and jar.size > 0 for jar in jars)
    assert {("org.neo4j", "neo4j", version), ("org.neo4j.app", "neo4j-server", version)} <= {
        (jar.group, jar.name, jar.version) for jar in jars
    }
    assert 120e6 < sum(jar.size for jar in jars) < 250e6


def test_a_version_without_lock_is_refused() -> None:
    with pytest.raises(DownloadError, match=f"no lock for Neo4j 4.4.1 .*{CURRENT}"):
        read_lock("4.4.1")


def test_downloaded_once_then_found_by_the_marker(tmp_path: Path) -> None:
    repository = Repository()
    paths = fetch_jars("1", JARS, tmp_path, download=repository)
    assert [path.read_bytes() for path in paths] == list(CONTENT.values())
    assert fetch_jars("1", JARS, tmp_path, download=repository) == paths
    assert sorted(repository.asked) == sorted(CONTENT)


def test_a_jar_changed_later_is_noticed(tmp_path: Path) -> None:
    paths = fetch_jars("1", JARS, tmp_path, download=Repository())
    paths[3].write_bytes(b"X" * len(CONTENT["jar3"]))
    with pytest.raises(DownloadError, match=r"jar3-1\.0\.jar is not the expected file"):
        fetch_jars("1", JARS, tmp_path, download=Repository())
    again = Repository()
    fetch_jars("1", JARS, tmp_path, download=again)
    assert again.asked == ["jar3"]


def test_a_jar_with_a_wrong_hash_is_removed_and_refused(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"jar7-1\.0\.jar is not the expected file .* It was removed"):
        fetch_jars("1", JARS, tmp_path, download=Repository(jar7=b"something else"))
    assert not (tmp_path / "jar7-1.0.jar").exists()
    assert not list(tmp_path.glob("*.verified.json"))


def test_an_interrupted_download_goes_on(tmp_path: Path) -> None:
    first = Repository(jar19=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        fetch_jars("1", JARS, tmp_path, download=first)
    complete = {path.name for path in tmp_path.glob("*.jar")}
    second = Repository()
    fetch_jars("1", JARS, tmp_path, download=second)
    assert {f"{name}-1.0.jar" for name in second.asked} == {jar.file for jar in JARS} - complete


def test_a_full_disk_is_said_and_not_tried_again(tmp_path: Path) -> None:
    repository = Repository(jar5=OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(DownloadError, match=r"No space left on device.*SOCIOGRAM_HOME"):
        fetch_jars("1", JARS, tmp_path, download=repository)
    assert repository.asked.count("jar5") == 1


def test_without_network_the_error_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # the discard port: nobody listens there
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    jar = read_lock(CURRENT)[0]
    with pytest.raises(DownloadError, match=rf"{jar.file}, which Neo4j needs, .*network once.*--uri"):
        fetch_jars(CURRENT, [jar], tmp_path, download=from_repository)
    assert not list(tmp_path.rglob("*.jar"))
