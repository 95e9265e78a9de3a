"""Two workers on one store: whoever takes a gift, every member everywhere sees it once and in order."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from server.domain.room import Role
from tests.helpers.audience import audience
from tests.helpers.line import talk
from tests.helpers.names import fresh
from tests.helpers.server import ServerProcess
from tests.helpers.waiting import eventually

pytestmark = pytest.mark.usefixtures("nothing_left")


async def test_connections_are_spread_over_both_workers(server: ServerProcess, room: str) -> None:
    async with audience(server, room) as lines:
        holders = {server.worker_of(line.port) for line in lines}

        assert holders == set(server.worker_pids())


async def test_a_gift_taken_by_one_worker_reaches_all_members_once_and_in_order(
    server: ServerProcess, room: str
) -> None:
    fans = [fresh("fan") for _ in range(4)]
    for fan in fans:
        await server.grant(fan, 1_000)
    async with audience(server, room) as lines, AsyncExitStack() as stack:
        senders = [await stack.enter_async_context(talk(server, fan)) for fan in fans]
        acks = await asyncio.gather(*(sender.gift(room) for sender in senders for _ in range(25)))

        last = server.room(room)["offset"]
        await eventually(lambda: all(line.events() and line.events()[-1]["offset"] == last for line in lines))

        assert {ack["type"] for ack in acks} == {"gift.ack"}
        assert last == 1 + 100
        for line in lines:
            assert [event["offset"] for event in line.events()] == list(range(2, 102))
            assert {event["id"] for event in line.events()} == {ack["event_id"] for ack in acks}


async def test_combo_totals_are_the_sums_of_their_counts(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 1_000)
    async with audience(server, room) as lines, talk(server, fan) as here, talk(server, fan) as there:
        acks = await asyncio.gather(*(line.gift(room, count=n) for n in range(1, 11) for line in (here, there)))

        last = server.room(room)["offset"]
        await eventually(lambda: all(line.events() and line.events()[-1]["offset"] == last for line in lines))

        sums: dict[str, int] = {}
        for event in lines[0].events():
            combo = event["combo"]
            sums[combo["id"]] = sums.get(combo["id"], 0) + event["count"]
            assert combo["total"] == sums[combo["id"]]
            assert combo["delta"] == event["count"]
        assert sum(sums.values()) == sum(ack["count"] for ack in acks) == 110
        assert server.room(room)["totals"] == {"coins": 110, "gifts": 110, "fans": 1}


async def test_a_fans_other_connections_hear_of_the_wallet(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 10)
    async with audience(server, room), AsyncExitStack() as stack:
        others = [await stack.enter_async_context(talk(server, fan, room=room)) for _ in range(8)]
        sender = await stack.enter_async_context(talk(server, fan))
        ack = await sender.gift(room)

        for line in others:
            wallet = await line.expect("wallet")
            assert wallet == {"type": "wallet", **ack["balance"]}


async def test_a_fans_connection_in_another_room_or_in_none_hears_of_the_wallet(
    server: ServerProcess, room: str
) -> None:
    fan, elsewhere = fresh("fan"), fresh("e2e")
    server.open_room(elsewhere)
    await server.grant(fan, 10)
    async with talk(server, fan) as nowhere, talk(server, fan, room=elsewhere) as other, talk(server, fan) as sender:
        ack = await sender.gift(room)

        assert (await other.expect("wallet"))["rev"] == ack["balance"]["rev"]
        assert (await nowhere.expect("wallet"))["rev"] == ack["balance"]["rev"]


async def test_only_the_creators_own_connections_hear_of_earnings(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 10)
    async with (
        talk(server, "c_mira", role=Role.CREATOR) as creator,
        talk(server, "c_mira", role=Role.VIEWER, room=room) as same_id,
        talk(server, fan, room=room) as viewer,
    ):
        await creator.join(room)
        before = (await creator.expect("earnings"))["units"]
        await viewer.gift(room, "donut")

        earnings = await creator.expect("earnings")

        assert earnings["units"] - before == 10 * 7_000
        assert earnings["diamonds"] == earnings["units"] // 10_000
        await viewer.expect("batch")
        assert not [m for line in (viewer, same_id) for m in line.seen if m["type"] == "earnings"]


async def test_an_anonymous_gift_tells_the_room_neither_id_nor_name(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 10)
    async with talk(server, fan, name="Secret Name") as sender, talk(server, fresh("u"), room=room) as watcher:
        await sender.gift(room, anonymous=True)

        batch = await watcher.expect("batch")

        assert batch["events"][0]["sender"] == {"name": "Anonymous"}
        assert "fan_coins" not in batch["events"][0]
        assert fan not in json.dumps([watcher.seen, server.room(room)])
        assert "Secret Name" not in json.dumps([watcher.seen, server.room(room)])
