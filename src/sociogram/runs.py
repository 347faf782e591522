"""Run folders: what one `fit` leaves behind."""

import json
import re
import secrets
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from sociogram.errors import NotFoundError
from sociogram.graph.profile import Profiles
from sociogram.graph.snapshot import now
from sociogram.said import Said

if TYPE_CHECKING:
    from sociogram.encoders.encoder import Encoder

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")  # a folder's name, not a path to somewhere else


@dataclass(frozen=True)
class Run:
    """One training run and its folder: run.json, profiles, weights, encoder, report."""

    id: str
    folder: Path

    @property
    def record(self) -> dict[str, Any]:
        """run.json: state, configuration, snapshot hash, times."""
        return dict(json.loads((self.folder / "run.json").read_text(encoding="utf-8")))

    @property
    def report(self) -> dict[str, Any]:
        """report.json."""
        return dict(json.loads((self.folder / "report.json").read_text(encoding="utf-8")))

    @property
    def report_html(self) -> Path:
        return self.folder / "report.html"

    @cached_property
    def profiles(self) -> Profiles:
        """The learned profiles; raises InputError where the run did not finish."""
        return Profiles.load(self.folder)

    def encoder(self, cache: Path | None = None) -> "Encoder":
        """The text encoder as this run left it; with `cache` it keeps vectors in that folder."""
        from sociogram.encoders.load import load_encoder

        return load_encoder(str(self.folder / "encoder"), cache=cache)

    def update(self, **changes: Any) -> None:
        """Change run.json atomically."""
        staged = self.folder / "run.json.part"
        record = (self.record if (self.folder / "run.json").exists() else {}) | changes
        staged.write_text(json.dumps(record, indent=1, ensure_ascii=False, default=str), encoding="utf-8")
        staged.rename(self.folder / "run.json")

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>Sociogram run <b>{escape(self.id)}</b>, {escape(self.record['state'])}</p>"


class Runs:
    """All run folders under SOCIOGRAM_HOME/runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[Run]:
        """Oldest first."""
        found = [Run(p.parent.name, p.parent) for p in self.folder.glob("*/run.json")]
        return sorted(found, key=lambda run: (run.record["startedAt"], _number(run.id)))

    def __contains__(self, run_id: str) -> bool:
        return bool(ID.fullmatch(run_id)) and (self.folder / run_id / "run.json").exists()

    def get(self, run_id: str) -> Run:
        """By id; raises NotFoundError with the ids that there are."""
        if run_id not in self:
            known = ", ".join(r.id for r in self.all()[-5:]) or "none"
            raise NotFoundError(
                Said(
                    "there is no run {run!r} in {folder} (the latest: {known}).",
                    run=run_id[:80],
                    folder=self.folder,
                    known=known,
                )
            )
        return Run(run_id, self.folder / run_id)

    def latest_finished(self) -> Run | None:
        done = [run for run in self.all() if run.record["state"] == "finished"]
        return done[-1] if done else None

    def unfinished(self, snapshot_hash: str, config: dict[str, Any]) -> Run | None:
        """The interrupted run with the same snapshot and configuration, the latest of several."""
        config = _as_stored(config)
        for run in reversed(self.all()):
            record = run.record
            if record["state"] == "training" and record["snapshot"] == snapshot_hash and record["config"] == config:
                return run
        return None

    def begin(self, snapshot_hash: str, config: dict[str, Any]) -> Run:
        """A new run."""
        config = _as_stored(config)
        number = max((_number(run.id) for run in self.all()), default=0) + 1
        run_id = f"r{number}-{secrets.token_hex(2)}"  # the suffix keeps runs of two machines on one graph apart
        run = Run(run_id, self.folder / run_id)
        run.folder.mkdir(parents=True)
        run.update(id=run_id, state="training", startedAt=now(), snapshot=snapshot_hash, config=config)
        return run


def _as_stored(config: dict[str, Any]) -> Any:
    """A configuration as it will be read again."""
    return json.loads(json.dumps(config, default=str))


def _number(run_id: str) -> int:
    head = run_id[1:].split("-", maxsplit=1)[0]
    return int(head) if head.isdigit() else 0


def sweep(runs: Path) -> None:
    """Remove the temporary snapshots of commands that were killed."""
    for left in runs.glob(".snapshot-*"):
        owner = left.name.split("-")[1]
        if not (owner.isdigit() and psutil.pid_exists(int(owner))):
            shutil.rmtree(left, ignore_errors=True)
