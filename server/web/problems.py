"""Errors as HTTP answers: one shape, and the only table that knows a status."""

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from server.errors import (
    AccessDenied,
    BadInput,
    BadSignature,
    BadToken,
    BodyTooLarge,
    GiftwaveError,
    IntentConflict,
    MethodNotAllowed,
    NotFound,
    RateLimited,
    Refused,
    StaleSignature,
    TokenExpired,
    Unavailable,
    UnknownHold,
    UnknownIntent,
    UnknownPack,
    UnknownPayout,
    UnknownProvider,
    UnknownRoom,
    UnknownTopup,
    UnknownTransfer,
)
from server.web.models import ErrorOut

# The answers that OpenAPI shows beside the good one.
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorOut} for status in (400, 401, 403, 404, 409, 429, 503)
}

# The most specific class that matches decides.
_STATUS: dict[type[GiftwaveError], int] = {
    NotFound: 404,
    MethodNotAllowed: 405,
    BodyTooLarge: 413,
    BadInput: 400,
    BadToken: 401,
    TokenExpired: 401,
    AccessDenied: 403,
    UnknownRoom: 404,
    UnknownIntent: 404,
    UnknownPack: 404,
    UnknownTopup: 404,
    UnknownPayout: 404,
    UnknownTransfer: 404,
    UnknownHold: 404,
    UnknownProvider: 404,
    BadSignature: 400,
    StaleSignature: 400,
    Refused: 409,
    IntentConflict: 409,
    RateLimited: 429,
    Unavailable: 503,
    GiftwaveError: 500,
}


def status_of(error: GiftwaveError) -> int:
    """Return the HTTP status of an error."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def problem(error: GiftwaveError, *, intent_id: str | None = None) -> JSONResponse:
    """Return an error as the one JSON shape all answers share."""
    body: dict[str, object] = {"code": error.code, "message": error.message, "retryable": error.retryable}
    if intent_id is not None:
        body["intent_id"] = intent_id
    if error.retry_after_ms is not None:
        body["retry_after_ms"] = error.retry_after_ms
    headers = {"WWW-Authenticate": "Bearer"} if status_of(error) == 401 else {}
    if error.retry_after_ms is not None:
        headers["Retry-After"] = str(-(-error.retry_after_ms // 1_000))
    return JSONResponse({"error": body}, status_code=status_of(error), headers=headers)


async def answer_giftwave_error(_: Request, error: Exception) -> JSONResponse:
    """Turn a raised error into its answer."""
    assert isinstance(error, GiftwaveError)
    return problem(error)
