"""A connection comes back by itself, unless the server said a final no."""

from __future__ import annotations

import asyncio

import pytest

from client_demo.python.giftwave_client import ConnectionEnded, ConnectionState, GiftwaveClient, OutcomeUnknown
from tests.helpers.waiting import eventually
from tests.sdk.conftest import FakeTime, MakeClient
from tests.sdk.peer import Peer, connect


@pytest.mark.parametrize("code", [4000, 4001, 4003, 4004, 4499])
async def test_final_close_codes_end_the_client(
    peer: Peer, make_client: MakeClient, clock: FakeTime, code: int
) -> None:
    client = make_client()
    call = await connect(peer, client)

    await call.hang_up(code, "no")

    await eventually(lambda: client.state is ConnectionState.CLOSED)
    with pytest.raises(ConnectionEnded, match="not connected"):
        await client.join("lounge")
    assert clock.slept_s == []


async def test_a_final_refusal_of_the_first_hello_is_raised_by_connect(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    connecting = asyncio.create_task(client.connect())

    call = await peer.take()
    await call.expect("hello")
    await call.hang_up(4001, "bad_token")

    with pytest.raises(ConnectionEnded) as ended:
        await connecting
    assert ended.value.code == 4001


async def test_a_refused_origin_is_final(peer: Peer, make_client: MakeClient) -> None:
    peer.statuses.append(403)

    with pytest.raises(ConnectionEnded) as ended:
        await make_client().connect()

    assert ended.value.code == 403


@pytest.mark.parametrize("code", [1001, 1012, 4500, 4501, 4502])
async def test_other_close_codes_reconnect(peer: Peer, make_client: MakeClient, code: int) -> None:
    client = make_client()
    call = await connect(peer, client)

    await call.hang_up(code)
    await peer.take_live()

    await eventually(lambda: client.state is ConnectionState.LIVE)


async def test_the_servers_wish_sets_the_time_of_the_reconnect(
    peer: Peer, make_client: MakeClient, clock: FakeTime
) -> None:
    call = await connect(peer, make_client())

    await call.say("bye", reason="restarting", retry_after_ms=1840)
    await call.hang_up(4500)
    await peer.take_live()

    assert clock.slept_s == [1.84]


async def test_the_backoff_is_full_jitter_that_doubles_up_to_its_cap(
    peer: Peer, make_client: MakeClient, clock: FakeTime
) -> None:
    peer.statuses.extend([503] * 12)

    await connect(peer, make_client())

    ceilings_s = [min(15.0, 0.25 * 2**attempt) for attempt in range(12)]
    assert len(clock.slept_s) == 12
    assert all(0 <= slept <= ceiling for slept, ceiling in zip(clock.slept_s, ceilings_s, strict=True))
    assert max(clock.slept_s) > 7.5


async def test_a_steady_connection_starts_the_backoff_anew(
    peer: Peer, make_client: MakeClient, clock: FakeTime
) -> None:
    peer.statuses.extend([503] * 8)
    call = await connect(peer, make_client())
    clock.slept_s.clear()

    clock.now_ms += 60_000
    await call.hang_up()
    await peer.take_live()

    assert len(clock.slept_s) == 1
    assert clock.slept_s[0] <= 0.25


async def test_an_expired_token_is_replaced_once_and_at_once(
    peer: Peer, make_client: MakeClient, clock: FakeTime
) -> None:
    tokens = iter(["old", "new"])

    async def provide() -> str:
        return next(tokens)

    client = make_client(provide)
    connecting = asyncio.create_task(client.connect())
    call = await peer.take()
    await call.expect("hello")
    await call.hang_up(4002, "token_expired")
    hello = await (await peer.take()).welcome()
    await connecting

    assert hello["token"] == "new"
    assert clock.slept_s == []


async def test_a_second_expiry_before_a_welcome_is_final(peer: Peer, make_client: MakeClient) -> None:
    async def provide() -> str:
        return "always expired"

    connecting = asyncio.create_task(make_client(provide).connect())
    for _ in range(2):
        call = await peer.take()
        await call.expect("hello")
        await call.hang_up(4002, "token_expired")

    with pytest.raises(ConnectionEnded) as ended:
        await connecting
    assert ended.value.code == 4002


async def test_an_expired_fixed_token_is_final(peer: Peer, make_client: MakeClient) -> None:
    client = make_client("fixed")
    call = await connect(peer, client)

    await call.hang_up(4002, "token_expired")

    await eventually(lambda: client.state is ConnectionState.CLOSED)


async def test_it_gives_up_after_the_time_it_was_given(make_client: MakeClient, peer: Peer, clock: FakeTime) -> None:
    peer.statuses.extend([503] * 100)

    with pytest.raises(ConnectionEnded):
        await make_client(give_up_s=30).connect()

    assert 30 <= sum(clock.slept_s) < 45


async def test_the_states_tell_the_story(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    states: list[ConnectionState] = []
    client.on("state", states.append)
    first = client.state
    call = await connect(peer, client)

    await call.hang_up()
    await peer.take_live()
    await eventually(lambda: client.state is ConnectionState.LIVE)
    await client.close()
    await asyncio.sleep(0)

    assert first == "connecting"
    assert states == ["live", "reconnecting", "live", "closed"]


async def test_a_message_that_breaks_the_contract_ends_the_client_aloud(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    call = await connect(peer, client)
    sending = asyncio.create_task(client.send_gift(room="lounge", gift="rose", max_coins=1))
    await call.expect("gift.send")

    await call.say("wallet", coins="many")

    with pytest.raises(OutcomeUnknown) as unknown:
        await sending
    assert isinstance(unknown.value.__cause__, ConnectionEnded)
    assert isinstance(unknown.value.__cause__.__cause__, ExceptionGroup)
    assert client.state is ConnectionState.CLOSED


async def test_close_leaves_no_task_behind(peer: Peer, make_client: MakeClient) -> None:
    before = asyncio.all_tasks()
    client = make_client()
    call = await connect(peer, client, offset=1)
    sending = asyncio.create_task(client.send_gift(room="lounge", gift="rose", max_coins=1))
    await call.expect("gift.send")

    await client.close()
    await asyncio.wait([sending])
    await call.socket.wait_closed()

    await eventually(lambda: asyncio.all_tasks() <= before)


async def test_a_cancelled_connect_leaves_no_task_behind(peer: Peer, make_client: MakeClient) -> None:
    before = asyncio.all_tasks()
    connecting = asyncio.create_task(make_client().connect())
    call = await peer.take()
    await call.expect("hello")

    connecting.cancel()
    await asyncio.wait([connecting])
    await call.socket.wait_closed()

    assert connecting.cancelled()
    await eventually(lambda: asyncio.all_tasks() <= before)


async def test_a_callback_that_fails_harms_nobody_else(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
    heard: list[object] = []
    client.on("wallet", lambda wallet: 1 / (wallet.rev - wallet.rev))
    client.on("wallet", heard.append)

    await connect(peer, client)

    await eventually(lambda: len(heard) == 1)
    assert isinstance(reported[0], ZeroDivisionError)
    assert client.state is ConnectionState.LIVE


async def test_the_wallet_with_the_highest_revision_stays(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    call = await connect(peer, client)

    await call.say("wallet", paid=0, promo=300, coins=300, rev=9)
    await call.say("wallet", paid=0, promo=400, coins=400, rev=8)
    await call.say("wallet", paid=0, promo=200, coins=200, rev=10)

    await eventually(lambda: client.wallet is not None and client.wallet.rev == 10)
    assert client.wallet is not None
    assert client.wallet.coins == 200


@pytest.mark.parametrize("codec", ["json", "msgpack"])
async def test_both_codecs_carry_the_whole_conversation(peer: Peer, make_client: MakeClient, codec: str) -> None:
    client = make_client(codec=codec)
    call = await connect(peer, client, offset=41)
    heard: list[object] = []
    client.on("gift", heard.append)

    sending = asyncio.create_task(client.send_gift(room="lounge", gift="rose", max_coins=2, message="schön"))
    order = await call.expect("gift.send")
    await call.batch(42)
    await call.ack(order)

    assert call.socket.subprotocol == f"giftwave.v1.{codec}"
    assert order["message"] == "schön"
    assert (await sending).coins == 2
    await eventually(lambda: len(heard) == 1)


def test_an_address_without_a_scheme_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="give one like"):
        GiftwaveClient("gifts.example", "token")
