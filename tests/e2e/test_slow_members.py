"""Members that do not read delay nobody, cost little, and are told what they missed."""

import asyncio
import json

import pytest

from tests.helpers.audience import LONG, audience, send_many
from tests.helpers.line import talk
from tests.helpers.names import fresh
from tests.helpers.rawsocket import CLOSE, TEXT, RawSocket, frame
from tests.helpers.server import ServerProcess
from tests.helpers.waiting import eventually

pytestmark = pytest.mark.usefixtures("nothing_left")


async def test_a_member_that_does_not_read_delays_nobody_and_is_closed(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 10_000)
    with RawSocket(server, receive_bytes=2_048) as slow:
        slow.upgrade()
        slow.hello(server.token(fresh("u")))
        slow.join(room)
        async with audience(server, room) as lines, talk(server, fan) as sender:
            skipped = server.gauge("giftwave_skipped_deliveries_total")
            await send_many(sender, room, count=600)
            last = server.room(room)["offset"]
            await eventually(lambda: all(line.events()[-1]["offset"] == last for line in lines))

            assert all([event["offset"] for event in line.events()] == list(range(2, 602)) for line in lines)
            assert server.gauge("giftwave_skipped_deliveries_total") > skipped
            await eventually(lambda: server.gauge("giftwave_members") == len(lines), timeout_s=15)


async def test_a_member_that_does_not_read_for_too_long_is_told_so_with_4501(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 10_000)
    with RawSocket(server, receive_bytes=2_048) as slow:
        slow.upgrade()
        slow.hello(server.token(fresh("u")))
        slow.join(room)
        async with talk(server, fan) as sender:
            skipped = server.gauge("giftwave_skipped_deliveries_total")
            while server.gauge("giftwave_skipped_deliveries_total") <= skipped + 5:
                await send_many(sender, room, count=50)
        # Longer than lagging_s_max (1.5 s) and a sweep (1 s), shorter than the cut-off 5 s later.
        await asyncio.sleep(3.5)

        opcode, payload = slow.read_frame()
        while opcode != CLOSE:
            opcode, payload = slow.read_frame()

        assert int.from_bytes(payload[:2], "big") == 4501


async def test_a_member_that_reads_again_is_told_which_events_it_missed(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 10_000)
    with RawSocket(server, receive_bytes=2_048) as slow:
        slow.upgrade()
        slow.hello(server.token(fresh("u")))
        epoch = slow.join(room)["epoch"]
        async with talk(server, fan) as sender:
            skipped = server.gauge("giftwave_skipped_deliveries_total")
            while server.gauge("giftwave_skipped_deliveries_total") <= skipped + 5:
                await send_many(sender, room, count=50)

            seen, message = [1], slow.expect("batch")
            while message["type"] == "batch":
                seen += [event["offset"] for event in message["events"]]
                message = json.loads(slow.read_frame()[1])

            assert seen == list(range(1, seen[-1] + 1))
            assert message["type"] == "gap"
            assert (message["epoch"], message["from"]) == (epoch, seen[-1] + 1)
            slow.say(type="join", room=room, epoch=epoch, offset=seen[-1])
            joined = slow.expect("joined")
            assert joined["recovered"] is True
            assert [event["offset"] for event in joined["events"]] == list(range(seen[-1] + 1, joined["offset"] + 1))


async def test_a_gap_over_a_reopened_room_makes_sense(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 10_000)
    with RawSocket(server, receive_bytes=2_048) as slow:
        slow.upgrade()
        slow.hello(server.token(fresh("u")))
        old = slow.join(room)["epoch"]
        async with talk(server, fan) as sender:
            skipped = server.gauge("giftwave_skipped_deliveries_total")
            while server.gauge("giftwave_skipped_deliveries_total") <= skipped + 5:
                await send_many(sender, room, count=50)
            server.close_room(room)
            server.open_room(room)
            await send_many(sender, room, count=3, message="x")

            message = slow.expect("batch")
            while message["type"] == "batch" and message["epoch"] == old:
                message = json.loads(slow.read_frame()[1])

            if message["type"] == "gap":
                assert 1 <= message["from"] <= message["to"], message
                assert message["epoch"] == old or message["from"] == 1, message


async def test_joins_that_are_never_read_do_not_pile_up_in_the_server(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 10_000)
    async with talk(server, fan) as sender:
        await asyncio.gather(*(sender.gift(room, message=LONG) for _ in range(1_500)))
    joins = frame(
        TEXT, json.dumps({"type": "join", "room": room, "epoch": server.room(room)["epoch"], "offset": 1}).encode()
    )
    with RawSocket(server, receive_bytes=2_048) as slow:
        slow.upgrade()
        slow.hello(server.token(fresh("u")))
        before = _memory_kb(server)

        slow.send(joins * 100)
        peak = before
        for _ in range(200):
            peak = max(peak, _memory_kb(server))
            await asyncio.sleep(0.01)

        assert peak - before < 20_000, f"{(peak - before) // 1_000} MB for one connection"


def _memory_kb(server: ServerProcess) -> int:
    total = 0
    for pid in server.worker_pids():
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            total += int(file.read().split()[1]) * 4
    return total
