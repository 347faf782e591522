"""Profiles block by block: from memory and from the folder, the same as the whole."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from two_runs import profiles

from sociogram.errors import InputError
from sociogram.graph.profile import Attribute, Profiles
from sociogram.graph.profile_blocks import StoredProfiles, blocks

USERS = 53


@pytest.fixture
def made() -> Profiles:
    whole = profiles("r3", USERS)
    values = [None if i % 7 == 0 else f"plan {i % 3}" for i in range(USERS)]
    lists = [["a", "b"][: i % 3] for i in range(USERS)]
    confidence = np.linspace(0, 1, USERS, dtype=np.float32)
    without_best = whole.recommendations[whole.recommendations["user"] % 5 > 0]  # some users have nothing
    return replace(
        whole,
        recommendations=without_best,
        keywords=[[f"word {i}"] * (i % 3) for i in range(USERS)],
        attributes={
            "plan": Attribute("class", values, confidence),
            "hobbies": Attribute("multilabel", lists, confidence),
        },
    )


@pytest.mark.parametrize("size", [1, 10, USERS, 1000])
@pytest.mark.parametrize("stored", [False, True])
def test_blocks_are_the_whole(made: Profiles, tmp_path: Path, size: int, stored: bool) -> None:
    made.save(tmp_path)
    source = StoredProfiles(tmp_path) if stored else made
    parts = list(blocks(source, "User", size))
    assert len(parts) == -(-USERS // size)
    starts = np.cumsum([0, *(len(p.keys["User"]) for p in parts)])
    assert [k for p in parts for k in p.keys["User"]] == made.keys["User"]
    assert np.array_equal(np.concatenate([p.embeddings["User"] for p in parts]), made.embeddings["User"])
    assert [words for p in parts for words in p.keywords] == made.keywords
    for table in ("tags", "recommendations"):
        whole = pd.concat(
            [t.assign(user=t["user"] + at) for p, at in zip(parts, starts, strict=False) for t in [getattr(p, table)]]
        )
        pd.testing.assert_frame_equal(
            whole.reset_index(drop=True), getattr(made, table).reset_index(drop=True), check_dtype=False
        )
    for name, attribute in made.attributes.items():
        assert [v for p in parts for v in p.attributes[name].values] == attribute.values
        assert np.allclose(
            np.concatenate([p.attributes[name].confidence for p in parts]), attribute.confidence, atol=1e-4
        )
    assert all(p.keys["Topic"] == made.keys["Topic"] and p.names["Topic"] == made.names["Topic"] for p in parts)


@pytest.mark.parametrize("stored", [False, True])
def test_items_come_in_blocks_as_well(made: Profiles, tmp_path: Path, stored: bool) -> None:
    made.save(tmp_path)
    parts = list(blocks(StoredProfiles(tmp_path) if stored else made, "Item", 7))
    assert [k for p in parts for k in p.keys["Item"]] == made.keys["Item"]
    assert np.array_equal(np.concatenate([p.embeddings["Item"] for p in parts]), made.embeddings["Item"])


def test_nobody_is_one_empty_block(tmp_path: Path) -> None:
    profiles("r1", 0).save(tmp_path)
    for source in (StoredProfiles(tmp_path), profiles("r1", 0)):
        assert [len(p.keys["User"]) for p in blocks(source, "User", 10)] == [0]


def test_saved_is_loaded(made: Profiles, tmp_path: Path) -> None:
    made.save(tmp_path)
    again = Profiles.load(tmp_path)
    assert again.keywords == made.keywords
    assert {n: (a.kind, a.values) for n, a in again.attributes.items()} == {
        n: (a.kind, a.values) for n, a in made.attributes.items()
    }
    assert np.array_equal(again.embeddings["User"], made.embeddings["User"])


def test_a_run_of_before_is_still_read(made: Profiles, tmp_path: Path) -> None:
    made.save(tmp_path)
    record = json.loads((tmp_path / "profiles.json").read_text())
    record["keywords"] = made.keywords
    record["attributes"] = {
        name: {"kind": a.kind, "values": a.values, "confidence": a.confidence.tolist()}
        for name, a in made.attributes.items()
    }
    (tmp_path / "profiles.json").write_text(json.dumps(record))
    (tmp_path / "user_values.parquet").unlink()
    again = Profiles.load(tmp_path)
    assert (again.keywords, again.attributes["plan"].values) == (made.keywords, made.attributes["plan"].values)


def test_an_unfinished_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no finished profiles"):
        StoredProfiles(tmp_path)
