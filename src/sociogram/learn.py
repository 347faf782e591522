"""A run from a snapshot: learned, saved, reported; no database is needed."""

import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sociogram.config import Home
from sociogram.errors import InputError
from sociogram.graph.snapshot import Snapshot, now
from sociogram.place import place_users
from sociogram.progress import SILENT, Progress
from sociogram.runs import Run, Runs

if TYPE_CHECKING:
    from sociogram.graph.profile import Profiles


def fit_snapshot(
    snapshot: Snapshot,
    home: Home,
    *,
    encoder: str = "all-MiniLM-L6-v2",
    revision: str | None = None,
    truth: Path | None = None,
    progress: Progress = SILENT,
    started: float | None = None,
    finish: bool = False,
    **settings: Any,
) -> Run:
    """Learn from a snapshot without a database; an unfinished run with the same snapshot and settings is continued.

    A budget counts from `started` (time.perf_counter; now unless given) to the learned profiles; publishing comes on top. With `finish`
    the unfinished run learns nothing new; raises InputError where there is none.
    """
    from sociogram.encoders.load import load_encoder
    from sociogram.evaluation.planted import found, load_truth
    from sociogram.gnn.config import FitConfig
    from sociogram.gnn.fit import fit
    from sociogram.report.report import write_report

    started = time.perf_counter() if started is None else started
    config = FitConfig(**settings)
    device = None if config.device == "auto" else config.device
    text_encoder = load_encoder(encoder, revision=revision, device=device, cache=home.cache)
    record = {"encoder": text_encoder.name, "encoderDigest": text_encoder.digest, **asdict(config)}
    runs = Runs(home.runs)
    run = runs.unfinished(snapshot.hash, record)
    if finish and run is None:
        raise InputError(
            "there is no interrupted run of this graph with these options that could be finished. "
            "Give the options it was begun with, or leave --finish out to begin anew."
        )
    if run is None:
        run = runs.begin(snapshot.hash, record)
    else:
        how = "its profiles are made from the best so far" if finish else "going on where it stopped"
        progress.say("run", f"{run.id} was interrupted: {how}")
    spent = time.perf_counter() - started
    profiles, report = fit(snapshot, text_encoder, config, run.folder, progress, spent=spent, finish=finish)
    text_encoder.save(run.folder / "encoder")
    report = {"run": run.id, "createdAt": now(), **report}
    report["segments"] = place_users(run, runs, profiles, snapshot, progress)
    profiles.save(run.folder)
    if truth is not None:
        report["planted"] = found(load_truth(truth), tag_table(profiles, len(profiles.tags)))
    write_report(run.folder, report, profiles, snapshot)
    run.update(state="finished", finishedAt=now(), metrics=headline(report))
    shutil.rmtree(run.folder / "checkpoint", ignore_errors=True)  # nothing is left to go on with
    return run


def tag_table(profiles: "Profiles", top: int) -> pd.DataFrame:
    """Columns user, topic, name, probability, shown, observed: the best `top` topics of every user."""
    table = profiles.tags[profiles.tags.groupby("user").cumcount() < top]
    keys = profiles.keys[profiles.user_label]
    pairs = list(zip(table["topic_label"].tolist(), table["topic"].tolist(), strict=True))
    return pd.DataFrame(
        {
            "user": [keys[u] for u in table["user"].tolist()],
            "topic": [profiles.keys[label][row] for label, row in pairs],
            "name": [profiles.names[label][row] for label, row in pairs],
            "probability": table["probability"].to_numpy(np.float32),
            "shown": table["shown"].to_numpy(bool),
            "observed": table["observed"].to_numpy(bool),
        }
    )


def headline(report: dict[str, Any]) -> dict[str, Any]:
    """The few figures of a report that go into the audit trail."""
    figures: dict[str, Any] = {}
    for row in report.get("tags", {}).get("rows", []):
        if row.get("method") == "sociogram":
            figures |= {
                f"tags {k}": row[k] for k in ("map", "micro_f1", "precision", "recall") if row.get(k) is not None
            }
    for row in report.get("items", {}).get("rows", []):
        if row.get("method") in ("sociogram", "blend"):
            figures |= {f"items {k}": row[k] for k in ("ndcg@10", "recall@10") if row.get(k) is not None}
    if report.get("modes"):
        figures |= {"mode": report["modes"]["kept"], "choice": report["modes"]["sentence"]}
    if "ece" in report.get("tags", {}):
        figures["tags ece"] = report["tags"]["ece"]["shown"]
    return figures
