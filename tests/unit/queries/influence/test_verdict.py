"""Planted causes are told apart; the counting behind it against plain Python."""

import numpy as np
import pytest

from benchmarks.planted_influence import WORLDS, World, world
from sociogram.errors import InputError
from sociogram.queries.influence.accord import own_accord, places
from sociogram.queries.influence.alike import Homophily, homophily
from sociogram.queries.influence.behaviours import BehaviourLog
from sociogram.queries.influence.cascades import CascadeGraph
from sociogram.queries.influence.matched import Effect, Matched, matched
from sociogram.queries.influence.shuffle import Shuffled, exchange_blocks, exchanged, exposures, fit_alpha
from sociogram.queries.influence.verdict import judge, sentence


def read(made: World) -> tuple[CascadeGraph, BehaviourLog]:
    graph = CascadeGraph.build(made.source, made.target, ids=list(range(made.users)))
    return graph, BehaviourLog.build(made.user, made.item, made.time)


@pytest.mark.parametrize("name", WORLDS)
def test_planted_cause_is_named(name: str) -> None:
    for seed in range(2):
        found = judge(*read(world(name, seed, items=50)), shuffles=199)
        assert found.verdict == name
        assert found.sentence.lower().startswith(name)


def test_circles_without_taste_are_no_homophily() -> None:
    assert judge(*read(world("influence", 3, circles=True)), shuffles=199).verdict == "influence"


def test_sizes_are_split_between_the_causes() -> None:
    alike, moved = (read(world(name, 5)) for name in ("homophily", "influence"))
    of = [matched(g, rows, own_accord(g, rows), places(g)) for g, rows in (alike, moved)]
    assert of[0].raw.low > 0  # both look like influence at first sight
    assert of[1].raw.low > 0
    assert of[0].homophily.low > 0
    assert of[1].homophily.low <= 0 <= of[1].homophily.high
    assert of[1].influence.low > 0
    assert of[0].influence.difference < 0.6 * of[0].raw.difference
    for m in of:
        assert m.raw.difference == pytest.approx(m.influence.difference + m.homophily.difference)


def test_few_items_are_compared_by_resampled_users() -> None:
    graph, rows = read(world("influence", 4, users=300, items=6, passed=0.15))
    found = matched(graph, rows, own_accord(graph, rows), places(graph))
    assert found.influence.low < found.influence.difference < found.influence.high
    assert found.influence.difference > 0


def test_order_without_a_matched_difference_is_not_called_influence() -> None:
    effect = Effect(0.01, -0.01, 0.03)
    compared = Matched(effect, effect, effect, 1.5, 1.4, 3, 0.01)
    told = sentence("neither", Shuffled(1.0, 0.5, 0.002, 499), Homophily(0.0, 0.5, 90), compared)
    assert told.startswith("Neither is shown; who was first seems to matter")


def test_score_of_homophily_is_standard_normal_without_it() -> None:
    z = []
    for seed in range(12):
        graph, rows = read(world("influence", 100 + seed, users=150, items=25, circles=True))
        z.append(homophily(graph, rows, own_accord(graph, rows), places(graph)).z)
    assert abs(np.mean(z)) < 1
    assert 0.4 < np.std(z) < 1.7


def test_own_accord_is_what_no_friend_had_before() -> None:
    graph, rows = read(world("both", 1, users=80, items=12))
    friends = {u: set() for u in range(80)}  # type: dict[int, set[int]]
    for s, t in zip(np.repeat(np.arange(80), np.diff(graph.outgoing.indptr)), graph.outgoing.others, strict=True):
        friends[int(t)].add(int(s))
    when = {(i, u): t for i, u, t in zip(rows.item.tolist(), rows.user.tolist(), rows.time.tolist(), strict=True)}
    plain = [not any(when.get((i, v), t + 1) <= t for v in friends[u]) for (i, u), t in when.items()]
    assert own_accord(graph, rows).tolist() == plain
    assert 0 < sum(plain) < len(plain)


def test_exposures_against_plain_counting() -> None:
    rng = np.random.default_rng(2)
    graph, _ = read(world("both", 0, users=30, items=3))
    made = np.array([(u, i, rng.integers(20)) for i in range(4) for u in range(30) if rng.random() < 0.5])
    rows = BehaviourLog.build(*made.T)
    side = (graph.outgoing.indptr, graph.outgoing.others)
    adopted, waited = exposures(side, rows.starts, rows.user, rows.time.astype(float), 25.0)
    events, time = np.zeros_like(adopted), np.zeros_like(waited)
    sources = np.repeat(np.arange(30), np.diff(graph.outgoing.indptr)).tolist()
    ties = set(zip(sources, graph.outgoing.others.tolist(), strict=True))
    for i in range(4):
        part = slice(rows.starts[i], rows.starts[i + 1])
        when = dict(zip(rows.user[part].tolist(), rows.time[part].tolist(), strict=True))
        begin = min(when.values())
        for u in range(30):
            own = when.get(u, 25)
            before = [t for v, t in when.items() if (v, u) in ties and t < own]
            if u in when:
                events[len(before)] += 1
            for at in range(begin, own):  # the state within (at, at + 1]
                time[sum(t <= at for t in before)] += 1
    assert adopted.tolist() == events.tolist()
    assert waited == pytest.approx(time)


def test_alpha_is_that_of_a_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    adopted, waited = np.array([30.0, 20, 12, 5]), np.array([900.0, 300, 90, 20])
    x = np.log(np.arange(4) + 1.0)[:, None]
    model = LogisticRegression(C=1e9, tol=1e-10).fit(
        np.vstack([x, x]), [1] * 4 + [0] * 4, sample_weight=np.concatenate([adopted, waited])
    )
    assert fit_alpha(adopted, waited) == pytest.approx(model.coef_[0][0], abs=1e-3)
    assert fit_alpha(np.array([5.0, 0]), np.array([9.0, 1])) == 0.0


def test_shuffling_keeps_each_item_and_block() -> None:
    _, rows = read(world("both", 2, users=60, items=6))
    blocks = exchange_blocks(rows)
    mixed = exchanged(rows.starts, rows.user, blocks, np.uint64(7))
    assert (mixed != rows.user).any()
    for part in set(zip(rows.item.tolist(), blocks.tolist(), strict=True)):
        here = (rows.item == part[0]) & (blocks == part[1])
        assert sorted(mixed[here]) == sorted(rows.user[here])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 0}, "level: expected"),
        ({"level": 2.0}, "level: expected"),
        ({"shuffles": 50}, "needs at least 99, got 50"),
    ],
)
def test_wrong_options(options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        judge(*read(world("neither", 0, users=40, items=6)), **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_too_little_data() -> None:
    graph, rows = read(world("neither", 0, users=40, items=6))
    few = BehaviourLog.build(rows.user[:3], np.arange(3), rows.time[:3])  # items of one adopter each
    with pytest.raises(InputError, match="too little to compare"):
        judge(graph, few)
    none = np.empty(0, np.int64)
    with pytest.raises(InputError, match="40 users and 0 ties"):
        judge(CascadeGraph.build(none, none, ids=list(range(40))), rows)
