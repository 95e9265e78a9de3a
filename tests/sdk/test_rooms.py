"""A room's events reach the reader in order, once, and without holes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from client_demo.python.giftwave_client import FellBehind, Gap, GiftEvent, GiftwaveClient, Refused, RoomClosed
from tests.helpers.waiting import eventually
from tests.sdk import peer as peers
from tests.sdk.conftest import MakeClient
from tests.sdk.peer import Peer, connect, gift


def record(client: GiftwaveClient, kind: str) -> list[Any]:
    """What `client` says of `kind` from now on."""
    heard: list[Any] = []
    client.on(kind, heard.append)
    return heard


async def test_events_are_applied_in_offset_order_and_once(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    heard = record(client, "gift")
    call = await connect(peer, client, offset=41)

    await call.batch(43, 42)
    await call.batch(42, 43, 44)
    await call.batch(44)

    await eventually(lambda: len(heard) >= 3)
    state = client.room_state("lounge")
    assert [event.offset for event in heard] == [42, 43, 44]
    assert state is not None
    assert state.offset == 44


async def test_joining_shows_the_room_as_it_is(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()

    await connect(peer, client, offset=41)

    state = client.room_state("lounge")
    assert state is not None
    assert (state.title, state.creator.name, state.offset) == ("Late night piano", "Mira", 41)
    assert state.top_fans[0].coins == 512


async def test_a_hole_between_batches_makes_it_rejoin_from_the_last_event(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    heard = record(client, "gift")
    call = await connect(peer, client, offset=41)

    await call.batch(42)
    await call.batch(45)
    await call.batch(46)
    join = await call.let_in(offset=46, events=[gift(offset) for offset in (43, 44, 45, 46)])
    await call.batch(47)

    await eventually(lambda: len(heard) >= 6)
    assert (join["epoch"], join["offset"]) == ("e1", 42)
    assert [event.offset for event in heard] == [42, 43, 44, 45, 46, 47]


async def test_another_epoch_makes_it_rejoin_and_start_from_the_snapshot(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    heard = record(client, "gift")
    call = await connect(peer, client, offset=41)

    await call.batch(1, epoch="e2")
    join = await call.let_in(offset=7, epoch="e2")
    await call.batch(8, epoch="e2")

    await eventually(lambda: len(heard) >= 1)
    assert (join["epoch"], join["offset"]) == ("e1", 41)
    assert [(event.epoch, event.offset) for event in heard] == [("e2", 8)]


async def test_a_reconnect_resumes_after_the_last_event(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    heard = record(client, "gift")
    call = await connect(peer, client, offset=41)
    await call.batch(42)
    await eventually(lambda: len(heard) == 1)

    await call.hang_up()
    call = await peer.take_live()
    join = await call.let_in(offset=44, events=[gift(43), gift(44)])

    await eventually(lambda: len(heard) >= 3)
    assert (join["epoch"], join["offset"]) == ("e1", 42)
    assert [event.offset for event in heard] == [42, 43, 44]


async def test_a_gap_is_announced_and_passed_over(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    gaps, heard = record(client, "gap"), record(client, "gift")
    call = await connect(peer, client, offset=41)

    await call.say("gap", **{"room": "lounge", "epoch": "e1", "from": 42, "to": 50})
    await call.batch(51)

    await eventually(lambda: len(heard) == 1)
    assert gaps == [Gap(room="lounge", epoch="e1", from_offset=42, offset=50)]


async def test_unknown_messages_events_and_fields_are_ignored(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    heard = record(client, "gift")
    call = await connect(peer, client, offset=41)

    await call.say("goal.reached", room="lounge", stars=3)
    events = [{"offset": 42, "id": "0-42", "type": "raid", "ts_ms": 1}, gift(43, glitter="much")]
    await call.say(
        "batch", **{"room": "lounge", "epoch": "e1", "from": 42, "to": 43}, events=events, totals=peers.TOTALS
    )

    await eventually(lambda: len(heard) == 1)
    assert heard[0].offset == 43


async def test_a_reader_gets_every_event_until_the_client_closes(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    call = await connect(peer, client, offset=41)
    read: list[object] = []

    async def read_all() -> None:
        async for event in client.events("lounge"):
            read.append(event)

    reading = asyncio.create_task(read_all())
    await call.batch(42, 43)
    closed = {"offset": 44, "id": "0-44", "type": "room.closed", "ts_ms": 1}
    where = {"room": "lounge", "epoch": "e1", "from": 44, "to": 44}
    await call.say("batch", **where, events=[closed], totals=peers.TOTALS)
    await eventually(lambda: len(read) == 3)
    await client.close()
    await reading

    assert [type(event) for event in read] == [GiftEvent, GiftEvent, RoomClosed]


async def test_a_reader_that_falls_too_far_behind_is_told(
    peer: Peer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client_demo.python.giftwave_client.QUEUED_EVENTS_MAX", 2)
    client = make_client()
    call = await connect(peer, client, offset=41)
    events = client.events("lounge")

    first = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    await call.batch(42, 43, 44, 45)
    read = [await first, await anext(events)]

    assert [event.offset for event in read] == [42, 43]
    with pytest.raises(FellBehind):
        await anext(events)


async def test_a_refused_join_raises_and_is_not_repeated(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    call = await connect(peer, client)

    joining = asyncio.create_task(client.join("attic"))
    await call.expect("join")
    await call.say("error", room="attic", code="unknown_room", message="There is no room attic.", retryable=False)

    with pytest.raises(Refused, match="no room attic"):
        await joining
    assert client.room_state("attic") is None


async def test_a_retryable_refusal_of_a_join_is_tried_again_after_its_time(
    peer: Peer, make_client: MakeClient, clock: Any
) -> None:
    client = make_client()
    call = await connect(peer, client)
    joining = asyncio.create_task(client.join("lounge"))
    await call.expect("join")

    busy = {"code": "busy", "message": "Too many joins.", "retryable": True, "retry_after_ms": 700}
    await call.say("error", room="lounge", **busy)
    await call.let_in(offset=3)

    assert (await joining).offset == 3
    assert clock.slept_s == [0.7]


async def test_leaving_ends_the_readers_and_a_later_reconnect_stays_out(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    call = await connect(peer, client, offset=41)
    reading = asyncio.ensure_future(anext(client.events("lounge")))
    await asyncio.sleep(0)

    await client.leave("lounge")
    await call.expect("leave")
    await call.hang_up()
    await peer.take_live()

    with pytest.raises(StopAsyncIteration):
        await reading
    assert client.room_state("lounge") is None
