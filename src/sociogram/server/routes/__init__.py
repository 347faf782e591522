"""The routes by what they are about; each asks the Engine and nothing else."""

from typing import Annotated

from fastapi import Depends, Request

from sociogram.engine import Engine


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


Asked = Annotated[Engine, Depends(_engine)]
