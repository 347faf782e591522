"""sociogram segments: who belongs together, what sets each segment apart, what it is worth."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

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
from sociogram.cli.complete import run_ids
from sociogram.errors import InputError


class Method(StrEnum):
    embedding = "embedding"
    leiden = "leiden"
    rule = "rule"


def register(app: typer.Typer) -> None:
    app.command("segments")(segments)


def segments(
    method: Annotated[
        Method | None,
        typer.Option(
            help="embedding: alike users; leiden: users tied to each other; rule: your own. Default: as the run has it."
        ),
    ] = None,
    k: Annotated[
        int | None,
        typer.Option("-k", "--k", help="How many segments (method embedding); default: chosen by resampling."),
    ] = None,
    floor: Annotated[
        int | None, typer.Option(help="Fewest users in a segment; default 10, or a hundredth of all.")
    ] = None,
    resolution: Annotated[float | None, typer.Option(help="leiden: above 1 more and smaller segments.")] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            help="'NAME: CONDITION', may be given several times; the first that holds counts. E.g. 'climbers: tag climbing >= .6'"
        ),
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help='TOML file with a table \\[segments] of name = "condition".')
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed.")] = None,
    run: Annotated[
        str | None,
        typer.Option(help="Run id (default: the live one, else the latest finished).", autocompletion=run_ids),
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Keep these segments in the run, and publish it.")] = False,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """List the segments of users: id, name, size, the words that set each apart, stability, lift.

    Example: sociogram segments --method leiden --floor 30
    """
    if rule and rules is not None:
        raise InputError("rules: give them by --rule or in a file, not both.")
    with open_engine(uri, database, user, password_file, mapping) as engine:
        found = engine.segments(
            run=run,
            method=None if method is None else method.value,
            k=k,
            floor=floor,
            resolution=resolution,
            rules=rules or rule or None,
            seed=seed,
            publish=publish,
        )
    if json:
        print_json(found.to_dict())
        return
    from sociogram.report.groups import sentences

    rows = [
        {
            "id": s.id,
            "name": s.name,
            "users": s.users,
            "share": s.share,
            "set apart by (lift)": " · ".join(f"{w.word} {w.lift:.1f}" for w in s.words[:5]),
        }
        for s in found.segments
    ]
    print_table(rows)
    for line in (*sentences(found.to_dict()), *found.notes):
        typer.echo(line)
    if publish:
        hint(
            "sociogram query segment_lift",
            f'sociogram cypher "MATCH (u:User) WHERE u.segment = {found.segments[0].id} RETURN u.id"',
        )
    else:
        hint("sociogram segments --publish")
