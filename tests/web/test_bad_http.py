"""Requests that cannot be served over HTTP are refused, all in the one shape of an error."""

import json
from typing import Any

import pytest

from server.domain.room import Role
from tests.helpers.line import Message, gift_fields
from tests.helpers.rawsocket import RawSocket
from tests.helpers.server import ServerProcess
from tests.web.conftest import COINS

pytestmark = pytest.mark.usefixtures("nothing_left")


# Bodies


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"count":' + b"9" * 5_000 + b"}", b"\x00"],
    ids=["nothing", "half", "list", "null", "text", "not UTF-8", "nested", "huge number", "zero byte"],
)
async def test_a_body_that_is_no_object_is_refused_in_the_one_shape(
    server: ServerProcess, fan: str, room: str, content: bytes
) -> None:
    headers = {"Content-Type": "application/json"}

    answer = server.post(f"/v1/rooms/{room}/gifts", token=server.token(fan), content=content, headers=headers)

    assert answer.status_code in (400, 413)
    assert_one_shape(answer.json())
    assert answer.json()["error"]["code"] in ("malformed", "bad_field", "body_too_large"), answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/msgpack", ""])
async def test_a_body_of_another_content_type_is_refused(server: ServerProcess, fan: str, room: str, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}

    answer = server.post(
        f"/v1/rooms/{room}/gifts",
        token=server.token(fan),
        content=json.dumps(gift_fields(count=COINS + 1)),
        headers=headers,
    )

    assert answer.status_code in (400, 409, 415)
    assert_one_shape(answer.json())


async def test_a_body_of_a_megabyte_is_refused(server: ServerProcess, fan: str, room: str) -> None:
    body = gift_fields(message="x" * 1_000_000)

    answer = server.post(f"/v1/rooms/{room}/gifts", body, token=server.token(fan))

    assert answer.status_code in (400, 413)
    assert_one_shape(answer.json())
    assert len(answer.content) < 2_000, "a refusal does not repeat what it refuses"


async def test_a_body_announced_as_a_gigabyte_is_refused_before_it_is_sent(server: ServerProcess, room: str) -> None:
    with RawSocket(server) as raw:
        head = f"POST /v1/rooms/{room}/gifts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        raw.send(f"{head}Content-Length: 1000000000\r\n\r\n".encode() + b"x" * 100_000)

        assert raw.read_head().startswith("HTTP/1.1 4")


# Addresses


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v1/ws",
        "/v1/rooms",
        "/assets/../../etc/passwd",
        "/v1/rooms/a/b/c",
        "/%00",
        "/v1/gifts/",
    ],
)
async def test_an_unknown_path_is_404_in_the_one_shape(server: ServerProcess, path: str) -> None:
    answer = server.get(path)

    assert answer.status_code in (404, 405), path
    assert_one_shape(answer.json())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/catalogue"),
        ("POST", "/v1/wallet"),
        ("GET", "/v1/rooms"),
        ("PUT", "/v1/rooms/a"),
        ("POST", "/metrics"),
    ],
)
async def test_a_wrong_method_is_405_in_the_one_shape(server: ServerProcess, method: str, path: str) -> None:
    answer = server.request(method, path)

    assert answer.status_code == 405
    assert_one_shape(answer.json())
    assert answer.json()["error"]["code"] != "not_found", "there is something at this address"


@pytest.mark.parametrize("room", ["UPPER", "a" * 33, "-a", "a%0A", "a%20b", "a%3Ab", "%F0%9F%8C%B9", "%FF"])
async def test_a_room_id_that_cannot_be_is_400(server: ServerProcess, room: str) -> None:
    answer = server.get(f"/v1/rooms/{room}")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_field"


@pytest.mark.parametrize(
    "intent", ["x", "019b1c3e-5d2a-4cc1-9b3e-0a1b2c3d4e5f", "019b1c3e-5d2a-7cc1-9b3e-0a1b2c3d4e5f%0A"]
)
async def test_an_intent_id_that_cannot_be_is_400(server: ServerProcess, fan: str, intent: str) -> None:
    answer = server.get(f"/v1/gifts/{intent}", token=server.token(fan))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_field")


# Fields


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"room": "ok"},
        {"room": "ok", "title": ""},
        {"room": "ok", "title": "x" * 81},
        {"room": "ok", "title": 5},
        {"room": "ok", "title": "two\nlines"},
        {"room": "ok", "title": "bell\x07"},
        {"room": "UPPER", "title": "x"},
        {"room": "ok\n", "title": "x"},
        {"room": "ok", "title": "x", "extra": 1},
    ],
)
async def test_a_room_that_cannot_be_opened_is_400(server: ServerProcess, body: Message) -> None:
    answer = server.post("/v1/rooms", body, token=server.token("c_wrong", role=Role.CREATOR))

    assert (answer.status_code, answer.json().get("error", {}).get("code")) == (400, "bad_field")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"role": "operator"},
        {"role": "moderator"},
        {"role": "viewer", "name": ""},
        {"role": "viewer", "name": "   "},
        {"role": "viewer", "name": "x" * 33},
        {"role": "viewer", "name": "a\nb"},
        {"role": "viewer", "name": "\u202e"},
        {"role": "viewer", "simulated": "yes"},
        {"role": "viewer", "extra": 1},
    ],
)
async def test_a_demo_session_that_cannot_be_is_400(demo: ServerProcess, body: Message) -> None:
    answer = demo.post("/v1/demo/session", body)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == "bad_field"


def assert_one_shape(body: dict[str, Any]) -> None:
    """Check that an error looks like every other."""
    assert set(body) == {"error"}
    assert {"code", "message", "retryable"} <= set(body["error"])
    assert body["error"]["message"]
