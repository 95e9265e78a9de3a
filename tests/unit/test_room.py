"""The hub's room: order, pacing, laggards and what each member misses."""

import asyncio

import pytest

from server.domain.ids import RoomId
from server.hub.pacing import Pacer, tick_s
from server.hub.room import RING_EVENTS_MAX, Room
from tests.helpers.members import Notebook, batch_of, gift_at, member_with
from tests.helpers.waiting import eventually


@pytest.fixture
async def room() -> Room:
    room = Room(RoomId("lounge"))
    room.start_at(epoch="e1", offset=0)
    return room


async def test_the_first_event_after_silence_goes_out_alone(room: Room) -> None:
    notebook = Notebook()
    room.admit(member_with(notebook))

    room.receive(batch_of(1, 1))
    assert notebook.offsets == []  # the acknowledgement goes first
    await eventually(lambda: notebook.offsets == [1])

    assert len(notebook.of_type("batch")) == 1


async def test_later_events_wait_for_the_tick_and_go_in_one_frame(room: Room) -> None:
    notebook = Notebook()
    room.admit(member_with(notebook))
    for _ in range(500):
        room.admit(member_with(Notebook()))

    room.receive(batch_of(1, 1))
    await eventually(lambda: notebook.offsets == [1])
    for offset in range(2, 11):
        room.receive(batch_of(offset, offset))
    await eventually(lambda: len(notebook.offsets) == 10)

    assert notebook.offsets == list(range(1, 11))
    assert [(batch["from"], batch["to"]) for batch in notebook.of_type("batch")] == [(1, 1), (2, 10)]
    assert notebook.of_type("batch")[-1]["totals"] == {"coins": 10, "gifts": 10, "fans": 1}


async def test_a_batch_with_a_hole_before_it_is_not_sent(room: Room) -> None:
    notebook = Notebook()
    room.admit(member_with(notebook))
    room.receive(batch_of(1, 1))

    assert room.receive(batch_of(4, 4)) is False
    await eventually(lambda: notebook.offsets == [1])

    assert room.offset == 1


async def test_an_event_that_comes_twice_is_sent_once(room: Room) -> None:
    notebook = Notebook()
    room.admit(member_with(notebook))
    room.receive(batch_of(1, 3))

    room.receive(batch_of(2, 5))
    await eventually(lambda: room.offset == 5 and len(notebook.offsets) == 5)

    assert notebook.offsets == [1, 2, 3, 4, 5]


async def test_a_new_epoch_starts_over(room: Room) -> None:
    notebook = Notebook()
    room.admit(member_with(notebook))
    room.receive(batch_of(1, 3))

    room.receive(batch_of(1, 1, epoch="e2"))
    await eventually(lambda: len(notebook.of_type("batch")) == 2)

    assert [batch["epoch"] for batch in notebook.of_type("batch")] == ["e1", "e2"]
    assert room.offset == 1


async def test_a_member_that_left_receives_nothing(room: Room) -> None:
    notebook = Notebook()
    member = member_with(notebook)
    room.admit(member)
    room.dismiss(member)
    room.dismiss(member)

    watcher = Notebook()
    room.admit(member_with(watcher))
    room.receive(batch_of(1, 1))
    await eventually(lambda: watcher.offsets == [1])

    assert notebook.messages == []
    assert len(room) == 1


async def test_a_lagging_member_is_skipped_and_told_what_it_missed(room: Room) -> None:
    notebook, healthy = Notebook(), Notebook()
    slow = member_with(notebook)
    room.admit(slow)
    room.admit(member_with(healthy))
    slow.pause()
    for offset in range(1, 4):
        room.receive(batch_of(offset, offset))
    await eventually(lambda: len(healthy.offsets) == 3)

    slow.resume(room="lounge")

    assert notebook.messages == [{"type": "gap", "room": "lounge", "epoch": "e1", "from": 1, "to": 3}]


async def test_a_laggard_that_missed_nothing_hears_of_no_gap(room: Room) -> None:
    notebook = Notebook()
    member = member_with(notebook)
    member.pause()

    member.resume(room="lounge")

    assert notebook.messages == []


async def test_earnings_go_to_the_creator_only(room: Room) -> None:
    ana, mira = Notebook(), Notebook()
    room.admit(member_with(ana))
    room.admit(member_with(mira, owns_room=True))

    room.receive(batch_of(1, 1))
    await eventually(lambda: mira.of_type("earnings"))

    assert [message["units"] for message in mira.of_type("earnings")] == [7_000]
    assert ana.of_type("earnings") == []


async def test_a_batch_of_the_life_before_does_not_bring_it_back(room: Room) -> None:
    notebook = Notebook()
    room.admit(member_with(notebook))
    room.receive(batch_of(1, 3))
    room.start_at(epoch="e2", offset=1)

    assert room.receive(batch_of(4, 4))

    assert (room.epoch, room.offset) == ("e2", 1)


async def test_what_waits_for_the_tick_is_not_replayed_twice_to_a_newcomer(room: Room) -> None:
    newcomer = Notebook()
    member = member_with(newcomer)
    room.receive(batch_of(1, 3))

    room.replay(member, after=0)
    room.admit(member)
    room.receive(batch_of(4, 4))
    await eventually(lambda: 4 in newcomer.offsets)

    assert newcomer.offsets == [1, 2, 3, 4]


async def test_misses_of_two_lives_are_not_announced_as_one(room: Room) -> None:
    notebook, healthy = Notebook(), Notebook()
    slow = member_with(notebook)
    room.admit(slow)
    room.admit(member_with(healthy))
    slow.pause()
    room.receive(batch_of(1, 3))
    room.receive(batch_of(1, 1, epoch="e2"))
    await eventually(lambda: len(healthy.of_type("batch")) == 2)

    slow.resume(room="lounge")

    assert notebook.messages == [{"type": "gap", "room": "lounge", "epoch": "e2", "from": 1, "to": 1}]


async def test_the_ring_gives_back_what_it_holds_and_admits_what_it_does_not(room: Room) -> None:
    last = RING_EVENTS_MAX + 10
    room.receive(batch_of(1, last))

    kept = room.events_after(last - 5)

    assert kept is not None
    assert [event.offset for event in kept] == list(range(last - 4, last + 1))
    assert room.events_after(last) == []
    assert room.events_after(5) is None


async def test_a_gap_is_announced_to_everybody_once(room: Room) -> None:
    notebook = Notebook()
    room.admit(member_with(notebook))
    room.receive(batch_of(1, 1))

    room.announce_gap(to=9)
    room.announce_gap(to=9)

    assert notebook.of_type("gap") == [{"type": "gap", "room": "lounge", "epoch": "e1", "from": 2, "to": 9}]
    assert room.receive(batch_of(10, 10))


async def test_events_out_of_order_are_our_bug(room: Room) -> None:
    with pytest.raises(AssertionError):
        room.take([gift_at(5)])


async def test_the_pacer_never_flushes_twice_in_one_tick() -> None:
    flushed: list[float] = []
    loop = asyncio.get_running_loop()
    pacer = Pacer(lambda: flushed.append(loop.time()))
    pacer.wake(members=1_000)
    await eventually(lambda: len(flushed) == 1)
    for _ in range(5):
        pacer.wake(members=1_000)

    await eventually(lambda: len(flushed) == 2)

    assert flushed[1] - flushed[0] >= tick_s(1_000) * 0.9


@pytest.mark.parametrize(
    ("members", "seconds"), [(0, 0.0), (200, 0.004), (500, 0.01), (1_000, 0.1), (19_999, 0.1), (20_000, 0.25)]
)
def test_the_tick_grows_with_the_audience(members: int, seconds: float) -> None:
    assert tick_s(members) == seconds
