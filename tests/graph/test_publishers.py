"""Several publishers and readers at once: one publishes, nobody sees two runs."""

import threading
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from two_runs import LEFT, MAPPING, QUICK, Small, make_graph, profiles, put, runs_in

from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.errors import NotFoundError, PublishError
from sociogram.graph.publish import publish, unpublish
from sociogram.graph.publish_lock import LOCK_LABEL, Held, flip_state, only_publisher
from sociogram.graph.publish_runs import live_run, published_runs
from sociogram.graph.published_tags import tag_lists
from sociogram.graph.store import Store
from sociogram.queries.ask import Asker
from sociogram.queries.similar.find import SimilarUsers
from sociogram.queries.similar.memory import HeldRun

USERS = 600
TURNS = 60  # at most


@pytest.fixture(scope="module")
def graph(store: Store) -> Store:
    make_graph(store, USERS)
    return store


def test_one_publishes_while_the_other_waits(graph: Store) -> None:
    def publisher(run: str) -> None:
        try:
            put(graph, run, USERS)
        except BaseException as error:
            failed.append(error)

    failed: list[BaseException] = []
    threads = [threading.Thread(target=publisher, args=(run,)) for run in ("r1", "r2", "r3")]
    for thread in threads:  # the first publish ever: constraint, lock and index are made by three at once
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    live = live_run(graph)
    assert runs_in(graph, USERS, "r1", "r2", "r3") == [live]
    assert sorted(run.state for run in published_runs(graph)) == ["live", "superseded", "superseded"]
    assert graph.read(LEFT)[0]["n"] == 0


def test_who_does_not_wait_is_told_who_publishes(graph: Store) -> None:
    live = live_run(graph)
    with only_publisher(graph, "r8", wait=0, times=QUICK):
        time.sleep(1.2 * QUICK.stale)  # signs of life keep the lock
        with pytest.raises(
            PublishError, match=r"r8 has been published by another since \d\d:\d\d:\d\d UTC .*r9 was not published"
        ):
            put(graph, "r9", USERS, wait=0.1)
        with pytest.raises(PublishError, match="r8 has been published by another"):
            unpublish(graph, wait=0.1)
    assert live_run(graph) == live


def test_a_dead_publisher_is_replaced_and_stays_dead(graph: Store) -> None:
    put(graph, "r1", USERS)
    asleep = Held(graph, "r2", QUICK)  # took the lock, and gives no sign of life
    assert asleep.take()
    started = time.monotonic()
    put(graph, "r3", USERS)
    assert time.monotonic() - started > QUICK.stale / 2
    with pytest.raises(PublishError, match=r"r2 was not made live.*took over"):
        graph.transaction(asleep.may_flip)
    rows = f"{asleep.staging}UNWIND $rows AS row MATCH (n:User {{id: row}}) SET n.keywords = ['late']"
    assert graph.write(rows, rows=[1, 2], token=asleep.token).properties_set == 0
    assert runs_in(graph, USERS, "r1", "r2", "r3") == ["r3"]


def test_a_batch_that_wakes_up_late_stops_the_flip(graph: Store) -> None:
    put(graph, "r1", USERS)

    class Late:
        """Another publisher's batch is committed when ours are staged."""

        def stage(self, *_: Any) -> Any:
            return nullcontext(self)

        def advance(self, amount: float = 1, note: str | None = None) -> None:
            graph.write("MATCH (n:User {id: 5}) SET n.next_profileRun = 'r7'")

        def say(self, *_: Any) -> None:
            """Nothing."""

    with pytest.raises(PublishError, match="r2 was not made live"):
        put(graph, "r2", USERS, progress=Late())
    assert runs_in(graph, USERS, "r1", "r2") == ["r1"]
    put(graph, "r2", USERS)
    assert runs_in(graph, USERS, "r1", "r2") == ["r2"]
    assert graph.read(LEFT)[0]["n"] == 0


def test_a_late_batch_of_another_between_parts_stops_the_flip(graph: Store) -> None:
    put(graph, "r1", USERS)

    class Late:
        """Another publisher's batch is committed after the first part."""

        going_live = False

        def stage(self, name: str, *_: Any) -> Any:
            """The flip's parts are a stage of their own."""
            self.going_live = name == "going live"
            return nullcontext(self)

        def advance(self, amount: float = 1, note: str | None = None) -> None:
            """On a node whose part comes later."""
            if self.going_live:
                graph.write("MATCH (n:User {id: $last}) SET n.next_profileRun = 'r7'", last=USERS - 1)
                self.going_live = False

        def say(self, *_: Any) -> None:
            """Nothing."""

    with pytest.raises(PublishError, match="r2 was not made live"):
        put(Small(graph._driver), "r2", USERS, progress=Late())
    assert runs_in(graph, USERS, "r1", "r2") == ["r1", "r2"]  # nobody lost a profile
    put(graph, "r2", USERS)
    assert runs_in(graph, USERS, "r1", "r2") == ["r2"]
    assert graph.read(LEFT)[0]["n"] == 0


def test_a_flip_that_was_committed_is_not_done_twice(graph: Store) -> None:
    put(graph, "r1", USERS)
    with only_publisher(graph, "r2", wait=0, times=QUICK) as held:
        assert graph.transaction(held.may_flip)
        assert not graph.transaction(held.may_flip)


def test_newcomers_keep_nothing_of_the_run_that_is_rolled_back(graph: Store) -> None:
    put(graph, "r1", USERS)
    graph.write("UNWIND range($n, $n + 2) AS i CREATE (:User {id: i, name: 'new ' + i})", n=USERS)
    put(graph, "r2", USERS + 3)
    put(graph, "r1", USERS)
    runs = graph.read("MATCH (u:User) RETURN u.profileRun AS run, count(*) AS n ORDER BY run")
    assert [(row["run"], row["n"]) for row in runs] == [("r1", USERS), (None, 3)]
    assert graph.read("MATCH (u:User) WHERE u.id >= $n RETURN max(size(keys(u))) AS n", n=USERS)[0]["n"] == 2
    graph.write("MATCH (u:User) WHERE u.id >= $n DETACH DELETE u", n=USERS)


def test_what_an_earlier_run_wrote_under_other_names_goes(graph: Store) -> None:
    from dataclasses import replace

    other = replace(MAPPING, write=replace(MAPPING.write, prefix="sg_", interested_in="LIKES_TOO"))
    publish(graph, other, "r1", profiles("r1", USERS), config={}, metrics={})
    put(graph, "r2", USERS)
    assert graph.read("MATCH (n) WHERE any(key IN keys(n) WHERE key STARTS WITH 'sg_') RETURN n LIMIT 1") == []
    assert graph.read("MATCH ()-[r:LIKES_TOO]->() RETURN r LIMIT 1") == []


def test_readers_never_see_two_runs(graph: Store) -> None:
    """Four readers ask in a loop while runs go live; each answer must be that of one run to the last digit."""
    runs = ("r1", "r2")
    made = {run: profiles(run, USERS) for run in runs}
    nearest = {run: _nearest(made[run].embeddings["User"]) for run in runs}
    put(graph, "r1", USERS)
    done = threading.Event()
    seen: Counter[tuple[str, str]] = Counter()
    failed: list[BaseException] = []

    def reader(seed: int) -> None:
        ask, similar, rng = Asker(graph, MAPPING), SimilarUsers(graph, MAPPING), np.random.default_rng(seed)
        while not done.is_set():
            user = int(rng.integers(USERS))
            try:
                if seed % 2:  # every other one has the live run in memory
                    _hold(graph, similar, made)
                for question, run in _answers(ask, similar, user, made, nearest):
                    seen[question, run] += 1
            except BaseException as error:
                failed.append(error)
                return

    threads = [threading.Thread(target=reader, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()

    def enough() -> bool:
        return all(
            seen[question, run] >= 10 for question in ("profile", "tags", "similar", "recommend") for run in runs
        )

    for turn in range(1, TURNS):  # every other one in several transactions
        if failed or (turn > 8 and enough()):
            break
        put(Small(graph._driver) if turn // 2 % 2 else graph, runs[turn % 2], USERS)
    done.set()
    for thread in threads:
        thread.join()
    assert not failed
    assert enough(), seen


def _hold(graph: Store, similar: SimilarUsers, made: dict[str, Any]) -> None:
    state, run = flip_state(graph), live_run(graph)
    if run is None or state.flipping or state.halfway or flip_state(graph) != state:
        return
    topic = made[run].tags["topic"].to_numpy().reshape(USERS, -1).tolist()
    tags = tag_lists([made[run].names["Topic"][t] for t in row] for row in topic)
    similar.hold(HeldRun(run, made[run].keys["User"], made[run].embeddings["User"], tags, state.flips))


def _nearest(x: Any) -> Any:
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosine = x @ x.T
    np.fill_diagonal(cosine, -2)
    return np.argsort(-cosine, axis=1)[:, :5]


def _answers(
    ask: Asker, similar: SimilarUsers, user: int, made: dict[str, Any], nearest: dict[str, Any]
) -> list[tuple[str, str]]:
    """The run that each answer is of; AssertionError where it is of none."""
    found = []
    profile = ask.profile(user)
    own = made[profile.run]
    assert np.allclose(profile.embedding, own.embeddings["User"][user]), "the embedding is of another run"
    assert profile.keywords == own.keywords[user]
    expected = {run: _tags(p, user) for run, p in made.items()}
    assert [(t.id, t.probability) for t in profile.tags] == expected[profile.run]
    found.append(("profile", profile.run))
    tags = [(t.id, t.probability) for t in ask.tags(user)]
    found.append(("tags", next((run for run, known in expected.items() if known == tags), f"mixed {tags}")))
    rows = [(r.id, r.shared_tags) for r in similar.find(user, 5)]
    alike = {run: [(n, _shared(p, n, user)) for n in nearest[run][user].tolist()] for run, p in made.items()}
    found.append(("similar", next((run for run, known in alike.items() if known == rows), f"mixed {rows}")))
    best = {run: p.recommendations["item"][4 * user : 4 * user + 4].tolist() for run, p in made.items()}
    items = [r.id for r in ask.recommend(user, 4)]
    found.append(("recommend", next((run for run, known in best.items() if known == items), f"mixed {items}")))
    return found


def _shared(made: Any, other: int, user: int) -> list[str]:
    own = {topic for topic, _ in _tags(made, user)}
    return [f"topic {topic}" for topic, _ in _tags(made, other) if topic in own][:3]


def _tags(made: Any, user: int) -> list[tuple[int, float]]:
    part = made.tags[5 * user : 5 * user + 5]
    return [(t, round(float(p), 4)) for t, p in zip(part["topic"].tolist(), part["probability"].tolist(), strict=True)]


def test_runs_that_are_gone(graph: Store, tmp_path: Path) -> None:
    engine = Engine(graph, mapping=MAPPING, home=Home(tmp_path))
    unpublish(graph)
    with pytest.raises(PublishError, match=r"no earlier published run to go back to.*sociogram runs"):
        engine.rollback()
    with pytest.raises(NotFoundError, match="there is no run 'r9'"):
        engine.publish("r9")
    put(graph, "r1", USERS)
    put(graph, "r2", USERS)
    with pytest.raises(PublishError, match="run r1 was published from another machine, or its folder is gone"):
        engine.rollback()
    assert live_run(graph) == "r2"


def test_unpublish_removes_the_lock_as_well(graph: Store) -> None:
    put(graph, "r1", USERS)
    assert graph.read(f"MATCH (n:{LOCK_LABEL}) RETURN count(n) AS n")[0]["n"] == 2
    unpublish(graph)
    assert graph.read(f"MATCH (n:{LOCK_LABEL}) RETURN n") == []
    assert graph.read("SHOW CONSTRAINTS YIELD name WHERE name CONTAINS 'lock' RETURN name") == []
