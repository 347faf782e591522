"""Checkpoints: whole or not at all, and only for what wrote them."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sociogram.gnn.checkpoint import flattened, optimizer_states, read_checkpoint, under, write_checkpoint


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "c.safetensors"
    written = {"a.x": torch.arange(6.0).reshape(2, 3).T, "a.y": torch.tensor(3), "b": torch.zeros(0)}
    write_checkpoint(path, written, "me")
    read = read_checkpoint(path, "me")
    assert read is not None
    assert all(torch.equal(read[name], tensor) for name, tensor in written.items())
    assert set(under(read, "a.")) == {"x", "y"}
    assert read_checkpoint(path, "another") is None
    assert read_checkpoint(tmp_path / "none", "me") is None


def test_one_of_another_version_is_not_resumed(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    for said in ({"identity": "me"}, {"identity": "me", "format": "1"}):
        save_file({"a": torch.ones(3)}, path, said)
        assert read_checkpoint(path, "me") is None


@pytest.mark.parametrize("left", [0, 4, 40, 200])
def test_a_file_that_was_cut_off_counts_as_none(tmp_path: Path, left: int) -> None:
    path = tmp_path / "c.safetensors"
    write_checkpoint(path, {"a": torch.arange(100.0)}, "me")
    path.write_bytes(path.read_bytes()[:left])
    assert read_checkpoint(path, "me") is None


def test_a_kill_while_writing_leaves_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    write_checkpoint(path, {"a": torch.ones(3)}, "me")
    (tmp_path / "c.safetensors.part").write_bytes(b"half of a newer one")
    read = read_checkpoint(path, "me")
    assert read is not None
    assert torch.equal(read["a"], torch.ones(3))
    write_checkpoint(path, {"a": torch.zeros(3)}, "me")
    assert not (tmp_path / "c.safetensors.part").exists()


def test_the_state_of_an_optimizer_there_and_back() -> None:
    weight = torch.nn.Parameter(torch.ones(2, 2))
    optimizer = torch.optim.AdamW([weight])
    weight.sum().backward()
    optimizer.step()
    state = optimizer.state_dict()["state"]
    again = optimizer_states(flattened(state))
    assert all(torch.equal(again[i][name], value) for i, s in state.items() for name, value in s.items())
