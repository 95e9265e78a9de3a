"""Joining and leaving, however fast one follows the other: who is in hears everything, who is out hears nothing."""

import asyncio
import json
from contextlib import AsyncExitStack
from functools import partial

import pytest

from tests.helpers.audience import send_many
from tests.helpers.line import Message, talk
from tests.helpers.names import fresh
from tests.helpers.rawsocket import CLOSE, TEXT, RawSocket, frame
from tests.helpers.server import ServerProcess
from tests.helpers.waiting import eventually
from tests.helpers.watcher import Watcher, watching

pytestmark = pytest.mark.usefixtures("nothing_left")


async def test_an_unknown_room_is_named_in_its_error(server: ServerProcess) -> None:
    async with talk(server, fresh("u")) as line:
        await line.say("join", room="no-such-room")

        error = await line.expect("error")

        assert (error["code"], error["room"], error["retryable"]) == ("unknown_room", "no-such-room", False)


async def test_who_left_hears_nothing_more(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 10)
    async with talk(server, fan, room=room) as sender, talk(server, fresh("u"), room=room) as line:
        await line.say("leave", room=room)
        await line.expect("left")

        await sender.gift(room)
        await sender.expect("batch")

        assert not line.events()


async def test_a_join_that_is_followed_by_leave_at_once_ends_outside(server: ServerProcess, room: str) -> None:
    one_go = b"".join(frame(TEXT, json.dumps({"type": kind, "room": room}).encode()) for kind in ("join", "leave"))
    async with talk(server, fresh("u"), room=room):
        with RawSocket(server) as raw:
            raw.upgrade()
            raw.hello(server.token(fresh("u")))

            raw.send(one_go)
            heard = [json.loads(raw.read_frame()[1])["type"]]
            # A join of this connection that was answered: the first one is through as well.
            raw.say(type="join", room="no-such-room")
            while heard[-1] != "error":
                heard.append(json.loads(raw.read_frame()[1])["type"])

            assert [kind for kind in heard if kind != "error"][-1] == "left", heard
            await eventually(lambda: server.gauge("giftwave_members") == 1)


async def test_join_leave_join_in_one_go_ends_inside(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 100)
    async with talk(server, fan) as sender:
        for _ in range(10):
            async with talk(server, fresh("u")) as line:
                for kind in ("join", "leave", "join"):
                    await line.say(kind, room=room)
                await line.expect("left")
                await line.say("join", room="no-such-room")
                await line.expect("error")
                await eventually(lambda: server.gauge("giftwave_members") == 1)

                ack = await sender.gift(room)

                batch = await line.expect_that(partial(_reaches, ack["offset"]))
                assert batch["events"][-1]["offset"] == ack["offset"]
            await eventually(lambda: server.gauge("giftwave_members") == 0)


async def test_connections_that_close_while_joining_leave_nobody_behind(server: ServerProcess) -> None:
    rooms = [fresh("e2e") for _ in range(10)]
    for name in rooms:
        server.open_room(name)
    token = server.token(fresh("u"))

    for turn in range(60):
        with RawSocket(server) as raw:
            raw.upgrade()
            joins = [{"type": "hello", "token": token}, *({"type": "join", "room": name} for name in rooms)]
            raw.send(b"".join(frame(TEXT, json.dumps(message).encode()) for message in joins))
            if turn % 3 == 0:
                raw.reset()
            elif turn % 3 == 1:
                raw.send(frame(CLOSE, b"\x03\xe8"))

    await eventually(lambda: server.gauge("giftwave_members") == 0)


async def test_joining_while_gifts_flow_misses_none(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 10_000)
    async with talk(server, fan) as sender:
        flow = asyncio.create_task(send_many(sender, room, count=300, message="x"))
        async with AsyncExitStack() as stack:
            groups: list[list[Watcher]] = []
            while not flow.done() and len(groups) < 12:
                groups.append(
                    await stack.enter_async_context(watching(server, room, users=[fresh("u") for _ in range(2)]))
                )
            await flow
            now = server.room(room)

            watchers = [watcher for group in groups for watcher in group]
            await eventually(lambda: all(watcher.at(now) for watcher in watchers))

            assert not [watcher.missing() for watcher in watchers if watcher.missing()]
            assert not [watcher.jumps for watcher in watchers if watcher.jumps]


def _reaches(offset: int, message: Message) -> bool:
    return bool(message["type"] == "batch" and message["to"] >= offset)
