"""sociogram publish, runs, rollback, unpublish."""

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


def register(app: typer.Typer) -> None:
    for command in (publish, runs, rollback, unpublish):
        app.command()(command)


def publish(
    run: Annotated[
        str | None, typer.Argument(help="Run id (default: the latest finished).", autocompletion=run_ids)
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Overwrite properties that Sociogram did not write.")] = False,
    no_recommended: Annotated[
        bool, typer.Option("--no-recommended", help="Write no RECOMMENDED relationships.")
    ] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for another publisher.", min=0)] = 60,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Make a run's profiles the live ones, in one transaction where Neo4j's memory holds it.

    Example: sociogram publish r1-3f9c
    """
    from sociogram.errors import NotFoundError

    with open_engine(uri, database, user, password_file, mapping) as engine:
        chosen = engine.runs.get(run) if run else engine.runs.latest_finished()
        if chosen is None:
            raise NotFoundError("there is no finished run to publish. Learn one first: sociogram fit")
        written = engine.publish(chosen, recommended=0 if no_recommended else 20, overwrite=overwrite, wait=wait)
    typer.echo(
        f"{written.nodes:,} nodes, {written.interests:,} interests, {written.recommendations:,} recommendations from run {written.run}"
    )
    hint("sociogram runs")


def runs(
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """List runs: those in the graph's audit trail and those on this machine.

    Example: sociogram runs --json
    """
    with open_engine(uri, database, user, password_file) as engine:
        published = {p.id: p for p in engine.published()}
        local = {r.id: r.record for r in engine.runs.all()}
    rows = []
    for run_id in dict.fromkeys((*local, *published)):
        p, record = published.get(run_id), local.get(run_id, {})
        rows.append(
            {
                "run": run_id,
                "here": record.get("state", "not on this machine"),
                "graph": p.state if p else "not published",
                "mode": _mode(
                    record.get("config", {}).get("mode") or (p.mode if p else ""),
                    (record.get("metrics") or (p.metrics if p else {})).get("mode"),
                ),
                "started": record.get("startedAt") or (p.started_at if p else ""),
                "tags mAP": record.get("metrics", {}).get("tags map") or (p.metrics.get("tags map") if p else None),
            }
        )
    if json:
        print_json(rows)
    else:
        print_table(rows)
    if not rows:
        hint("sociogram fit")


def _mode(asked: str, kept: str | None) -> str:
    return asked if kept in (None, asked) else f"{asked}: {kept}"


def rollback(
    run: Annotated[
        str | None,
        typer.Argument(help="Run id (default: the one published before the live one).", autocompletion=run_ids),
    ] = None,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Publish an earlier run again.

    Example: sociogram rollback
    """
    with open_engine(uri, database, user, password_file, mapping) as engine:
        written = engine.rollback(run)
    typer.echo(f"{written.nodes:,} nodes are back at run {written.run}")


def unpublish(
    uri: Uri = None, database: Database = None, user: User = None, password_file: PasswordFile = None
) -> None:
    """Remove everything that publishing wrote, and nothing else.

    Example: sociogram unpublish
    """
    with open_engine(uri, database, user, password_file) as engine:
        changed = engine.unpublish()
    typer.echo(f"removed the profiles of {changed:,} nodes")
    hint("sociogram publish")
