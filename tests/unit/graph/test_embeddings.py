"""Vectors for other programs: every form holds the same numbers, and a key keeps its row."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from sociogram.errors import InputError, NotFoundError
from sociogram.graph.embeddings import Embeddings, read_embeddings
from sociogram.graph.id_map import IdMap, beside
from sociogram.graph.profile import Key, Profiles


def made(ids: list[Key], seed: int = 0) -> Embeddings:
    vectors = np.random.default_rng(seed).normal(size=(len(ids), 4)).astype(np.float32)
    return Embeddings(ids, vectors, "User", f"r{seed}")


def test_of_keeps_the_order_asked_for():
    all_ = made([7, 3, 5])
    some = all_.of([5, 7])
    assert some.ids == [5, 7]
    np.testing.assert_array_equal(some.vectors, all_.vectors[[2, 0]])
    assert len(all_.of([])) == 0


def test_a_key_without_a_vector_is_named():
    with pytest.raises(
        NotFoundError, match=r"r0 has no vector for 2 of the 3 User keys asked for: '5', 9\. Its keys: int such as 7"
    ):
        made([7, 3, 5]).of(["5", 3, 9])


def test_arrow_torch_and_pandas_hold_the_same():
    e = made(["a", "b", "c"])
    table = e.to_arrow()
    assert table.schema.field("embedding").type == pa.list_(pa.float32(), 4)
    assert table.schema.metadata == {b"sociogram.label": b"User", b"sociogram.run": b"r0"}
    np.testing.assert_array_equal(np.array(table["embedding"].to_pylist(), np.float32), e.vectors)
    assert table["id"].to_pylist() == e.ids
    tensor = e.to_torch()
    assert tensor.dtype == torch.float32
    np.testing.assert_array_equal(tensor.numpy(), e.vectors)
    np.testing.assert_array_equal(np.stack(list(e.to_pandas()["embedding"])), e.vectors)


def test_torch_may_be_written_to_where_the_vectors_may_not():
    e = made(["a", "b"])
    e.vectors.flags.writeable = False
    e.to_torch().add_(1)
    np.testing.assert_array_equal(e.vectors, made(["a", "b"]).vectors)


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_files_give_the_same_back(tmp_path, suffix):
    e = made([3, 1, 2])
    e.save(tmp_path / f"users{suffix}")
    place = tmp_path / f"users{suffix}"
    table = pq.read_table(place) if suffix == ".parquet" else pa.ipc.open_file(place).read_all()
    assert table["id"].to_pylist() == [3, 1, 2]
    np.testing.assert_array_equal(np.array(table["embedding"].to_pylist(), np.float32), e.vectors)


def test_a_key_keeps_its_row_from_run_to_run(tmp_path):
    place = tmp_path / "users.npy"
    first, second = made([3, 1, 2]), made([4, 2, 3, 5], seed=1)
    first.save(place)
    np.testing.assert_array_equal(np.load(place), first.vectors)
    second.save(place)
    ids = IdMap.read(beside(place))
    assert ids.ids == [3, 1, 2, 4, 5]
    array = np.load(place)
    np.testing.assert_array_equal(array[[0, 2, 3, 4]], second.of([3, 2, 4, 5]).vectors)
    assert not array[1].any()  # key 1 is gone; its row is not given away
    assert sorted(p.name for p in tmp_path.iterdir()) == ["users.ids.parquet", "users.npy"]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"row": [0, 2], "id": [1, 2]}),
        pd.DataFrame({"row": [0, 1], "id": [1, 1]}),
        pd.DataFrame({"id": [1, 2]}),
    ],
)
def test_a_file_that_is_no_id_map(tmp_path, frame):
    frame.to_parquet(tmp_path / "users.ids.parquet")
    with pytest.raises(InputError, match="expected an id map"):
        made([1]).save(tmp_path / "users.npy")
    (tmp_path / "users.ids.parquet").write_text("row,id")
    with pytest.raises(InputError, match="expected an id map"):
        made([1]).save(tmp_path / "users.npy")
    assert not (tmp_path / "users.npy").exists()


def test_keys_of_two_types_need_another_form(tmp_path):
    with pytest.raises(InputError, match=r"several types \(int, str\)"):
        made([1, "a"]).save(tmp_path / "users.npy")


def test_a_name_that_says_no_form(tmp_path):
    with pytest.raises(InputError, match=r"ends with \.parquet, \.arrow, \.npy"):
        made([1]).save(tmp_path / "users.csv")
    with pytest.raises(InputError, match="does not exist"):
        made([1]).save(tmp_path / "nowhere" / "users.npy")


def test_read_from_a_run_folder(tmp_path):
    e = made([3, 1])
    names = {"User": ["c", "a"]}
    Profiles("User", {"User": e.ids}, names, {"User": e.vectors}, pd.DataFrame(), pd.DataFrame(), [[], []]).save(
        tmp_path
    )
    found = read_embeddings(tmp_path, "User", "r0")
    assert (found.ids, found.label, found.run) == ([3, 1], "User", "r0")
    np.testing.assert_array_equal(found.vectors, e.vectors)
    with pytest.raises(NotFoundError, match=r"no embeddings for 'Item' \(it has: User\)"):
        read_embeddings(tmp_path, "Item", "r0")
    with pytest.raises(InputError, match="no finished profiles"):
        read_embeddings(tmp_path / "gone", "User", "r0")
