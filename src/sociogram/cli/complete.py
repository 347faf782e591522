"""What a shell offers for the values of arguments and options: found without a database, within the time of a keystroke."""

from collections.abc import Iterable

import typer

from sociogram.config import Home
from sociogram.errors import SociogramError

Offers = list[tuple[str, str]]  # a value, and what it is


def query_names(incomplete: str) -> Offers:
    """Queries of the library, and what each answers."""
    from sociogram.queries.catalogue import Catalogue

    return _starting(((q.name, q.answers) for q in Catalogue().all()), incomplete)


def query_parameters(ctx: typer.Context, incomplete: str) -> Offers:
    """`name=` of the parameters that the query on the line takes."""
    from sociogram.queries.catalogue import Catalogue

    named = ctx.params.get("name") or next(
        iter(ctx.args), ""
    )  # while a line is completed, arguments may not be taken yet
    try:
        query = Catalogue().get(str(named))
    except SociogramError:
        return []
    return _starting(((f"{p.name}=", p.type) for p in query.parameters), incomplete)


def run_ids(incomplete: str) -> Offers:
    """Runs on this machine, newest first."""
    from sociogram.runs import Runs

    found = [(run.id, str(run.record.get("startedAt", ""))) for run in reversed(Runs(Home.default().runs).all())]
    return _starting(found, incomplete)


def encoders(incomplete: str) -> Offers:
    """Text encoders that have a name of their own."""
    known = (
        ("all-MiniLM-L6-v2", "the default"),
        ("smollm2-135m", "a language model; extra [llm]"),
        ("light", "hashed words, for a first look"),
    )
    return _starting(known, incomplete)


def tunings(incomplete: str) -> Offers:
    """Ways in which a text encoder learns."""
    known = (("top_layers", "its last layers"), ("lora", "adapters"), ("full", "all of it"))
    return _starting(known, incomplete)


def scopes(incomplete: str) -> Offers:
    """What a key may do."""
    known = (("read", "ask"), ("write", "ask and write"), ("admin", "everything, rollback too"))
    return _starting(known, incomplete)


def key_names(incomplete: str) -> Offers:
    """API keys that there are."""
    from sociogram.server.keys import KeyRing

    return _starting(((key.name, key.scope) for key in KeyRing(Home.default().keys).all()), incomplete)


def _starting(offers: Iterable[tuple[str, str]], incomplete: str) -> Offers:
    return [(value, told) for value, told in offers if value.startswith(incomplete)]
