"""Tables of methods: what each figure is called and means, ours first, the best of each column marked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sociogram.report.plots import number, short
from sociogram.report.words import decimal

OURS = "sociogram"  # the method that the report is about; every other one is a baseline


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
