"""Runs every bench_*.py in turn, or those named: `python -m benchmarks recommend`; options go to one: `recommend --rounds 3`."""

import sys
from importlib import import_module

from benchmarks import HERE, SkippedError


def main(names: list[str]) -> int:
    """The number of benchmarks that failed or are unknown."""
    known = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    options = [] if len(names) < 2 or not names[1].startswith("-") else names[1:]
    names = names[: len(names) - len(options)]
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return len(unknown)
    failed = 0
    for name in names or known:
        try:
            import_module(f"benchmarks.bench_{name}").main(*([options] if options else []))
        except SkippedError as reason:
            print(f"\n{name}: skipped: {reason}")
        except Exception as error:  # one broken benchmark must not hide the others
            failed += 1
            print(f"\n{name}: failed: {type(error).__name__}: {error}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
