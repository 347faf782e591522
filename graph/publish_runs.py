"""The audit trail in the graph: a ProfileRun node for each run that was published, with what publishing it wrote."""

import json
from dataclasses import dataclass
from typing import Any

from sociogram.graph.mapping import GraphMapping
from sociogram.graph.snapshot import now
from sociogram.graph.store import Store

RUN_LABEL = "ProfileRun"


@dataclass(frozen=True)
class PublishedRun:
    """One ProfileRun node."""

    id: str
    state: str  # staging | flipping (some nodes have it) | live | superseded
    mode: str
    started_at: str
    finished_at: str | None
    metrics: dict[str, Any]


def published_runs(store: Store) -> list[PublishedRun]:
    """All ProfileRun nodes, newest first."""
    rows = store.read(f"MATCH (r:{RUN_LABEL}) RETURN properties(r) AS r ORDER BY r.startedAt DESC, r.id DESC")
    return [
        PublishedRun(
            r["id"],
            r["state"],
            r.get("mode", ""),
            r["startedAt"],
            r.get("finishedAt"),
            json.loads(r.get("metrics") or "{}"),
        )
        for r in (row["r"] for row in rows)
    ]


def live_run(store: Store) -> str | None:
    """Id of the run whose profiles are on the nodes now."""
    rows = store.read(f"MATCH (r:{RUN_LABEL} {{state: 'live'}}) RETURN r.id AS id")
    return str(rows[0]["id"]) if rows else None


def written_by_us(store: Store) -> tuple[dict[str, set[str]], set[str]]:
    """Properties by label, and relationship types, that any publish has written (staged properties included)."""
    properties: dict[str, set[str]] = {}
    types: set[str] = set()
    for row in store.read(f"MATCH (r:{RUN_LABEL}) RETURN r.writes AS writes, r.staged AS staged, r.types AS types"):
        for record in (row["writes"], row["staged"]):
            for label, names in json.loads(record or "{}").items():
                properties.setdefault(label, set()).update(names)
        types.update(row["types"] or ())
    return properties, types


def record_run(
    store: Store,
    mapping: GraphMapping,
    run: str,
    names: dict[str, list[str]],
    staged: dict[str, list[str]],
    config: dict[str, Any],
    metrics: dict[str, Any],
) -> None:
    """Note what is about to be written, before anything is."""
    store.write(
        f"MERGE (r:{RUN_LABEL} {{id: $id}}) ON CREATE SET r.startedAt = $now "
        "SET r.state = CASE WHEN r.state IN ['live', 'flipping'] THEN r.state ELSE 'staging' END, r.config = $config, r.mode = $mode, r.kept = $kept, r.choice = $choice, "
        "r.model = $model, r.metrics = $metrics, r.writes = $writes, r.staged = $staged, "
        "r.types = $types, r.similarity = $similarity",
        id=run,
        now=now(),
        config=json.dumps(config, ensure_ascii=False, default=str),
        mode=str(config.get("mode", "")),
        kept=metrics.get("mode"),
        choice=metrics.get("choice"),
        model=str(config.get("encoder", "")),
        metrics=json.dumps(metrics, ensure_ascii=False),
        writes=json.dumps(names, ensure_ascii=False),
        staged=json.dumps(staged, ensure_ascii=False),
        types=[mapping.write.interested_in, mapping.write.recommended],
        similarity="vectors are not normalised: cosine for alike nodes, dot product for user and item",
    )
