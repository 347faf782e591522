"""Every text of the pages has its Chinese, with the same values in it."""

import ast
import string
from pathlib import Path
from typing import get_args

import pytest

import sociogram.explorer
from sociogram.explorer import influence, person, shell, start
from sociogram.explorer.mapping import PROPERTY_ROLES
from sociogram.explorer.words import CHINESE, Words, language_of
from sociogram.explorer.words_zh import ZH
from sociogram.graph.mapping import NodeRole, RelationshipRole
from sociogram.loaders.columns import Role

FOLDER = Path(sociogram.explorer.__file__).parent


def texts() -> set[str]:
    """What stands literally in a call of the words, and the names in tables."""
    found = set()
    for file in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and _called(node.func) in ("words", "Words"):
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        found.add(part.value)
            if isinstance(node, ast.ListComp) and isinstance(node.elt, ast.Call) and _called(node.elt.func) == "words":
                found |= {p.value for g in node.generators for p in ast.walk(g.iter) if isinstance(p, ast.Constant)}
    found |= {name for _, name, _ in shell.PAGES} | {name for name, _ in person.KINDS.values()}
    return found | set(influence.MODELS.values()) | set(start.ENCODERS.values()) | set(start.MODES.values())


def _called(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def test_there_are_texts():
    assert len(texts()) > 100


@pytest.mark.parametrize("text", sorted(t for t in texts() if t.strip()))
def test_each_has_its_chinese(text):
    assert ZH.get(text), text
    assert _fields(ZH[text]) == _fields(text)


def _fields(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("role", [*get_args(Role), *get_args(NodeRole), *get_args(RelationshipRole), *PROPERTY_ROLES])
def test_each_role_has_its_chinese(role):
    assert CHINESE.get(role)


def test_the_language_is_chosen_else_the_browsers():
    assert language_of({"lang": "zh"}, {"accept-language": "en"}) == "zh"
    assert language_of({}, {"accept-language": "zh-CN,en;q=.5"}) == "zh"
    assert language_of({"lang": "xx"}, {}) == "en"
    assert Words("zh").tag == "zh-CN"
    assert Words("zh")("unheard of") == "unheard of"
    assert Words("zh").when("2026-11-26T08:02:11+00:00") == "2026-11-26 08:02 UTC"
    assert Words("en").when("2026-11-26T08:02:11+00:00") == "26 November 2026, 08:02 UTC"
    assert Words("zh").when("soon") == "soon"


def test_each_stage_of_learning_has_its_chinese():
    """Those that are written down where they begin, in what the page of Start has done."""
    found = set()
    for part in ("graph", "gnn", "encoders"):
        for file in (FOLDER.parent / part).glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and _called(node.func) == "stage" and node.args:
                    found |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()
    assert len(found) > 12
    assert found - CHINESE.keys() == set()
