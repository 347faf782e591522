"""Runs, segments, embeddings: what a run left behind, and going back to an earlier one."""

from collections.abc import Iterator
from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from sociogram.server.access import needs
from sociogram.server.examples import RUNS, SEGMENTS, answers
from sociogram.server.fields import LabelPath, NameQuery, RunId, jsonable
from sociogram.server.routes import Asked

router = APIRouter(prefix="/v1", tags=["runs"])
ARROW = "application/vnd.apache.arrow.stream"
ROWS = 16_384  # of one record batch


@router.get("/runs", dependencies=[needs("read")], responses=answers(RUNS))
def runs(engine: Asked) -> list[dict[str, Any]]:
    """Every run that was published, newest first."""
    return [
        {"id": p.id, "state": p.state, "mode": p.mode, "started": p.started_at, "finished": p.finished_at,
         "metrics": jsonable(p.metrics)}
        for p in engine.published()
    ]  # fmt: skip


@router.post("/runs/{run}/rollback", dependencies=[needs("admin")])
def rollback(engine: Asked, run: RunId) -> dict[str, Any]:
    """Make an earlier run the live one again."""
    written = engine.rollback(run)
    return {"run": written.run, "nodes": written.nodes, "interests": written.interests}


@router.get("/segments", dependencies=[needs("read")], responses=answers(SEGMENTS))
def segments(engine: Asked) -> list[dict[str, Any]]:
    """Segments of the live run: the size of each, and what sets it apart."""
    return [jsonable(row) for row in engine.query("segments")]


@router.get("/embeddings/{label}", dependencies=[needs("read")], response_class=StreamingResponse)
def embeddings(
    engine: Asked,
    label: LabelPath,
    run: Annotated[NameQuery, Query(description="Id of a run; by default the live one.")] = None,
) -> StreamingResponse:
    """Keys and vectors of a label as a stream of Arrow record batches (id, embedding)."""
    table = engine.embeddings(label, run=run).to_arrow()
    return StreamingResponse(_stream(table), media_type=ARROW)


def _stream(table: pa.Table) -> Iterator[bytes]:
    sink = _Sink()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), table.schema) as out:
        for batch in table.to_batches(ROWS):
            out.write_batch(batch)
            yield sink.taken()
    yield sink.taken()


class _Sink:
    """Collects what Arrow writes until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        return

    def close(self) -> None:
        return

    def taken(self) -> bytes:
        parts, self._parts = b"".join(self._parts), []
        return parts
