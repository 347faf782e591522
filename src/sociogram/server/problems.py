"""Errors as RFC 9457 has them (application/problem+json): what was expected, what came, what to do."""

from collections.abc import Sequence
from http import HTTPStatus
from itertools import takewhile
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from sociogram.errors import (
    AuthenticationFailed,
    BeingPublished,
    DatabaseUnavailable,
    InputError,
    NotFoundError,
    PublishError,
    SociogramError,
)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
STATUS: tuple[tuple[type[SociogramError], int], ...] = (  # the first that fits
    (InputError, 422),
    (NotFoundError, 404),
    (BeingPublished, 503),
    (PublishError, 409),
    (DatabaseUnavailable, 503),
    (AuthenticationFailed, 503),
    (SociogramError, 502),
)


_TEXT = {"type": "string"}
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT | {"description": "What was expected, what came, what to do."},
        "errors": {
            "type": "array",
            "items": {"type": "object", "required": ["at", "expected"], "properties": {"at": _TEXT, "expected": _TEXT}},
        },
    },
    "example": {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "there is no User 'u0412x'. The nearest: u0412, u0042, u0012.",
    },
}
DESCRIBED: dict[int | str, dict[str, Any]] = {  # for the description of every route
    "default": {
        "description": "What is wrong: 401 and 403 about the key, 404 unknown, 409 about publishing, 413 too large, 422 input, 429 and 503 "
        "with Retry-After, 504 too slow.",
        "content": {MEDIA_TYPE: {"schema": PROBLEM}},
    }
}


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """One error answer; `more` are members of its own kind."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def handle_errors(app: FastAPI) -> None:
    """Have every error that a route raises answered as a problem."""

    @app.exception_handler(SociogramError)
    def ours(request: Request, error: SociogramError) -> JSONResponse:
        if isinstance(error, DatabaseUnavailable):
            request.app.state.backend.lost()
        status = next(status for kind, status in STATUS if isinstance(error, kind))
        headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None
        return problem(status, _clean(str(error)), headers=headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # what came is not repeated: it can be personal, or no Unicode at all
        errors = [{"at": _field(e["loc"]), "expected": e["msg"]} for e in error.errors()]
        first = f"{errors[0]['at']}: {errors[0]['expected']}" if errors else "the request does not fit"
        return problem(422, _clean(first), errors=[{k: _clean(v) for k, v in e.items()} for e in errors])

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))


def _field(place: Sequence[int | str]) -> str:
    """Where in the request, without the names of pydantic's own validators."""
    return ".".join(
        str(part) for part in takewhile(lambda part: str(part).isidentifier() or isinstance(part, int), place)
    )


def _clean(text: str) -> str:
    """As Unicode that can be sent."""
    return text.encode("utf-8", "replace").decode("utf-8")
