"""The drain on real books and a real store: whatever interrupts it, rows = events."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis

from server.domain.limits import NO_LIMITS, Limits
from server.errors import BooksMismatch, GateClosed
from server.record import drain as drain_module
from server.record.batch import read_batch
from server.record.database import Database
from server.record.drain import CursorMoved, Drain
from server.service.recording import Recording
from server.settings import Settings
from server.store.client import StoreClient
from server.store.log import LogStore
from server.store.personal import read_personal
from server.wire.money import RecordedGifts
from tests.helpers.recording import Rig
from tests.helpers.shop import ANA, BEN, KEYS, fresh_intent, order_for, priced
from tests.helpers.valkey import ValkeyChild


class Killed(Exception):
    """What stands for the end of the process."""


@pytest.fixture
def rig(client: StoreClient, settings: Settings, books: Database) -> Rig:
    return Rig(client, settings, books)


async def test_what_was_accepted_is_in_the_books_once_and_the_log_is_empty(rig: Rig) -> None:
    recording = await rig.open()
    await rig.give(300)

    await rig.drain_all(recording)

    await rig.check()


async def test_grants_takes_and_limits_are_recorded_in_their_place(rig: Rig) -> None:
    recording = await rig.open()
    wallets = rig.shop.wallets
    await wallets.take(BEN.id, coins=70, take_id=fresh_intent())
    await wallets.set_limits(ANA.id, limits=Limits(day=500), zone="Asia/Tokyo", change_id=fresh_intent())
    await wallets.set_limits(ANA.id, limits=NO_LIMITS, zone="Asia/Tokyo", change_id=fresh_intent())
    await wallets.lock(BEN.id, hours=24, change_id=fresh_intent())

    await rig.drain_all(recording)

    await rig.check()
    changes = await rig.rows("SELECT fan, limits, next, locked_until_ms > 0, zone FROM limit_change ORDER BY seq")
    assert [(*change[:2], change[2].partition("|")[2], bool(change[3]), change[4]) for change in changes] == [
        (ANA.id, "|500||", "", False, "Asia/Tokyo"),
        (ANA.id, "|500||", "||||Asia/Tokyo", False, "Asia/Tokyo"),
        (BEN.id, "", "", True, ""),
    ]


async def test_one_grant_id_for_two_fans_is_two_grants(rig: Rig) -> None:
    recording = await rig.open()
    grant_id = fresh_intent()
    for fan in (ANA, BEN):
        await rig.shop.wallets.grant(fan.id, coins=7, bucket="paid", grant_id=grant_id)

    await rig.drain_all(recording)

    await rig.check()
    assert await rig.rows("SELECT count(*) FROM transfer WHERE subject = :id", id=grant_id) == [(2,)]


STEPS = [
    "read",
    "transaction begun",
    "cursor moved",
    "rows in",
    "before commit",
    "after commit",
    "before acknowledge",
    "after acknowledge",
]


@pytest.mark.parametrize("step", STEPS)
async def test_a_recorder_that_dies_at_any_step_leaves_rows_equal_to_events(
    rig: Rig, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = await rig.open()
    await rig.give(40)
    await rig.drain_all(recording)
    await rig.give(150)

    with monkeypatch.context() as patch:
        _die_at(step, patch)
        with pytest.raises(Killed):
            await recording.step()

    await rig.give(30)
    await rig.drain_all()
    await rig.check()


@pytest.mark.parametrize("step", ["after commit", "before acknowledge"])
async def test_what_a_dead_recorder_committed_and_did_not_tell_is_told_by_the_next(
    rig: Rig, valkey: ValkeyChild, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = await rig.open()
    await rig.give(20)
    with monkeypatch.context() as patch:
        _die_at(step, patch)
        with pytest.raises(Killed):
            await recording.step()

    with valkey.connect() as listener:
        channel = listener.pubsub(ignore_subscribe_messages=True)
        channel.ssubscribe(KEYS.people_channel)
        channel.get_message(timeout=1)  # that it is subscribed
        await rig.recorder().begin()
        told = _intents_told(channel)

    assert told == {receipt.intent_id for receipt in rig.receipts}
    await rig.check()


async def test_one_batch_recorded_twice_is_refused_the_second_time(rig: Rig) -> None:
    await rig.open()
    await rig.give(5)
    cursor = await rig.cursor()
    records = await rig.log.read(after=cursor.seq, entries_max=64, block_ms=1)
    batch = read_batch(records, epoch=cursor.epoch)

    await rig.drain.record(cursor, batch)
    with pytest.raises(CursorMoved):
        await rig.drain.record(cursor, batch)

    await rig.drain_all()
    await rig.check()


async def test_two_recorders_with_the_same_batch_at_the_same_moment_write_it_once(rig: Rig) -> None:
    await rig.open()
    await rig.give(50)
    cursor = await rig.cursor()
    records = await rig.log.read(after=cursor.seq, entries_max=64, block_ms=1)

    answers = await asyncio.gather(
        *(Drain(rig.books).record(cursor, read_batch(records, epoch=cursor.epoch)) for _ in range(2)),
        return_exceptions=True,
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["Cursor", "CursorMoved"]
    await rig.drain_all()
    await rig.check()


async def test_two_recorders_at_once_under_load_are_harmless(rig: Rig) -> None:
    first = await rig.open()
    second = rig.recorder()
    await second.begin()
    done = asyncio.Event()

    await asyncio.gather(_give_for_a_while(rig, done), *(_step_until(one, done) for one in (first, second)))

    await rig.drain_all()
    await rig.check()


async def test_a_recorder_that_wakes_up_late_finds_no_hole_in_a_shortened_log(rig: Rig) -> None:
    sleeper = await rig.open()
    await rig.give(10)
    await rig.drain_all()
    await rig.give(10)

    assert await sleeper.step() == 0

    await rig.drain_all(sleeper)
    await rig.check()


async def test_a_log_that_is_shortened_between_two_reads_is_no_hole(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = await rig.open()
    await rig.give(10)
    read = LogStore.read
    calls = 0

    async def read_and_be_overtaken(self: LogStore, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            with monkeypatch.context() as patch:
                patch.setattr(LogStore, "read", read)
                await rig.drain_all()
                await rig.give(10)
        return await read(self, **options)

    monkeypatch.setattr(LogStore, "read", read_and_be_overtaken)
    await rig.drain_all(recording)

    await rig.check()


async def test_a_hole_in_the_log_stops_the_copying_and_not_the_gifts(rig: Rig, raw: redis.Redis) -> None:
    recording = await rig.open()
    await rig.drain_all(recording)
    before = await rig.cursor()
    await rig.give(1)
    (lost,) = raw.xrange(KEYS.log)  # type: ignore[misc]
    await rig.give(1)
    raw.xdel(KEYS.log, lost[0])  # type: ignore[arg-type]

    for _ in range(2):
        with pytest.raises(BooksMismatch, match=f"goes on at {before.seq + 2} where the books expect {before.seq + 1}"):
            await recording.step()

    assert await rig.cursor() == before
    assert await rig.rows("SELECT * FROM gift") == []
    assert await rig.give(1)


async def test_a_log_that_was_lost_altogether_is_told(rig: Rig, raw: redis.Redis) -> None:
    await rig.open()
    await rig.drain_all()
    await rig.give(5)
    raw.delete(KEYS.log)

    with pytest.raises(BooksMismatch, match="the log is empty"):
        await rig.recorder().begin()


async def test_a_log_of_another_life_is_not_copied(rig: Rig, valkey: ValkeyChild, raw: redis.Redis) -> None:
    await rig.open()
    await rig.drain_all()
    before = await rig.cursor()
    valkey.flush()
    raw.hset(KEYS.shard, "epoch", "otherlife")
    await rig.shop.open()
    await rig.shop.engine.submit(priced(order_for()))

    with pytest.raises(BooksMismatch, match="otherlife"):
        await rig.recorder().begin()

    assert await rig.cursor() == before


async def test_books_that_are_ahead_of_the_store_are_told(rig: Rig, raw: redis.Redis) -> None:
    await rig.open()
    await rig.give(5)
    await rig.drain_all()
    raw.hset(KEYS.shard, "seq", "3")

    with pytest.raises(BooksMismatch, match="lost its end"):
        await rig.recorder().begin()


async def test_a_store_that_followed_more_commands_than_were_given_is_told(rig: Rig, raw: redis.Redis) -> None:
    await rig.open()
    raw.hset(KEYS.shard, "commands", "1")

    with pytest.raises(BooksMismatch, match="with 1 commands"):
        await rig.recorder().begin()


async def test_an_emptied_store_is_noticed_by_a_running_recorder_and_stays_closed(
    rig: Rig, valkey: ValkeyChild
) -> None:
    recording = await rig.open()
    await rig.give(5)
    await rig.drain_all(recording)
    valkey.flush(opened=False)
    await rig.shop.rooms.open(order_for().room, creator=priced(order_for()).creator, creator_name="M", title="T")  # type: ignore[arg-type]

    with pytest.raises(BooksMismatch, match="giftwave rebuild"):
        await recording.step()
    with pytest.raises(GateClosed):
        await rig.shop.engine.submit(priced(order_for()))


async def test_new_books_open_a_new_store(rig: Rig, valkey: ValkeyChild) -> None:
    valkey.flush(opened=False)

    await rig.recorder().begin()

    assert (await rig.log.state()).epoch == (await rig.cursor()).epoch
    await rig.drain_all(await rig.open())
    await rig.check()


async def test_what_the_books_refuse_stops_the_copying_with_words_and_not_the_gifts(rig: Rig, raw: redis.Redis) -> None:
    recording = await rig.open(coins=10)
    raw.hincrby(KEYS.wallet(ANA.id), "promo", 1_000)  # coins that nobody granted
    await rig.shop.engine.submit(priced(order_for(count=500)))

    for again in (recording, rig.recorder()):
        await again.begin()
        with pytest.raises(BooksMismatch, match="The books refuse the records"):
            await again.step()

    assert await rig.rows("SELECT * FROM gift") == []
    assert await rig.shop.engine.submit(priced(order_for()))


def _die_at(step: str, patch: pytest.MonkeyPatch) -> None:
    """Let the recorder end at a step, as if its process were gone."""

    def before(owner: Any, name: str) -> None:
        async def die(*_: Any, **__: Any) -> None:
            raise Killed(step)

        patch.setattr(owner, name, die)

    def after(owner: Any, name: str) -> None:
        work: Callable[..., Awaitable[Any]] = getattr(owner, name)

        async def work_and_die(*args: Any, **rest: Any) -> None:
            await work(*args, **rest)
            raise Killed(step)

        patch.setattr(owner, name, work_and_die)

    {
        "read": lambda: after(LogStore, "read"),
        "transaction begun": lambda: before(drain_module, "_move_cursor"),
        "cursor moved": lambda: after(drain_module, "_move_cursor"),
        "rows in": lambda: after(drain_module, "_insert"),
        "before commit": lambda: after(drain_module, "_add_all_to_balances"),
        "after commit": lambda: after(Drain, "_commit"),
        "before acknowledge": lambda: before(LogStore, "acknowledge"),
        "after acknowledge": lambda: after(LogStore, "acknowledge"),
    }[step]()


async def _give_for_a_while(rig: Rig, done: asyncio.Event) -> None:
    for _ in range(40):
        await rig.give(8)
        await asyncio.sleep(0.005)
    done.set()


async def _step_until(recording: Recording, done: asyncio.Event) -> None:
    while not done.is_set():
        try:
            await recording.step()
        except BooksMismatch as error:  # what the other one has just shortened is read again from the beginning
            assert "lost" in error.message or "goes on" in error.message  # noqa: PT017
            await recording.begin()


def _intents_told(channel: Any) -> set[str]:
    told: set[str] = set()
    while (message := channel.get_message(timeout=0.5)) is not None:
        for _, one in read_personal(message["data"]):
            if isinstance(one, RecordedGifts):
                told |= set(one.intent_ids or ())
    return told
