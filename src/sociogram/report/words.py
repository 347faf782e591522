"""Values as the report writes them: for people, and for JSON."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np

from sociogram.report.plots import number, short


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
    """Three decimals, a dash where there is no number; a whole number is a count."""
    if isinstance(value, int) and not isinstance(value, bool):
        return count(value)
    found = number(value)
    if found is None:
        return "–"
    return f"{round(found, 3) + 0.0:.3f}" if abs(found) < 100 else f"{found:,.1f}"  # + 0.0: no minus before a zero


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


def when(value: Any) -> str:
    """A time in ISO 8601 as people write it; anything else as it is."""
    try:
        return datetime.fromisoformat(str(value)).strftime("%-d %B %Y, %H:%M %Z").strip()
    except ValueError:
        return "" if value is None else short(str(value), 60)
