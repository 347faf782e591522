"""sociogram demo: the whole path on a community with a planted truth."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sociogram.cli.common import Database, PasswordFile, Uri, User, hint, open_engine
from sociogram.cli.complete import encoders
from sociogram.cli.fit import Mode

if TYPE_CHECKING:
    from sociogram.engine import Engine
    from sociogram.runs import Run


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    users: Annotated[int, typer.Option(help="How many people to make up.")] = 1500,
    seed: Annotated[int, typer.Option(help="Seed of the community and of learning.")] = 0,
    encoder: Annotated[
        str, typer.Option(help="Text encoder, as for fit.", autocompletion=encoders)
    ] = "all-MiniLM-L6-v2",
    mode: Annotated[Mode, typer.Option(help="As for fit; auto takes some minutes more.")] = Mode.frozen,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Make up a community, learn its profiles, publish them, and compare them with the truth it was made from.

    Example: sociogram demo --users 300
    """
    from sociogram.loaders.demo import demo as community

    with open_engine(uri, database, user, password_file) as engine:
        truth = engine.home.truth / f"demo-{users}-{seed}.parquet"
        engine.load(community(users=users, seed=seed, truth=truth))
        run = engine.fit(encoder=encoder, seed=seed, truth=truth, mode=mode.value)
        written = engine.publish(run)
        engine.progress.say("published", f"{written.nodes:,} profiles · run {run.id} · one transaction")
        someone = _show(engine, run, truth)
    hint(
        f"sociogram similar {someone} -k 5",
        "sociogram cypher \"MATCH (u:User) WHERE 'climbing' IN u.tags RETURN u.id, u.tagScores LIMIT 5\"",
        "sociogram load lastfm PATH     your own data: sociogram inspect --help",
    )


def _show(engine: "Engine", run: "Run", path: Path) -> str:
    from sociogram.evaluation.planted import found, load_truth

    truth = load_truth(path)
    tags = engine.tags_all(run=run)
    who = _someone(truth, tags)
    profile = engine.profile(who)
    planted = truth.loc[truth["user"] == who, "interests"].iloc[0]
    interests = " · ".join(f"{t.name} {t.probability:.2f}" for t in profile.tags[:5])
    typer.echo(f'\n  user {who}  {profile.name}, "{str(profile.properties.get("bio") or "")[:70]}"')
    typer.echo(f"    interests   {interests}      (planted: {', '.join(planted)})")
    typer.echo("    like them   " + " · ".join(f"{s.id} ({s.reasons})" for s in engine.similar(who, 3)))
    typer.echo("    for them    " + " · ".join(f'"{r.name}" ({r.reasons})' for r in engine.recommend(who, 3)))
    figures: dict[str, Any] = found(truth, tags)
    typer.echo(
        f"  planted interests found: {figures['recall']:.0%} (precision {figures['precision']:.2f}, mAP {figures['map']:.2f}, "
        f"on {figures['users']:,} users who declared none) · report: {run.report_html}"
    )
    return who


def _someone(truth: Any, tags: Any) -> str:
    """An ordinary held-out user for whom there is something to see."""
    shown = set(tags.loc[tags["shown"].to_numpy(bool), "user"])
    pool = truth[truth["held_out"].to_numpy(bool) & (truth["archetype"] == "ordinary") & truth["user"].isin(shown)]
    return str((pool if len(pool) else truth)["user"].iloc[0])
