"""What a run has learned, as report.json for programs and report.html for people: one file that fetches nothing."""

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from sociogram.graph.profile import Profiles
from sociogram.graph.snapshot import Snapshot
from sociogram.report import plots, words
from sociogram.report.view import view


def write_report(folder: Path, report: Mapping[str, Any], profiles: Profiles, snapshot: Snapshot) -> Path:
    """Write report.json and report.html into `folder` (made if missing) and return the path of the HTML.

    `report` is JSON-able and any part of it may be absent: what is not there is told in a sentence. `profiles` must be of
    `snapshot`. Names and texts are escaped; numbers that are not finite become null. Nothing is loaded from elsewhere.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clean = words.plain(report)
    _write(folder / "report.json", json.dumps(clean, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return _write(folder / "report.html", render(clean, profiles, snapshot))


def render(report: Mapping[str, Any], profiles: Profiles, snapshot: Snapshot) -> str:
    """The page as text; the same input gives the same bytes."""
    script = _resource("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update({name: getattr(words, name) for name in ("decimal", "count", "seconds", "percent")})
    environment.filters.update(short=plots.short, hue=plots.hue)
    page = environment.from_string(_resource("report.html.j2"))
    return page.render(
        style=_resource("report.css"), script=script, digest=digest, **view(words.plain(report), profiles, snapshot)
    )


def _resource(name: str) -> str:
    return (resources.files("sociogram.report") / name).read_text(encoding="utf-8")


def _write(path: Path, text: str) -> Path:
    staged = path.with_name(path.name + ".part")
    staged.write_text(text, encoding="utf-8", errors="replace", newline="\n")  # lone surrogates become question marks
    staged.replace(path)
    return path
