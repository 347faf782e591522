"""Filtered kNN of Graph Data Science, asked for one user at a time."""

import time
from collections.abc import Sequence
from typing import Any

import neo4j
import numpy as np
from numpy.typing import NDArray

ASKED = 10  # each takes seconds


def gds_rows(
    uri: str, unit: NDArray[np.float32], truth: Any, asked: Sequence[Any], users: Sequence[int]
) -> list[dict[str, Any]]:
    """A row for each filter on a property; the server at `uri` has GDS, no password and no data that matter.

    Nodes labelled SociogramBenchmark are written, projected and removed again; a filter is a label in the projection.
    """
    with neo4j.GraphDatabase.driver(uri, auth=None, notifications_min_severity="OFF") as driver:
        ask = driver.execute_query
        try:
            rows = [{"id": i, "e": v.tolist()} for i, v in enumerate(unit)]
            for start in range(0, len(rows), 5_000):
                ask("UNWIND $rows AS row CREATE (n:SociogramBenchmark) SET n = row", rows=rows[start : start + 5_000])
            ask("CREATE INDEX sociogram_benchmark IF NOT EXISTS FOR (n:SociogramBenchmark) ON (n.id)")
            ask("CALL db.awaitIndexes(300)")
            labels = ["SociogramBenchmark"]
            for i, one in enumerate(asked):
                if one.cypher is not None:
                    ids = np.flatnonzero(one.mask).tolist()
                    ask(
                        f"UNWIND $ids AS id MATCH (n:SociogramBenchmark {{id: id}}) SET n:SociogramBenchmark{i}",
                        ids=ids,
                    )
                    labels.append(f"SociogramBenchmark{i}")
            ask("CALL gds.graph.project('sociogram', $labels, '*', {nodeProperties: ['e']})", labels=labels)
            found = []
            for i, one in enumerate(asked):
                if one.cypher is not None:
                    found.append(
                        {
                            "filter": one.name,
                            "method": "GDS gds.knn.filtered, one source",
                            **_timed(ask, i, truth, one, users),
                        }
                    )
            return found
        finally:
            ask("CALL gds.graph.drop('sociogram', false)")
            with driver.session() as session:  # its transactions are its own
                session.run(
                    "MATCH (n:SociogramBenchmark) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"
                ).consume()
            ask("DROP INDEX sociogram_benchmark IF EXISTS")


def _timed(ask: Any, i: int, truth: Any, one: Any, users: Sequence[int]) -> dict[str, Any]:
    spent, rows, hits = [], [], []
    for user in users[:ASKED]:
        source = ask("MATCH (n:SociogramBenchmark {id: $id}) RETURN id(n) AS n", id=user)[0][0]["n"]
        started = time.perf_counter()
        records = ask(
            "CALL gds.knn.filtered.stream('sociogram', {nodeProperties: {e: 'COSINE'}, topK: 10, sourceNodeFilter: [$source], "
            "targetNodeFilter: $label, concurrency: 2, seedTargetNodes: true}) YIELD node2 RETURN gds.util.asNode(node2).id AS id",
            source=source,
            label=f"SociogramBenchmark{i}",
        )[0]
        spent.append(1_000 * (time.perf_counter() - started))
        exact = truth.nearest(user, one.mask)
        rows.append(len(records))
        hits.append(len(exact & {r["id"] for r in records}) / max(len(exact), 1))
    p50, p95 = np.percentile(spent, [50, 95]).tolist()
    return {"p50 ms": p50, "p95 ms": p95, "rows": float(np.mean(rows)), "recall@10": float(np.mean(hits))}
