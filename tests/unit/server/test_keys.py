"""Keys: shown once, hashed on disk, known at once to every process."""

import stat

import pytest

from sociogram.errors import InputError, NotFoundError
from sociogram.server.keys import KeyRing


def test_a_key_is_found_again_and_is_nowhere_on_disk(tmp_path):
    ring = KeyRing(tmp_path / "keys.json")
    secret = ring.add("dashboard", "read")
    found = KeyRing(tmp_path / "keys.json").find(secret)
    assert found is not None
    assert (found.name, found.may("read"), found.may("write"), found.may("admin")) == ("dashboard", True, False, False)
    kept = (tmp_path / "keys.json").read_text()
    assert secret not in kept
    assert secret.removeprefix("sg_") not in kept
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600


def test_another_process_adds_and_removes(tmp_path):
    here, there = KeyRing(tmp_path / "keys.json"), KeyRing(tmp_path / "keys.json")
    assert here.find("sg_nobody's") is None
    first, second = there.add("a", "admin"), there.add("b", "write")
    assert [key.name for key in here.all()] == ["a", "b"]
    there.remove("a")
    assert here.find(first) is None
    found = here.find(second)
    assert found is not None
    assert found.may("read")


@pytest.mark.parametrize("broken", ["{", "[1]", '{"a": 1}', '[{"name": "a"}]', "\x00"])
def test_a_broken_file_lets_nobody_in_and_is_told(tmp_path, broken, caplog):
    ring = KeyRing(tmp_path / "keys.json")
    secret = ring.add("a", "admin")
    whole = ring.file.read_text()
    ring.file.write_text(broken)
    assert ring.find(secret) is None
    assert "not the list of keys" in caplog.text
    with pytest.raises(InputError, match="Put back a copy of it"):
        ring.add("b", "read")
    assert ring.file.read_text() == broken
    ring.file.write_text(whole)
    assert ring.find(secret) is not None


@pytest.mark.parametrize("name", ["", "two words", "-x", "x" * 65, "a/b", "na\nme", "\ud800"])
def test_a_name_that_is_none(tmp_path, name):
    with pytest.raises(InputError, match="a key's name has up to 64 letters"):
        KeyRing(tmp_path / "keys.json").add(name, "read")


def test_names_and_scopes_are_checked(tmp_path):
    ring = KeyRing(tmp_path / "keys.json")
    ring.add("a", "read")
    with pytest.raises(InputError, match="there is a key 'a' already"):
        ring.add("a", "read")
    with pytest.raises(InputError, match="read, write, admin, got 'root'"):
        ring.add("b", "root")
    with pytest.raises(NotFoundError, match="there is no key 'b'. Keys: a."):
        ring.remove("b")
