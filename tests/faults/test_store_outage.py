"""The store does not answer for a while, or answers with an error: orders are refused in words, and all comes back."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import redis

from server.domain.room import Role
from tests.helpers.books import assert_books_balance
from tests.helpers.leftovers import assert_no_traceback
from tests.helpers.line import Line, Message, call, gift_fields, talk
from tests.helpers.rawsocket import TEXT, RawSocket, frame
from tests.helpers.server import KEYS, ServerProcess, is_alive, wait_until
from tests.helpers.waiting import eventually
from tests.helpers.watcher import watching

OUTAGE_S = 4.0
Outage = Callable[[ServerProcess], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("serve", workers=2, messages_per_s=10_000, store_timeout_s=1.0) as process:
        process.open_room("lounge")
        yield process


@contextmanager
def frozen(server: ServerProcess) -> Iterator[None]:
    """The store hangs: it takes connections and commands, and answers none."""
    pid = server.valkey_pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def gone(server: ServerProcess) -> Iterator[None]:
    """The store is dead, and its supervisor is kept from starting another."""
    pid = server.valkey_pid()
    assert pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    try:
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(pid))
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@pytest.mark.parametrize("outage", [frozen, gone])
async def test_an_outage_refuses_orders_in_words_and_ends_by_itself(server: ServerProcess, outage: Outage) -> None:
    fan, wishes = f"fan-{outage.__name__}", [gift_fields() for _ in range(8)]
    await server.grant(fan, 100)
    async with (
        watching(server, "lounge", users=[f"w-{number}" for number in range(6)]) as watchers,
        talk(server, fan, room="lounge") as line,
    ):
        await line.gift("lounge")
        before = server.room("lounge")["offset"]
        with outage(server):
            answers = await _send_until(line, wishes, time.monotonic() + OUTAGE_S)
            ready = await asyncio.to_thread(server.get, "/readyz")
            alive = await asyncio.to_thread(server.get, "/healthz")

        decided = [await _send_until_decided(line, wish) for wish in wishes]

        assert {answer["code"] for answer in answers} == {"store_unavailable"}
        assert all(answer["retryable"] and answer["retry_after_ms"] >= 1 and answer["message"] for answer in answers)
        assert (ready.status_code, ready.json()["error"]["code"]) == (503, "store_unavailable")
        assert alive.status_code == 200
        assert {answer["type"] for answer in decided} == {"gift.ack"}
        assert sorted(answer["offset"] for answer in decided) == list(range(before + 1, before + 9))
        assert server.wallet(fan)["coins"] == 100 - 9
        now = server.room("lounge")
        await eventually(lambda: all(watcher.at(now) for watcher in watchers))
        assert not [watcher.missing() for watcher in watchers if watcher.missing()]
        await eventually(lambda: line.events()[-1]["offset"] == now["offset"])
    await eventually(server.is_ready)
    assert_books_balance(server)
    assert_no_traceback(server)


async def test_answers_of_different_fans_are_never_mixed_up_by_an_outage(server: ServerProcess) -> None:
    coins = {f"mix-{number}": 100 + number for number in range(20)}
    for fan, amount in coins.items():
        await server.grant(fan, amount)

    with frozen(server):
        asked = [asyncio.create_task(asyncio.to_thread(_wallet_or_none, server, fan)) for fan in coins]
        await asyncio.gather(*asked)
    wallets = [await asyncio.to_thread(_wallet_or_none, server, fan) for fan in coins]

    await eventually(server.is_ready)
    assert [wallet for wallet in wallets if wallet is not None and wallet not in coins.values()] == []
    assert [server.wallet(fan)["coins"] for fan in coins] == list(coins.values())


@pytest.mark.parametrize("outage", [frozen, gone])
async def test_a_hello_during_an_outage_is_refused_and_welcome_later(server: ServerProcess, outage: Outage) -> None:
    token = server.token("u_early")
    async with call(server) as line:
        with outage(server):
            await line.say("hello", token=token)
            error = await line.expect("error")
            code = await line.expect_close()
    await eventually(server.is_ready)

    async with call(server) as line:
        welcome = await line.hello(token)

    assert (error["code"], error["retryable"], code) == ("store_unavailable", True, 4502)
    assert welcome["user"]["id"] == "u_early"


@pytest.mark.parametrize("outage", [frozen, gone])
async def test_a_join_during_an_outage_may_be_said_again(server: ServerProcess, outage: Outage) -> None:
    server.open_room("other-room")
    async with talk(server, "u_join") as line:
        with outage(server):
            await line.say("join", room="other-room")
            error = await line.expect("error")
        await eventually(server.is_ready)

        joined = await line.join("other-room")

        assert (error["code"], error["retryable"], error["room"]) == ("store_unavailable", True, "other-room")
        assert joined["snapshot"]["state"] == "open"


async def test_http_says_503_during_an_outage_and_the_same_request_is_charged_once(server: ServerProcess) -> None:
    await server.grant("fan-http", 10)
    wish, token = gift_fields(), server.token("fan-http")
    with frozen(server):
        answer = await asyncio.to_thread(server.post, "/v1/rooms/lounge/gifts", wish, token=token)
        rooms = await asyncio.to_thread(server.get, "/v1/rooms/lounge")
        wallet = await asyncio.to_thread(server.get, "/v1/wallet", token=token)
    await eventually(server.is_ready)

    again = server.post("/v1/rooms/lounge/gifts", wish, token=token)

    assert [a.status_code for a in (answer, rooms, wallet)] == [503, 503, 503]
    assert answer.json()["error"] | {"message": ""} == {
        "code": "store_unavailable",
        "message": "",
        "retryable": True,
        "intent_id": wish["intent_id"],
        "retry_after_ms": 500,
    }
    assert answer.headers["Retry-After"] == "1"
    assert again.json()["intent_id"] == wish["intent_id"]
    assert server.wallet("fan-http")["coins"] == 9


async def test_a_push_connection_that_was_cut_loses_no_event(server: ServerProcess) -> None:
    await server.grant("fan-cut", 1_000)
    async with (
        watching(server, "lounge", users=[f"w-{number}" for number in range(6)]) as watchers,
        talk(server, "fan-cut") as line,
    ):
        for _ in range(5):
            _cut_push_connections(server)
            for _ in range(10):
                await line.gift("lounge")
        now = server.room("lounge")

        await eventually(lambda: all(watcher.at(now) for watcher in watchers))

        assert not [watcher.missing() for watcher in watchers if watcher.missing()]


async def test_the_last_event_after_a_cut_arrives_though_nothing_follows_it(server: ServerProcess) -> None:
    await server.grant("fan-last", 100_000)
    async with (
        watching(server, "lounge", users=[f"w-{number}" for number in range(6)]) as watchers,
        talk(server, "fan-last") as line,
    ):
        for _ in range(20):
            _cut_push_connections(server)
            # Long enough to reach over the pause before the next connection (0.2 s).
            end = time.monotonic() + 0.3
            while time.monotonic() < end:
                await asyncio.gather(*(line.gift("lounge") for _ in range(4)))
            now = server.room("lounge")

            await eventually(lambda now=now: all(watcher.at(now) for watcher in watchers), timeout_s=5)  # type: ignore[misc]


@pytest.mark.parametrize(("given_before", "given_after"), [(5, 0), (5, 2), (2, 10)])
async def test_a_room_that_opened_again_while_the_push_connection_was_away_is_seen_open(
    server: ServerProcess, given_before: int, given_after: int
) -> None:
    said = len(server.log())
    server.close_room("lounge")
    server.open_room("lounge")
    await server.grant("fan-reopen", 1_000)
    token = server.token("fan-reopen")
    async with watching(server, "lounge", users=[f"w-{number}" for number in range(6)]) as watchers:
        for _ in range(given_before):
            server.post("/v1/rooms/lounge/gifts", gift_fields(), token=token)
        _cut_push_connections(server)
        server.close_room("lounge")
        server.open_room("lounge")
        for _ in range(given_after):
            server.post("/v1/rooms/lounge/gifts", gift_fields(), token=token)
        now = server.room("lounge")

        await eventually(lambda: all(watcher.at(now) for watcher in watchers))

    assert_no_traceback(server, since=said)


# The store answers, but with an error


async def test_a_store_that_is_full_refuses_and_the_same_order_is_taken_later(server: ServerProcess) -> None:
    await server.grant("fan-full", 10)
    wish = gift_fields()
    async with talk(server, "fan-full") as line:
        with server.store() as store:
            store.config_set("maxmemory", "1mb")
        try:
            await line.say("gift.send", room="lounge", **wish)
            error = await line.answer_to(wish["intent_id"])
        finally:
            with server.store() as store:
                store.config_set("maxmemory", "0")

        answer = await _send_until_decided(line, wish)

        assert (error["code"], error["retryable"]) == ("store_unavailable", True)
        assert answer["type"] == "gift.ack"
        assert server.wallet("fan-full")["coins"] == 9


async def test_a_store_that_became_a_replica_refuses_and_the_same_order_is_taken_later(server: ServerProcess) -> None:
    await server.grant("fan-replica", 10)
    wish = gift_fields()
    async with talk(server, "fan-replica") as line:
        with server.store() as store:
            store.replicaof("127.0.0.1", "1")
        try:
            await line.say("gift.send", room="lounge", **wish)
            error = await line.answer_to(wish["intent_id"])
        finally:
            with server.store() as store:
                store.replicaof("NO", "ONE")

        answer = await _send_until_decided(line, wish)

        assert (error["code"], error["retryable"]) == ("store_unavailable", True)
        assert answer["type"] == "gift.ack"


@pytest.fixture(scope="module")
def narrow() -> Iterator[ServerProcess]:
    """A server whose calls to the store carry one order each."""
    with ServerProcess("serve", batch_orders_max=1, messages_per_s=10_000) as process:
        process.open_room("lounge")
        yield process


async def test_an_order_behind_one_that_breaks_is_answered_too(narrow: ServerProcess) -> None:
    await narrow.grant("fan-broken", 10)
    wishes = [gift_fields() for _ in range(5)]
    with RawSocket(narrow) as raw:
        raw.upgrade()
        raw.hello(narrow.token("fan-broken"))
        with narrow.store() as store:
            store.set(KEYS.wallet("fan-broken"), "damaged")  # type: ignore[arg-type]

        messages = [{"type": "gift.send", "room": "lounge", **wish} for wish in wishes]
        raw.send(b"".join(frame(TEXT, json.dumps(message).encode()) for message in messages))

        answered = {raw.expect("error")["intent_id"] for _ in wishes}

        assert answered == {wish["intent_id"] for wish in wishes}


async def test_a_damaged_wallet_harms_no_other_fan(narrow: ServerProcess) -> None:
    await narrow.grant("fan-fine", 10)
    await narrow.grant("fan-hurt", 10)
    async with talk(narrow, "fan-hurt") as hurt, talk(narrow, "fan-fine") as fine:
        with narrow.store() as store:
            store.set(KEYS.wallet("fan-hurt"), "damaged")  # type: ignore[arg-type]

        of_hurt, of_fine = await asyncio.gather(hurt.gift("lounge"), fine.gift("lounge"))

        assert of_hurt["type"] == "error"
        assert of_fine["type"] == "gift.ack"


async def test_a_hello_of_a_damaged_wallet_is_answered(narrow: ServerProcess) -> None:
    with narrow.store() as store:
        store.set(KEYS.wallet("fan-odd"), "damaged")  # type: ignore[arg-type]
    async with call(narrow) as line:
        await line.say("hello", token=narrow.token("fan-odd"))

        error = await line.expect("error")

        assert error["code"] == "internal"


async def test_a_broken_room_answers_500_in_the_one_shape(narrow: ServerProcess) -> None:
    with narrow.store() as store:
        store.set("{s0}:room:broken", "damaged")

    answer = narrow.get("/v1/rooms/broken")

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    opening = narrow.post("/v1/rooms", {"room": "broken", "title": "x"}, token=narrow.token("c_x", role=Role.CREATOR))
    assert opening.json()["error"]["code"] == "internal"


async def _send_until(line: Line, wishes: list[Message], deadline: float) -> list[Message]:
    """Send orders again and again, together, until the deadline; return every answer."""
    answers: list[Message] = []
    while time.monotonic() < deadline:
        for wish in wishes:
            await line.say("gift.send", room="lounge", **wish)
        answers += [await line.answer_to(wish["intent_id"]) for wish in wishes]
        await asyncio.sleep(0.2)
    return answers


async def _send_until_decided(line: Line, wish: Message) -> Message:
    while True:
        await line.say("gift.send", room="lounge", **wish)
        answer = await line.answer_to(wish["intent_id"])
        if not answer.get("retryable"):
            return answer
        await asyncio.sleep(0.1)


def _wallet_or_none(server: ServerProcess, fan: str) -> int | None:
    answer = server.get("/v1/wallet", token=server.token(fan))
    return int(answer.json()["coins"]) if answer.status_code == 200 else None


def _cut_push_connections(server: ServerProcess) -> None:
    with server.store() as store:
        for client in store.client_list():
            if int(client.get("ssub", 0)):
                try:
                    store.client_kill_filter(_id=client["id"])
                except redis.ResponseError:
                    continue
