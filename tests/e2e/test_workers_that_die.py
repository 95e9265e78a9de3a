"""A worker that dies is replaced, and a server that stops leaves no doubt about any gift."""

import asyncio
import os
import signal
from functools import partial

import pytest
from websockets.exceptions import ConnectionClosed

from tests.helpers.audience import audience
from tests.helpers.leftovers import assert_no_traceback
from tests.helpers.line import Line, gift_fields, talk
from tests.helpers.names import fresh
from tests.helpers.server import ServerProcess
from tests.helpers.waiting import eventually

pytestmark = pytest.mark.usefixtures("nothing_left")


def of_each_worker(server: ServerProcess, lines: list[Line]) -> tuple[Line, Line]:
    """Return a connection of one worker and one of the other."""
    first = lines[0]
    home = server.worker_of(first.port)
    return first, next(line for line in lines if server.worker_of(line.port) != home)


async def test_a_killed_worker_is_replaced_and_the_others_members_stay() -> None:
    with ServerProcess("serve", workers=2, messages_per_s=1_000) as server:
        server.open_room("lounge")
        await server.grant("fan", 1_000)
        async with audience(server, "lounge") as lines:
            victim, survivor = (server.worker_of(line.port) for line in of_each_worker(server, lines))
            assert victim is not None
            staying = [line for line in lines if server.worker_of(line.port) == survivor]

            os.kill(victim, signal.SIGKILL)
            await eventually(lambda: len(server.listening_workers()) == 2 and victim not in server.worker_pids())

            await eventually(lambda: sum(not line.closed for line in lines) == len(staying))
            async with talk(server, "fan") as sender:
                await sender.gift("lounge")
            for line in staying:
                assert (await line.expect("batch"))["from"] == 2
            async with audience(server, "lounge", count=4):
                assert survivor in server.worker_pids()
        # The dead one's connections are nobody's any more.
        await eventually(lambda: server.gauge("giftwave_connections") == 0)
        await eventually(lambda: server.gauge("giftwave_members") == 0)


async def test_a_worker_that_is_killed_again_and_again_is_replaced_each_time() -> None:
    with ServerProcess("serve") as server:
        for _ in range(5):
            [victim] = server.worker_pids()
            await asyncio.sleep(2.1)  # an accident, not a worker that cannot start: those end within 2 s
            os.kill(victim, signal.SIGKILL)

            await eventually(partial(_is_replaced, server, victim))


async def test_gifts_under_way_when_a_worker_dies_are_charged_once(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 100)
    wishes = [gift_fields() for _ in range(50)]
    async with talk(server, fan) as line:
        victim = server.worker_of(line.port)
        assert victim is not None
        for wish in wishes:
            await line.say("gift.send", room=room, **wish)
        os.kill(victim, signal.SIGKILL)
    await eventually(lambda: len(server.listening_workers()) == 2 and victim not in server.worker_pids())

    async with talk(server, fan) as line:
        for wish in wishes:
            await line.say("gift.send", room=room, **wish)
        answers = [await line.answer_to(wish["intent_id"]) for wish in wishes]

    assert {answer["type"] for answer in answers} == {"gift.ack"}
    assert server.wallet(fan)["coins"] == 50
    assert server.room(room)["totals"] == {"coins": 50, "gifts": 50, "fans": 1}


async def test_a_server_that_stops_under_load_leaves_no_doubt_about_any_gift() -> None:
    with ServerProcess("serve", workers=2, messages_per_s=10_000) as server:
        server.open_room("lounge")
        await server.grant("fan", 10_000)
        acknowledged = 0

        async def send_until_closed() -> None:
            nonlocal acknowledged
            async with talk(server, "fan", room="lounge") as line:
                try:
                    while True:
                        answer = await line.gift("lounge")
                        assert answer["type"] == "gift.ack" or answer["retryable"], answer
                        acknowledged += answer["type"] == "gift.ack"
                except (AssertionError, ConnectionClosed):
                    assert await line.expect_close() == 4500

        load = asyncio.gather(*(send_until_closed() for _ in range(6)))
        await eventually(lambda: acknowledged > 200)
        await asyncio.to_thread(server.stop)
        await load
        assert_no_traceback(server)

        server.start()
        spent = 10_000 - server.wallet("fan")["coins"]
        assert spent == server.room("lounge")["totals"]["coins"]
        assert acknowledged <= spent <= acknowledged + 6


def _is_replaced(server: ServerProcess, victim: int) -> bool:
    return server.worker_pids() not in ([], [victim]) and server.is_ready()
