"""sociogram fit: learn profiles and publish them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sociogram.cli.common import Database, Json, MappingFile, PasswordFile, Uri, User, hint, open_engine, print_json
from sociogram.config import Home


class Mode(StrEnum):
    frozen = "frozen"
    joint = "joint"


def register(app: typer.Typer) -> None:
    app.command("fit")(fit)


def fit(
    mode: Annotated[
        Mode, typer.Option(help="frozen: the text encoder stays as it is; joint: it learns with the GNN.")
    ] = Mode.frozen,
    encoder: Annotated[
        str, typer.Option(help="Hugging Face id, folder, GGUF file, smollm2-135m, or `light`.")
    ] = "all-MiniLM-L6-v2",
    revision: Annotated[str | None, typer.Option(help="Revision of a Hugging Face id.")] = None,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
    snapshot: Annotated[
        Path | None, typer.Option(help="Learn from this snapshot folder: no database is needed.")
    ] = None,
    no_publish: Annotated[bool, typer.Option("--no-publish", help="Only learn.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Overwrite properties that Sociogram did not write.")] = False,
    no_recommended: Annotated[
        bool, typer.Option("--no-recommended", help="Write no RECOMMENDED relationships.")
    ] = False,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Learn a profile for every user, and publish it.

    Example: sociogram fit --mode frozen
    """
    settings: dict[str, Any] = {"encoder": encoder, "revision": revision, "mode": mode.value, "seed": seed}
    if snapshot is not None:
        from sociogram.cli.progress import TerminalProgress
        from sociogram.engine import fit_snapshot
        from sociogram.graph.snapshot import Snapshot

        with TerminalProgress() as progress:
            run = fit_snapshot(Snapshot.open(snapshot), Home.default(), progress=progress, **settings)
        _tell(run.id, run.record.get("metrics", {}), str(run.report_html), json)
        hint(f"sociogram publish {run.id}")
        return
    with open_engine(uri, database, user, password_file, mapping) as engine:
        run = engine.fit(**settings)
        if not no_publish:
            written = engine.publish(run, recommended=0 if no_recommended else 20, overwrite=overwrite)
            engine.progress.say("published", f"{written.nodes:,} profiles · run {run.id} · one transaction")
    _tell(run.id, run.record.get("metrics", {}), str(run.report_html), json)
    someone = run.profiles.keys[run.profiles.user_label][:1]
    if no_publish:
        hint(f"sociogram publish {run.id}")
    elif someone:
        hint(f"sociogram profile {someone[0]}", f"sociogram similar {someone[0]} -k 5")


def _tell(run: str, metrics: dict[str, Any], report: str, json: bool) -> None:
    if json:
        print_json({"run": run, "metrics": metrics, "report": report})
        return
    typer.echo(f"run {run}")
    for name, value in metrics.items():
        typer.echo(f"  {name:<18} {value:.4f}" if isinstance(value, float) else f"  {name:<18} {value}")
    typer.echo(f"  {'report':<18} {report}")
