"""Whatever the Engine says on the pages has its Chinese: all templates are found in the source, none is listed by hand."""

import ast
import copy
import importlib
import json
import os
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import sociogram
from sociogram.errors import InputError
from sociogram.explorer.sentences_zh import SENTENCES
from sociogram.explorer.words import CHINESE, Words
from sociogram.graph import evidence_words
from sociogram.graph.evidence_words import found_again
from sociogram.graph.mapping import NodeMapping
from sociogram.queries.portrait import portrait
from sociogram.queries.rows import Recommendation, Similar, Tag
from sociogram.said import AND, Joined, Said, counted, listed, message

ROOT = Path(sociogram.__file__).parent
MAKERS = {"Said": (0,), "Joined": (0,), "counted": (1, 2), "recognised": (1,)}  # which arguments are templates
# modules that the pages ask directly: their errors are shown to people, so each must be said through a template
ASKED = ("ask", "changes", "explain", "kinds", "one_run", "people", "similar/values")


def sources() -> Iterator[tuple[str, ast.Module]]:
    for folder, _, names in os.walk(ROOT, followlinks=True):
        for name in names:
            file = Path(folder, name)
            if file.suffix == ".py" and file != ROOT / "said.py":
                module = ".".join(file.relative_to(ROOT.parent).with_suffix("").parts)
                yield module, ast.parse(file.read_text(encoding="utf-8"))


def templates() -> dict[str, str]:
    """Template -> where it is; one that is neither written there nor in a table of the module fails."""
    found: dict[str, str] = {AND: "sociogram.said"}
    for module, tree in sources():
        imported = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "sociogram.said"]
        if not imported:
            continue
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in MAKERS:
                for place in MAKERS[call.func.id]:
                    for text in texts(call.args[place], module, tree):
                        found.setdefault(text, f"{module}:{call.lineno}")
    return found


def texts(node: ast.expr, module: str, tree: ast.Module) -> list[str]:
    """What the first argument can be: a text, one of a table of the module, or one after the other of such a table."""
    if isinstance(node, ast.Constant):
        return [node.value]
    if isinstance(node, ast.Subscript):
        node = node.value
    assert isinstance(node, ast.Name), f"{module}:{node.lineno}: write the template down here, or in a table"
    loops = {n.target.id: n.iter for n in ast.walk(tree) if isinstance(n, ast.For) and isinstance(n.target, ast.Name)}
    if node.id in loops:
        return texts(loops[node.id], module, tree)
    table = getattr(importlib.import_module(module), node.id)
    return [table] if isinstance(table, str) else list(table.values() if isinstance(table, dict) else table)


def fields(template: str) -> set[tuple[str, str, str]]:
    parsed = string.Formatter().parse(template)
    return {(name, form or "", how or "") for _, name, form, how in parsed if name is not None}


ALL = templates()


def test_templates_are_found() -> None:
    assert len(ALL) > 80
    assert "queries.ask" in ALL["there is no {label} {user!r}.{near}"]
    assert "queries.rows" in ALL["popular, since nothing else is known"]


@pytest.mark.parametrize("template", sorted(t for t in ALL if any(c.isalpha() for c in t)))
def test_each_has_its_chinese(template: str) -> None:
    assert CHINESE.get(template), f"{ALL[template]}: no Chinese for {template!r}"
    assert fields(CHINESE[template]) == fields(template)


def test_no_chinese_is_of_a_template_that_is_gone() -> None:
    assert [t for t in SENTENCES if t not in ALL] == []


@pytest.mark.parametrize("name", ASKED)
def test_errors_of_what_the_pages_ask_have_a_template(name: str) -> None:
    tree = ast.parse((ROOT / "queries" / f"{name}.py").read_text(encoding="utf-8"))
    bare = [
        call.lineno
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id.endswith("Error")
        for said in call.args
        if isinstance(said, ast.Constant | ast.JoinedStr)
    ]
    assert not bare, f"queries/{name}.py: say it with Said(...) at lines {bare}"


def test_to_all_others_it_is_the_english_text() -> None:
    said = Said("{n:,} {what}", n=1200, what=listed(["a", "b", "c"]))
    assert said == "1,200 a, b and c"
    assert json.dumps({"x": said}) == '{"x": "1,200 a, b and c"}'
    again = copy.deepcopy(said)
    assert again.through(lambda t: {", ": "、", "{words} and {last}": "{words}和{last}"}.get(t, t)) == "1,200 a、b和c"
    assert Said.of(json.loads(json.dumps(Said("{a} {b}", a=1, b="{x}").to_dict()))) == "1 {x}"
    assert [counted(n, "{n} friend", "{n} friends") for n in (1, 2)] == ["1 friend", "2 friends"]
    assert str(InputError(said)) == "1,200 a, b and c"
    assert message(InputError(said)) is said
    assert message(InputError("plain")) == "plain"
    assert copy.deepcopy(Joined("; ", ["a", "b"])) == "a; b"


def test_a_portrait_reasons_and_errors_in_chinese() -> None:
    zh, en = Words("zh"), Words("en")
    tags = [Tag("c", "climbing", 0.9, True), Tag("b", "baking", 0.9, True), Tag("j", "jazz", 0.8, False)]
    user = NodeMapping("User", "user", categorical=("city",), numeric=("age",))
    said = portrait("Mara", user, {"city": "Bern", "age": 31}, tags, [], "Jon (u7)", "makers")
    assert en.said(said) == said
    assert (
        zh.said(said)
        == "Mara（Bern、age 31）喜欢climbing和baking，可能还喜欢jazz；与 Jon (u7) 最相似；属于群组“makers”。"
    )
    assert (
        zh.said(Similar("a", "A", 0.9, ["jazz"], True, 1, 3).reasons)
        == "jazz · 有直接关系 · 1 位共同好友 · 3 个共同物品"
    )
    row = Recommendation("i", "I", 1, 0.5, 2, [], source="popular")
    assert zh.said(row.reasons) == "2 位好友 · 热门（没有其他信息）"
    assert zh.said(InputError("of an earlier version")) == "of an earlier version"


def test_a_kept_sentence_is_known_again_by_the_names_in_it() -> None:
    zh = Words("zh")
    kept = evidence_words.TIED_LIKES.format(name="Ada, who likes tea", liked="jazz")
    assert zh.said(found_again(kept, "Ada, who likes tea", "jazz", [])) == "与喜欢jazz的 Ada, who likes tea 有关系"
    did = evidence_words.DID_ABOUT.format(did="saw", name="Solaris", liked="films")
    assert isinstance(found_again(did, "Solaris", "films", ["liked", "saw"]), Said)
    both = evidence_words.DID.format(did="saw, liked", name="Solaris")
    assert zh.said(found_again(both, "Solaris", "films", ["liked", "rated", "saw"])) == "saw, liked“Solaris”"
    quoted = '"I like climbing."'
    assert type(found_again(quoted, "Ada", "climbing", ["saw"])) is str
    counts = evidence_words.DID_OTHERS.format(did="saw", name="Solaris", all=9, some=4, liked="films")
    assert (
        zh.said(found_again(counts, "Solaris", "films", ["saw"])) == "saw“Solaris”；另外 9 人也如此，其中 4 人喜欢films"
    )
    assert type(found_again(counts.replace("4", "four"), "Solaris", "films", ["saw"])) is str
