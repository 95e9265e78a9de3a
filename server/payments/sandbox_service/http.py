"""What every route of the sandbox shares: bounded bodies, checked callers, answers in one shape."""

import hmac
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from server.payments.sandbox_service.refusal import Refusal

BODY_BYTES_MAX = 16_384
_FIELDS_MAX = 32
_Body = TypeVar("_Body")


async def read_body(request: Request) -> bytes:
    """Return the body; refuse one that is larger than any real one before it is in memory."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise Refusal(413, "body_too_large", f"A request has at most {BODY_BYTES_MAX:,} bytes.")
    return bytes(body)


async def read_json(request: Request, kind: type[_Body]) -> _Body:
    """Return the body as `kind`, strictly: a number in quotes is no number."""
    body = await read_body(request)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise Refusal(400, "bad_field", f"{error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, "malformed", "This is not JSON.") from error


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form that one of our own pages sent."""
    check_same_origin(request)
    try:
        text = (await read_body(request)).decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_MAX, errors="strict"))
    except ValueError as error:
        raise Refusal(400, "malformed", "This is not a form.") from error


def check_bearer(request: Request, secret: str) -> None:
    """Refuse who does not know the secret."""
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {secret}".encode()):
        raise Refusal(401, "unauthorized", "Send the sandbox's secret as a bearer token.")


def check_same_origin(request: Request) -> None:
    """Refuse a form that a page of somebody else sends: buttons need no token here, but they need our page."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Refusal(403, "other_origin", "This button is pressed on the sandbox's own page only.")


def json_answer(content: object, status: int = 200) -> Response:
    """Answer in JSON."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def refusal_answer(refusal: Refusal) -> Response:
    """Answer with a refusal's code and sentence."""
    return json_answer({"error": {"code": refusal.code, "message": refusal.message}}, refusal.status)
