"""Are reasons true, how fast are they, and are they better than what a query can say?

    python -m benchmarks.bench_reasons [--seeds 11 12 13] [--users 1500] [--without-lastfm]

The evidence of every tag that the model says (three pieces at most), beside as many random units of the same user, random units of the
same kinds, and what the graph alone says in `evidence_for_tag` (items about the topic, then friends who have it). Two tests: on demo communities, the
share of pieces that were planted as causes, over the tags that were planted; and deletion, by how much the claim's score falls on the
trained model without the pieces. How many times as much by evidence as by chance: 95 % by bootstrap over users, communities together.
Times: all tags of all users, and one question, through Neo4j.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks import SkippedError, data, machine, save, show
from benchmarks.from_source import snapshot
from sociogram.config import Home
from sociogram.encoders.load import load_encoder
from sociogram.engine import Engine
from sociogram.evaluation.reasons import Planted, deletion, fall, random_units, times
from sociogram.gnn.config import FitConfig
from sociogram.gnn.evidence import Evidence, Units, find_evidence, predicted_pairs
from sociogram.gnn.fit import Fitted, profiles_of, train_all
from sociogram.gnn.tag_table import tag_table
from sociogram.graph.publish import publish
from sociogram.graph.server import ManagedServer
from sociogram.graph.store import Store
from sociogram.loaders import lastfm
from sociogram.loaders.demo import demo

SEEDS = [11, 12, 13]  # no tuning has seen them
PIECES = 3
DRAWS = 3  # of random evidence
ASKED = 200  # questions that are timed


def main(arguments: list[str] | None = None) -> None:
    """Run, print, write results/reasons.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--users", type=int, default=1500)
    parser.add_argument("--without-lastfm", action="store_true")
    options = parser.parse_args(arguments or [])
    result: dict[str, Any] = {"machine": machine(), "seeds": options.seeds, "users": options.users}
    runs = [of_demo(seed, options.users) for seed in options.seeds]
    result["demo"] = [figures for figures, _ in runs]
    result["rows"] = [averaged("demo", result["demo"])]
    result["times"] = compared("demo", [claims for _, claims in runs])
    if not options.without_lastfm:
        try:
            result["lastfm"], claims = of_lastfm(data("lastfm-2k"))
            result["rows"].append(averaged("Last.fm", [result["lastfm"]]))
            result["times"] += compared("Last.fm", [claims])
        except SkippedError as why:
            print(f"Last.fm: skipped: {why}")
    show("Reasons: planted causes found, and the fall of the score when they are taken away", result["rows"])
    show("How many times as much by evidence, 95 %", result["times"])
    save("reasons", result)


def compared(name: str, runs: list[pd.DataFrame]) -> list[dict[str, Any]]:
    """How many times as much by evidence as by each other way, over the claims of all communities (by as many pieces as the rule names)."""
    claims = pd.concat(runs, keys=range(len(runs)), names=["run", "claim"]).reset_index("run")
    users = claims["run"] * (claims["user"].max() + 1) + claims["user"]
    rows = []
    for measure in ("fall", "planted"):
        for other in (c for c in claims.columns if c.startswith(f"{measure}, ")):
            mine = "fall there" if other == "fall, rule" else measure
            found = times(claims[mine], claims[other], users)
            rows.append(
                {"graph": name, "evidence beside": other, "claims": int(claims[other].notna().sum())} | vars(found)
            )
    return rows


def averaged(name: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over communities of all figures."""
    keys = [key for key, value in runs[0].items() if isinstance(value, int | float)]
    return {"graph": name} | {key: float(np.mean([run[key] for run in runs])) for key in keys}


def of_demo(seed: int, users: int) -> tuple[dict[str, Any], pd.DataFrame]:
    """One community, learned without a database: figures, and what each claim has."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        source = demo(users=users, seed=seed, truth=folder / "truth.parquet")
        made = train_all(
            snapshot(source, folder / "s"), load_encoder(), FitConfig(mode="frozen", seed=seed), folder / "run"
        )
    evidence, units, found, seconds = all_evidence(made)
    claims = judged(made, evidence, units, found)
    c = made.context
    planted = Planted(source, c.snapshot, c.features.texts.distinct)
    true = found[planted.interests[found["user"], c.split.targets[found["target"]]]]

    def rate(pieces: pd.DataFrame) -> "pd.Series[float]":
        topic = c.split.targets[pieces["target"].to_numpy(np.int64)]
        right = planted.of(pieces["label"].to_numpy(object), pieces["node"].to_numpy(np.int64), topic)
        return pieces[["user", "target"]].assign(right=right).groupby(["user", "target"])["right"].mean()

    claims["planted"] = rate(true)
    for name, sets in others(made, units, true).items():
        claims[f"planted, {name}"] = pd.concat([rate(p) for p in sets], axis=1).mean(axis=1)
    figures = means(claims) | {"planted claims": int(claims["planted"].notna().sum())} | seconds
    return figures, claims.reset_index()


def all_evidence(made: Fitted) -> tuple[Evidence, Units, pd.DataFrame, dict[str, float]]:
    """Evidence of every tag that the model says, and what it took."""
    started = time.perf_counter()
    profiles, _ = profiles_of(made)
    whole = time.perf_counter() - started
    started = time.perf_counter()
    evidence = Evidence(made.context, made.phase, made.choice, made.model)
    ready = time.perf_counter() - started
    pairs = predicted_pairs(made.context, profiles.tags)
    found = find_evidence(evidence, pairs, PIECES)
    seconds = time.perf_counter() - started
    units = evidence.units(np.unique(found["user"]))
    spent = []
    for user in np.random.default_rng(0).choice(np.unique(pairs["user"]), ASKED):
        start = time.perf_counter()
        find_evidence(evidence, pairs[pairs["user"] == user], PIECES)
        spent.append(1000 * (time.perf_counter() - start))
    figures = {
        "tags": len(pairs),
        "units": len(units.users),
        "profiles s": whole,
        "fitted parts s": ready,
        "evidence s": seconds,
    }
    return evidence, units, found, figures | {f"model ms p{q}": float(np.percentile(spent, q)) for q in (50, 95)}


def judged(made: Fitted, evidence: Evidence, units: Units, found: pd.DataFrame) -> pd.DataFrame:
    """The fall of each claim's score by evidence, by chance and by the graph's own rule; indexed by user and target.

    The rule names fewer pieces for some claims and none for others: `fall there` is that by as many pieces of evidence.
    """
    drops = deletion(evidence, units, found, DRAWS)
    alike = deletion(evidence, units, found, DRAWS, alike=True)
    rule = by_rule(made, found)
    at = pd.MultiIndex.from_frame(found[["user", "target"]].drop_duplicates())
    columns = {"fall": drops.evidence, "fall, random": drops.random, "fall, same kinds": alike.random}
    claims = pd.DataFrame(columns, index=at)
    claims["fall, rule"] = fall(evidence, rule)
    claims["fall there"] = fall(evidence, cut_to(found, rule))
    return claims


def means(claims: pd.DataFrame) -> dict[str, float]:
    """Over the claims that have each."""
    return {name: float(claims[name].mean()) for name in claims} | {
        "rule names": float(claims["fall, rule"].notna().mean())
    }


def others(made: Fitted, units: Units, found: pd.DataFrame) -> dict[str, list[pd.DataFrame]]:
    """What evidence is compared with."""
    return {
        "random": [random_units(units, found, seed) for seed in range(DRAWS)],
        "same kinds": [random_units(units, found, seed, alike=True) for seed in range(DRAWS)],
        "rule": [by_rule(made, found)],
    }


def cut_to(found: pd.DataFrame, rule: pd.DataFrame) -> pd.DataFrame:
    """Of the claims that the rule names pieces for, as many pieces as it names."""
    size = rule.groupby(["user", "target"]).size().rename("size").reset_index()
    both = found.merge(size, on=["user", "target"])
    return both[both["place"] < both["size"]]


def by_rule(made: Fitted, found: pd.DataFrame) -> pd.DataFrame:
    """What the graph alone says, as many pieces a claim: items about the topic by weight, then friends who have it, by closeness."""
    c, s = made.context, made.context.snapshot
    about, tags = sparse.csc_array(made.phase.view.item_topics), tag_table(c, made.phase, made.choice, made.raw)
    shown = tags[tags["shown"]]
    topics = shown["topic"].to_numpy(np.int64)
    likes = sparse.csc_array((shown["probability"], (shown["user"], topics)), shape=made.phase.view.tags.shape)
    (ties,) = (e.matrix() for e in s.edges_with_role("tie"))
    friends = sparse.csr_array(ties.maximum(ties.T))
    acts = sparse.csr_array(sum(e.matrix(weighted=False) for e in s.edges_with_role("behaviour")))
    weight_of = {
        column: (about[:, [column]].toarray()[:, 0], likes[:, [column]].toarray()[:, 0])
        for column in set(c.split.targets.tolist())
    }
    rows = []
    for (user, target), claim in found.groupby(["user", "target"], sort=False):
        of_items, of_friends = weight_of[int(c.split.targets[target])]
        named = _best(acts, of_items, user, "Item") + _best(friends, of_friends, user, s.users.label)
        rows += [(user, target, k, label, node) for k, (label, node) in enumerate(named[: len(claim)])]
    return pd.DataFrame(rows, columns=["user", "target", "place", "label", "node"])


def _best(matrix: sparse.csr_array, weight: np.ndarray, user: int, label: str) -> list[tuple[str, int]]:
    part = slice(matrix.indptr[user], matrix.indptr[user + 1])
    near, value = matrix.indices[part], matrix.data[part] * weight[matrix.indices[part]]
    order = np.argsort(-value, kind="stable")
    return [(label, int(near[i])) for i in order if value[i] > 0][:PIECES]


def of_lastfm(folder: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    """Learned, published to a Neo4j of its own, and asked there: figures, and what each claim has."""
    with tempfile.TemporaryDirectory() as place:
        home = Home(Path(place))
        shared = Home.default().jars
        shared.mkdir(parents=True, exist_ok=True)
        home.jars.symlink_to(shared)
        server = ManagedServer(home)
        try:
            address = server.start()
            with Store.connect(address.uri, user=address.user, password=address.password) as store:
                engine = Engine(store, home=home)
                engine.load(lastfm(folder))
                config = FitConfig(mode="frozen", min_topic_users=30)
                s = engine.snapshot(Path(place) / "s")
                made = train_all(s, load_encoder(), config, Path(place) / "run")
                evidence, units, found, seconds = all_evidence(made)
                claims = judged(made, evidence, units, found)
                figures = means(claims) | seconds
                profiles, _ = profiles_of(made)
                for name, table in (("publish s", profiles), ("publish without s", _bare(profiles))):
                    start = time.perf_counter()
                    publish(store, engine.mapping, name.replace(" ", "-"), table, config={}, metrics={})
                    figures[name] = time.perf_counter() - start
                publish(store, engine.mapping, "again", profiles, config={}, metrics={})
                return figures | asked(engine, profiles), claims.reset_index()
        finally:
            server.stop()


def _bare(profiles: Any) -> Any:
    from dataclasses import replace

    return replace(profiles, evidence=None)


def asked(engine: Engine, profiles: Any) -> dict[str, float]:
    """p50 and p95 in ms of a question of each kind, asked of Neo4j by as many users."""
    tags = profiles.tags[profiles.tags["shown"] & ~profiles.tags["observed"]].sample(ASKED, random_state=0)
    keys, names = profiles.keys["User"], profiles.names["Topic"]
    users = [(keys[u], names[t]) for u, t in zip(tags["user"], tags["topic"], strict=True)]
    alike = {user: engine.similar(user, 1)[0].id for user, _ in users}
    items = {user: engine.recommend(user, 1)[0].id for user, _ in users if len(engine.recommend(user, 1))}
    ways: dict[str, Callable[[Any, str], Any]] = {
        "tag": lambda user, topic: engine.explain(user, tag=topic),
        "similar": lambda user, topic: engine.explain(user, similar=alike[user]),
        "item": lambda user, topic: user in items and engine.explain(user, item=items[user]),
    }
    figures = {}
    for name, way in ways.items():
        way(*users[0])
        spent = []
        for user, topic in users:
            start = time.perf_counter()
            way(user, topic)
            spent.append(1000 * (time.perf_counter() - start))
        figures |= {f"{name} ms p{q}": float(np.percentile(spent, q)) for q in (50, 95)}
    return figures


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
