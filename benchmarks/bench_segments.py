"""Are the segments steady, and do they say anything about behaviour that nobody has seen?

A fifth of all user-item pairs is taken out of the graph before anything is learned (on Last.fm with the tags given to them); then `fit`
(frozen, light encoder) and segments by each method. Lift: how many times as common a hidden behaviour is in the user's own segment as
among all users. Peers: k-means on one iALS, the user's strongest tag, random segments of the same sizes. On the demo also: agreement
with the interest that was planted strongest. Processor seconds on one thread, Last.fm and 100,000 users with a million ties.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from benchmarks import HERE, data, machine, save, show
from benchmarks.from_source import snapshot
from sociogram.config import Home
from sociogram.evaluation.planted import load_truth
from sociogram.gnn.interactions import read_interactions
from sociogram.gnn.priors import fit_ials
from sociogram.graph.snapshot import NO_TIME, Edges, Snapshot
from sociogram.learn import fit_snapshot
from sociogram.loaders import demo, lastfm
from sociogram.queries.influence.cascades import CascadeGraph
from sociogram.queries.influence.scores import reach
from sociogram.queries.segments.cluster import by_embedding, choose_k, directions
from sociogram.queries.segments.measure import Agreement, held_out_lift
from sociogram.queries.segments.network import betweenness, communities
from sociogram.queries.segments.people import People
from sociogram.queries.segments.segments import Segmentation, segment
from sociogram.queries.segments.settings import SegmentSettings
from sociogram.report.layout import strongest_tag
from sociogram.runs import Run

Ints = NDArray[np.int64]
HIDDEN = 0.2
USERS, TIES, WIDTH = 100_000, 1_000_000, 128


def without(whole: Snapshot, folder: Path, seed: int = 0) -> tuple[Snapshot, sparse.csr_array]:
    """The graph less a fifth of its user-item pairs and what was said through them; the hidden pairs beside."""
    rng = np.random.default_rng(seed)
    pairs: Any = acts(whole).tocoo()
    hide = rng.random(pairs.nnz) < HIDDEN
    hidden = sparse.csr_array((np.ones(int(hide.sum())), (pairs.row[hide], pairs.col[hide])), shape=pairs.shape)
    tables = {}
    for e in whole.edges.values():
        keep = np.ones(len(e), np.bool_)
        if e.role == "behaviour":
            keep = ~_hit(hidden, e.sources, e.targets)
        elif e.items is not None:
            through = np.asarray(e.items)
            keep = ~((through >= 0) & _hit(hidden, e.sources, np.maximum(through, 0)))
        tables[e.key] = _rows(whole, e, keep)
    left = Snapshot.create(folder, whole.mapping, {label: n.table for label, n in whole.nodes.items()}, tables)
    return left, hidden


def acts(of: Snapshot) -> sparse.csr_array:
    """Ones [users, items]: any behaviour of any type."""
    total: Any = sum(e.matrix(weighted=False) for e in of.edges_with_role("behaviour") if len(e))
    total.data[:] = 1
    return total


def _hit(matrix: sparse.csr_array, rows: Any, columns: Any) -> NDArray[np.bool_]:
    return np.asarray(matrix[np.asarray(rows), np.asarray(columns)]).ravel() > 0


def _rows(whole: Snapshot, e: Edges, keep: NDArray[np.bool_]) -> pa.Table:
    at = np.flatnonzero(keep)
    source, target = whole.nodes[e.key[0]].keys, whole.nodes[e.key[2]].keys
    columns: dict[str, Any] = {
        "source": [source[i] for i in e.sources[at].tolist()],
        "target": [target[i] for i in e.targets[at].tolist()],
        "weight": np.asarray(e.weight)[at],
        "time": pa.array([None if t == NO_TIME else t for t in np.asarray(e.time)[at].tolist()], pa.int64()),
    }
    if e.items is not None:
        first = whole.with_role("item")[0].keys
        columns["item"] = pa.array([None if i < 0 else first[i] for i in np.asarray(e.items)[at].tolist()])
    if e.features is not None:
        columns |= {name: e.features.column(name).take(at) for name in e.features.column_names}
    return pa.table(columns)


def judged(name: str, whole: Snapshot, folder: Path) -> tuple[list[dict[str, Any]], Run, Snapshot, dict[str, float]]:
    """A row a method: segments, stability, lift on the hidden behaviours; the run that they were made from."""
    left, hidden = without(whole, folder / "left")
    start = time.process_time()
    run = fit_snapshot(left, Home(folder / "home"), encoder="light", mode="frozen")
    fitted = time.process_time() - start
    known = acts(left)
    people = People(run.profiles, left)
    rows = []
    for said, settings in (
        ("embedding, number found", SegmentSettings()),
        ("embedding, k = 16", SegmentSettings(k=16)),
        ("ties, Leiden", SegmentSettings("leiden")),
        ("ties, Leiden, resolution 2", SegmentSettings("leiden", resolution=2.0)),
    ):
        start = time.process_time()
        found = segment(people, settings)
        seconds = time.process_time() - start
        labels = np.where(found.ids > 0, found.ids - 1, -1)
        rows.append(_row(said, labels, known, hidden, found) | {"seconds": seconds})
    k = int(rows[0]["segments"])
    interactions = read_interactions(left)
    assert interactions is not None
    for count in (k, 16):
        x = directions(fit_ials(interactions.x, seeds=range(1)).user)
        rows.append(_row(f"k-means on iALS, k = {count}", by_embedding(x, count, 0), known, hidden))
    tags = pd.factorize(pd.Series([str(t) for t in strongest_tag(run.profiles)]))[0].astype(np.int64)
    rows.append(_row("strongest tag", tags, known, hidden))
    show(f"{name}: {len(left.users):,} users, {hidden.nnz:,} behaviours hidden", rows)
    return rows, run, left, {"fit_s": fitted, "place_s": run.report["segments"]["seconds"]}


def _row(name: str, labels: Ints, known: Any, hidden: Any, found: Segmentation | None = None) -> dict[str, Any]:
    lift = held_out_lift(labels, known, hidden)
    assert lift is not None
    row: dict[str, Any] = {
        "segments by": name,
        "segments": int(labels.max()) + 1,
        "smallest": int(np.bincount(labels[labels >= 0]).min()),
    }
    if found is not None and found.stability is not None:
        row |= {"ARI seeds": found.stability.seeds.mean, "ARI resamples": found.stability.resamples.mean}
    return row | {
        "lift": lift.lift,
        "low": lift.low,
        "high": lift.high,
        "random": lift.random,
        "random high": lift.random_high,
    }


def planted(run: Run, truth: pd.DataFrame) -> list[dict[str, Any]]:
    """Agreement of segments with the interest that was planted strongest, ordinary users only."""
    main = {
        row.user: row.interests[0] for row in truth.itertuples() if row.archetype == "ordinary" and len(row.interests)
    }
    keys = run.profiles.keys["User"]
    at = np.array([i for i, key in enumerate(keys) if key in main])
    wanted = np.array([main[keys[i]] for i in at])
    kinds = len(set(wanted))
    x = directions(run.profiles.embeddings["User"])
    rows = []
    table = run.profiles.users
    assert table is not None
    for name, labels in (
        (f"embedding, k = {kinds}", by_embedding(x, kinds, 0)),
        ("embedding, number found", table["segment"].to_numpy(np.int64)),
        ("community (ties)", table["community"].fillna(0).to_numpy(np.int64)),
        ("strongest tag", pd.factorize(pd.Series([str(t) for t in strongest_tag(run.profiles)]))[0]),
        ("random", np.random.default_rng(0).integers(kinds, size=len(keys))),
    ):
        rows.append(
            {
                "groups by": name,
                "groups": len(np.unique(labels)),
                "ARI": float(adjusted_rand_score(wanted, labels[at])),
                "AMI": float(adjusted_mutual_info_score(wanted, labels[at])),
            }
        )
    show(f"demo: agreement with the strongest planted interest, {len(at):,} users, {kinds} interests", rows)
    return rows


def speed(whole: Snapshot, name: str) -> list[dict[str, Any]]:
    """Seconds of each score, compiled before."""
    from sociogram.queries.influence.cascades import cascade_graph
    from sociogram.queries.segments.network import undirected

    ties = undirected(whole)
    assert ties is not None
    return _timed(name, ties, cascade_graph(whole))


def large() -> list[dict[str, Any]]:
    """100,000 users in 200 planted communities with a heavy-tailed number of ties."""
    rng = np.random.default_rng(0)
    pull = rng.zipf(2.2, USERS).clip(max=2_000)
    group = rng.integers(200, size=USERS)
    order = np.argsort(group, kind="stable")
    source = np.searchsorted(pull.cumsum(), rng.integers(pull.sum(), size=TIES), side="right")
    start, size = np.searchsorted(group[order], np.arange(200)), np.bincount(group, minlength=200)
    inside = order[start[group[source]] + (rng.random(TIES) * size[group[source]]).astype(np.int64)]
    target = np.where(rng.random(TIES) < 0.7, inside, rng.integers(USERS, size=TIES))
    keep = source != target
    both = sparse.csr_array(
        (np.ones(2 * int(keep.sum())), (np.r_[source[keep], target[keep]], np.r_[target[keep], source[keep]])),
        shape=(USERS, USERS),
    )
    both.sum_duplicates()
    both.data[:] = 1
    pairs: Any = both.tocoo()
    graph = CascadeGraph.build(pairs.row.astype(np.int64), pairs.col.astype(np.int64), ids=range(USERS))
    rows = _timed(f"{USERS:,} users, {both.nnz // 2:,} ties", both, graph, group)
    centres = rng.normal(size=(12, WIDTH))
    x = directions(centres[group % 12] + rng.normal(0, 2.0, (USERS, WIDTH)))
    at = time.process_time()
    k, _ = choose_k(x, USERS // 100)
    chosen = time.process_time() - at
    at = time.process_time()
    labels = by_embedding(x, k, 0)
    rows.append(
        {
            "graph": f"{USERS:,} users x {WIDTH}",
            "what": f"k-means, {k} chosen of 12 planted",
            "seconds": time.process_time() - at,
            "note": f"choosing {chosen:.1f} s, ARI {adjusted_rand_score(group % 12, labels):.3f}",
        }
    )
    return rows


def _timed(name: str, ties: sparse.csr_array, graph: CascadeGraph, group: Ints | None = None) -> list[dict[str, Any]]:
    reach(graph, sets=1_000)  # compiles
    rows: list[dict[str, Any]] = []

    def row(what: str, seconds: float, note: str) -> None:
        rows.append({"graph": name, "what": what, "seconds": seconds, "note": note})

    start = time.process_time()
    one, again = reach(graph, seed=0), time.process_time()
    two = reach(graph, seed=1)
    top = [set(np.argsort(-r)[: len(r) // 10].tolist()) for r in (one, two)]
    row("reach", again - start, f"the top tenth of two seeds agree in {len(top[0] & top[1]) / len(top[0]):.3f}")
    start = time.process_time()
    labels = communities(ties)
    seconds = time.process_time() - start
    agreed = Agreement.between(labels, [communities(ties, seed=s) for s in (1, 2)])
    planted = "" if group is None else f", with the planted ones {adjusted_rand_score(group, labels):.3f}"
    row("communities", seconds, f"{labels.max() + 1} found; ARI over seeds {agreed.mean:.3f}{planted}")
    start = time.process_time()
    one, again = betweenness(ties, seed=0), time.process_time()
    two = betweenness(ties, seed=1)
    top = [set(np.argsort(-b)[: len(b) // 10].tolist()) for b in (one, two)]
    row("betweenness", again - start, f"the top tenth of two seeds agree in {len(top[0] & top[1]) / len(top[0]):.3f}")
    return rows


def main(parts: list[str] | None = None) -> None:
    """Print the tables and write results/segments.json; `parts` (lastfm, demo, seconds) measures only these anew."""
    file = HERE / "results/segments.json"
    result: dict[str, Any] = json.loads(file.read_text()) if parts and file.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = snapshot(lastfm(data("lastfm-2k")), folder / "lastfm")
        if not parts or "lastfm" in parts:
            result["lastfm"], _, _, result["lastfm_seconds"] = judged("Last.fm", whole, folder / "a")
        if not parts or "demo" in parts:
            truth = folder / "truth.parquet"
            community = snapshot(demo(truth=truth), folder / "demo")
            result["demo"], run, _, result["demo_seconds"] = judged("demo", community, folder / "b")
            result["planted"] = planted(run, load_truth(truth))
        if not parts or "seconds" in parts:
            rows = [*speed(whole, f"Last.fm, {len(whole.users):,} users"), *large()]
            show("processor seconds, one thread", rows)
            result["seconds"] = rows
            result["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    save("segments", result | machine())


if __name__ == "__main__":
    main(sys.argv[1:])
