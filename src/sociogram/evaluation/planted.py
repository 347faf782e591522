"""How much of a demo community's planted truth a run has found, on the users whose interests were held out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sociogram.errors import InputError

_TRUTH = ("user", "archetype", "held_out", "interests", "topics")
_TAGS = ("user", "topic", "probability", "shown")


@dataclass(frozen=True)
class Found:
    """Counts and ratios over a group of users.

    recall = planted interests that are shown / planted; precision = shown that are planted / shown; f1 is micro;
    map = mean over users of the average precision of the ranked topics. A ratio with nothing below it is NaN.
    """

    users: int
    planted: int
    shown: int
    hits: int
    recall: float
    precision: float
    f1: float
    map: float


def load_truth(path: Path) -> pd.DataFrame:
    """One row a user, as the demo source wrote it; raises InputError if it is not there or not a truth file."""
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise InputError(
            f"{path}: no planted truth there. `sociogram load demo` writes it beside the database."
        ) from None
    except pa.ArrowInvalid as error:
        raise InputError(
            f"{path}: expected a Parquet file with the planted truth ({error}). Load the demo again."
        ) from None
    _columns(table.column_names, _TRUTH, str(path))
    frame: pd.DataFrame = table.to_pandas()
    return frame


def found(truth: pd.DataFrame, tags: pd.DataFrame) -> dict[str, Any]:
    """Planted interests found: the figures of `Found` over held-out ordinary users, and the same `by_archetype`.

    `tags` has the columns user (key), topic (name or key), probability and shown; a topic that a user has no row for ranks last.
    A topic is matched by name or by key. `by_archetype` covers every held-out user with a planted interest (bots have none).
    """
    _columns(tags.columns, _TAGS, "tags")
    held = truth[truth["held_out"] & (truth["interests"].map(len) > 0)]
    keys = _topic_names(truth)
    of_user: dict[Any, pd.DataFrame] = dict(
        list(tags[tags["user"].isin(set(held["user"]))].groupby("user", sort=False))
    )
    wanted = zip(held["user"], held["interests"], strict=True)
    one = [_one(set(interests), of_user.get(user), keys) for user, interests in wanted]
    table = pd.DataFrame(one, columns=["planted", "shown", "hits", "ap"]).assign(archetype=held["archetype"].to_numpy())
    groups = {str(kind): asdict(_sum(rows)) for kind, rows in table.groupby("archetype")}
    return {**asdict(_sum(table[table["archetype"] == "ordinary"])), "by_archetype": groups}


def sentence(figures: Mapping[str, Any]) -> str:
    """The figures in one line for people."""
    if not figures["planted"]:
        return "planted interests found: no held-out user to look at"
    return f"planted interests found: {figures['recall']:.0%} (precision {figures['precision']:.2f})"


def _one(planted: set[str], tags: pd.DataFrame | None, keys: Mapping[str, str]) -> tuple[int, int, int, float]:
    """Planted, shown and hit counts and the average precision of one user."""
    if tags is None:
        return len(planted), 0, 0, 0.0
    ranked = tags.sort_values("probability", ascending=False, kind="stable")
    names = [keys.get(str(topic), str(topic)) for topic in ranked["topic"]]
    hit = np.array([name in planted for name in names])
    shown = ranked["shown"].to_numpy(dtype=bool)
    precision_at = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    return len(planted), int(shown.sum()), int((hit & shown).sum()), float(precision_at[hit].sum() / len(planted))


def _sum(table: pd.DataFrame) -> Found:
    planted, shown, hits = (int(table[name].sum()) for name in ("planted", "shown", "hits"))
    return Found(
        users=len(table),
        planted=planted,
        shown=shown,
        hits=hits,
        recall=_ratio(hits, planted),
        precision=_ratio(hits, shown),
        f1=_ratio(2 * hits, planted + shown),
        map=float(table["ap"].mean()) if len(table) else float("nan"),
    )


def _ratio(above: int, below: int) -> float:
    return above / below if below else float("nan")


def _topic_names(truth: pd.DataFrame) -> dict[str, str]:
    """Topic key -> name, as far as anybody is interested in it."""
    pairs = zip(truth["topics"], truth["interests"], strict=True)
    return {str(key): str(name) for topics, names in pairs for key, name in zip(topics, names, strict=True)}


def _columns(have: Any, wanted: tuple[str, ...], what: str) -> None:
    missing = [name for name in wanted if name not in list(have)]
    if missing:
        raise InputError(f"{what}: expected the columns {', '.join(wanted)}; missing {', '.join(missing)}.")
