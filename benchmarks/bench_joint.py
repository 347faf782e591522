"""When does training the text encoder pay? The ladder, from popularity to joint training, on real and on coined language.

    python -m benchmarks joint [--sets SET...] [--rows ROW...] [--tasks 5] [--card NAME]

Sets: `se 60`, `se 20` (Stack Exchange, tags of users whose tags are hidden, 60 or 20 % of the users teach, one fold a task), the same with
half of the content words coined (`se 60 jargon`), the demo community with 20 % of the labels, plain and coined, one seed a task, `se ii`
(what is posted under after a time cut at .5, .6, .7 or .8 of the posts; known users and newcomers apart) and `lastfm` (a fifth of each
user's tags hidden, what is known masked, so that LRAP is the mAP over users of BENCHMARKS C; light are users with few known tags).
Seconds are those of the processor, reading the texts for the first time included. Settings are the defaults; what a method chooses it chooses on validation within the training users. Finished rows are kept, a run that
was cut goes on. On a GPU give the card a short name (`--card h100`): its rows are kept apart and stand in tables of their own. Writes joint.md, results/joint.json and docs/images/joint.png (quality against seconds).
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import HERE, data, save, show
from benchmarks.from_source import snapshot
from benchmarks.ladder_picture import picture
from benchmarks.tag_gds import gds_graphsage
from benchmarks.tag_lastfm import hidden_pairs, ridge
from benchmarks.tag_lstm import lstm
from benchmarks.tag_methods import SIMPLE, sociogram
from benchmarks.tag_pyg import to_hetero_sage
from benchmarks.tag_rows import Answer, Method, Rows, summary
from benchmarks.tag_tasks import Task, after_cut, hide, posts_of, without_ties
from sociogram.loaders.demo import demo
from sociogram.loaders.jargon import jargon
from sociogram.loaders.source import Source
from sociogram.loaders.stackexchange import stackexchange

LLM = "smollm2-135m"
DEMO_SEED = 21  # communities that no tuning has seen


def no_ties(task: Task, folder: Path) -> Answer:
    """Frozen on a graph without ties."""
    return sociogram(mode="frozen")(without_ties(task, folder / "without-ties"), folder)


PEERS: dict[str, Method] = {
    "LSTM, own text": lstm,
    "PyG to_hetero GraphSAGE, same vectors": to_hetero_sage,
    "GDS GraphSAGE + LR, same vectors": gds_graphsage,
}
RIDGES: dict[str, Method] = {
    name: ridge(name) for name in ("ridge on tags", "ridge on items", "ridge on tags and items")
}
OTHERS = SIMPLE | PEERS | RIDGES
BOTH = "joint, both parts"  # links and the network's gradient; mode joint is the best of frozen, two_step and this, as auto is
AT_ONCE = "auto, in one fit"  # only where asked for: `auto` is the best of its candidates, which are rows already and come out alike
METHODS: dict[str, Method] = OTHERS | {
    "frozen": sociogram(mode="frozen"),
    "frozen, no lexical channel": sociogram(mode="frozen", lexical=False),
    "frozen, no linear skip": sociogram(mode="frozen", skip=False),
    "frozen, no ties": no_ties,
    "two_step": sociogram(mode="two_step"),
    "em": sociogram(mode="em"),
    BOTH: sociogram(mode="joint", candidates=("joint",)),
    AT_ONCE: sociogram(mode="auto"),
    "LLM, frozen": sociogram(LLM, mode="frozen"),
    "LLM, two_step": sociogram(LLM, mode="two_step"),
    f"LLM, {BOTH}": sociogram(LLM, mode="joint", candidates=("joint",)),
}
AGAINST = (
    ("frozen", "TF-IDF + LR, own + neighbours' text"),
    ("two_step", "frozen"),
    (BOTH, "frozen"),
    (BOTH, "two_step"),
    ("em", "frozen"),
    ("auto", "frozen"),
    ("LLM, two_step", "LLM, frozen"),
    (f"LLM, {BOTH}", "LLM, frozen"),
    ("LLM, auto", "LLM, frozen"),
    ("LLM, auto", "auto"),
    *(("frozen", name) for name in [*PEERS, "own past tags + popularity", "ridge on tags and items"]),
    *(("frozen", name) for name in METHODS if name.startswith("frozen,")),
)


def on_stackexchange(share: float, words: float) -> Callable[[Path, int], Task]:
    """A fold of Stack Exchange."""
    place = data("se-quantumcomputing")

    def make(folder: Path, fold: int) -> Task:
        s = snapshot(_spoken(stackexchange(place), words), folder / "whole")
        return hide(s, folder, fold, share, posts_of(s))

    return make


def on_demo(share: float, words: float) -> Callable[[Path, int], Task]:
    """A community of its own seed, one fifth of its interested users for test."""

    def make(folder: Path, number: int) -> Task:
        s = snapshot(_spoken(demo(users=1500, seed=DEMO_SEED + number), words), folder / "whole")
        posted = [s.edges[key] for key in s.edges if key[1] == "POSTED"]
        posts = np.asarray(sum(np.diff(e.indptr) for e in posted), np.int64)
        return hide(s, folder, 0, share, posts, seed=number)

    return make


def _spoken(source: Source, words: float) -> Source:
    return jargon(source, words, seed=0) if words else source


def on_time_cuts(folder: Path, number: int) -> tuple[Task, Task]:
    """Stack Exchange as it stood at one of the cuts: users known by then, and newcomers."""
    return after_cut(data("se-quantumcomputing"), folder, CUTS[number])


def on_lastfm(folder: Path, seed: int) -> tuple[Task]:
    """Last.fm, pairs hidden by a seed of its own."""
    return (hidden_pairs(data("lastfm-2k"), folder, seed),)


CUTS = (0.5, 0.6, 0.7, 0.8)
OF_TEXT = tuple(name for name in METHODS if name not in RIDGES)
HIDDEN_USERS = tuple(
    name for name in OF_TEXT if name != "own past tags + popularity"
)  # test users have none that can be seen
PAIRS = ("popularity", *RIDGES, "frozen", "two_step", BOTH, AT_ONCE)  # users have no texts, artists have names


@dataclass(frozen=True)
class Set:
    """Tasks of one kind, and the methods that make sense on them."""

    make: Callable[[Path, int], tuple[Task, ...]]
    methods: tuple[str, ...]
    tasks: int = 5
    groups: tuple[str, ...] = ("",)  # of test users, judged apart

    def titles(self, name: str) -> list[str]:
        """What the groups are called in tables."""
        return [f"{name}, {group}" if group else name for group in self.groups]


def _alone(make: Callable[[float, float], Callable[[Path, int], Task]], share: float, words: float) -> Set:
    return Set(lambda folder, number: (make(share, words)(folder, number),), HIDDEN_USERS)


SETS = {
    "se 60": _alone(on_stackexchange, 0.6, 0.0),
    "se 20": _alone(on_stackexchange, 0.2, 0.0),
    "se 60 jargon": _alone(on_stackexchange, 0.6, 0.5),
    "demo 20": _alone(on_demo, 0.2, 0.0),
    "demo 20 jargon": _alone(on_demo, 0.2, 0.5),
    "se ii": Set(on_time_cuts, OF_TEXT, len(CUTS), ("", "newcomers")),
    "lastfm": Set(on_lastfm, PAIRS),
}


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print, write joint.md, results/joint.json and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument(
        "--rows", nargs="*", default=[name for name in METHODS if name != AT_ONCE], choices=list(METHODS)
    )
    parser.add_argument("--tasks", type=int, default=5)
    parser.add_argument("--card", default="", help="short name of the GPU that this runs on")
    options = parser.parse_args(arguments or [])
    rows = Rows(f"joint-{options.card}" if options.card else "joint")
    for number in range(options.tasks):  # a first task of every set before a second of any
        for name in options.sets:
            kind = SETS[name]
            if number < kind.tasks:
                methods = {method: METHODS[method] for method in options.rows if method in kind.methods}
                keys = [(title, number) for title in kind.titles(name)]
                rows.run(lambda folder, kind=kind, number=number: kind.make(folder, number), methods, *keys)
    tables = tables_of(Rows("joint"))
    on_cards = {}
    for file in sorted((HERE / "results").glob("joint-*-rows.jsonl")):
        card = file.name.removeprefix("joint-").removesuffix("-rows.jsonl")
        on_cards |= {f"{name}, on {card.upper()}": t for name, t in tables_of(Rows(f"joint-{card}")).items()}
    save("joint", tables | on_cards)
    (HERE / "joint.md").write_text(_markdown(tables | on_cards), encoding="utf-8")
    with_llm = {n: t for n, t in on_cards.items() if any(r["method"].startswith("LLM") for r in t["rows"])}
    picture(tables | with_llm, HERE.parent / "docs" / "images" / "joint.png")


def tables_of(rows: Rows) -> dict[str, Any]:
    """Means and paired differences of every set that has rows, printed too."""
    for model in ("", "LLM, "):
        rows.best_of(f"{model}auto", [f"{model}{candidate}" for candidate in ("frozen", "two_step", BOTH)])
    tables: dict[str, Any] = {}
    for name in [title for key, kind in SETS.items() for title in kind.titles(key)]:
        mine = [r for r in rows.done if r["task"][0] == name]
        if not mine:
            continue
        order = {method: i for i, method in enumerate((*METHODS, "auto", "LLM, auto"))}
        table = sorted(summary(mine), key=lambda r: order.get(r["method"], len(order)))
        keys = sorted({tuple(r["task"]) for r in mine})
        table = [row | rows.calibration(keys, row["method"]) for row in table]
        gains = rows.compared(keys, [r["method"] for r in table], AGAINST)
        tables[name] = {"rows": table, "paired": gains}
        show(name, table)
        show(f"{name}: paired bootstrap over test users, 95 %", gains)
    return tables


COLUMNS = (
    "tasks", "LRAP", "light", "mAP", "P@3", "micro F1", "macro F1", "precision", "recall", "accuracy", "train-test", "Brier skill", "ECE pooled", "ECE by chance",
    "precision of sure", "recall of sure", "recall at P .9", "seconds", "steps", "weight_change", "epoch_ratio", "texts_with_gradient", "seconds an epoch",
    "peak MB", "kept",
)  # fmt: skip


WHOLE = ("tasks", "seconds", "steps", "texts_with_gradient", "peak MB")  # columns shown without digits


def _markdown(tables: dict[str, Any]) -> str:
    lines = ["# The ladder", "", "Made by `make bench-joint`; what the columns mean: README.md of this folder.", ""]
    for name, table in tables.items():
        lines += [f"## {name}", "", "| method | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
        lines += [
            "| " + " | ".join([r["method"], *(_cell(c, r.get(c)) for c in COLUMNS)]) + " |" for r in table["rows"]
        ]
        measures = ("LRAP", "light", "macro F1")
        head = " | ".join(f"{m} a - b | 95 %" for m in measures)
        lines += ["", f"| a | b | {head} | tasks |", "|---" * (2 * len(measures) + 3) + "|"]
        for g in table["paired"]:
            gains = [f"{g[m + ' gain']:+.3f} | {g[m + ' low']:+.3f} to {g[m + ' high']:+.3f}" for m in measures]
            lines.append(f"| {g['a']} | {g['b']} | {' | '.join(gains)} | {g['tasks']} |")
        lines.append("")
    return "\n".join(lines)


def _cell(column: str, value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if column in WHOLE else f"{value:.3f}"


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
