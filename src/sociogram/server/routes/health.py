"""Whether the server lives, whether it can answer, and its figures."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sociogram.graph.publish_runs import live_run
from sociogram.server.access import needs
from sociogram.server.metrics import Metrics
from sociogram.server.problems import problem
from sociogram.server.routes import Asked

router = APIRouter(tags=["health"])


@router.get("/v1/health")
def health() -> dict[str, str]:
    """Whether the process answers at all; needs no key."""
    return {"status": "well"}


@router.get("/v1/ready", response_model=dict[str, Any])
def ready(engine: Asked) -> Any:
    """Whether Neo4j answers and a run is live; needs no key, and says nothing about anybody."""
    live = live_run(engine.store)
    if live is None:
        return problem(503, "no run is published yet: sociogram fit", headers={"Retry-After": "10"})
    return {"status": "ready", "run": live}


@router.get("/metrics", dependencies=[needs("read")], response_class=Response)
def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    found: Metrics = request.app.state.metrics
    return Response(found.text(), media_type="text/plain; version=0.0.4")
