"""How long does a rollback of many profiles take, and how much memory does the publishing client need?

    python -m benchmarks publish_large [--rollback 100000] [--shared .8 0] [--users 1000000] [--no-tags]

Profiles of width 128 with ten tags, scores, keywords and INTERESTED_IN relationships each, published from a run folder on disk by a
process of its own, whose peak memory is its resident set. Two runs have a share of each user's tags in common, with other scores, and no vector. The server is a managed
one of its own; its processor seconds are told beside the seconds, part by part of the transaction. `--no-tags` leaves the tags of the million out.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file

from benchmarks import save, show
from benchmarks.bench_publish import MAPPING, TAGS, TOPICS, WIDTH, own_server
from sociogram.config import Home
from sociogram.graph.profile import USER_VALUES
from sociogram.graph.schema import ensure_schema
from sociogram.graph.server import Address, ManagedServer
from sociogram.graph.store import Store

BLOCK = 50_000  # users whose tags are made up at once


def main(arguments: list[str] | None = None) -> None:
    """Run, print, write results/publish_large.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollback", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--no-tags", action="store_true")
    parser.add_argument(
        "--shared", type=float, nargs="+", default=[0.8, 0.0], help="share of tags that two runs have in common"
    )
    options = parser.parse_args(arguments or [])
    rows = []
    with own_server() as (address, root):
        if options.rollback:
            for shared in options.shared:
                rows += rollback(address, root, options.rollback, shared)
        if options.users:
            rows += [large(address, root, options.users, 0 if options.no_tags else TAGS)]
    show("Publishing many profiles", rows)
    save("publish_large", {"rows": rows})


def rollback(address: Address, root: Path, users: int, shared: float) -> list[dict[str, Any]]:
    """Publish two runs, then the first again."""
    _make_graph(address, users)
    for seed in (1, 2):
        shutil.rmtree(root / f"r{seed}", ignore_errors=True)
        write_run(root / f"r{seed}", users, seed, TAGS, round((seed - 1) * (1 - shared) * TAGS))
    first, second, again = (client(address, root / name) for name in ("r1", "r2", "r1"))
    return [
        {"what": what, "profiles": users, "shared": shared, **figures}
        for what, figures in (("first publish", first), ("second run", second), ("rollback", again))
    ]


def large(address: Address, root: Path, users: int, tags: int) -> dict[str, Any]:
    """One publish of very many profiles."""
    _make_graph(address, users)
    write_run(root / "r3", users, 3, tags)
    return {"what": f"publish, {tags} tags", "profiles": users, **client(address, root / "r3")}


def write_run(folder: Path, users: int, seed: int, tags: int, first: int = 0) -> None:
    """A run folder as `Profiles.save` leaves it, written block by block; two runs share the tags of a user but for those before `first`."""
    folder.mkdir()
    rng, order = np.random.default_rng(seed), np.random.default_rng(0)
    vectors = rng.standard_normal((users, WIDTH), np.float32)
    save_file({"User": vectors}, folder / "embeddings.safetensors")
    schema = pa.schema(
        {
            "user": pa.int64(),
            "topic": pa.int64(),
            "topic_label": pa.string(),
            "probability": pa.float32(),
            "shown": pa.bool_(),
            "observed": pa.bool_(),
        }
    )
    with pq.ParquetWriter(folder / "tags.parquet", schema) as out:
        for start in range(0, users, BLOCK):
            stop = min(start + BLOCK, users)
            n = (stop - start) * tags
            topic = np.argsort(order.random((stop - start, TOPICS), np.float32), axis=1)[
                :, first : first + tags
            ].ravel()
            columns = [
                pa.array(np.repeat(np.arange(start, stop), tags)),
                pa.array(topic),
                pa.array(["Topic"] * n, pa.string()),
                pa.array(rng.random(n, np.float32)),
                pa.array(np.ones(n, bool)),
                pa.array(np.zeros(n, bool)),
            ]
            out.write_table(pa.table(columns, schema=schema))
    none = {
        "user": pa.int64(),
        "item": pa.int64(),
        "item_label": pa.string(),
        "rank": pa.int64(),
        "score": pa.float64(),
    }
    empty = pa.schema({**none, "seen": pa.bool_()}).empty_table()
    pq.write_table(empty, folder / "recommendations.parquet")
    pq.write_table(pa.table({"keywords": [["some", "words"]] * users}), folder / USER_VALUES)
    record = {
        "user_label": "User",
        "keys": {"User": list(range(users)), "Topic": list(range(TOPICS))},
        "names": {"User": [str(k) for k in range(users)], "Topic": [f"topic {k}" for k in range(TOPICS)]},
        "attributes": {},
    }
    (folder / "profiles.json").write_text(json.dumps(record), encoding="utf-8")


def client(address: Address, folder: Path) -> dict[str, Any]:
    """Publish a run folder in a process of its own; its seconds and peak memory."""
    server = str(ManagedServer(Home(folder.parent)).status().pid)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.publish_client", address.uri, str(folder), server],
        env={**os.environ, "NEO4J_PASSWORD": address.password},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1]}
    return dict(json.loads(done.stdout))


def _make_graph(address: Address, users: int) -> None:
    started = time.monotonic()
    with Store.connect(address.uri, user=address.user, password=address.password) as store:
        store.auto("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS")
        ensure_schema(store, MAPPING)
        query = "UNWIND range($start, $stop - 1) AS i CREATE (:User {id: i})"
        for start in range(0, users, BLOCK):
            store.write(query, start=start, stop=min(start + BLOCK, users))
        store.write("UNWIND range(0, $n - 1) AS i CREATE (:Topic {id: i, name: 'topic ' + i})", n=TOPICS)
    print(f"  {users:,} users made in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
