"""Two workers on one store: whoever takes a gift, every member everywhere sees it once and in order."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest
from websockets.exceptions import ConnectionClosed

from server.domain.room import Role
from tests.helpers.leftovers import assert_no_traceback, leaves_nothing
from tests.helpers.line import Line, Message, gift_fields, talk
from tests.helpers.rawsocket import CLOSE, TEXT, RawSocket, frame
from tests.helpers.server import ServerProcess
from tests.helpers.waiting import eventually
from tests.helpers.watcher import Watcher, watching
from tests.web.conftest import fresh

LINES = 20
LONG = "x" * 120


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """Two workers that take many messages and lose patience early."""
    with ServerProcess("serve", workers=2, messages_per_s=10_000, lagging_s_max=1.5) as process:
        yield process


@pytest.fixture
def room(server: ServerProcess) -> str:
    name = fresh("e2e")
    server.open_room(name)
    return name


@pytest.fixture(autouse=True)
def nothing_left(server: ServerProcess) -> Iterator[None]:
    with leaves_nothing(server):
        yield


@asynccontextmanager
async def audience(server: ServerProcess, room: str, *, count: int = LINES) -> AsyncIterator[list[Line]]:
    """Open connections of different fans, some of them in each worker."""
    async with AsyncExitStack() as stack:
        lines: list[Line] = []
        while len(lines) < count or len({server.worker_of(line.port) for line in lines}) < 2:
            assert len(lines) < 100, "one worker takes all connections"
            lines.append(await stack.enter_async_context(talk(server, fresh("u"), room=room)))
        yield lines


def of_each_worker(server: ServerProcess, lines: list[Line]) -> tuple[Line, Line]:
    """Return a connection of one worker and one of the other."""
    first = lines[0]
    home = server.worker_of(first.port)
    return first, next(line for line in lines if server.worker_of(line.port) != home)


async def send_many(line: Line, room: str, *, count: int, message: str = LONG) -> None:
    """Send gifts one after the other, so that each is a batch of its own."""
    for _ in range(count):
        answer = await line.gift(room, message=message)
        assert answer["type"] == "gift.ack", answer


# Fan-out


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


# Join, leave, resume


async def test_a_member_that_comes_back_gets_exactly_what_it_missed(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 1_000)
    async with talk(server, fan) as sender:
        async with talk(server, fresh("u")) as first:
            before = await first.join(room)
            await sender.gift(room)
            await first.expect("batch")
        await send_many(sender, room, count=30)

        async with audience(server, room) as lines:
            for line in lines:
                again = await line.join(room, epoch=before["epoch"], offset=2)

                assert again["recovered"] is True
                assert [event["offset"] for event in again["events"]] == list(range(3, 33))
                assert (again["offset"], again["snapshot"]["recent"]) == (32, [])


async def test_a_member_that_missed_nothing_recovers_nothing(server: ServerProcess, room: str) -> None:
    async with talk(server, fresh("u")) as line:
        joined = await line.join(room)

        again = await line.join(room, epoch=joined["epoch"], offset=joined["offset"])

        assert (again["recovered"], again["events"]) == (True, [])


async def test_a_member_from_the_future_starts_from_the_snapshot(server: ServerProcess, room: str) -> None:
    async with talk(server, fresh("u")) as line:
        epoch = server.room(room)["epoch"]

        joined = await line.join(room, epoch=epoch, offset=9_007_199_254_740_991)

        assert (joined["recovered"], joined["offset"]) == (False, 1)


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


# The feed's limits


@pytest.fixture(scope="module")
def forgetful() -> Iterator[ServerProcess]:
    """A server that keeps few events and gives a resuming client few."""
    with ServerProcess("serve", feed_batches_max=10, resume_events_max=50, messages_per_s=10_000) as process:
        yield process


async def test_a_member_that_was_away_too_long_is_told_what_is_gone(forgetful: ServerProcess) -> None:
    room, fan = fresh("e2e"), fresh("fan")
    epoch = forgetful.open_room(room)["epoch"]
    await forgetful.grant(fan, 10_000)
    async with talk(forgetful, fan) as sender, talk(forgetful, fresh("u")) as line:
        await send_many(sender, room, count=400, message="x")

        joined = await line.join(room, epoch=epoch, offset=1)
        gap = await line.expect("gap")

        assert joined["recovered"] is False
        assert (gap["room"], gap["epoch"], gap["from"], gap["to"]) == (room, epoch, 2, joined["offset"])
        assert [m["type"] for m in line.seen if m["type"] in ("gap", "joined")] == ["gap", "joined"]
        recent = [event["offset"] for event in joined["snapshot"]["recent"]]
        assert 1 <= len(recent) <= 20
        assert recent == list(range(joined["offset"] - len(recent) + 1, joined["offset"] + 1))


async def test_a_resuming_member_is_sent_at_most_the_documented_number_of_events(forgetful: ServerProcess) -> None:
    room, fan = fresh("e2e"), fresh("fan")
    epoch = forgetful.open_room(room)["epoch"]
    await forgetful.grant(fan, 10_000)
    async with talk(forgetful, fan) as sender, talk(forgetful, fresh("u")) as line:
        # All at once: many orders share a batch.
        await asyncio.gather(*(sender.gift(room) for _ in range(300)))

        joined = await line.join(room, epoch=epoch, offset=1)

        assert len(joined["events"]) <= 50
        assert joined["recovered"] is False


# Members that do not read


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


def _reaches(offset: int, message: Message) -> bool:
    return bool(message["type"] == "batch" and message["to"] >= offset)


def _is_replaced(server: ServerProcess, victim: int) -> bool:
    return server.worker_pids() not in ([], [victim]) and server.is_ready()


def _memory_kb(server: ServerProcess) -> int:
    total = 0
    for pid in server.worker_pids():
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            total += int(file.read().split()[1]) * 4
    return total


# A worker that dies


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
