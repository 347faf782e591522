"""Segments of planted communities: found, held to their floor, numbered as before, measured; and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score
from unit.queries.segments.planted import planted, profiles_of, snapshot_of

from sociogram.errors import InputError
from sociogram.queries.segments.cluster import choose_k, directions
from sociogram.queries.segments.people import People
from sociogram.queries.segments.segments import Segmentation, load_past, put, save, segment
from sociogram.queries.segments.settings import SegmentSettings

LEIDEN = SegmentSettings("leiden")


def again(folder: Path, people: People, found: Segmentation) -> People:
    """The same people in a new run, after what was found has been written to a folder and read again."""
    put(people.profiles, found)
    assert people.profiles.users is not None
    people.profiles.users = people.profiles.users.assign(
        influence=0.5, reach=1.0, community=pd.array([1] * len(people), "Int64"), bridging=0.0
    )
    folder.mkdir(exist_ok=True)
    people.profiles.save(folder)
    save(folder, found, 9)
    return people


@pytest.mark.parametrize("settings", [SegmentSettings(), LEIDEN, SegmentSettings(k=4)])
def test_planted_groups_are_found_and_steady(tmp_path: Path, settings: SegmentSettings) -> None:
    people, group = planted(tmp_path / "s")
    found = segment(people, settings)
    assert adjusted_rand_score(group, found.ids) > 0.9
    assert [s.id for s in found.segments] == list(range(1, len(found.segments) + 1))
    assert sum(s.users for s in found.segments) == len(people)
    assert found.stability is not None
    assert found.stability.seeds.mean > 0.9
    assert found.stability.resamples.mean > 0.8
    first = found.segments[int(found.ids[0]) - 1]
    assert first.words[0].word == "climbing"
    assert first.name.startswith("climbing")
    assert first.words[0].lift > 2
    assert segment(people, settings).to_dict() == found.to_dict()
    json.dumps(found.to_dict())


def test_the_number_of_segments_is_found(tmp_path: Path) -> None:
    for groups in (3, 5):
        people, _ = planted(tmp_path / str(groups), groups)
        assert choose_k(directions(people.vectors), 10)[0] == groups


@pytest.mark.parametrize("settings", [SegmentSettings(), LEIDEN])
def test_ids_and_names_stay_over_runs(tmp_path: Path, settings: SegmentSettings) -> None:
    people, _ = planted(tmp_path / "s")
    before = segment(people, settings)
    again(tmp_path / "run", people, before)
    past = load_past(tmp_path / "run", people.profiles)
    assert past is not None
    assert past.communities.next_id == 9
    later, _ = planted(tmp_path / "t", seed=5)  # other ties and vectors of the same groups
    after = segment(later, replace(settings, seed=7), past=past)
    assert (after.ids == before.ids).mean() > 0.95
    assert after.names == before.names
    assert after.next_id == before.next_id


def test_a_segment_that_is_new_gets_a_number_never_used_before(tmp_path: Path) -> None:
    people, group = planted(tmp_path / "s")
    four = segment(people, SegmentSettings(k=4))
    again(tmp_path / "run", people, four)
    past = load_past(tmp_path / "run", people.profiles)
    assert past is not None
    last = np.flatnonzero(group == 3)
    group[last] = 3 + np.arange(len(last)) % 4  # the last group falls into four
    parted = People(profiles_of(people.snapshot, group), people.snapshot)
    found = segment(parted, SegmentSettings(k=7), past=past)
    assert len({s.id for s in found.segments} & {s.id for s in four.segments}) == 3
    assert {s.id for s in found.segments} - {s.id for s in four.segments} == {5, 6, 7, 8}
    assert found.next_id == 9
    assert len({s.name for s in found.segments}) == 7


def test_another_method_is_another_segmentation(tmp_path: Path) -> None:
    people, _ = planted(tmp_path / "s")
    again(tmp_path / "run", people, segment(people, SegmentSettings(k=4)))
    past = load_past(tmp_path / "run", people.profiles)
    ties = segment(people, LEIDEN, past=past)
    assert min(s.id for s in ties.segments) == 5


def test_small_segments_join_the_nearest(tmp_path: Path) -> None:
    group = np.repeat([0, 1, 2, 3], [60, 50, 40, 6])
    for name, ties in (("none", []), ("some", [(a, a + 1) for a in range(155)])):
        people = People(
            profiles_of(snapshot_of(tmp_path / name, 156, ties), group),
            snapshot_of(tmp_path / (name + 2 * "s"), 156, ties),
        )
        found = segment(people, SegmentSettings(k=4, floor=10))
        assert [s.users for s in found.segments][-1] >= 40
        assert len(found.segments) == 3
        assert "1 segment below 10 users joined the nearest" in found.notes
        assert [s.users for s in segment(people, SegmentSettings(k=4, floor=5)).segments][-1] == 6


def test_a_small_community_joins_the_one_it_is_tied_to_and_a_lonely_one_is_other(tmp_path: Path) -> None:
    def clique(start: int, size: int) -> list[tuple[int, int]]:
        return [(start + a, start + b) for a in range(size) for b in range(a)]

    ties = [
        *clique(0, 15),
        *clique(15, 14),
        *clique(29, 4),
        (0, 29),
        *clique(33, 3),
    ]  # disconnected: 33 to 35; 36, 37 alone
    snapshot = snapshot_of(tmp_path / "s", 38, ties)
    found = segment(People(profiles_of(snapshot, np.zeros(38, int)), snapshot), SegmentSettings("leiden", floor=10))
    assert [(s.id, s.users) for s in found.segments] == [(1, 19), (2, 14), (0, 5)]
    assert found.segments[-1].name == "other"
    assert set(found.ids[[0, 29, 32]].tolist()) == {1}
    assert found.ids[33:].tolist() == [0] * 5
    assert any("5 users have no tie" in note for note in found.notes)


def test_lift_is_far_above_random_segments_where_groups_are_real(tmp_path: Path) -> None:
    people, _ = planted(tmp_path / "s", held_out=True)
    for settings in (SegmentSettings(), LEIDEN):
        lift = segment(people, settings).lift
        assert lift is not None
        assert lift.low > 1.5 > lift.random_high
        assert lift.random == pytest.approx(1, abs=0.05)
        assert lift.gain_low > 0
    by_city = segment(people, SegmentSettings("rule", rules={"Vienna": "city = Wien", "Graz": "city = Graz"})).lift
    assert by_city is not None
    assert by_city.gain_low < 0 < by_city.gain_high  # towns have nothing to do with it
    by_tag = segment(people, SegmentSettings("rule", rules={"climbers": "tag climbing"}))
    assert by_tag.lift is None
    assert "lift was not measured: the rules read what the run has learned from all behaviour" in by_tag.notes


def test_behaviours_are_cut_where_the_run_held_nothing_out(tmp_path: Path) -> None:
    people, _ = planted(tmp_path / "s")
    lift = segment(people, LEIDEN).lift
    assert lift is not None
    assert lift.gain_low > 0.5
    assert segment(people, SegmentSettings()).lift is None


def test_rules_in_order_the_rest_other_small_ones_too(tmp_path: Path) -> None:
    people, _ = planted(tmp_path / "s")
    rules = {"climbers": "tag climbing >= .6", "of Vienna": "city = Wien", "nobody": "age > 200"}
    found = segment(people, SegmentSettings("rule", rules=rules, floor=3))
    shown = set(people.profiles.tags[(people.profiles.tags["topic"] == 0) & people.profiles.tags["shown"]]["user"])
    names = found.to_pandas()["name"].tolist()
    for user, name in enumerate(names):
        assert name == ("climbers" if user in shown else "of Vienna" if user % 2 == 0 else "other")
    assert found.stability is None
    assert any("'nobody' holds for 0 users" in note for note in found.notes)
    again(tmp_path / "run", people, found)
    past = load_past(tmp_path / "run", people.profiles)
    turned = segment(people, SegmentSettings("rule", rules=dict(reversed(rules.items())), floor=3), past=past)
    assert {s.name: s.id for s in turned.segments} == {s.name: s.id for s in found.segments}


def test_one_segment_where_there_are_too_few_users(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path / "s", 12, [])
    found = segment(People(profiles_of(snapshot, np.zeros(12, int)), snapshot))
    assert [(s.id, s.users) for s in found.segments] == [(1, 12)]
    assert "too few" in found.notes[0]


def test_users_gone_from_the_graph_keep_a_segment_and_new_ones_are_left_out(tmp_path: Path) -> None:
    people, _ = planted(tmp_path / "s")
    ties = people.ties
    assert ties is not None
    pairs = [(a, b) for a, b in zip(*ties.nonzero(), strict=True) if a < b < 150]
    smaller = snapshot_of(tmp_path / "t", 150, pairs)  # the last ten are gone
    found = segment(People(people.profiles, smaller), LEIDEN)
    assert len(found.ids) == 160
    gone = [people.profiles.keys["User"].index(f"u{i:03}") for i in range(150, 160)]
    assert found.ids[gone].tolist() == [0] * 10
    larger = snapshot_of(tmp_path / "u", 170, [])
    assert len(segment(People(people.profiles, larger), SegmentSettings(k=4)).ids) == 160


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "louvain"}, "method: expected one of embedding, leiden, rule; got 'louvain'"),
        ({"k": 0}, "k: expected at least 1 segment, got 0"),
        ({"k": -2}, "got -2"),
        ({"k": 17}, "17 segments of at least 10 users need 170, and there are 160 users"),
        ({"floor": 0}, "floor: expected at least 1 user, got 0"),
        ({"floor": 161}, "at least 161 users in a segment, but there are only 160"),
        ({"method": "leiden", "k": 3}, "k belongs to method 'embedding'; leiden finds the number itself"),
        ({"method": "leiden", "resolution": 0.0}, "resolution: expected a number above 0"),
        ({"resolution": 2.0}, "resolution belongs to method 'leiden'"),
        ({"method": "rule"}, "needs rules"),
        ({"rules": {"a": "tag jazz"}}, "rules belong to method 'rule'"),
        ({"method": "rule", "rules": {"a": "tag jazzz"}}, "rule 'a': there is no topic 'jazzz'. Near it: jazz"),
        ({"method": "rule", "rules": {"a": "town = Wien"}}, "there is no property 'town'"),
    ],
)
def test_wrong_settings_are_told_in_one_line(tmp_path: Path, settings: dict[str, object], message: str) -> None:
    people, _ = planted(tmp_path / "s")
    with pytest.raises(InputError, match="[^\n]*") as told:
        segment(people, SegmentSettings(**settings))  # type: ignore[arg-type]
    assert message in str(told.value)
    assert "\n" not in str(told.value)


def test_leiden_without_ties_is_refused(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path / "s", 20, [])
    with pytest.raises(InputError, match="the graph has none between users"):
        segment(People(profiles_of(snapshot, np.zeros(20, int)), snapshot), LEIDEN)
