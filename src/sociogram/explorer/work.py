"""From data to published profiles: what the Start page has done in the background."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sociogram import loaders
from sociogram.engine import Engine
from sociogram.explorer.jobs import Job
from sociogram.explorer.site import Site
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.store import Store
from sociogram.loaders import csv_files
from sociogram.loaders.columns import Kind, Role
from sociogram.loaders.load import LoadReport
from sociogram.loaders.source import Source
from sociogram.progress import Progress
from sociogram.report.map import map_of

REJECTED_SHOWN = 100


@dataclass(frozen=True)
class Learning:
    """How to learn: as the options of `sociogram fit` are called."""

    encoder: str = "all-MiniLM-L6-v2"
    mode: str = "frozen"
    minutes: float | None = None


def begin(
    site: Site,
    learning: Learning,
    *,
    source: Callable[[], Source] | None = None,
    replace: bool = False,
    mapping: GraphMapping | None = None,
    store: Store | None = None,
    truth: Path | None = None,
    uploads: Path | None = None,
) -> Job:
    """Load a source (or learn from what is there), learn and publish; the site's job from now on."""
    before = site.engine
    graph = store or before.store

    def work(progress: Progress, job: Job) -> None:
        engine = Engine(graph, mapping=mapping, home=before.home, progress=progress)
        try:
            if source is not None:
                _loaded(engine.load(source(), replace=replace), job)
            budget = None if learning.minutes is None else 60 * learning.minutes
            run = engine.fit(encoder=learning.encoder, mode=learning.mode, seed=0, budget_seconds=budget, truth=truth)
            job.check()
            written = engine.publish(run)
            with progress.stage("map", 1) as stage:
                map_of(run.folder, run.profiles)
                stage.advance(1)
            job.result = {"run": run.id, "profiles": f"{written.nodes:,}"}
        finally:
            if uploads is not None:
                shutil.rmtree(uploads, ignore_errors=True)
            site.backend.use(Engine(graph, mapping=mapping, home=before.home), own=store is not None)
            site.forget()

    site.job = Job(work).start()
    return site.job


def _loaded(report: LoadReport, job: Job) -> None:
    if report.removed:
        job.lines.append(f"removed first: {report.removed}")
    for reason, n in report.rejected.items():
        job.lines.append(f"rejected: {n:,} × {reason}")
    if report.quarantine is not None:
        rows = pd.read_parquet(report.quarantine).head(REJECTED_SHOWN).astype(object)
        rows = rows.where(rows.notna(), "")
        job.rejected = [{str(name): str(value)[:200] for name, value in row.items()} for row in rows.to_dict("records")]


def demo(users: int, truth: Path) -> Source:
    """A community with a planted truth."""
    return loaders.demo(users=users, seed=0, truth=truth)


def files(paths: Sequence[Path], columns: Mapping[str, list[str]], kinds: Mapping[str, Kind]) -> Source:
    """CSV and Parquet files; `kinds` of those by whose name somebody said what they hold."""
    guessed, said = _parted(paths, kinds)
    return loaders.csv(
        *guessed,
        users=said.get("users", ()),
        items=said.get("items", ()),
        ties=said.get("ties", ()),
        events=said.get("events", ()),
        topics=said.get("topics", ()),
        columns=columns,
    )


def understood(
    paths: Sequence[Path], columns: Mapping[str, list[str]], kinds: Mapping[str, Kind]
) -> tuple[list[dict[str, str]], list[tuple[str, Kind, Role]]]:
    """What would be loaded of them, a row a column, and what is missing for it."""
    return csv_files.understood(*_parted(paths, kinds), columns)


def _parted(paths: Sequence[Path], kinds: Mapping[str, Kind]) -> tuple[list[Path], dict[Kind, list[Path]]]:
    said: dict[Kind, list[Path]] = {}
    for path in paths:
        if path.name in kinds:
            said.setdefault(kinds[path.name], []).append(path)
    return [path for path in paths if path.name not in kinds], said
