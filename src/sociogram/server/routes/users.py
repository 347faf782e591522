"""One user: profile, tags, what changed, why."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from sociogram.queries.changes import Change
from sociogram.queries.rows import Tag
from sociogram.server.access import needs
from sociogram.server.examples import EXPLANATION, PROFILE, TAG, answers
from sociogram.server.fields import CountQuery, NameQuery, UserPath, jsonable
from sociogram.server.routes import Asked

# `path`: a key may hold slashes; the longer routes stand first
router = APIRouter(prefix="/v1/users", tags=["users"], dependencies=[needs("read")])
EMBEDDING = Annotated[bool, Query(description="With the vector, which is long.")]


@router.get("/{user:path}/tags", responses=answers([TAG]))
def tags(engine: Asked, user: UserPath) -> list[Tag]:
    """Published interests, the strongest first."""
    return list(engine.tags(user))


@router.get("/{user:path}/changes")
def changes(
    engine: Asked, user: UserPath, since: Annotated[NameQuery, Query(description="Id of a run.")] = None
) -> list[Change]:
    """What has changed since another run, by default the one published before."""
    return list(engine.changes(user, since))


@router.get("/{user:path}/explain", responses=answers(EXPLANATION))
def explain(
    engine: Asked,
    user: UserPath,
    tag: Annotated[NameQuery, Query(description="Name of a topic: why it is among their tags.")] = None,
    similar: Annotated[NameQuery, Query(description="Key or name of a user: why they are alike.")] = None,
    item: Annotated[NameQuery, Query(description="Key of an item: why it suits them.")] = None,
    k: CountQuery = 3,
) -> dict[str, Any]:
    """The friends, items and sentences behind one claim; give exactly one of `tag`, `similar` and `item`."""
    return dict(jsonable(engine.explain(user, tag=tag, similar=similar, item=item, k=k).to_dict()))


@router.get("/{user:path}", responses=answers(PROFILE))
def profile(engine: Asked, user: UserPath, embedding: EMBEDDING = False) -> dict[str, Any]:
    """Everything that was published about a user, with a sentence that says who it is."""
    found = engine.profile(user).to_dict()
    if not embedding:
        del found["embedding"]
    return dict(jsonable(found))
