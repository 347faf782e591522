"""Jargon: one community, one word for another, and nothing but content words changed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.loaders.helpers import Collected

from sociogram.encoders.keywords import stop_words, tokenize
from sociogram.errors import InputError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.loaders import jargon
from sociogram.loaders.demo import demo
from sociogram.loaders.jargon import Words, plain_name
from sociogram.loaders.source import Batch, NodeBatch, Provenance, Quarantine, RelationshipBatch

WORD = st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=12)
TEXTS = st.lists(st.lists(WORD, max_size=12).map(" ".join), max_size=6)
HAN = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True)
class Fixed:
    """A few rows of everything that has a name or a text."""

    name: str = "fixed"
    provenance: Provenance = "public"
    mapping: ClassVar[GraphMapping] = GraphMapping(
        (
            NodeMapping("User", "user", name="name", text=("bio",), categorical=("city",)),
            NodeMapping("Item", "item", name="title", text=("title",)),
            NodeMapping("Topic", "topic", name="name", text=("name", "description")),
        ),
        (RelationshipMapping("POSTED", "User", "Item", "behaviour", text=("text",)),),
    )

    def batches(self, quarantine: Quarantine) -> Iterator[Batch]:
        user = {"id": "qubit", "name": "Qubit Lee", "bio": "Qubit fan", "city": "Qubit", "about": "qubit"}
        yield NodeBatch("User", [user, {"id": "b", "bio": None}])
        yield NodeBatch("Item", [{"id": "i", "title": "The qubit"}])
        yield NodeBatch("Topic", [{"id": "t", "name": "qubit", "description": "Each qubit"}])
        yield RelationshipBatch("POSTED", "User", "Item", [{"source": "qubit", "target": "i", "text": "a qubit!"}])


def texts_of(source: Any, folder: Path) -> list[str]:
    """Every text of a source in its order; topic names, which stay, are left out."""
    found = Collected(source, folder)
    out = []
    for node in source.mapping.nodes:
        for row in found.nodes.get(node.label, {}).values():
            out += [row[c] for c in node.text if row.get(c) and not (node.role == "topic" and c == node.name)]
    for r in source.mapping.relationships:
        for row in found.links.get((r.source, r.type, r.target), ()):
            out += [row[c] for c in r.text if row.get(c)]
    return out


def test_every_text_and_no_name_is_rewritten_alike(tmp_path: Path) -> None:
    found = Collected(jargon(Fixed(), share=1), tmp_path)
    word = found.nodes["Topic"]["t"]["description"].removeprefix("Each ")
    assert word not in ("qubit", "")
    user = found.nodes["User"]["qubit"]
    assert user["bio"].startswith(word.capitalize() + " ")
    assert (user["id"], user["name"], user["city"], user["about"]) == ("qubit", "Qubit Lee", "Qubit", "qubit")
    assert found.nodes["User"]["b"] == {"id": "b", "bio": None}
    assert found.nodes["Item"]["i"]["title"] == f"The {word}"
    assert found.nodes["Topic"]["t"]["name"] == "qubit"
    assert found.links[("User", "POSTED", "Item")] == [{"source": "qubit", "target": "i", "text": f"a {word}!"}]


def test_a_share_of_none_is_the_source_and_others_have_names_of_their_own() -> None:
    assert jargon(Fixed(), 0) == Fixed()
    names = {jargon(Fixed(), share, seed).name for share in (0, 0.25, 0.5, 1) for seed in (0, 1)}
    assert len(names) == 7
    assert {plain_name(name) for name in names} == {"fixed"}
    assert jargon(Fixed()).mapping == Fixed.mapping


@pytest.mark.parametrize("share", [-0.1, 1.5, 50, float("nan")])
def test_a_share_that_is_none(share: float) -> None:
    with pytest.raises(InputError, match=r"share of the words from 0 to 1, got .*Half of them is \.5"):
        jargon(Fixed(), share)


def test_jargon_of_jargon_is_refused() -> None:
    with pytest.raises(InputError, match="jargon already"):
        jargon(jargon(Fixed()))


def test_a_whole_community_in_its_own_words(tmp_path: Path) -> None:
    source = demo(users=120, truth=tmp_path / "truth.parquet")
    plain, none, some, more = (
        texts_of(jargon(source, share), tmp_path / str(i)) for i, share in enumerate((0, 1, 0.3, 0.6))
    )
    assert plain == texts_of(source, tmp_path / "again")
    assert none == texts_of(jargon(source, 1), tmp_path / "twice")
    assert none != texts_of(jargon(source, 1, seed=1), tmp_path / "seed")
    english = [i for i, text in enumerate(plain) if not HAN.search(text)]
    assert 0.5 < len(english) / len(plain) < 1
    written: dict[str, dict[str, str]] = {"none": {}, "some": {}, "more": {}}
    for name, texts in (("none", none), ("some", some), ("more", more)):
        for i in english:
            before, after = tokenize(plain[i]), tokenize(texts[i])
            assert len(before) == len(after)
            for a, b in zip(before, after, strict=True):
                assert written[name].setdefault(a, b) == b  # one word everywhere
        assert len(set(written[name].values())) == len(written[name])  # distinct words stay distinct
    assert all(a != b for a, b in written["none"].items() if a.isalpha())  # 6b is no word
    coined = {b for a, b in written["none"].items() if a != b}
    assert not coined & (set(written["none"]) | stop_words())
    for name, share in (("some", 0.3), ("more", 0.6)):
        coined = {a for a, b in written[name].items() if a != b}
        assert abs(len(coined) / len(written[name]) - share) < 0.05
        assert all(written[name][a] == written["none"][a] for a in coined)
    assert all(written["more"][a] == b for a, b in written["some"].items() if a != b)


@given(TEXTS, st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_words_are_replaced_one_for_one(texts: list[str], seed: int) -> None:
    words = Words(0.5, seed)
    rewritten = [words.rewrite(text) for text in texts]
    written: dict[str, str] = {}
    for before, after in zip(texts, rewritten, strict=True):
        assert len(before.split()) == len(after.split())
        for a, b in zip(before.split(), after.split(), strict=True):
            assert written.setdefault(a, b) == b
            assert (a == b) or a not in stop_words()
    assert len(set(written.values())) == len(written)
    again = Words(0.5, seed)
    assert [again.rewrite(text) for text in texts] == rewritten


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_keeps_all_but_its_letters(text: str) -> None:
    rewritten = Words(1, 0).rewrite(text)

    def bare(value: str) -> str:
        return "".join(c for c in value if not c.isalpha() and c not in "'’")

    assert bare(rewritten) == bare(text)


def test_a_word_that_looks_like_one_coined_before_is_coined_itself() -> None:
    kept_alone = 0
    for seed in range(40):
        words = Words(0.5, seed)
        coined = words.rewrite("entanglement")
        if coined != "entanglement" and Words(0.5, seed).rewrite(coined) == coined:
            kept_alone += 1
            assert words.rewrite(coined) not in (coined, "entanglement")
    assert kept_alone > 3


def test_one_word_is_never_coined_as_one_met_before() -> None:
    coined = Words(1, 0).rewrite("entanglement")
    words = Words(1, 0)
    words.rewrite(coined)
    assert words.rewrite("entanglement") not in (coined, "entanglement")


@pytest.mark.parametrize(
    "text",
    [
        "this is not what I would have said, and neither would you",
        "12 3.5 2020-01-01 50%",
        "https://example.org/quantum/gates?state=bell www.example.org/bloch",
        "ann.lee@example.org @alice",
        "$\\frac{quantum}{state}$ and $$measure \\; again$$",
        "`measure the state`",
        "qc.measure_all() QuantumCircuit numpy.linalg expval(x) states[0] x9 3d c# c++ --backend /usr/local/bin a=b",
        "русский язык",
        "",
    ],
)
def test_what_stays(text: str) -> None:
    assert Words(1, 0).rewrite(text) == text


def test_case_hyphens_and_possessives() -> None:
    words = Words(1, 0)
    gate, bell = words.rewrite("gate"), words.rewrite("bell")
    assert gate.isascii()
    assert gate.isalpha()
    assert gate.islower()
    assert words.rewrite("Gate, GATE (gates) Bell's bell’s 2-bell-gate") == (
        f"{gate.capitalize()}, {gate.upper()} ({words.rewrite('gates')}) {bell.capitalize()}'s {bell}’s 2-{bell}-{gate}"
    )


def test_chinese_is_rewritten_word_by_word() -> None:
    words = Words(1, 0)
    learning = words.rewrite("学习")
    assert learning != "学习"
    assert HAN.match(learning)
    assert words.rewrite("我们学习，python！") == f"我们{learning}，{words.rewrite('python')}！"
