"""The routes by what they are about; each asks the Engine, or what the backend keeps of it, and nothing else."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from sociogram.engine import Engine
from sociogram.queries.influence.influence import Influence
from sociogram.server.backend import Backend


async def _engine(request: Request) -> Engine:
    backend: Backend = request.app.state.backend
    return backend.engine


Asked = Annotated[Engine, Depends(_engine)]


async def _influence(request: Request) -> Callable[[], Influence]:
    backend: Backend = request.app.state.backend
    return backend.influence


Cascades = Annotated[Callable[[], Influence], Depends(_influence)]  # called once the request is known to be whole
