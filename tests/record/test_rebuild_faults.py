"""Rebuilds that must not happen, that die half-way, and that meet others at work."""

from contextlib import suppress
from typing import Any

import pytest
import redis

from server.clock import SystemClock
from server.errors import GateClosed, OperatorError
from server.record.batch import read_batch
from server.record.database import Database
from server.record.drain import CursorMoved
from server.service.rebuilding import Rebuilding
from server.settings import Settings
from server.store.client import StoreClient
from tests.helpers.operating import busy_shop, drifts, dump, lose_everything, rebuild
from tests.helpers.recording import Rig
from tests.helpers.shop import ANA, KEYS, LOUNGE, MIRA, fresh_intent

STEPS = 12


@pytest.fixture
def rig(client: StoreClient, settings: Settings, books: Database) -> Rig:
    return Rig(client, settings, books)


async def open_room(rig: Rig) -> None:
    await rig.shop.rooms.open(LOUNGE, creator=MIRA, creator_name="Mira", title="Again")


# What it refuses


async def test_a_living_store_is_not_touched(rig: Rig) -> None:
    await busy_shop(rig)
    before = await dump(rig)

    with pytest.raises(OperatorError, match="alive"):
        await rebuild(rig)

    assert await dump(rig) == before
    await rig.give(1)


async def test_leftovers_without_an_epoch_are_not_taken_for_an_empty_store(rig: Rig, raw: redis.Redis) -> None:
    await busy_shop(rig)
    raw.hdel(KEYS.shard, "epoch")

    with pytest.raises(OperatorError, match="--replace"):
        await rebuild(rig)


async def test_rooms_alone_do_not_keep_a_store_from_being_rebuilt(rig: Rig) -> None:
    await busy_shop(rig)
    await lose_everything(rig)
    await open_room(rig)

    await rebuild(rig)

    assert await drifts(rig) == []


async def test_books_that_were_never_opened_rebuild_nothing(rig: Rig) -> None:
    with pytest.raises(OperatorError, match="nothing to rebuild"):
        await rebuild(rig, replace=True)
    await rig.shop.open()


# --replace


async def test_replacing_keeps_what_only_the_log_knew(rig: Rig) -> None:
    await busy_shop(rig)
    await rig.give(9)
    before = await dump(rig)

    done = await rebuild(rig, replace=True)

    assert (done.drained, done.lost) == (9, 0)
    assert await dump(rig) == before
    assert await drifts(rig) == []


async def test_what_is_lost_behind_a_hole_is_counted(rig: Rig, raw: redis.Redis) -> None:
    await busy_shop(rig)
    for _ in range(4):
        await rig.give(1)
    entries: Any = raw.xrange(KEYS.log)
    raw.xdel(KEYS.log, entries[1][0])

    done = await rebuild(rig, replace=True)

    assert (done.drained, done.lost) == (1, 3)
    assert await drifts(rig) == []


async def test_the_log_of_other_books_is_not_copied(rig: Rig, raw: redis.Redis) -> None:
    await busy_shop(rig)
    await rig.give(3)
    raw.hset(KEYS.shard, "epoch", "stranger")
    before = await rig.cursor()

    done = await rebuild(rig, replace=True)

    assert done.drained == 0
    assert (await rig.cursor()).seq == before.seq
    assert await drifts(rig) == []


async def test_damage_is_cured(rig: Rig, raw: redis.Redis) -> None:
    await busy_shop(rig)
    before = await dump(rig)
    raw.hincrby(KEYS.wallet(ANA.id), "paid", 1_000)
    raw.hset("{s0}:wallet:u_ghost", "paid", "5")

    await rebuild(rig, replace=True)

    assert await dump(rig) == before


# Interruptions


class Killed(Exception):
    """The rebuild died here."""


@pytest.mark.parametrize("steps", range(STEPS))
async def test_a_rebuild_that_dies_leaves_the_gate_closed_and_can_begin_anew(rig: Rig, steps: int) -> None:
    await busy_shop(rig)
    await rig.give(3)
    before = await dump(rig)
    calls: list[str] = []

    def die(step: str, _: int) -> None:
        if not calls or calls[-1] != step:
            calls.append(step)
        if len(calls) > steps:
            raise Killed

    with pytest.raises(Killed):
        await rebuild(rig, replace=True, on_progress=die)
    if steps:
        with pytest.raises(GateClosed):
            await rig.shop.wallets.grant(ANA.id, coins=1, bucket="promo", grant_id=fresh_intent())
    with suppress(OperatorError):  # it refuses, unless it died while nothing was there
        await rebuild(rig)
    await rebuild(rig, replace=True)

    assert await dump(rig) == before
    assert await drifts(rig) == []


async def test_a_second_rebuild_stops_the_first(rig: Rig) -> None:
    await busy_shop(rig)
    first = Rebuilding(rig.books, rig.client, KEYS, SystemClock())
    # The first one has closed the gate when the second begins, and goes on when that is done.
    await first._store.close_gate()

    await rebuild(rig, replace=True)

    with pytest.raises(OperatorError, match="Another rebuild"):
        await first._store.put_wallets([(ANA.id, {"paid": "1"})])
    assert await drifts(rig) == []


# Beside a recorder


async def test_a_recorder_goes_on_after_a_rebuild(rig: Rig) -> None:
    recording = await rig.open()
    await rig.give(4)
    await rig.drain_all(recording)

    await rebuild(rig, replace=True)
    await open_room(rig)
    await rig.give(4)
    await rig.drain_all(recording)

    await rig.check()
    assert await drifts(rig) == []


async def test_a_recorder_of_the_old_life_records_nothing_more(rig: Rig) -> None:
    await busy_shop(rig)
    stale = await rig.cursor()
    await rebuild(rig, replace=True)
    await open_room(rig)
    await rig.give(1)
    records = await rig.log.read(after=stale.seq, entries_max=1, block_ms=1)

    with pytest.raises(CursorMoved):
        await rig.drain.record(stale, read_batch(records, epoch=stale.epoch))
