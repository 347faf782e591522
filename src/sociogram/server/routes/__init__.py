"""The routes by what they are about; each asks the Engine and nothing else."""

from typing import Annotated

from fastapi import Depends, Request

from sociogram.engine import Engine
from sociogram.server.backend import Backend


def _engine(request: Request) -> Engine:
    backend: Backend = request.app.state.backend
    return backend.engine


Asked = Annotated[Engine, Depends(_engine)]
