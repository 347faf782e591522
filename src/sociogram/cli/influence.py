"""sociogram influence maximise, simulate, attribute, test: who moves whom."""

import json as jsonlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sociogram.cli.common import (
    Database,
    Json,
    MappingFile,
    PasswordFile,
    Uri,
    User,
    hint,
    open_engine,
    print_json,
    print_table,
)
from sociogram.errors import InputError

if TYPE_CHECKING:
    from sociogram.queries.influence.influence import Influence

app = typer.Typer(
    help="Ask who moves whom: choose seeds, estimate their reach, credit what happened, test for influence."
)


class Model(StrEnum):
    wc = "wc"
    ic = "ic"
    lt = "lt"


class Direction(StrEnum):
    auto = "auto"
    both = "both"
    follows = "follows"
    forward = "forward"


ModelOption = Annotated[
    Model, typer.Option(help="wc: p = 1/indegree; ic: the same p, or one per tie; lt: linear threshold.")
]
P = Annotated[
    str | None,
    typer.Option(
        "--p",
        help="With --model ic: a probability, `weight` (the ties' own), or `learned` (from timed behaviours). Default .1.",
    ),
]
Way = Annotated[
    Direction,
    typer.Option(
        help="Of a tie u->v. follows: v influences u; forward: u influences v; auto: both if ties are symmetric."
    ),
]
Topic = Annotated[str | None, typer.Option(help="Scale ties by both ends' interest in this topic.")]
SnapshotFolder = Annotated[Path | None, typer.Option("--snapshot", help="A snapshot folder: no database is needed.")]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", help="A behaviour's relationship type; several times. Default: all timed."),
]
SeedOption = Annotated[int, typer.Option(help="Seed of the random numbers.")]


@app.command()
def maximise(
    k: Annotated[int | None, typer.Option("-k", help="How many seeds.")] = None,
    model: ModelOption = Model.wc,
    p: P = None,
    direction: Way = Direction.auto,
    topic: Topic = None,
    budget: Annotated[
        float | None, typer.Option(help="What the seeds may cost together (1 each without --costs).")
    ] = None,
    costs: Annotated[Path | None, typer.Option(help="CSV with the columns user, cost.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="A user who may not be a seed; several times.")] = None,
    epsilon: Annotated[float, typer.Option(help="Certify at least 1 - 1/e - epsilon of the best.")] = 0.1,
    seed: SeedOption = 0,
    snapshot: SnapshotFolder = None,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """The users who would reach most, with a certificate of how near the best they are.

    Example: sociogram influence maximise -k 50 --json > seeds.json
    """
    if k is None and budget is None:
        k = 10
    with _influence(snapshot, uri, database, user, password_file, mapping) as influence:
        found = influence.maximise(
            k,
            model=model.value,
            p=_p(p),
            direction=direction.value,
            topic=topic,
            budget=budget,
            costs=_costs(costs),
            exclude=exclude or [],
            epsilon=epsilon,
            seed=seed,
        )
    if json:
        print_json(found.to_dict())
    else:
        print_table([vars(s) for s in found.seeds], ("rank", "id", "name", "gain", "spread", "cost"))
        typer.echo(found.certificate)
        typer.echo(f"model {found.model}, direction of ties: {found.direction}")
    hint(
        f"sociogram influence simulate {' '.join(str(key) for key in found.ids[:3])} --model {found.model}",
        "sociogram influence test",
    )


@app.command()
def simulate(
    seeds: Annotated[list[str] | None, typer.Argument(help="Keys of the seeds.", metavar="USER...")] = None,
    seeds_file: Annotated[Path | None, typer.Option(help="What `maximise --json` wrote, or one key a line.")] = None,
    model: ModelOption = Model.wc,
    p: P = None,
    direction: Way = Direction.auto,
    topic: Topic = None,
    runs: Annotated[int, typer.Option(help="Monte-Carlo runs.")] = 10_000,
    picture: Annotated[Path | None, typer.Option(help="Draw the curve over k to this .png, .svg or .pdf.")] = None,
    seed: SeedOption = 0,
    snapshot: SnapshotFolder = None,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Expected spread of given seeds, in the order given, with 95 % intervals.

    Example: sociogram influence simulate --seeds-file seeds.json --picture spread.png
    """
    chosen = [*(seeds or []), *_seeds(seeds_file)]
    if not chosen:
        raise InputError("seeds: name at least one user, or --seeds-file FILE with one key a line.")
    if picture is not None:
        from sociogram.queries.influence.picture import check

        check(picture)
    with _influence(snapshot, uri, database, user, password_file, mapping) as influence:
        found = influence.simulate(
            chosen, model=model.value, p=_p(p), direction=direction.value, topic=topic, runs=runs, seed=seed
        )
    if picture is not None:
        from sociogram.queries.influence.picture import picture as draw

        draw({"these seeds": found}, picture)
    if json:
        print_json(found.to_dict())
        return
    print_table([vars(point) for point in found.curve], ("k", "id", "name", "spread", "low", "high"))
    low, high = found.interval
    typer.echo(
        f"expected spread {found.spread:,.1f} of {found.users:,} users (95 % {low:,.1f} to {high:,.1f}, {found.runs:,} runs)"
    )
    if found.reached:
        typer.echo("most surely reached: " + ", ".join(f"{r.name} {r.probability:.2f}" for r in found.reached[:5]))
    if picture is not None:
        typer.echo(f"{picture}")
    hint(f"sociogram influence maximise -k {len(found.curve)} --model {found.model}")


@app.command()
def attribute(
    top: Annotated[int, typer.Option(help="How many ties, users and items to show.")] = 10,
    types: Types = None,
    direction: Way = Direction.auto,
    out: Annotated[
        Path | None, typer.Option(help="Parquet file for all ties (source, target, times, credit, share, p).")
    ] = None,
    snapshot: SnapshotFolder = None,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Who influenced whom, and whose behaviours spread: credit from timed behaviours.

    Example: sociogram influence attribute --top 20
    """
    if top < 1:
        raise InputError(f"top: expected a whole number above 0, got {top}.")
    with _influence(snapshot, uri, database, user, password_file, mapping) as influence:
        found = influence.attribute(direction=direction.value, types=types or [])
    if out is not None:
        if not out.parent.is_dir():
            raise InputError(f"{out}: the folder {out.parent} does not exist.")
        found.ties.assign(source=found.ties["source"].astype(str), target=found.ties["target"].astype(str)).to_parquet(
            out, index=False
        )
    tables = found.to_dict(top)
    if json:
        print_json(tables)
        return
    for title, name in (
        ("who influences whom", "ties"),
        ("whose behaviours spread", "users"),
        ("what spread", "items"),
    ):
        typer.echo(title)
        print_table(tables[name])
    hint("sociogram influence test", "sociogram influence maximise -k 10 --model ic --p learned")


@app.command("test")
def verdict(
    types: Types = None,
    level: Annotated[float, typer.Option(help="Level of the tests; intervals are of 1 - level.")] = 0.01,
    shuffles: Annotated[int, typer.Option(help="Shuffles of the order.")] = 499,
    direction: Way = Direction.auto,
    seed: SeedOption = 0,
    snapshot: SnapshotFolder = None,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Is it influence at all, or are friends just alike? A verdict: influence, homophily, both or neither.

    Example: sociogram influence test
    """
    with _influence(snapshot, uri, database, user, password_file, mapping) as influence:
        found = influence.test(direction=direction.value, types=types or [], level=level, shuffles=shuffles, seed=seed)
    if json:
        print_json(found.to_dict())
        return
    typer.echo(found.sentence)
    rows = [
        {"what": name, "difference": e.difference, "low": e.low, "high": e.high}
        for name, e in (
            ("friend before against none", found.matched.raw),
            ("at the same place (influence)", found.matched.influence),
            ("explained by place (homophily)", found.matched.homophily),
        )
    ]
    print_table(rows)
    typer.echo(
        f"alpha {found.shuffle.alpha:.3f}, shuffled {found.shuffle.shuffled:.3f}; {found.users:,} users, "
        f"{found.behaviours:,} behaviours, {found.matched.items} items compared; direction of ties: {found.direction}"
    )
    hint("sociogram influence attribute", "sociogram influence maximise -k 10 --model ic --p learned")


@contextmanager
def _influence(
    snapshot: Path | None,
    uri: str | None,
    database: str | None,
    user: str | None,
    password_file: Path | None,
    mapping: Path | None,
) -> "Iterator[Influence]":
    if snapshot is None:
        with open_engine(uri, database, user, password_file, mapping) as engine:
            yield engine.influence
        return
    from sociogram.cli.progress import TerminalProgress
    from sociogram.graph.snapshot import Snapshot
    from sociogram.queries.influence.influence import Influence

    with TerminalProgress() as progress:
        yield Influence(Snapshot.open(snapshot), progress=progress)


def _p(text: str | None) -> float | str | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return text


def _seeds(file: Path | None) -> list[Any]:
    if file is None:
        return []
    text = _read(file)
    if not text.lstrip().startswith("{"):
        return text.split()
    try:
        return [seed["id"] for seed in jsonlib.loads(text)["seeds"]]
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f"{file}: expected what `sociogram influence maximise --json` writes, or one user's key a line."
        ) from None


def _costs(file: Path | None) -> dict[Any, float] | None:
    if file is None:
        return None
    import csv

    rows = list(csv.DictReader(_read(file).splitlines()))
    if not rows or not {"user", "cost"} <= set(rows[0]):
        found = ", ".join(rows[0]) if rows else "no rows"
        raise InputError(f"{file}: expected a CSV with the columns user, cost (found: {found}).")
    costs = {}
    for line, row in enumerate(rows, 2):
        try:
            costs[row["user"]] = float(row["cost"])
        except (TypeError, ValueError):
            raise InputError(f"{file}, line {line}: cost {row['cost']!r} is not a number.") from None
    return costs


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError(f"{file}: not UTF-8 text.") from None
