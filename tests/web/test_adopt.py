"""Every way an adopted connection can end, on a real server; after each, nothing of it is left."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from tests.helpers.leftovers import assert_no_traceback, leaves_nothing
from tests.helpers.line import call, fresh_intent, talk
from tests.helpers.names import fresh
from tests.helpers.rawsocket import CLOSE, CONTINUATION, PING, PONG, TEXT, RawSocket, close_frame, frame
from tests.helpers.server import ServerProcess, wait_until
from tests.web.conftest import FRAME_BYTES_MAX, HELLO

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture
def member(server: ServerProcess, room: str) -> Iterator[RawSocket]:
    """A connection without manners that is in a room."""
    with RawSocket(server) as raw:
        raw.upgrade()
        raw.hello(server.token(fresh("u")))
        raw.join(room)
        yield raw


# The peer ends it


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999])
async def test_a_peers_close_is_answered_with_its_own_code(member: RawSocket, code: int) -> None:
    member.send(close_frame(code, "done"))

    assert member.read_to_close()[0] == code
    assert member.read_to_end() == b""


async def test_a_close_without_a_code_is_answered(member: RawSocket) -> None:
    member.send(frame(CLOSE, b""))

    opcode, _ = member.read_frame()

    assert opcode == CLOSE
    assert member.read_to_end() == b""


@pytest.mark.parametrize("code", [0, 999, 1005, 1006, 1015, 5000])
async def test_a_close_with_a_code_that_may_not_be_sent_is_a_protocol_error(member: RawSocket, code: int) -> None:
    member.send(close_frame(code))

    assert member.read_to_close()[0] == 1002


async def test_a_peer_that_vanishes_with_a_reset_is_removed(server: ServerProcess, member: RawSocket) -> None:
    assert server.gauge("giftwave_members") == 1

    member.reset()

    wait_until(lambda: server.gauge("giftwave_members") == 0)


async def test_a_peer_that_ends_the_stream_without_a_close_frame_is_removed(
    server: ServerProcess, member: RawSocket
) -> None:
    member.socket.shutdown(1)

    wait_until(lambda: server.gauge("giftwave_members") == 0)
    assert member.read_to_end() == b""


async def test_a_stream_that_ends_inside_a_frame_is_removed(server: ServerProcess, member: RawSocket) -> None:
    member.send(frame(TEXT, HELLO)[:7])
    member.socket.shutdown(1)

    wait_until(lambda: server.gauge("giftwave_members") == 0)


async def test_a_message_in_the_segment_of_the_close_frame_is_still_heard(
    server: ServerProcess, room: str, member: RawSocket
) -> None:
    fan = fresh("u")
    await server.grant(fan, 10)
    with RawSocket(server) as raw:
        raw.upgrade()
        raw.hello(server.token(fan))
        wish = {"type": "gift.send", "room": room, "intent_id": fresh_intent(), "gift": "rose", "count": 1}
        raw.send(frame(TEXT, json.dumps(wish | {"max_coins": 1}).encode()) + close_frame(1000))
        raw.read_to_end()

    wait_until(lambda: server.wallet(fan)["coins"] == 9)
    assert member.expect("batch")["events"][0]["sender"]["id"] == fan


# What the peer sends cannot be parsed


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(frame(TEXT, HELLO, masked=False), 1002, id="not masked"),
        pytest.param(frame(0x3, HELLO), 1002, id="reserved data opcode"),
        pytest.param(frame(0xB, b""), 1002, id="reserved control opcode"),
        pytest.param(frame(TEXT, HELLO, reserved=4), 1002, id="reserved bit"),
        pytest.param(frame(PING, b"x", fin=False), 1002, id="fragmented control frame"),
        pytest.param(frame(PING, b"x" * 126), 1002, id="long control frame"),
        pytest.param(frame(CLOSE, b"\x03"), 1002, id="close with half a code"),
        pytest.param(frame(CONTINUATION, b"x"), 1002, id="continuation of nothing"),
        pytest.param(frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), 1002, id="message inside a message"),
        pytest.param(frame(CLOSE, b"\x03\xe8\xff\xfe"), 1007, id="close reason that is not UTF-8"),
        pytest.param(frame(TEXT, b"x" * (FRAME_BYTES_MAX + 1)), 1009, id="frame over the limit"),
        pytest.param(b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 1009, id="frame of 2^63-1 bytes"),
    ],
)
async def test_bytes_that_are_no_websocket_end_the_connection_with_their_code(
    member: RawSocket, data: bytes, code: int
) -> None:
    member.send(data)

    assert member.read_to_close()[0] == code
    assert member.read_to_end() == b""


async def test_a_stream_far_over_the_limit_is_refused_while_the_peer_still_writes(
    server: ServerProcess, member: RawSocket
) -> None:
    member.socket.setblocking(False)
    flood = frame(TEXT, b"x" * 40_000_000)  # more than the kernels of both sides take at once

    try:
        sent = member.socket.send(flood)
    except (BrokenPipeError, ConnectionResetError):
        sent = 0

    assert sent < len(flood)
    wait_until(lambda: server.gauge("giftwave_members") == 0)


async def test_text_that_is_not_utf8_is_malformed_and_the_connection_stays(member: RawSocket) -> None:
    member.send(frame(TEXT, b'{"type":"leave","room":"\xff\xfe"}'))

    assert member.expect("error")["code"] == "malformed"
    member.say(type="leave", room="elsewhere")
    assert member.expect("left")["room"] == "elsewhere"


# Fragments


async def test_a_message_over_several_frames_is_one_message(member: RawSocket) -> None:
    text = json.dumps({"type": "leave", "room": "elsewhere"}).encode()
    member.send(frame(TEXT, text[:5], fin=False))
    member.send(frame(PING, b"between") + frame(CONTINUATION, text[5:9], fin=False))
    member.send(frame(CONTINUATION, b"", fin=False) + frame(CONTINUATION, text[9:]))

    assert member.read_frame() == (PONG, b"between")
    assert member.expect("left")["room"] == "elsewhere"


async def test_fragments_that_add_up_to_more_than_the_limit_close_with_1009(member: RawSocket) -> None:
    member.send(frame(TEXT, b"x" * 3_000, fin=False))

    member.send(frame(CONTINUATION, b"x" * 1_500))

    assert member.read_to_close()[0] == 1009


async def test_a_frame_of_exactly_the_limit_is_read(member: RawSocket) -> None:
    text = json.dumps({"type": "leave", "room": "elsewhere"}).encode()

    member.send(frame(TEXT, text + b" " * (FRAME_BYTES_MAX - len(text))))

    assert member.expect("left")["room"] == "elsewhere"


@pytest.mark.parametrize("fragments", [100, 2_000])
async def test_empty_fragments_without_end_are_harmless(member: RawSocket, fragments: int) -> None:
    member.send(frame(TEXT, b"{", fin=False))
    member.send(frame(CONTINUATION, b"", fin=False) * fragments)

    member.send(frame(CONTINUATION, b'"type":"leave","room":"elsewhere"}'))

    assert member.expect("left")["room"] == "elsewhere"


# The server ends it


async def test_a_peer_that_never_answers_pings_is_closed(hasty: ServerProcess) -> None:
    with leaves_nothing(hasty), RawSocket(hasty) as raw:
        raw.upgrade()
        raw.hello(hasty.token(fresh("u")))

        code, reason = raw.read_to_close()

        assert (code, reason) == (1011, "keepalive ping timeout")


async def test_a_peer_that_answers_pings_stays(hasty: ServerProcess) -> None:
    with leaves_nothing(hasty), RawSocket(hasty) as raw:
        raw.upgrade()
        raw.hello(hasty.token(fresh("u")))

        for _ in range(4):
            opcode, payload = raw.read_frame()
            assert opcode == PING
            raw.send(frame(PONG, payload))

        raw.say(type="leave", room="a")
        raw.expect("left")


async def test_a_pong_that_nobody_asked_for_does_not_count(hasty: ServerProcess) -> None:
    with leaves_nothing(hasty), RawSocket(hasty) as raw:
        raw.upgrade()
        raw.hello(hasty.token(fresh("u")))

        raw.send(frame(PONG, b"wrong") * 3)

        assert raw.read_to_close()[0] == 1011


async def test_a_peer_that_never_answers_the_close_frame_is_cut_off(hasty: ServerProcess) -> None:
    with leaves_nothing(hasty), RawSocket(hasty) as raw:
        raw.upgrade()

        assert raw.read_to_close()[0] == 4003  # no hello in time

        assert raw.read_to_end() == b""  # returns when the server ends the TCP connection


async def test_messages_after_the_servers_close_frame_are_ignored(server: ServerProcess) -> None:
    with RawSocket(server) as raw:
        raw.upgrade()
        raw.say(type="leave", room="a")
        assert raw.read_to_close()[0] == 4000

        raw.say(type="leave", room="b")
        raw.send(close_frame(4000))

        assert raw.read_to_end() == b""


async def test_garbage_after_the_servers_close_frame_is_harmless(server: ServerProcess) -> None:
    with RawSocket(server) as raw:
        raw.upgrade()
        raw.say(type="leave", room="a")
        assert raw.read_to_close()[0] == 4000

        raw.send(b"\xff" * 64)

        raw.read_to_end()


async def test_a_stopping_server_says_goodbye_to_everybody_and_closes_with_4500() -> None:
    with ServerProcess("serve") as server:
        server.open_room("lounge")
        async with talk(server, "u_ana", room="lounge") as ana, talk(server, "u_ben") as ben, call(server) as silent:
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))

            byes = await asyncio.gather(*(line.expect("bye") for line in (ana, ben, silent)))
            await stopping

            assert [await line.expect_close() for line in (ana, ben, silent)] == [4500, 4500, 4500]
            assert all(bye["reason"] == "restarting" and bye["retry_after_ms"] > 0 for bye in byes)
        assert_no_traceback(server)


async def test_a_stopping_server_does_not_wait_for_peers_that_say_nothing() -> None:
    with ServerProcess("serve", drain_s=0.3) as server:
        silent = [RawSocket(server) for _ in range(5)]
        for raw in silent[:3]:
            raw.upgrade()

        server.stop()

        for raw in silent:
            raw.socket.close()
        assert_no_traceback(server)
