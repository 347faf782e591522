"""The search of `similar_users.cypher` asked of Neo4j with the driver from threads of one process on one core: what a program without us does.

NEO4J_PASSWORD=... python -m benchmarks.serve_peer URI USERS SECONDS
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import neo4j
import numpy as np

from benchmarks import HERE

THREADS = 32
SEARCH = (HERE.parent / "queries/similar/similar_users.cypher").read_text(encoding="utf-8")


def main(uri: str, users: int, seconds: float) -> dict[str, Any]:
    """Twice `seconds`; the first time warms Java up."""
    auth = ("neo4j", os.environ["NEO4J_PASSWORD"])
    with neo4j.GraphDatabase.driver(uri, auth=auth, notifications_min_severity="OFF") as driver:
        driver.execute_query(SEARCH, user=0, k=10)
        for _ in range(2):
            end = time.perf_counter() + seconds

            def one(seed: int, end: float = end) -> list[float]:
                rng, spent = np.random.default_rng(seed), []
                while (started := time.perf_counter()) < end:
                    with driver.session(default_access_mode="READ") as session:
                        rows = session.run(SEARCH, user=int(rng.integers(users)), k=10).data()
                    assert len(rows) == 10
                    spent.append(1_000 * (time.perf_counter() - started))
                return spent

            with ThreadPoolExecutor(THREADS) as pool:
                spent = [ms for part in pool.map(one, range(THREADS)) for ms in part]
    p50, p95, p99 = np.percentile(spent, [50, 95, 99]).tolist()
    return {
        "asked a second": "as fast as answered",
        "answered a second": len(spent) / seconds,
        "p50 ms": p50,
        "p95 ms": p95,
        "p99 ms": p99,
    }


if __name__ == "__main__":
    os.sched_setaffinity(0, {0})
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))
