"""The bench counts what arrives, and says so when something does not."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import msgpack
import pytest

from client_demo.bench.figures import figures_of
from client_demo.bench.gifts_room import Observed, Options
from client_demo.bench.lean import LeanSocket
from client_demo.bench.parties import Tap, Viewer

OPTIONS = Options(viewers=2, gifts_per_second=1, seconds=3, warmup=0)
SECOND_NS = 1_000_000_000
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


class Wire(asyncio.Transport):
    """Remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def close(self) -> None:
        """Nothing to close."""


class Listener(LeanSocket):
    """Remembers what was said."""

    def __init__(self) -> None:
        super().__init__("gifts.example")
        self.heard: list[bytes] = []
        self.wire = Wire()
        self.connection_made(self.wire)

    def on_message(self, payload: bytes, now_ns: int) -> None:
        self.heard.append(payload)


def frame(payload: bytes, *, opcode: int = 2) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    short = size < 65_536
    return bytes((0x80 | opcode, 126 if short else 127)) + size.to_bytes(2 if short else 8) + payload


def batch(*offsets: int) -> bytes:
    events = [{"offset": offset} for offset in offsets]
    return cast(bytes, msgpack.packb({"type": "batch", "from": offsets[0], "to": offsets[-1], "events": events}))


def audience(*received: list[bytes]) -> Observed:
    """Viewers that joined before offset 1 and received these batches; gifts 1 to 3 were acknowledged."""
    observed = Observed(window_ns=(0, 3 * SECOND_NS))
    for number in (1, 2, 3):
        due_ns = (number - 1) * SECOND_NS
        observed.ledger.taps[str(number)] = Tap(due_ns, due_ns, acked_ns=due_ns + 2_000_000, offset=number)
    for order, batches in enumerate(received):
        viewer = Viewer("gifts.example", observed.batches)
        viewer.next_offset = 1
        observed.viewers.append(viewer)
        for number, payload in enumerate(batches):
            viewer.on_message(payload, number * SECOND_NS + (5 + order) * 1_000_000)
    return observed


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1_000_000])
async def test_frames_are_read_however_the_network_cuts_them(chunk: int) -> None:
    listener = Listener()
    payloads = [b"", b"a" * 125, b"b" * 126, b"c" * 70_000, b"d"]
    stream = SWITCHED + b"".join(frame(payload) for payload in payloads)

    for start in range(0, len(stream), chunk):
        listener.data_received(stream[start : start + chunk])

    assert listener.heard == payloads


async def test_a_ping_is_answered_with_its_payload() -> None:
    listener = Listener()

    listener.data_received(SWITCHED + frame(b"7", opcode=9))

    assert listener.wire.written[-1] == b"\x8a\x81" + bytes(4) + b"7"


async def test_a_refused_handshake_is_an_error_with_its_status() -> None:
    listener = Listener()

    listener.data_received(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    listener.connection_lost(None)

    with pytest.raises(ConnectionError, match="403"):
        await listener.opened


async def test_an_audience_that_got_everything_lost_nothing() -> None:
    everything = [batch(1), batch(2), batch(3)]

    figures = figures_of(audience(everything, everything), OPTIONS)

    assert not figures.losses.is_mismatch
    assert (figures.gifts, figures.deliveries_per_s) == (3, 2.0)
    assert [round(one.p50_ms, 1) for one in figures.latencies] == [2.0, 5.0, 6.0]


async def test_a_hole_on_the_way_is_a_loss() -> None:
    figures = figures_of(audience([batch(1), batch(2), batch(3)], [batch(1), batch(3)]), OPTIONS)

    assert figures.losses.is_mismatch
    assert figures.losses.missing == 1


async def test_what_is_missing_at_the_end_is_a_loss() -> None:
    figures = figures_of(audience([batch(1), batch(2), batch(3)], [batch(1)]), OPTIONS)

    assert figures.losses.missing == 2


async def test_a_batch_without_an_acknowledged_event_is_a_loss_for_all() -> None:
    torn = cast(bytes, msgpack.packb({"type": "batch", "from": 2, "to": 3, "events": [{"offset": 3}]}))

    figures = figures_of(audience([batch(1), torn], [batch(1), torn]), OPTIONS)

    assert figures.losses.missing == 2


async def test_a_repeated_event_is_a_mismatch() -> None:
    figures = figures_of(audience([batch(1), batch(2), batch(3)], [batch(1), batch(1, 2), batch(3)]), OPTIONS)

    assert (figures.losses.missing, figures.losses.repeated) == (0, 1)


async def test_an_unanswered_gift_is_counted_as_such() -> None:
    observed = audience([batch(1), batch(2), batch(3)])
    observed.ledger.taps["4"] = Tap(0, 0)

    figures = figures_of(observed, OPTIONS)

    assert figures.losses.unanswered == 1
    assert figures.gifts == 3
