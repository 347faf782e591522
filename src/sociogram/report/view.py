"""From a report's figures to what the template prints: every value ready, nothing left to decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sociogram.graph.profile import Profiles
from sociogram.graph.snapshot import Snapshot
from sociogram.report import plots
from sociogram.report.examples import examples
from sociogram.report.groups import segments_view
from sociogram.report.layout import DRAWN_MOST, UserMap, user_map
from sociogram.report.plots import Series, number, short
from sociogram.report.tables import METRICS, NEUTRAL, Table, measured, methods, ours
from sociogram.report.words import count, decimal, seconds, when

TOPICS_MOST = 200  # rows of the table of tags


@dataclass(frozen=True)
class Figure:
    """One number at the top of the page, with the best baseline beside it."""

    title: str
    value: str
    beside: str
    meaning: str


def view(report: Mapping[str, Any], profiles: Profiles, snapshot: Snapshot) -> dict[str, Any]:
    """What the template prints, each value ready."""
    tags, items = _dict(report, "tags"), _dict(report, "items")
    cost = _dict(report, "cost")
    stages = [(name, s) for name, s in _dict(cost, "seconds").items() if number(s) is not None]
    seed = report.get("seed")
    drawn = user_map(profiles, seed=seed if isinstance(seed, int) and 0 <= seed < 2**32 else 0)
    return {
        "run": short(str(report.get("run", "")), 60) or "without a name",
        "facts": [(k, short(str(report[k]), 60)) for k in ("mode", "seed") if report.get(k) is not None],
        "made": when(report.get("createdAt")),
        "figures": _figures(tags, items, cost, stages),
        "data": _data(report, snapshot),
        "split": _split(_dict(report, "split")),
        "curves": _curves(_rows(report, "curves")),
        "modes": _modes(_dict(report, "modes")),
        "tag_table": methods(measured(tags)[0]),
        "versus": _versus(_rows(tags, "versus")),
        "overfit": [
            (METRICS.get(k, (k, ""))[0], v) for k, v in _dict(tags, "train_minus_test").items() if number(v) is not None
        ],
        "topics": _topics(_rows(tags, "per_topic")),
        "unmeasured": sum(number(r.get("ap")) is None for r in _rows(tags, "per_topic")),
        "topics_all": len(_rows(tags, "per_topic")),
        "reliability": plots.reliability(_rows(tags, "reliability"), "Reliability of the probabilities"),
        "bins": [b for b in _rows(tags, "reliability") if number(b.get("predicted")) is not None],
        "confidence": {
            "ece": _errors(tags),
            **{k: number(tags.get(k)) for k in ("threshold", "brier_skill")},
            "sure": {k: number(_dict(tags, "sure").get(k)) for k in ("threshold", "precision", "recall")},
        },
        "item_table": methods(measured(items)[0]),
        "item_split": measured(items)[1],
        "new_items": _dict(items, "new_items"),
        "attributes": _attributes(_dict(report, "attributes")),
        "not_learnt": [
            (short(name, 80), short(str(entry["skipped"]), 200))
            for name, entry in _dict(report, "attributes").items()
            if isinstance(entry, Mapping) and entry.get("skipped")
        ],
        "planted": [
            (*METRICS.get(k, (k.replace("_", " "), "")), v)
            for k, v in _dict(report, "planted").items()
            if number(v) is not None
        ],
        "map": _map(profiles, drawn),
        "segments": segments_view(_dict(report, "segments"), profiles, drawn),
        "examples": examples(profiles, snapshot),
        "stages": stages,
        "longest": max((s for _, s in stages), default=1.0) or 1.0,
        "total": sum(s for _, s in stages),
        "memory": number(cost.get("peak_memory_mb")),
        "gpu": cost.get("gpu"),
        "gpu_memory": number(cost.get("peak_gpu_memory_mb")),
    }


def _figures(
    tags: Mapping[str, Any], items: Mapping[str, Any], cost: Mapping[str, Any], stages: list[tuple[str, float]]
) -> list[Figure]:
    found = [_figure(measured(tags)[0], k) for k in ("map", "micro_f1", "precision", "recall", "accuracy", "coverage")]
    found.append(_figure(measured(items)[0], "ndcg@10"))
    for name, value in _errors(tags)[:1]:
        chance = number(_dict(tags, "ece_by_chance").get("shown"))
        beside = f"{name}; 0 is perfect" if chance is None else f"{name}; by chance alone {decimal(chance)}"
        told = f"{METRICS['ece'][1]}; perfect probabilities of so few tags would show what stands as chance"
        found.append(Figure("calibration error", decimal(value), beside, told))
    sure = _dict(tags, "sure")
    if (reached := number(sure.get("precision"))) is not None:
        meaning = "precision on test users of the tags that are as probable as reached nine of ten on validation users"
        beside = f"{decimal(number(sure.get('recall')) or 0.0)} of the true tags are among them; aimed at: .9"
        found.append(Figure("precision of sure tags", decimal(reached), beside, meaning))
    if stages:
        memory = number(cost.get("peak_memory_mb"))
        beside = "" if memory is None else f"{memory:,.0f} MB at most"
        found.append(Figure("time", seconds(sum(s for _, s in stages)), beside, "all stages together"))
    return [f for f in found if f is not None]


def _figure(rows: Sequence[Mapping[str, Any]], key: str) -> Figure | None:
    mine = ours(rows)
    value = number((mine or {}).get(key))
    if value is None:
        return None
    rated = [(v, short(str(r["method"]), 40)) for r in rows if r is not mine and (v := number(r.get(key))) is not None]
    beside, told = "", METRICS[key][1]
    if rated and key not in NEUTRAL:
        best, name = max(rated)
        beside, told = f"best other {decimal(best)}", f"{told} (best other method: {name})"
    return Figure(METRICS[key][0], decimal(value), beside or "of the users", told)


def _errors(tags: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Calibration errors by what they were taken over; a plain number is over all pairs."""
    value = tags.get("ece")
    named = value if isinstance(value, Mapping) else {"all pairs": value}
    words = {"shown": "over shown tags", "p>=.2": "over probabilities from 0.2"}
    return [(words.get(k, f"over {short(str(k), 40)}"), n) for k, v in named.items() if (n := number(v)) is not None]


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


def _modes(modes: Mapping[str, Any]) -> dict[str, Any]:
    """The candidates of the text encoder, what was kept, and how each one's losses fell."""
    curves = [(name, _curves(list(rows), f"{name}, training loss")) for name, rows in _dict(modes, "curves").items()]
    return {
        "sentence": short(str(modes.get("sentence", "")), 400),
        "kept": modes.get("kept"),
        "candidates": _rows(modes, "candidates"),
        "curves": [(name, drawn) for name, drawn in curves if drawn],
    }


def _curves(rows: Sequence[Mapping[str, Any]], title: str = "Training loss") -> list[Any]:
    steps = [number(r.get("step")) for r in rows]
    xs = [float(i) if s is None else s for i, s in enumerate(steps)]
    keys = list(dict.fromkeys(k for r in rows for k in r if k != "step"))
    losses = [k for k in keys if k.startswith("loss")]
    flow = [k for k in keys if k.startswith("gradient")]
    scores = [k for k in keys if k not in losses and k not in flow]

    def series(names: list[str]) -> list[Series]:
        nan = float("nan")
        return [
            Series(short(k.replace("_", " "), 40), xs, [nan if (v := number(r.get(k))) is None else v for r in rows])
            for k in names
        ]

    drawn = [
        plots.lines(series(losses), "step", "loss", title),
        plots.lines(series(flow), "step", "norm", "Gradient on the text vectors"),
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


@dataclass(frozen=True)
class Interval:
    """Difference to one baseline; `places` are the middle, the low end and the length on a scale from 0 to 1."""

    baseline: str
    difference: float
    low: float
    high: float
    places: tuple[float, float, float]


def _versus(rows: Sequence[Mapping[str, Any]]) -> tuple[float, list[Interval]] | None:
    """The place of zero and the intervals on one common scale; None where there are none."""
    kept: list[tuple[str, float, float, float]] = []
    for r in rows:
        middle, low, high = (number(r.get(k)) for k in ("difference", "low", "high"))
        if middle is not None:
            ends = (middle if low is None else low, middle if high is None else high)
            kept.append((short(str(r.get("baseline", "")), 60), middle, *ends))
    if not kept:
        return None
    left, right = min(0.0, *(k[2] for k in kept)), max(0.0, *(k[3] for k in kept))
    left, span = left - 0.04 * (right - left), 1.08 * (right - left) or 1.0
    return -left / span, [
        Interval(name, middle, low, high, ((middle - left) / span, (low - left) / span, (high - low) / span))
        for name, middle, low, high in kept
    ]


def _attributes(attributes: Mapping[str, Any]) -> list[tuple[str, str, Table]]:
    found = []
    for name, value in attributes.items():
        entry = value if isinstance(value, Mapping) else {}
        table = methods(measured(entry)[0])
        if table:
            found.append((short(name, 80), str(entry.get("kind", "")), table))
    return found


def _map(profiles: Profiles, drawn: UserMap) -> dict[str, Any] | None:
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


def _dict(part: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = part.get(key)
    return value if isinstance(value, Mapping) else {}


def _rows(part: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = part.get(key)
    return [r for r in value if isinstance(r, Mapping)] if isinstance(value, list) else []
