"""A store that lost its data is made again from the books: same wallets, same limits, and nobody is charged twice."""

import random
from typing import Any

import pytest
import redis

from server.clock import SystemClock
from server.domain.ids import FanId, IntentId, new_intent_id
from server.domain.limits import Limits, Period, period_at
from server.errors import (
    InsufficientCoins,
    IntentConflict,
    LimitDay,
    SelfExcluded,
    StaleIntent,
)
from server.record import snapshot
from server.record.database import Database
from server.service.rebuilding import Rebuilding
from server.settings import Settings
from server.store.client import StoreClient
from tests.helpers.market import Market
from tests.helpers.operating import busy_shop, drifts, dump, lose_everything, rebuild, reconcile, refund_first_gift
from tests.helpers.recording import Rig
from tests.helpers.shop import ANA, BEN, KEYS, LOUNGE, MIRA, ROSE, fresh_intent, now_ms, order_for, priced


@pytest.fixture
def rig(client: StoreClient, settings: Settings, books: Database) -> Rig:
    return Rig(client, settings, books)


async def open_room(rig: Rig) -> None:
    await rig.shop.rooms.open(LOUNGE, creator=MIRA, creator_name="Mira", title="Again")


# What comes back


async def test_everything_comes_back(rig: Rig) -> None:
    await busy_shop(rig)
    before = await dump(rig)
    await lose_everything(rig)

    done = await rebuild(rig)

    assert await dump(rig) == before
    assert await drifts(rig) == []
    assert (done.drained, done.lost, done.deleted_keys) == (0, 0, 0)
    assert (done.rows["wallets"], done.rows["gift intents"], done.rows["changes of limits"]) == (2, 50, 3)
    assert (await rig.cursor()).epoch == done.epoch != "testlife"


async def test_whatever_happened_comes_back(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "_PAGE", 3)  # so that everybody's rows go on in the next page
    dice = random.Random(7)
    recording = await rig.open(coins=3_000)
    today = period_at(now_ms(), "UTC").day
    for _ in range(200):
        fan = dice.choice([ANA, BEN])
        match dice.randrange(6):
            case 0:
                move = rig.shop.wallets.grant
                await move(
                    fan.id, coins=dice.randrange(1, 90), bucket=dice.choice(["paid", "promo"]), grant_id=fresh_intent()
                )
            case 1:
                limits = Limits(day=dice.choice([None, 900, 2_000]), month=dice.choice([None, 5_000]))
                zone = dice.choice(["UTC", "Asia/Tokyo", "America/New_York"])
                await rig.shop.wallets.set_limits(fan.id, limits=limits, zone=zone, change_id=fresh_intent())
            case _:
                # Days, weeks and months go forth and back, as they do for a fan who travels.
                day = today + dice.randrange(-1, 40)
                order = order_for(fan=fan, count=dice.randrange(1, 30))
                period = Period(day, 24_000 + (day - today) // 30)
                await rig.shop.engine.submit(priced(order, period=period)) if dice.random() < 0.9 else None
        if dice.random() < 0.1:
            await recording.step()
    await rig.drain_all(recording)
    before = await dump(rig)
    await lose_everything(rig)

    await rebuild(rig)

    assert await dump(rig) == before
    assert await drifts(rig) == []


async def test_all_of_commerce_comes_back(market: Market, client: StoreClient, settings: Settings) -> None:
    await market.earn(5_000)
    topup = await market.buy()
    market.store.send("u_ana", "c_mira", 90)
    await market.record()
    await market.request_payout()
    market.provider.change(f"ref-{topup}", withdrawn_minor=129)
    await market.hint(f"ref-{topup}")
    await market.record()
    assert market.store.wallet("u_ana").paid == -90
    rig = Rig(client, settings, market.books)
    await lose_everything(rig)

    await rebuild(rig)

    for fan, wallet in market.store.wallets.items():
        balance = await rig.shop.wallets.balance(FanId(fan))
        assert (balance.paid, balance.promo) == (wallet.paid, wallet.promo), fan
    # Cashing out does not take away what was earned.
    assert await client.hget(KEYS.creator(MIRA), "earned") == b"%d" % (5_090 * 7_000)
    assert await drifts(rig) == []


# The same old intents


async def test_a_recorded_gift_is_answered_again_and_not_charged(rig: Rig) -> None:
    recording = await rig.open()
    order = order_for(count=5)
    first = await rig.shop.engine.submit(priced(order))
    await rig.drain_all(recording)
    await lose_everything(rig)
    await rebuild(rig)
    await open_room(rig)
    coins = await rig.shop.coins_of()

    again = await rig.shop.engine.submit(priced(order))

    assert again.replayed
    assert (again.event_id, again.coins, again.offset, again.epoch) == (
        first.event_id,
        first.coins,
        first.offset,
        first.epoch,
    )
    assert (again.spent_paid, again.spent_promo) == (first.spent_paid, first.spent_promo)
    assert again.balance.coins == coins == await rig.shop.coins_of()
    assert again.balance.spent == first.balance.spent


async def test_a_receipt_from_the_books_fits_every_retry_and_still_charges_nothing(rig: Rig) -> None:
    recording = await rig.open()
    intent = fresh_intent()
    first = await rig.shop.engine.submit(priced(order_for(intent_id=intent)))
    await rig.drain_all(recording)
    await lose_everything(rig)
    await rebuild(rig)
    await open_room(rig)
    coins = await rig.shop.coins_of()

    other = await rig.shop.engine.submit(priced(order_for(intent_id=intent, count=9)))

    assert (other.replayed, other.event_id, other.count) == (True, first.event_id, 1)
    assert await rig.shop.coins_of() == coins


async def test_grants_takes_and_limits_are_remembered(rig: Rig) -> None:
    recording = await rig.open()
    wallets = rig.shop.wallets
    grant, take, change = fresh_intent(), fresh_intent(), fresh_intent()
    limits = Limits(day=77)

    async def all_three() -> None:
        await wallets.grant(ANA.id, coins=50, bucket="paid", grant_id=grant)
        await wallets.take(ANA.id, coins=20, take_id=take)
        await wallets.set_limits(ANA.id, limits=limits, zone="UTC", change_id=change)

    await all_three()
    await rig.drain_all(recording)
    before = await dump(rig)
    await lose_everything(rig)
    await rebuild(rig)

    await all_three()

    assert await dump(rig) == before
    assert (await rig.log.state()).seq == (await rig.cursor()).seq
    with pytest.raises(IntentConflict):
        await wallets.grant(ANA.id, coins=51, bucket="paid", grant_id=grant)
    with pytest.raises(IntentConflict):
        await wallets.take(ANA.id, coins=21, take_id=take)
    await open_room(rig)
    for used in (grant, change):
        with pytest.raises(IntentConflict):
            await rig.shop.engine.submit(priced(order_for(intent_id=used)))


async def test_a_refunded_gift_is_not_charged_again(rig: Rig) -> None:
    await busy_shop(rig)
    await refund_first_gift(rig)
    await rig.drain_all()
    before = await dump(rig)
    await lose_everything(rig)
    await rebuild(rig)
    await open_room(rig)

    again = await rig.shop.engine.submit(priced(order_for(fan=BEN, intent_id=rig.receipts[0].intent_id)))

    assert again.replayed
    assert await dump(rig) == before
    # A recorder that takes over does not give it back a second time.
    await rig.drain_all()
    assert await dump(rig) == before


async def test_a_stale_intent_stays_stale_when_the_clock_went_back(rig: Rig, raw: redis.Redis) -> None:
    recording = await rig.open()
    ahead_ms = now_ms() + 3_600_000
    raw.hset(KEYS.shard, "hwm", str(ahead_ms))
    await rig.shop.engine.submit(priced(order_for(intent_id=new_intent_id(ahead_ms))))
    await rig.drain_all(recording)
    await lose_everything(rig)

    await rebuild(rig)

    await open_room(rig)
    assert (await rig.log.state()).hwm_ms >= ahead_ms
    with pytest.raises(StaleIntent):
        await rig.shop.engine.submit(priced(order_for()))


async def test_memories_that_nobody_needs_are_not_made(rig: Rig) -> None:
    recording = await rig.open()
    await rig.give(2)
    await rig.drain_all(recording)
    await lose_everything(rig)

    class Tomorrow(SystemClock):
        def now_ms(self) -> int:
            return super().now_ms() + 86_400_000

    done = await Rebuilding(rig.books, rig.client, KEYS, Tomorrow()).run(replace=False)

    assert (done.rows["gift intents"], done.rows["grants and takes"]) == (0, 0)


# Limits


async def test_limits_and_what_was_spent_survive(rig: Rig) -> None:
    recording = await rig.open()
    await rig.shop.wallets.set_limits(ANA.id, limits=Limits(day=10), zone="Asia/Tokyo", change_id=fresh_intent())
    today = period_at(now_ms(), "Asia/Tokyo")
    await rig.shop.engine.submit(priced(order_for(count=8), period=today))
    await rig.shop.wallets.lock(BEN.id, hours=24, change_id=fresh_intent())
    await rig.drain_all(recording)
    await lose_everything(rig)

    await rebuild(rig)

    await open_room(rig)
    for period in (today, Period(today.day - 1, today.month)):
        with pytest.raises(LimitDay):
            await rig.shop.engine.submit(priced(order_for(count=3), period=period))
    with pytest.raises(SelfExcluded):
        await rig.shop.engine.submit(priced(order_for(fan=BEN)))
    state = await rig.shop.wallets.state(ANA.id, now_ms=now_ms())
    assert (state.limits.limits, state.limits.zone, state.has_limits) == (Limits(day=10), "Asia/Tokyo", True)


async def test_a_fan_who_only_locked_still_has_a_first_setting(rig: Rig) -> None:
    recording = await rig.open()
    await rig.shop.wallets.lock(ANA.id, hours=24, change_id=fresh_intent())
    await rig.drain_all(recording)
    await lose_everything(rig)
    await rebuild(rig)

    await rig.shop.wallets.set_limits(ANA.id, limits=Limits(day=9), zone="Asia/Tokyo", change_id=fresh_intent())

    state = (await rig.shop.wallets.state(ANA.id, now_ms=now_ms())).limits
    assert (state.limits, state.zone, state.pending) == (Limits(day=9), "Asia/Tokyo", None)
    assert state.locked_until_ms > now_ms()


async def test_a_wallet_shows_a_rev_above_every_earlier_one(rig: Rig) -> None:
    await busy_shop(rig)
    revs = [(await rig.shop.wallets.balance(BEN.id)).rev]

    for _ in range(3):
        await rebuild(rig, replace=True)
        await rig.shop.wallets.grant(BEN.id, coins=1, bucket="promo", grant_id=fresh_intent())
        revs.append((await rig.shop.wallets.balance(BEN.id)).rev)

    assert revs == sorted(set(revs))
    assert revs[-1] < 2**53


async def test_a_refusal_is_in_no_book_and_can_be_decided_anew_once(rig: Rig) -> None:
    recording = await rig.open(coins=5)
    order = order_for(ROSE, count=6)
    with pytest.raises(InsufficientCoins):
        await rig.shop.engine.submit(priced(order))
    await rig.shop.wallets.grant(ANA.id, coins=9, bucket="promo", grant_id=fresh_intent())
    await rig.drain_all(recording)
    await lose_everything(rig)
    await rebuild(rig)
    await open_room(rig)

    receipts = [await rig.shop.engine.submit(priced(order)) for _ in range(2)]

    assert [receipt.replayed for receipt in receipts] == [False, True]
    assert await rig.shop.coins_of() == 8
    assert IntentId(order.intent_id) == receipts[0].intent_id
    assert (await reconcile_after(rig)) == []


async def reconcile_after(rig: Rig) -> list[Any]:
    await rig.drain_all()
    return (await reconcile(rig)).drifts
