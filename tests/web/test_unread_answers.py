"""A peer that does not read its answers is cut off, in a room or outside."""

import pytest

from tests.helpers.leftovers import leaves_nothing
from tests.helpers.names import fresh
from tests.helpers.rawsocket import TEXT, RawSocket, close_frame, frame
from tests.helpers.server import ServerProcess
from tests.helpers.waiting import eventually

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.mark.parametrize("last_words", [close_frame(1000), b"\xff" * 64], ids=["close frame", "garbage"])
async def test_a_peer_that_ends_its_side_but_never_reads_is_cut_off(hasty: ServerProcess, last_words: bytes) -> None:
    hasty.open_room("stuffed")
    with leaves_nothing(hasty), RawSocket(hasty, receive_bytes=2_048) as raw:
        raw.upgrade()
        raw.hello(hasty.token(fresh("u")))
        await _stuff(hasty, raw)

        raw.send(last_words)

        await eventually(lambda: hasty.gauge("giftwave_connections") == 0, timeout_s=12)


async def test_a_peer_that_never_reads_and_is_in_no_room_is_cut_off(hasty: ServerProcess) -> None:
    hasty.open_room("stuffed")
    with leaves_nothing(hasty), RawSocket(hasty, receive_bytes=2_048) as raw:
        raw.upgrade()
        raw.hello(hasty.token(fresh("u")))

        await _stuff(hasty, raw)

        await eventually(lambda: hasty.gauge("giftwave_connections") == 0, timeout_s=12)


async def test_a_peer_that_joins_while_it_does_not_read_counts_as_slow(hasty: ServerProcess) -> None:
    hasty.open_room("stuffed")
    with leaves_nothing(hasty), RawSocket(hasty, receive_bytes=2_048) as raw:
        raw.upgrade()
        raw.hello(hasty.token(fresh("u")))
        await _stuff(hasty, raw)

        raw.say(type="join", room="stuffed")

        await eventually(lambda: hasty.gauge("giftwave_connections") == 0, timeout_s=12)


async def _stuff(server: ServerProcess, raw: RawSocket) -> None:
    """Ask for answers that nobody reads until the server's buffers are full: 16 KiB + 32 KiB and the kernels'."""
    before = server.gauge("giftwave_inbound_messages_total")
    question = frame(TEXT, b'{"type":"leave","room":"a-room-with-a-long-name-123"}')
    for _ in range(40):
        raw.send(question * 100)
    await eventually(lambda: server.gauge("giftwave_inbound_messages_total") >= before + 4_000)
