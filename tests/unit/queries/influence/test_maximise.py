"""Seeds and certificate against enumeration on tiny graphs."""

import numpy as np
import pytest
from unit.queries.influence.helpers import best, exact, tiny

from sociogram.errors import InputError, NotFoundError
from sociogram.queries.influence.cascades import CascadeGraph
from sociogram.queries.influence.maximise import maximise
from sociogram.queries.influence.simulate import simulate

CASES = [("ic", False), ("ic", True), ("wc", True), ("lt", False), ("lt", True)]


@pytest.mark.parametrize(("model", "even"), CASES)
@pytest.mark.parametrize("k", [1, 2, 3])
def test_certificate_holds_and_estimate_is_right(model: str, even: bool, k: int) -> None:
    graph = tiny(model, even=even)
    found = maximise(graph, k)
    true, optimum = exact(graph, tuple(found.ids)), best(graph, k)
    assert found.lower <= true <= optimum + 1e-9
    assert optimum <= found.upper + 1e-9
    assert found.spread == pytest.approx(true, abs=0.08)
    assert true >= (1 - 1 / np.e) * optimum
    assert [s.gain for s in found.seeds] == pytest.approx(np.diff([0.0] + [s.spread for s in found.seeds]).tolist())


@pytest.mark.parametrize(("model", "even"), CASES)
def test_simulation_agrees_with_enumeration_at_every_prefix(model: str, even: bool) -> None:
    graph = tiny(model, even=even)
    result = simulate(graph, [5, 0, 2], runs=20_000)
    for point, seeds in zip(result.curve, [(5,), (5, 0), (5, 0, 2)], strict=True):
        half = (point.high - point.low) / 2
        assert point.spread == pytest.approx(exact(graph, seeds), abs=2.2 * half + 1e-9)
    four = next((r.probability for r in result.reached if r.id == 4), 0.0)
    without = exact(graph, (5, 0, 2, 4)) - exact(graph, (5, 0, 2))  # not four's probability, but zero only if it is one
    assert (without < 1e-9) == (four > 1 - 1e-9)


def test_maximise_and_simulate_agree_on_a_larger_graph() -> None:
    rng = np.random.default_rng(0)
    pairs = np.unique(rng.integers(200, size=(900, 2)), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    for model in ("wc", "lt"):
        graph = CascadeGraph.build(pairs[:, 0], pairs[:, 1], ids=list(range(200)), model=model)
        found = maximise(graph, 10)
        run = simulate(graph, found.ids, runs=4000)
        assert run.spread == pytest.approx(found.spread, rel=0.03)
        assert found.lower <= run.interval[1]
        at_random = simulate(graph, rng.choice(200, 10, replace=False).tolist(), runs=1000)
        assert run.spread > at_random.spread
    assert maximise(graph, 10).to_dict() == maximise(graph, 10).to_dict()


def test_any_seed_of_the_random_numbers_will_do() -> None:
    spreads = {simulate(tiny(), [0], runs=50, seed=seed).spread for seed in range(12)}
    assert len(spreads) > 1
    assert simulate(tiny(), [0], runs=50, seed=3) == simulate(tiny(), [0], runs=50, seed=3)
    assert len({maximise(tiny(), 2, seed=seed).spread for seed in range(12)}) > 1


def test_probability_one_reaches_everything_downstream() -> None:
    chain = CascadeGraph.build(np.arange(5), np.arange(1, 6), ids=list("abcdef"), model="ic", p=1.0)
    found = maximise(chain, 1)
    assert found.ids == ["a"]
    assert found.spread == 6
    assert simulate(chain, ["c"], runs=10).interval == (4.0, 4.0)


def test_budget_costs_and_excluded_users() -> None:
    two_stars = np.array([[0, v] for v in range(2, 7)] + [[1, v] for v in range(7, 11)])
    graph = CascadeGraph.build(two_stars[:, 0], two_stars[:, 1], ids=list(range(11)), model="ic", p=1.0)
    assert maximise(graph, 1).ids == [0]
    assert maximise(graph, 1, exclude=[0]).ids == [1]
    cheap = maximise(graph, budget=3, costs={0: 3, 1: 1})
    assert cheap.ids[0] == 1
    assert cheap.cost <= 3
    assert cheap.spread == pytest.approx(7, abs=0.2)  # star one and two leaves, against star zero alone
    assert cheap.lower <= 7 <= cheap.upper
    greedy_trap = maximise(graph, budget=5, costs={0: 5, **dict.fromkeys(range(2, 11), 5), 1: 4.9})
    assert greedy_trap.ids == [0]  # alone it reaches more than what gain per cost would buy
    assert maximise(graph, 2, budget=100).ids == [0, 1]


def test_disconnected_and_edgeless_graphs_give_k_seeds() -> None:
    none = np.empty(0, np.int64)
    alone = CascadeGraph.build(none, none, ids=list(range(6)))
    found = maximise(alone, 4)
    assert len(set(found.ids)) == 4
    assert found.lower <= 4 <= found.upper
    assert simulate(alone, found.ids, runs=5).interval == (4.0, 4.0)
    assert len(set(maximise(tiny("wc", n=9), 9).ids)) == 9


@pytest.mark.parametrize("k", [0, -1, 8])
def test_k_out_of_range(k: int) -> None:
    with pytest.raises(InputError, match=f"k: expected a whole number from 1 to 7 .* got {k}"):
        maximise(tiny(), k)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "how many seeds"),
        ({"k": 1, "costs": {1: 2.0}}, "say which budget"),
        ({"budget": 0}, "above 0, got 0"),
        ({"budget": 0.5}, "buys nobody; the cheapest user costs 1"),
        ({"budget": 3, "costs": {1: -2.0}}, "user 1 costs -2"),
        ({"budget": 3, "costs": {77: 2.0}}, "costs: there is no user '77'"),
        ({"k": 1, "exclude": [99]}, "exclude: there is no user '99'"),
        ({"k": 3, "exclude": [0, 1, 2, 3, 4]}, "from 1 to 2 .*5 are excluded"),
        ({"k": 1, "epsilon": 0.7}, "epsilon"),
        ({"k": 1, "delta": 1.5}, "delta"),
    ],
)
def test_wrong_input_of_maximise_is_told_in_one_line(options: dict[str, object], message: str) -> None:
    with pytest.raises((InputError, NotFoundError), match=message) as caught:
        maximise(tiny(), **options)
    assert "\n" not in str(caught.value)


def test_wrong_input_of_simulate_is_told_in_one_line() -> None:
    with pytest.raises(NotFoundError, match="seeds: there is no user 'u99' and 1 more"):
        simulate(tiny(), [1, "u99", "u98"])
    with pytest.raises(InputError, match="at least one user"):
        simulate(tiny(), [])
    with pytest.raises(InputError, match="at least 2"):
        simulate(tiny(), [1], runs=1)
    assert simulate(tiny(), ["1", 1], runs=5).curve[-1].k == 1  # the same user as text and as number
