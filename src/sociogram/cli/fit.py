"""sociogram fit: learn profiles and publish them."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sociogram.cli.common import Database, Json, MappingFile, PasswordFile, Uri, User, hint, open_engine, print_json
from sociogram.cli.complete import encoders, tunings
from sociogram.config import Home
from sociogram.errors import InputError


class Mode(StrEnum):
    auto = "auto"
    frozen = "frozen"
    two_step = "two_step"
    joint = "joint"
    em = "em"


def register(app: typer.Typer) -> None:
    app.command("fit")(fit)


def fit(
    mode: Annotated[
        Mode,
        typer.Option(
            help="frozen: the text encoder stays as it is; two_step: it learns from the graph's links first; joint: with the GNN; "
            "em: in rounds with the GNN; auto: the best of the first three on validation."
        ),
    ] = Mode.auto,
    budget: Annotated[
        str | None, typer.Option(help="Time for learning, e.g. 10m, 90s, 1h30m; publishing comes on top.")
    ] = None,
    encoder: Annotated[
        str, typer.Option(help="Hugging Face id, folder, GGUF file, smollm2-135m, or `light`.", autocompletion=encoders)
    ] = "all-MiniLM-L6-v2",
    tune: Annotated[
        str | None,
        typer.Option(
            help="How the text encoder learns, in modes where it does: top_layers, full or lora, with settings as in "
            "'lora?layers=4&rank=8&targets=q_proj,v_proj&rate=2e-3&steps=120'. Default: what was measured best.",
            autocompletion=tunings,
        ),
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Revision of a Hugging Face id.")] = None,
    precision: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Show only tags above the probability at which this share of them was right on validation.",
        ),
    ] = 0.5,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
    device: Annotated[str, typer.Option(help="Where the network learns: auto, cpu or cuda.")] = "auto",
    finish: Annotated[
        bool,
        typer.Option("--finish", help="End an interrupted run now, with profiles from the best state it had reached."),
    ] = False,
    snapshot: Annotated[
        Path | None, typer.Option(help="Learn from this snapshot folder: no database is needed.")
    ] = None,
    no_publish: Annotated[
        bool, typer.Option("--no-publish", help="Learn, and leave what is published as it is.")
    ] = False,
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

    Example: sociogram fit --budget 10m
    """
    settings: dict[str, Any] = {
        "encoder": encoder,
        "revision": revision,
        "mode": mode.value,
        "precision_floor": precision,
        "seed": seed,
        "device": device,
        "finish": finish,
    }
    settings["budget_seconds"] = None if budget is None else seconds(budget)
    settings |= {} if tune is None else tuning(tune)
    if snapshot is not None:
        from sociogram.cli.progress import TerminalProgress
        from sociogram.graph.snapshot import Snapshot
        from sociogram.learn import fit_snapshot

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


def tuning(text: str) -> dict[str, Any]:
    """Settings of FitConfig from `METHOD?key=value&key=value`; raises InputError for what is not understood."""
    from sociogram.encoders.settings import spelled

    method, options = spelled(text)
    kinds: dict[str, Any] = {"layers": int, "rank": int, "rate": float, "steps": int, "targets": _names}
    found: dict[str, Any] = {"encoder_method": method} if method else {}
    for key, value in options.items():
        if key not in kinds:
            raise InputError(f"tune: there is no setting {key!r}; there are {', '.join(kinds)}.")
        try:
            found[f"encoder_{key}"] = kinds[key](value)
        except ValueError as error:
            kind = "a number" if kinds[key] is float else "a whole number"
            raise InputError(f"tune: {key} is {value!r}, but {kind} was expected.") from error
    return found


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def seconds(text: str) -> float:
    """`90s`, `10m`, `1h30m`, `600` in seconds; raises InputError otherwise."""
    found = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?", text.strip().lower())
    if not text.strip() or found is None:
        raise InputError(f"budget: expected a time such as 90s, 10m or 1h30m, got {text!r}.")
    hours, minutes, rest = (float(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + rest


def _tell(run: str, metrics: dict[str, Any], report: str, json: bool) -> None:
    if json:
        print_json({"run": run, "metrics": metrics, "report": report})
        return
    typer.echo(f"run {run}")
    for name, value in metrics.items():
        typer.echo(f"  {name:<18} {value:.4f}" if isinstance(value, float) else f"  {name:<18} {value}")
    typer.echo(f"  {'report':<18} {report}")
