"""The picture: expected spread over the number of seeds, with intervals."""

from collections.abc import Mapping
from pathlib import Path

from sociogram.errors import InputError
from sociogram.queries.influence.simulate import Simulated


def check(path: Path) -> None:
    """InputError where a picture cannot be written there: better told before the work than after it."""
    if path.suffix.lower() not in {".png", ".svg", ".pdf"}:
        raise InputError(f"{path}: expected a name that ends in .png, .svg or .pdf.")
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist.")


def picture(curves: Mapping[str, Simulated], path: Path) -> None:
    """The curves over k with their intervals, as a PNG, SVG or PDF by the name's ending."""
    from matplotlib.figure import Figure

    check(path)
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for name, simulated in curves.items():
        k = [0] + [p.k for p in simulated.curve]
        (line,) = axes.plot(k, [0.0] + [p.spread for p in simulated.curve], label=name, linewidth=1.6)
        low, high = ([0.0] + [getattr(p, side) for p in simulated.curve] for side in ("low", "high"))
        axes.fill_between(k, low, high, alpha=0.25, color=line.get_color(), linewidth=0)
        axes.annotate(
            f"{simulated.spread:,.0f}",
            (k[-1], simulated.spread),
            textcoords="offset points",
            xytext=(4, -3),
            fontsize=8,
        )
    any_ = next(iter(curves.values()))
    axes.set(xlabel="seeds", ylabel="expected active users", xlim=(0, None), ylim=(0, None))
    axes.set_title(f"{any_.model}, {any_.users:,} users, {any_.runs:,} runs, 95 % intervals", fontsize=10)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    figure.savefig(path, dpi=150)
