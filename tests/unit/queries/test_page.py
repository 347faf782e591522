"""docs/cypher.md shows every query, with parameters that exist."""

import re
import shlex
from pathlib import Path

from sociogram.queries.catalogue import Catalogue
from sociogram.queries.header import read_query
from sociogram.queries.parameters import typed

PAGE = (Path(__file__).parents[3] / "docs" / "cypher.md").read_text(encoding="utf-8")


def test_every_query_is_shown_with_fit_parameters() -> None:
    shown = {}
    for command in re.findall(r"```sh\nsociogram query (.+)\n```", PAGE):
        name, *words = shlex.split(command)
        shown[name] = dict(word.split("=", 1) for word in words if word != "--param")
    catalogue = Catalogue()
    assert set(shown) == {q.name for q in catalogue.all()}
    for name, given in shown.items():
        query = catalogue.get(name)
        typed(query, given)
        assert query.answers in PAGE, name
        assert f"```cypher\n{query.body}\n```" in PAGE, name
        assert f"../queries/{query.topic}/{name}.cypher" in PAGE


def test_the_example_of_an_own_file_is_fit() -> None:
    example = re.findall(r"```cypher\n(.*?)```", PAGE, re.DOTALL)[0]
    assert read_query(example, "own", "city", "page").parameters
