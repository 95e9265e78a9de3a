"""Bytes that were sent together with the handshake are read as if they had come after it."""

import json

import pytest

from tests.helpers.leftovers import leaves_nothing
from tests.helpers.names import fresh
from tests.helpers.rawsocket import BINARY, TEXT, RawSocket, close_frame, frame
from tests.helpers.server import ServerProcess
from tests.web.conftest import FRAME_BYTES_MAX, HELLO

pytestmark = pytest.mark.usefixtures("nothing_left")


async def test_messages_in_the_segment_of_the_handshake_are_answered_in_order(hasty: ServerProcess) -> None:
    token = hasty.token(fresh("u"))
    wishes = [{"type": "hello", "token": token}, {"type": "leave", "room": "a"}, {"type": "leave", "room": "b"}]
    with leaves_nothing(hasty), RawSocket(hasty) as raw:
        status = raw.upgrade(early=b"".join(frame(TEXT, json.dumps(wish).encode()) for wish in wishes))

        left = [raw.expect("left")["room"], raw.expect("left")["room"]]

        assert status.startswith("HTTP/1.1 101")
        assert left == ["a", "b"]


async def test_early_messages_in_messagepack_are_answered_too(hasty: ServerProcess) -> None:
    # {"type": "leave", "room": "a"}, which must be a hello: the answer shows that it was decoded.
    early = frame(BINARY, b"\x82\xa4type\xa5leave\xa4room\xa1a")
    with leaves_nothing(hasty), RawSocket(hasty) as raw:
        raw.send(raw.upgrade_request(subprotocol="giftwave.v1.msgpack") + early)
        raw.read_head()

        opcode, payload = raw.read_frame()

        assert opcode == BINARY
        assert b"hello_first" in payload


async def test_a_close_frame_in_the_segment_of_the_handshake_ends_the_connection(hasty: ServerProcess) -> None:
    with leaves_nothing(hasty), RawSocket(hasty) as raw:
        raw.send(raw.upgrade_request() + close_frame(1000))
        raw.read_head()

        assert raw.read_to_close()[0] == 1000


@pytest.mark.parametrize(
    "early",
    [
        pytest.param(frame(TEXT, HELLO, masked=False), id="not masked"),
        pytest.param(frame(0x3, HELLO), id="reserved opcode"),
        pytest.param(frame(TEXT, b"x" * (FRAME_BYTES_MAX + 1)), id="too big"),
        pytest.param(frame(TEXT, b"\xff\xfe"), id="not UTF-8"),
        pytest.param(b"\xff" * 64, id="noise"),
    ],
)
async def test_early_bytes_that_cannot_be_parsed_end_the_connection_quietly(hasty: ServerProcess, early: bytes) -> None:
    with leaves_nothing(hasty), RawSocket(hasty) as raw:
        raw.send(raw.upgrade_request() + early)

        raw.read_to_end()


async def test_a_peer_that_resets_right_after_the_handshake_is_forgotten(server: ServerProcess) -> None:
    for _ in range(20):
        raw = RawSocket(server)
        raw.send(raw.upgrade_request() + frame(TEXT, HELLO))
        raw.reset()

    assert server.get("/healthz").status_code == 200
