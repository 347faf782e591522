"""How the managed server's process is set up."""

import stat
from pathlib import Path

import pytest
from fakes.bolt import listening

from sociogram.errors import InputError
from sociogram.graph import java
from sociogram.graph.files import write_private
from sociogram.graph.jars import CURRENT, LTS

GIB = 2**30


def test_memory_follows_the_machine_within_bounds() -> None:
    assert java.memory_settings(2 * GIB) == (512, 256)
    assert java.memory_settings(8 * GIB) == (1024, 512)
    assert java.memory_settings(24 * GIB) == (6144, 1536)
    assert java.memory_settings(1024 * GIB) == (16384, 4096)


def test_the_heap_can_be_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf").mkdir()
    for said, mib in (("8g", 8192), ("700M", 700), ("", 6144)):
        monkeypatch.setenv("SOCIOGRAM_NEO4J_HEAP", said)
        java.write_configuration(tmp_path, CURRENT, 40_000, 24 * GIB)
        assert f"server.memory.heap.max_size={mib}m\n" in (tmp_path / "conf" / "neo4j.conf").read_text()
        assert f"-Xmx{mib}m" in java.command_line(tmp_path, CURRENT, [], 24 * GIB)
    for wrong in ("8", "lots", "100m", "-1g"):
        monkeypatch.setenv("SOCIOGRAM_NEO4J_HEAP", wrong)
        with pytest.raises(InputError, match="SOCIOGRAM_NEO4J_HEAP: expected .* such as 4g"):
            java.write_configuration(tmp_path, CURRENT, 40_000, 24 * GIB)


def test_only_the_loopback_is_listened_on(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    java.write_configuration(tmp_path, CURRENT, 40_000, 24 * GIB)
    settings = dict(line.split("=", 1) for line in (tmp_path / "conf" / "neo4j.conf").read_text().splitlines())
    assert settings["server.bolt.listen_address"] == "127.0.0.1:40000"
    assert settings["server.http.enabled"] == settings["server.https.enabled"] == "false"
    assert settings["dbms.security.auth_enabled"] == "true"
    assert settings["dbms.usage_report.enabled"] == "false"


def test_main_class_and_home_by_version(tmp_path: Path) -> None:
    line = java.command_line(tmp_path, CURRENT, [tmp_path / "a.jar"], 24 * GIB)
    assert "org.neo4j.server.Neo4jCommunity" in line
    assert java.home_argument(tmp_path) in line
    assert "org.neo4j.server.CommunityEntryPoint" in java.command_line(tmp_path, LTS, [], 24 * GIB)


def test_first_password_is_stored_as_a_salted_hash(tmp_path: Path) -> None:
    java.write_first_password(tmp_path, "a secret")
    file = tmp_path / "data" / "dbms" / "auth.ini"
    user, credential, flags = file.read_text().rstrip("\n").split(":")
    method, digest, salt, rounds = credential.split(",")
    assert (user, method, rounds, flags) == ("neo4j", "SHA-256", "1024", "")
    assert len(digest) == len(salt) == 64
    assert "a secret" not in file.read_text()


def test_a_private_file_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "password"
    write_private(path, "a secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["password"]


def test_nobody_and_another_program_are_not_neo4j() -> None:
    assert not java.speaks_bolt(java.free_port())
    with listening(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request")) as port:
        assert not java.speaks_bolt(port)


def test_an_own_java_is_taken_where_it_has_simd(tmp_path: Path) -> None:
    own = tmp_path / "jdk"
    (own / "bin").mkdir(parents=True)
    (own / "bin" / "java").touch()
    bundled = java.runtime(None)
    assert bundled[1] == []
    for release in (
        "",
        'JAVA_VERSION="17.0.1"\nMODULES="java.base jdk.incubator.vector"\n',
        'JAVA_VERSION="25"\nMODULES="java.base"\n',
    ):
        (own / "release").write_text(release)
        assert java.runtime(own) == bundled
    (own / "release").write_text('IMPLEMENTOR="x"\nJAVA_VERSION="25.0.3"\nMODULES="java.base jdk.incubator.vector"\n')
    assert java.runtime(own) == (own / "bin" / "java", ["--add-modules=jdk.incubator.vector"])
    assert java.runtime(tmp_path / "gone") == bundled
