"""A room that is closed and opened again, once or at a run, is in one state everywhere."""

import asyncio

import pytest

from tests.helpers.audience import audience
from tests.helpers.names import fresh
from tests.helpers.server import ServerProcess
from tests.helpers.waiting import eventually
from tests.helpers.watcher import watching

pytestmark = pytest.mark.usefixtures("nothing_left")


async def test_a_room_that_opened_again_is_joined_from_its_new_beginning(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 10)
    async with audience(server, room) as lines:
        before = server.room(room)
        server.close_room(room)
        for line in lines:
            closed = await line.expect("batch")
            assert [event["type"] for event in closed["events"]] == ["room.closed"]

        after = server.open_room(room)

        for line in lines:
            opened = await line.expect("batch")
            assert (opened["epoch"], opened["from"]) == (after["epoch"], 1)
            assert [event["type"] for event in opened["events"]] == ["room.opened"]
            joined = await line.join(room, epoch=before["epoch"], offset=before["offset"])
            assert (joined["recovered"], joined["epoch"], joined["offset"]) == (False, after["epoch"], 1)


async def test_members_agree_after_a_room_was_opened_and_closed_at_a_run(server: ServerProcess, room: str) -> None:
    async with watching(server, room, users=[fresh("u") for _ in range(8)]) as watchers:
        for _ in range(25):
            await asyncio.to_thread(server.close_room, room)
            await asyncio.to_thread(server.open_room, room)
        now = server.room(room)

        await eventually(lambda: all(watcher.at(now) for watcher in watchers))

        assert not [watcher.twice for watcher in watchers if watcher.twice]


async def test_opening_and_closing_at_the_same_time_leaves_one_state_everywhere(
    server: ServerProcess, room: str
) -> None:
    async with watching(server, room, users=[fresh("u") for _ in range(6)]) as watchers:
        actions = [server.close_room, server.open_room] * 15
        await asyncio.gather(*(asyncio.to_thread(action, room) for action in actions))
        server.open_room(room)
        now = server.room(room)

        await eventually(lambda: all(watcher.at(now) for watcher in watchers))
