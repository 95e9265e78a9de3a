"""A member that comes back gets what it missed, or is told what is gone."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.helpers.audience import audience, send_many
from tests.helpers.line import talk
from tests.helpers.names import fresh
from tests.helpers.server import ServerProcess

pytestmark = pytest.mark.usefixtures("nothing_left")


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
