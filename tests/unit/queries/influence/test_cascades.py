"""From a snapshot to the cascade graph: direction, probabilities, topics, wrong input."""

from pathlib import Path

import pytest
from unit.queries.influence.conftest import make
from unit.queries.influence.helpers import edges

from sociogram.errors import InputError, NotFoundError
from sociogram.graph.snapshot import Snapshot
from sociogram.queries.influence.cascades import cascade_graph
from sociogram.queries.influence.influence import Influence

CHAIN = [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d"), ("c", "c")]


def _named(graph) -> dict[tuple[str, str], float]:  # type: ignore[no-untyped-def]
    return {(graph.ids[u], graph.ids[v]): round(p, 6) for u, v, p in edges(graph)}


def test_direction_of_ties(tmp_path: Path) -> None:
    snapshot = make(tmp_path, CHAIN)
    follows = {("b", "a"), ("c", "b"), ("b", "c"), ("d", "c")}
    assert set(_named(cascade_graph(snapshot, direction="follows"))) == follows
    assert set(_named(cascade_graph(snapshot, direction="forward"))) == {(v, u) for u, v in follows}
    assert set(_named(cascade_graph(snapshot, direction="both"))) == follows | {(v, u) for u, v in follows}
    assert cascade_graph(snapshot).direction == "follows"  # some are answered, some are not
    with pytest.raises(InputError, match="direction: expected auto, both, follows or forward"):
        cascade_graph(snapshot, direction="up")  # type: ignore[arg-type]


def test_auto_direction(tmp_path: Path, friends: Snapshot) -> None:
    assert cascade_graph(friends).direction == "both"
    once = make(tmp_path / "once", [("a", "b"), ("b", "c")])
    assert cascade_graph(once).direction == "both"
    assert cascade_graph(make(tmp_path / "f", [("a", "b"), ("b", "c")], "FOLLOWS")).direction == "follows"


def test_probabilities_of_each_model(tmp_path: Path) -> None:
    ties = [("a", "c"), ("b", "c"), ("c", "d")]
    snapshot = make(tmp_path, ties, weights=[0.2, 0.6, 0.5])

    def of(model: str, **options: object) -> dict[tuple[str, str], float]:
        return _named(cascade_graph(snapshot, model=model, direction="forward", **options))

    assert of("wc") == {("a", "c"): 0.5, ("b", "c"): 0.5, ("c", "d"): 1.0}
    assert set(of("ic").values()) == {0.1}
    assert set(of("ic", p=0.3).values()) == {0.3}
    assert of("ic", p="weight") == pytest.approx({("a", "c"): 0.2, ("b", "c"): 0.6, ("c", "d"): 0.5})
    assert of("ic", p={("a", "c"): 0.7}) == {("a", "c"): 0.7, ("b", "c"): 0.0, ("c", "d"): 0.0}
    assert of("lt") == pytest.approx({("a", "c"): 0.25, ("b", "c"): 0.75, ("c", "d"): 1.0})


def test_topic_scales_edges_by_both_ends(friends: Snapshot) -> None:
    plain, jazz = (
        _named(Influence(friends).graph("ic", p=0.4)),
        _named(Influence(friends).graph("ic", p=0.4, topic="jazz")),
    )
    assert jazz["a", "b"] == plain["a", "b"]
    assert jazz["a", "c"] == pytest.approx(0.4 * 0.05**0.5, abs=1e-6)
    assert jazz["c", "d"] == pytest.approx(0.4 * 0.05, abs=1e-6)
    given = Influence(friends, interests=lambda _: {"c": 0.64, "d": 0.25}).graph("ic", p=0.4, topic="jazz")
    assert _named(given)["c", "d"] == pytest.approx(0.16)
    with pytest.raises(NotFoundError, match=r"no topic 'jaz'. Near it: jazz"):
        Influence(friends).graph(topic="jaz")
    with pytest.raises(InputError, match="interest of user 'a'"):
        Influence(friends, interests=lambda _: {"a": 7.0}).graph(topic="jazz")


@pytest.mark.parametrize("p", [0, -0.1, 1.5, float("nan"), "weights", {("a", "b"): 3.0}])
def test_what_is_no_probability(friends: Snapshot, p: object) -> None:
    with pytest.raises(InputError, match="p: expected") as caught:
        cascade_graph(friends, model="ic", p=p)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_weights_above_one_are_no_probabilities(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got 3. Divide counts"):
        cascade_graph(make(tmp_path, [("a", "b")], weights=[3.0]), model="ic", p="weight")


def test_unknown_model_and_p_where_it_has_no_place(friends: Snapshot) -> None:
    with pytest.raises(InputError, match="expected wc, ic or lt, got 'sir'"):
        cascade_graph(friends, model="sir")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="give p with model 'ic' only"):
        cascade_graph(friends, model="wc", p=0.2)


def test_graph_without_ties(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no ties between users, so nobody can influence anybody"):
        Influence(make(tmp_path / "none", [])).maximise(3)
    with pytest.raises(InputError, match="ties to oneself"):
        Influence(make(tmp_path / "self", [("a", "a")])).maximise(3)


def test_disconnected_graph_gives_k_seeds(friends: Snapshot) -> None:
    assert sorted(Influence(friends).maximise(6).ids) == list("abcdef")  # e and f have no tie
    with pytest.raises(InputError, match="from 1 to 6"):
        Influence(friends).maximise(7)
