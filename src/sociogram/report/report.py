"""What a run has learned, as report.json for programs and report.html for people: one file that fetches nothing."""

import base64
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined

from sociogram.graph.profile import Profiles
from sociogram.graph.snapshot import Snapshot
from sociogram.report import plots
from sociogram.report.examples import examples
from sociogram.report.layout import DRAWN_MOST, user_map
from sociogram.report.plots import Series, number, short

OURS = "sociogram"  # the method that the report is about; every other one is a baseline
TOPICS_MOST = 200  # rows of the table of tags
METRICS = {
    "map": ("mAP", "mean over users of average precision of the tag ranking"),
    "lrap": ("LRAP", "label ranking average precision: how high a user's true tags stand"),
    "precision@3": ("P@3", "share of the three best tags that are true"),
    "micro_f1": ("micro F1", "F1 over all user-tag pairs at the chosen threshold"),
    "macro_f1": ("macro F1", "mean over tags of F1"),
    "precision": ("precision", "share of the tags shown that are true"),
    "recall": ("recall", "share of the true tags that are shown"),
    "f1": ("F1", "harmonic mean of precision and recall"),
    "accuracy": ("accuracy", "share of right decisions; high for rare tags even when nothing is predicted"),
    "coverage": ("coverage", "share that gets an answer, where the model may abstain"),
    "ece": ("ECE", "expected calibration error: mean gap between probability and observed share; lower is better"),
    "brier_skill": ("Brier skill", "improvement of the squared error of probabilities over base rates"),
    "ndcg@10": ("N@10", "discounted gain of the ten best items"),
    "precision@10": ("P@10", "share of the ten best items that are true"),
    "recall@10": ("R@10", "share of the true items among the ten best"),
    "ndcg@20": ("N@20", "discounted gain of the twenty best items"),
    "recall@20": ("R@20", "share of the true items among the twenty best"),
    "mae": ("MAE", "mean absolute error; lower is better"),
    "rmse": ("RMSE", "root of the mean squared error; lower is better"),
    "r2": ("R²", "share of the variance explained"),
}
LOWER_IS_BETTER = {"ece", "mae", "rmse", "brier", "loss"}


@dataclass(frozen=True)
class Column:
    """One figure of a table of methods."""

    key: str
    title: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """Methods by figures: ours first, the best of each column marked."""

    columns: list[Column]
    rows: list[tuple[str, bool, list[tuple[str, bool]]]]  # method, is it ours, (text, is it the best) per column


@dataclass(frozen=True)
class Figure:
    """One number at the top of the page, with the best baseline beside it."""

    title: str
    value: str
    beside: str
    meaning: str


def write_report(folder: Path, report: Mapping[str, Any], profiles: Profiles, snapshot: Snapshot) -> Path:
    """Write report.json and report.html into `folder` (made if missing) and return the path of the HTML.

    `report` is JSON-able and any part of it may be absent: what is not there is told in a sentence. `profiles` must be of
    `snapshot`. Names and texts are escaped; numbers that are not finite become null. Nothing is loaded from elsewhere.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clean = plain(report)
    _write(folder / "report.json", json.dumps(clean, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return _write(folder / "report.html", render(clean, profiles, snapshot))


def render(report: Mapping[str, Any], profiles: Profiles, snapshot: Snapshot) -> str:
    """The page as text; the same input gives the same bytes."""
    script = _resource("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(
        decimal=decimal, count=count, seconds=seconds, percent=percent, short=short, hue=plots.hue
    )
    page = environment.from_string(_resource("report.html.j2"))
    return page.render(
        style=_resource("report.css"), script=script, digest=digest, **view(plain(report), profiles, snapshot)
    )


def view(report: Mapping[str, Any], profiles: Profiles, snapshot: Snapshot) -> dict[str, Any]:
    """What the template prints, each value ready."""
    tags, items = _dict(report, "tags"), _dict(report, "items")
    cost = _dict(report, "cost")
    stages = [(name, s) for name, s in _dict(cost, "seconds").items() if number(s) is not None]
    seed = report.get("seed")
    return {
        "run": short(str(report.get("run", "")), 60) or "without a name",
        "facts": [(k, short(str(report[k]), 60)) for k in ("mode", "seed") if report.get(k) is not None],
        "made": _when(report.get("createdAt")),
        "figures": _figures(tags, items, cost, stages),
        "data": _data(report, snapshot),
        "split": _split(_dict(report, "split")),
        "curves": _curves(_rows(report, "curves")),
        "tag_table": methods(_test(tags)),
        "versus": _versus(_rows(tags, "versus")),
        "overfit": [
            (METRICS.get(k, (k, ""))[0], v) for k, v in _dict(tags, "train_minus_test").items() if number(v) is not None
        ],
        "topics": _topics(_rows(tags, "per_topic")),
        "topics_all": len(_rows(tags, "per_topic")),
        "reliability": plots.reliability(_rows(tags, "reliability"), "Reliability of the probabilities"),
        "bins": [b for b in _rows(tags, "reliability") if number(b.get("predicted")) is not None],
        "confidence": {k: number(tags.get(k)) for k in ("ece", "threshold", "coverage_at_90")},
        "item_table": methods(_test(items)),
        "attributes": _attributes(_dict(report, "attributes")),
        "planted": [
            (*METRICS.get(k, (k.replace("_", " "), "")), v)
            for k, v in _dict(report, "planted").items()
            if number(v) is not None
        ],
        "map": _map(profiles, seed if isinstance(seed, int) and 0 <= seed < 2**32 else 0),
        "examples": examples(profiles, snapshot),
        "stages": stages,
        "longest": max((s for _, s in stages), default=1.0) or 1.0,
        "total": sum(s for _, s in stages),
        "memory": number(cost.get("peak_memory_mb")),
    }


def methods(rows: Sequence[Mapping[str, Any]]) -> Table | None:
    """A table of methods, ours first, baselines in the order given; None where no row has a figure."""
    found = [k for k in dict.fromkeys(k for r in rows for k in r) if k not in ("method", "split")]
    found = [k for k in found if any(number(r.get(k)) is not None for r in rows)]
    if not found:
        return None
    known = list(METRICS)
    found.sort(key=lambda k: known.index(k) if k in METRICS else len(known))
    columns = [Column(k, *METRICS.get(k, (k.replace("_", " "), ""))) for k in found]
    best = {k: _best(k, [number(r.get(k)) for r in rows]) for k in found}
    ordered = sorted(rows, key=lambda r: r.get("method") != OURS)
    return Table(columns, [_method(r, columns, best) for r in ordered])


def plain(value: Any) -> Any:
    """The same as JSON knows it: text keys, Python numbers, None for what is not finite."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(v) for v in value]
    if isinstance(value, np.bool_ | np.integer):
        return value.item()
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool | None) else str(value)


def decimal(value: Any) -> str:
    """Three decimals, a dash where there is no number."""
    found = number(value)
    if found is None:
        return "–"
    return f"{found:.3f}" if abs(found) < 100 else f"{found:,.1f}"


def count(value: Any) -> str:
    """A whole number with thousands told apart."""
    found = number(value)
    return "–" if found is None else f"{found:,.0f}"


def percent(value: Any) -> str:
    """A share as per cent within 0 and 100, as a stylesheet wants it."""
    return f"{100 * min(1.0, max(0.0, number(value) or 0.0)):.1f}%"


def seconds(value: Any) -> str:
    """A duration as people say it."""
    found = number(value)
    if found is None:
        return "–"
    if found < 60:
        return f"{found:.1f} s"
    minutes, rest = divmod(round(found), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _when(value: Any) -> str:
    """A time in ISO 8601 as people write it; anything else as it is."""
    try:
        return datetime.fromisoformat(str(value)).strftime("%-d %B %Y, %H:%M %Z").strip()
    except ValueError:
        return "" if value is None else short(str(value), 60)


def _figures(
    tags: Mapping[str, Any], items: Mapping[str, Any], cost: Mapping[str, Any], stages: list[tuple[str, float]]
) -> list[Figure]:
    found = [_figure(_test(tags), k) for k in ("map", "micro_f1", "precision", "recall", "accuracy", "coverage")]
    found.append(_figure(_test(items), "ndcg@10"))
    for key, title, meaning in (
        ("ece", "calibration error", METRICS["ece"][1]),
        ("coverage_at_90", "coverage at 90 % precision", "share of the decisions left when nine of ten shown are true"),
    ):
        if (value := number(tags.get(key))) is not None:
            beside = "0 is perfect" if key == "ece" else "1 would be all"
            found.append(Figure(title, decimal(value), beside, meaning))
    if stages:
        memory = number(cost.get("peak_memory_mb"))
        beside = "" if memory is None else f"{memory:,.0f} MB at most"
        found.append(Figure("time", seconds(sum(s for _, s in stages)), beside, "all stages together"))
    return [f for f in found if f is not None]


def _figure(rows: Sequence[Mapping[str, Any]], key: str) -> Figure | None:
    ours = next((number(r.get(key)) for r in rows if r.get("method") == OURS), None)
    if ours is None:
        return None
    others = [(number(r.get(key)), str(r.get("method"))) for r in rows if r.get("method") != OURS]
    rated = [(v, name) for v, name in others if v is not None]
    beside, told = "", METRICS[key][1]
    if rated:
        beside = f"best baseline {decimal(max(rated)[0])}"
        told += f" (best baseline: {short(max(rated)[1], 40)})"
    return Figure(METRICS[key][0], decimal(ours), beside, told)


def _best(key: str, values: Iterable[float | None]) -> str | None:
    rated = [v for v in values if v is not None]
    if len(rated) < 2:
        return None
    return decimal(min(rated) if key in LOWER_IS_BETTER else max(rated))


def _method(
    row: Mapping[str, Any], columns: list[Column], best: Mapping[str, str | None]
) -> tuple[str, bool, list[tuple[str, bool]]]:
    cells = [(decimal(row.get(c.key)), decimal(row.get(c.key)) == best[c.key]) for c in columns]
    return short(str(row.get("method", "")), 60), row.get("method") == OURS, cells


def _data(report: Mapping[str, Any], snapshot: Snapshot) -> dict[str, Any]:
    data = _dict(report, "data")
    counted = {label: len(n) for label, n in snapshot.nodes.items()}
    related = {f"{a}-{kind}->{b}": len(e) for (a, kind, b), e in snapshot.edges.items()}
    return {
        "nodes": [(short(k, 80), v) for k, v in (_dict(data, "nodes") or counted).items()],
        "relationships": [(short(k, 120), v) for k, v in (_dict(data, "relationships") or related).items()],
        "texts": number(data.get("texts")),
        "distinct": number(data.get("distinct_texts")),
        "hash": short(str(data.get("hash") or snapshot.hash), 64),
    }


def _split(split: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(k, count(v) if number(v) is not None else short(str(v), 80)) for k, v in split.items() if v is not None]


def _curves(rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    steps = [number(r.get("step")) for r in rows]
    xs = [float(i) if s is None else s for i, s in enumerate(steps)]
    keys = list(dict.fromkeys(k for r in rows for k in r if k != "step"))
    losses = [k for k in keys if k.startswith("loss")]
    scores = [k for k in keys if k not in losses]

    def series(names: list[str]) -> list[Series]:
        nan = float("nan")
        return [
            Series(short(k.replace("_", " "), 40), xs, [nan if (v := number(r.get(k))) is None else v for r in rows])
            for k in names
        ]

    drawn = [
        plots.lines(series(losses), "step", "loss", "Training loss"),
        plots.lines(series(scores), "step", "validation score", "Validation score"),
    ]
    return [d for d in drawn if d]


def _topics(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The most used topics, each with its average precision and base rate, best first."""
    kept = [r for r in rows if number(r.get("ap")) is not None]
    kept = sorted(kept, key=lambda r: -(number(r.get("users")) or 0.0))[:TOPICS_MOST]
    kept.sort(key=lambda r: -(number(r.get("ap")) or 0.0))
    return [
        {
            "topic": short(str(r.get("topic", "")), 80),
            "users": number(r.get("users")),
            "ap": number(r.get("ap")),
            "base_rate": number(r.get("base_rate")),
        }
        for r in kept
    ]


def _versus(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Intervals of the difference to each baseline, with their ends as places in [0, 1] on one common scale with zero."""
    kept = [[number(r.get(k)) for k in ("difference", "low", "high")] + [r] for r in rows]
    kept = [[m, m if a is None else a, m if b is None else b, r] for m, a, b, r in kept if m is not None]
    if not kept:
        return None
    low = min(0.0, *(a for _, a, _, _ in kept))
    high = max(0.0, *(b for _, _, b, _ in kept))
    low, span = low - 0.04 * (high - low), 1.08 * (high - low) or 1.0

    def place(value: float) -> float:
        return (value - low) / span

    found = [
        {
            "baseline": short(str(r.get("baseline", "")), 60),
            "difference": m,
            "low": a,
            "high": b,
            "places": (place(m), place(a), place(b) - place(a)),
        }
        for m, a, b, r in kept
    ]
    return {"rows": found, "zero": place(0.0)}


def _attributes(attributes: Mapping[str, Any]) -> list[tuple[str, str, Table]]:
    found = []
    for name, entry in attributes.items():
        entry = entry if isinstance(entry, Mapping) else {}
        table = methods(_test(entry))
        if table:
            found.append((short(name, 80), str(entry.get("kind", "")), table))
    return found


def _map(profiles: Profiles, seed: int) -> dict[str, Any] | None:
    drawn = user_map(profiles, seed=seed)
    if len(drawn.rows) < 2:
        return None
    users = len(profiles.keys[profiles.user_label])
    legend = [(i, short(name, 60), size) for i, (name, size) in enumerate(zip(drawn.names, drawn.sizes, strict=True))]
    return {
        "picture": plots.scatter(drawn.points, drawn.group, drawn.names, "Map of the user embeddings"),
        "method": drawn.method,
        "legend": legend,
        "other": users - sum(drawn.sizes),
        "drawn": len(drawn.rows),
        "users": users,
        "sampled": users > DRAWN_MOST,
    }


def _test(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [r for r in _rows(part, "rows") if r.get("split") in (None, "test")]


def _dict(part: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = part.get(key)
    return value if isinstance(value, Mapping) else {}


def _rows(part: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = part.get(key)
    return [r for r in value if isinstance(r, Mapping)] if isinstance(value, list) else []


def _resource(name: str) -> str:
    return (resources.files("sociogram.report") / name).read_text(encoding="utf-8")


def _write(path: Path, text: str) -> Path:
    staged = path.with_name(path.name + ".part")
    staged.write_text(text, encoding="utf-8", errors="replace", newline="\n")  # lone surrogates become question marks
    staged.replace(path)
    return path
