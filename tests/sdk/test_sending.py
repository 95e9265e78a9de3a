"""One intent is one charge, whatever breaks in between."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from client_demo.python.giftwave_client import (
    GiftRefused,
    GiftwaveClient,
    OutcomeUnknown,
    Receipt,
    Refused,
    make_intent_id,
)
from tests.sdk.conftest import FakeTime, MakeClient
from tests.sdk.peer import Peer, connect, receipt


def send(client: GiftwaveClient, **rest: str) -> asyncio.Task[Receipt]:
    return asyncio.create_task(client.send_gift(room="lounge", gift="rose", count=2, max_coins=2, **rest))  # type: ignore[arg-type]


async def test_a_paid_gift_returns_its_receipt_and_moves_the_wallet(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    call = await connect(peer, client)

    sending = send(client)
    order = await call.expect("gift.send")
    await call.ack(order)
    paid = await sending

    assert set(order) == {"type", "intent_id", "room", "gift", "count", "max_coins"}
    assert (paid.intent_id, paid.coins, paid.offset) == (order["intent_id"], 2, 42)
    assert client.wallet == paid.balance
    assert client.unfinished() == []


async def test_a_send_cut_off_by_a_reconnect_is_repeated_with_its_intent(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    call = await connect(peer, client)

    sending = send(client)
    first = await call.expect("gift.send")
    await call.hang_up()
    call = await peer.take_live()
    second = await call.expect("gift.send")
    await call.ack(second, replayed=True)

    assert second == first
    assert (await sending).replayed


async def test_a_retryable_error_repeats_the_same_intent_after_its_time(
    peer: Peer, make_client: MakeClient, clock: FakeTime
) -> None:
    client = make_client()
    call = await connect(peer, client)

    sending = send(client)
    first = await call.expect("gift.send")
    busy = {"code": "recorder_behind", "message": "Try again soon.", "retryable": True, "retry_after_ms": 400}
    await call.say("error", intent_id=first["intent_id"], **busy)
    second = await call.expect("gift.send")
    await call.ack(second)
    await sending

    assert second == first
    assert clock.slept_s == [0.4]


async def test_a_refusal_is_raised_and_finished(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    call = await connect(peer, client)

    sending = send(client)
    order = await call.expect("gift.send")
    poor = {"code": "insufficient_coins", "message": "You have 1 coin and this costs 2.", "retryable": False}
    await call.say("error", intent_id=order["intent_id"], **poor)

    with pytest.raises(GiftRefused, match="1 coin") as refused:
        await sending
    assert (refused.value.code, refused.value.intent_id) == ("insufficient_coins", order["intent_id"])
    assert client.unfinished() == []


async def test_no_answer_before_the_deadline_is_an_unknown_outcome(peer: Peer, make_client: MakeClient) -> None:
    client = make_client(deadline_s=0.05)
    call = await connect(peer, client)

    sending = send(client)
    order = await call.expect("gift.send")

    with pytest.raises(OutcomeUnknown) as unknown:
        await sending
    assert unknown.value.intent_id == order["intent_id"]
    assert [intent.intent_id for intent in client.unfinished()] == [order["intent_id"]]


async def test_a_close_with_a_send_in_flight_is_an_unknown_outcome(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    call = await connect(peer, client)
    sending = send(client)
    await call.expect("gift.send")

    await client.close()

    with pytest.raises(OutcomeUnknown):
        await sending


async def test_a_cancelled_send_stays_unfinished(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    call = await connect(peer, client)
    sending = send(client)
    order = await call.expect("gift.send")

    sending.cancel()
    await asyncio.wait([sending])

    assert [intent.intent_id for intent in client.unfinished()] == [order["intent_id"]]


async def test_an_intent_is_sent_once_at_a_time(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    call = await connect(peer, client)
    sending = send(client)
    order = await call.expect("gift.send")

    with pytest.raises(ValueError, match="already"):
        await send(client, intent_id=order["intent_id"])

    await call.ack(order)
    await sending


async def test_an_unfinished_send_survives_a_crash_and_is_sent_again(
    peer: Peer, make_client: MakeClient, tmp_path: Path
) -> None:
    file = tmp_path / "intents.jsonl"
    crashed = make_client(storage=file, deadline_s=0.05)
    call = await connect(peer, crashed)
    sending = send(crashed)
    first = await call.expect("gift.send")
    with pytest.raises(OutcomeUnknown):
        await sending

    client = make_client(storage=file)
    call = await connect(peer, client)
    [intent] = client.unfinished()
    again = asyncio.create_task(client.send_gift(**asdict(intent)))
    second = await call.expect("gift.send")
    await call.ack(second, replayed=True)

    assert second == first
    assert (await again).replayed
    assert make_client(storage=file).unfinished() == []


async def test_an_intent_is_on_the_disk_before_it_is_sent(peer: Peer, make_client: MakeClient, tmp_path: Path) -> None:
    file = tmp_path / "intents.jsonl"
    client = make_client(storage=file)
    call = await connect(peer, client)

    sending = send(client)
    order = await call.expect("gift.send")

    assert order["intent_id"] in file.read_text()
    await call.ack(order)
    await sending


def test_a_torn_last_line_is_no_intent(tmp_path: Path) -> None:
    file = tmp_path / "intents.jsonl"
    whole = '{"intent_id":"019b1c3e-5d2a-7cc1-9b3e-0a1b2c3d4e5f","room":"lounge","gift":"rose","max_coins":1}'
    file.write_text(f'{whole}\n{{"intent_id":"019b1c3e-5d2a-7cc1-9b')

    client = GiftwaveClient("http://gifts.example", "token", storage=file)

    assert [intent.gift for intent in client.unfinished()] == ["rose"]


async def test_opening_drops_finished_intents_from_the_file(
    peer: Peer, make_client: MakeClient, tmp_path: Path
) -> None:
    file = tmp_path / "intents.jsonl"
    client = make_client(storage=file)
    call = await connect(peer, client)
    sending = send(client)
    await call.ack(await call.expect("gift.send"))
    await sending

    make_client(storage=file)

    assert file.read_bytes() == b""


async def test_recover_asks_for_every_unfinished_intent(
    peer: Peer, make_client: MakeClient, clock: FakeTime, tmp_path: Path
) -> None:
    file = tmp_path / "intents.jsonl"
    ids = [make_intent_id(clock.now_ms, Random(seed)) for seed in range(3)]
    lines = [f'{{"intent_id":"{one}","room":"lounge","gift":"rose","max_coins":2}}\n' for one in ids]
    file.write_text("".join(lines))
    refusal = {"code": "price_changed", "message": "It costs 3 now.", "retryable": False, "intent_id": ids[1]}
    peer.stored = {ids[0]: (200, {"type": "gift.ack", **receipt(ids[0])}), ids[1]: (409, {"error": refusal})}

    client = make_client(storage=file)
    outcomes = await client.recover()

    paid, refused = outcomes[ids[0]], outcomes[ids[1]]
    assert isinstance(paid, Receipt)
    assert isinstance(refused, GiftRefused)
    assert outcomes[ids[2]] is None
    assert [intent.intent_id for intent in client.unfinished()] == [ids[2]]


async def test_an_undecided_intent_is_dropped_once_it_can_no_longer_be_charged(
    make_client: MakeClient, clock: FakeTime, tmp_path: Path
) -> None:
    file = tmp_path / "intents.jsonl"
    old = make_intent_id(clock.now_ms - 900_001, Random(1))
    file.write_text(f'{{"intent_id":"{old}","room":"lounge","gift":"rose","max_coins":2}}\n')
    client = make_client(storage=file)

    outcomes = await client.recover()

    assert outcomes == {old: None}
    assert client.unfinished() == []


async def test_a_refused_question_is_no_outcome(peer: Peer, make_client: MakeClient) -> None:
    intent_id = make_intent_id(1, Random(1))
    error = {"code": "rate_limited", "message": "Slower, please.", "retryable": True}
    peer.stored[intent_id] = (429, {"error": error})

    with pytest.raises(Refused) as refused:
        await make_client().receipt(intent_id)

    assert not isinstance(refused.value, GiftRefused)


def test_intent_ids_are_uuids_of_version_7_that_carry_their_time() -> None:
    ids = [UUID(make_intent_id(1_780_000_000_123, Random(seed))) for seed in range(100)]

    assert {(one.version, one.variant, one.int >> 80) for one in ids} == {
        (7, "specified in RFC 4122", 1_780_000_000_123)
    }
    assert len(set(ids)) == 100


async def test_intents_are_made_by_the_servers_clock(peer: Peer, make_client: MakeClient, clock: FakeTime) -> None:
    client = make_client()
    async with asyncio.TaskGroup() as client_side:
        client_side.create_task(client.connect())
        call = await peer.take_live(server_time_ms=clock.now_ms + 3_600_000)

    sending = send(client)
    order = await call.expect("gift.send")
    await call.ack(order)
    await sending

    assert UUID(order["intent_id"]).int >> 80 == clock.now_ms + 3_600_000
