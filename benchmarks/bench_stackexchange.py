"""How well are tags found on a Stack Exchange dump, next to simple models (BENCHMARKS C)?

    python -m benchmarks stackexchange [--modes frozen joint] [--shares .2 .6] [--folds 5] [--cuts .5 .6 .7 .8]

Task (i): the tags of users whose tags are hidden, five folds over the users, 20 or 60 % of them for training. Task (ii): the tags that a
user posts under after a global time cut. Steer by LRAP (tags within a user) and light (macro AP over users with at most three posts): raw
mAP and F1 over users measure how active they are.
"""

import argparse

from benchmarks import data, save, show
from benchmarks.tag_methods import SIMPLE, sociogram
from benchmarks.tag_rows import Rows, summary
from benchmarks.tag_tasks import after_cut, hidden_users


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print, write results/stackexchange.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modes", nargs="*", default=["frozen"])
    parser.add_argument("--shares", type=float, nargs="*", default=[0.2, 0.6])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--cuts", type=float, nargs="*", default=[0.5, 0.6, 0.7, 0.8])
    options = parser.parse_args(arguments or [])
    place, rows = data("se-quantumcomputing"), Rows("stackexchange")
    methods = SIMPLE | {mode: sociogram(mode=mode) for mode in options.modes}
    for share in options.shares:
        for fold in range(options.folds):
            rows.run(lambda folder, f=fold, s=share: (hidden_users(place, folder, f, s),), methods, (fold, share))
    for cut in options.cuts:
        rows.run(lambda folder, c=cut: after_cut(place, folder, c), methods, ("cut", cut), ("newcomers", cut))
    tables, gains, later = {}, {}, {}
    for share in options.shares:
        tables[share] = summary(
            [r for r in rows.done if r["task"][1] == share and r["task"][0] not in ("cut", "newcomers")]
        )
        show(
            f"Stack Exchange (i): tags of users whose tags are hidden, {share:.0%} of the users teach, means over folds",
            tables[share],
        )
        names = [r["method"] for r in tables[share]]
        pairs = [(m, n) for i, m in enumerate(options.modes) for n in names if n not in options.modes[i:]]
        gains[share] = rows.compared([(fold, share) for fold in range(options.folds)], names, pairs)
        show("paired bootstrap over test users, 95 %", gains[share])
    for who, key in (("known users", "cut"), ("newcomers", "newcomers")):
        later[who] = summary([r for r in rows.done if r["task"][0] == key])
        show(f"Stack Exchange (ii): tags posted under after a time cut, {who}, means over cuts", later[who])
    save("stackexchange", {"(i)": tables, "paired": gains, "(ii)": later, "rows": rows.done})


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
