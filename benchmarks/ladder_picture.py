"""Quality against seconds, a panel a set: one line a method, through the steps that it can be taken in."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FAMILIES: dict[str, tuple[str, dict[str, str]]] = {  # colour, and the rows in their order with their short names
    "TF-IDF + LR": (
        "tab:gray",
        {"TF-IDF + LR, own text": "own text", "TF-IDF + LR, own + neighbours' text": "+ neighbours'"},
    ),
    "Sociogram, MiniLM": (
        "tab:blue",
        {"frozen": "frozen", "two_step": "two_step", "joint, both parts": "joint", "auto": "auto"},
    ),
    "Sociogram, SmolLM2": (
        "tab:orange",
        {
            "LLM, frozen": "frozen",
            "LLM, two_step": "two_step",
            "LLM, joint, both parts": "joint",
            "LLM, auto": "auto",
        },
    ),
    "others": (
        "tab:green",
        {
            "activity only": "activity",
            "MiniLM + LR, own text": "MiniLM + LR",
            "LSTM, own text": "LSTM",
            "PyG to_hetero GraphSAGE, same vectors": "PyG",
            "GDS GraphSAGE + LR, same vectors": "GDS",
            "em": "em",
            "ridge on tags": "ridge, tags",
            "ridge on tags and items": "ridge, tags + items",
        },
    ),
}
LONGEST = 3  # panels in a row


def picture(tables: Mapping[str, Any], path: Path) -> None:
    """Draw one panel for each table of rows with LRAP, its SD over tasks, and seconds."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    across = min(max(len(tables), 1), LONGEST)
    down = -(-max(len(tables), 1) // across)
    figure, axes = plt.subplots(down, across, figsize=(5.2 * across, 4.4 * down), squeeze=False)
    for axis, (name, table) in zip(axes.flat, tables.items(), strict=False):
        _panel(axis, table["rows"])
        axis.set(xscale="log", xlabel="processor seconds a fit", ylabel="LRAP on test users", title=name)
    for axis in list(axes.flat)[len(tables) :]:
        axis.set_axis_off()
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(FAMILIES), frameon=False)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _panel(axis: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    found = {r["method"]: r for r in rows}
    seconds = [max(r["seconds"], 0.1) for r in rows if any(r["method"] in names for _, names in FAMILIES.values())]
    middle = (min(seconds) * max(seconds)) ** 0.5 if seconds else 1.0
    for title, (colour, names) in FAMILIES.items():
        points = list(_points(found, names))
        joined = "none" if title == "others" else "-"
        axis.errorbar(
            [x for x, *_ in points],
            [y for _, y, *_ in points],
            [sd for _, _, sd, _ in points],
            color=colour, marker="o", markersize=5, linewidth=1, linestyle=joined, elinewidth=0.6, capsize=2, label=title,
        )  # fmt: skip
        for x, y, _, label in points:
            side = {"ha": "left", "xytext": (6, 3)} if x < middle else {"ha": "right", "xytext": (-6, 3)}
            axis.annotate(label, (x, y), fontsize=7, textcoords="offset points", color=colour, **side)


def _points(
    found: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]
) -> Iterator[tuple[float, float, float, str]]:
    """Seconds, LRAP, SD (0 for a single task) and short name."""
    for name, short in names.items():
        if name in found:
            sd = found[name].get("LRAP sd")
            yield max(found[name]["seconds"], 0.1), found[name]["LRAP"], 0.0 if sd is None or sd != sd else sd, short
