from pathlib import Path

import numpy as np
import pyarrow as pa
from gnn_community import community
from scipy import sparse

from sociogram.gnn.linear import visible
from sociogram.gnn.split import interests
from sociogram.gnn.text_links import text_links
from sociogram.gnn.texts import collect_texts
from sociogram.graph.snapshot import Snapshot
from sociogram.loaders.stackexchange import MAPPING

POSTS = ["q1", "a1", "q2", "a2"]


def forum(folder: Path) -> Snapshot:
    """Ann asks q1 and answers q2; Bob answers q1, asks q2 and comments on q1."""
    nodes = {
        "User": pa.table({"key": ["ann", "bob"], "text": ["bio ann", ""]}),
        "Item": pa.table({"key": POSTS, "text": [f"text {p}" for p in POSTS]}),
        "Topic": pa.table({"key": ["t"], "name": ["t"], "text": ["topic t"]}),
    }
    edges = {
        ("User", "ASKED", "Item"): pa.table({"source": ["ann", "bob"], "target": ["q1", "q2"]}),
        ("User", "ANSWERED", "Item"): pa.table({"source": ["bob", "ann"], "target": ["a1", "a2"]}),
        ("User", "COMMENTED", "Item"): pa.table({"source": ["bob"], "target": ["q1"], "text": ["a comment"]}),
        ("Item", "ANSWERS", "Item"): pa.table({"source": ["a1", "a2"], "target": ["q1", "q2"]}),
        ("Item", "ABOUT", "Topic"): pa.table({"source": ["q1"], "target": ["t"], "weight": [1.0]}),
        ("User", "TAGGED", "Topic"): pa.table({"source": ["ann"], "target": ["t"], "item": ["q1"]}),
    }
    return Snapshot.create(folder, MAPPING, nodes, edges)


def named(s: Snapshot, hidden: bool = False) -> tuple[dict[str, set[tuple[str, str]]], object, list[str]]:
    found = interests(s)
    gone = found.pairs if hidden else sparse.csr_array(found.pairs.shape, dtype=np.float32)
    texts = collect_texts(s)
    links = text_links(s, texts, visible(s, found, gone), np.arange(found.topics))
    words = texts.distinct
    return {k: {(words[a], words[b]) for a, b in p.tolist()} for k, p in links.pairs.items()}, links, words


def test_kinds_of_pairs(tmp_path: Path) -> None:
    pairs, _, _ = named(forum(tmp_path / "s"))
    assert pairs["related"] == {("text a1", "text q1"), ("text a2", "text q2"), ("a comment", "text q1")}
    assert pairs["own"] == {("bio ann", "text q1"), ("bio ann", "text a2")}
    assert ("text a1", "text q2") in pairs["author"] or ("text q2", "text a1") in pairs["author"]
    assert pairs["interest"] == {("bio ann", "topic t")}
    assert pairs["about"] == {("text q1", "topic t")}
    assert "tie" not in pairs


def test_what_is_held_out_teaches_nothing(tmp_path: Path) -> None:
    pairs, _, _ = named(forum(tmp_path / "s"), hidden=True)
    assert "interest" not in pairs
    assert "about" not in pairs


def test_texts_of_one_thread_or_author_are_no_negatives(tmp_path: Path) -> None:
    _, links, words = named(forum(tmp_path / "s"))
    at = {word: i for i, word in enumerate(words)}

    def same(a: str, b: str) -> bool:
        return bool(links.related(np.array([at[a]]), np.array([at[b]]))[0, 0])  # type: ignore[attr-defined]

    assert same("text q1", "text a1")  # thread
    assert same("a comment", "text q1")
    assert same("text q1", "text a2")  # Ann
    assert same("a comment", "text q2")  # Bob
    assert not same("text q1", "text q2")
    assert not same("bio ann", "text a1")


def test_items_of_one_user_are_pairs_where_many_share_them(tmp_path: Path) -> None:
    s = community(tmp_path / "s", users=60, items=10)
    texts = collect_texts(s)
    found = interests(s)
    links = text_links(s, texts, visible(s, found, found.pairs * 0), np.arange(found.topics))
    assert len(links.pairs["together"]) > 20
    drawn = links.sample(np.random.default_rng(0), 200)
    assert drawn.shape == (200, 2)
    assert (drawn[:, 0] != drawn[:, 1]).all()
