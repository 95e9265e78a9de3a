"""The atomic step through its engine, on a real Valkey."""

import asyncio
from dataclasses import replace

import msgpack
import pytest
import redis

from server.domain.ids import FanId, RoomId
from server.domain.limits import Period
from server.domain.money import AMOUNT_MAX, WALLET_COINS_MAX
from server.domain.order import INTENT_SKEW_MS, INTENT_WINDOW_MS, Speaker
from server.errors import (
    GiftwaveError,
    InsufficientCoins,
    IntentConflict,
    LedgerLimit,
    RoomClosed,
    StaleIntent,
    UnknownRoom,
)
from server.settings import Settings
from server.store.client import StoreClient
from server.store.gifts import PricedOrder, read_outcome
from server.store.outcome import Receipt
from tests.helpers.shop import ANA, BEN, KEYS, LOUNGE, MIRA, ROSE, WHALE, Shop, fresh_intent, order_for, priced


@pytest.fixture
async def shop(client: StoreClient, settings: Settings) -> Shop:
    shop = Shop(client, settings)
    await shop.open()
    return shop


async def test_a_gift_moves_coins_from_the_fan_and_units_to_the_creator(shop: Shop) -> None:
    receipt = await shop.engine.submit(priced(order_for(count=10)))

    assert (receipt.coins, receipt.balance.coins, receipt.offset) == (10, 90, 2)
    assert await shop.coins_of() == 90
    assert (await shop.rooms.view(LOUNGE)).earned_units == 10 * shop.settings.creator_share_bps


async def test_a_replayed_order_moves_no_coins(shop: Shop) -> None:
    order = order_for(count=10)
    first = await shop.engine.submit(priced(order))

    again = await shop.engine.submit(priced(order))

    assert again == replace(first, replayed=True)
    assert await shop.coins_of() == 90


async def test_one_intent_in_one_call_twice_is_charged_once(shop: Shop) -> None:
    orders = [priced(order_for(count=10)) for _ in range(3)]
    # The first leaves alone; the rest wait behind it and go together.
    together = [shop.engine.submit(order) for order in (orders[0], orders[1], orders[1], orders[1], orders[2])]

    receipts = await asyncio.gather(*together)

    assert [receipt.replayed for receipt in receipts] == [False, False, True, True, False]
    assert await shop.coins_of() == 70


async def test_one_intent_with_another_content_is_a_conflict(shop: Shop) -> None:
    order = order_for(count=1)
    await shop.engine.submit(priced(order))

    with pytest.raises(IntentConflict):
        await shop.engine.submit(priced(replace(order, count=2, max_coins=2)))

    assert await shop.coins_of() == 99


async def test_a_refusal_is_remembered_even_after_a_top_up(shop: Shop) -> None:
    order = order_for(WHALE)
    with pytest.raises(InsufficientCoins):
        await shop.engine.submit(priced(order, WHALE))
    await shop.wallets.grant(ANA.id, coins=10_000, bucket="paid", grant_id=fresh_intent())

    with pytest.raises(InsufficientCoins):
        await shop.engine.submit(priced(order, WHALE))

    assert await shop.coins_of() == 10_100


async def test_an_intent_older_than_the_window_is_never_charged(shop: Shop) -> None:
    old = fresh_intent(age_ms=INTENT_WINDOW_MS + 1_000)

    with pytest.raises(StaleIntent):
        await shop.engine.submit(priced(order_for(intent_id=old)))

    assert await shop.coins_of() == 100


async def test_an_intent_stays_stale_when_the_clock_steps_back(shop: Shop, raw: redis.Redis) -> None:
    intent = fresh_intent()
    ahead_ms = INTENT_WINDOW_MS + 60_000
    raw.hset(KEYS.shard, "hwm", str(_time_of(intent) + ahead_ms))

    with pytest.raises(StaleIntent):
        await shop.engine.submit(priced(order_for(intent_id=intent)))

    assert await shop.coins_of() == 100


async def test_an_intent_from_the_future_is_refused_and_not_remembered(shop: Shop) -> None:
    future = fresh_intent(age_ms=-(INTENT_SKEW_MS + 60_000))

    with pytest.raises(GiftwaveError, match="future"):
        await shop.engine.submit(priced(order_for(intent_id=future)))

    assert await read_outcome(shop.client, KEYS, fan=ANA.id, intent_id=future) is None


async def test_a_closed_room_takes_no_gifts(shop: Shop) -> None:
    await shop.rooms.close(LOUNGE, creator=MIRA)

    with pytest.raises(RoomClosed):
        await shop.engine.submit(priced(order_for()))

    assert await shop.coins_of() == 100


async def test_a_room_that_does_not_exist_takes_no_gifts(shop: Shop) -> None:
    order = replace(order_for(), room=RoomId("nowhere"))
    lost = PricedOrder(order=order, creator=None, gift=ROSE, coins=1, refusal=UnknownRoom, period=Period(0, 0))

    with pytest.raises(UnknownRoom):
        await shop.engine.submit(lost)

    assert await shop.coins_of() == 100


async def test_promo_coins_are_spent_before_paid_ones(shop: Shop) -> None:
    await shop.wallets.grant(ANA.id, coins=50, bucket="paid", grant_id=fresh_intent())

    receipt = await shop.engine.submit(priced(order_for(count=120)))

    assert (receipt.spent_promo, receipt.spent_paid) == (100, 20)
    assert (receipt.balance.promo, receipt.balance.paid) == (0, 30)


async def test_taps_within_the_gap_are_one_combo(shop: Shop) -> None:
    first = await shop.engine.submit(priced(order_for(count=2)))

    second = await shop.engine.submit(priced(order_for(count=3)))

    assert first.combo is not None
    assert second.combo is not None
    assert second.combo.id == first.combo.id
    assert (second.combo.rev, second.combo.delta, second.combo.total) == (2, 3, 5)


async def test_a_hidden_combo_never_joins_a_shown_one(shop: Shop) -> None:
    shown = await shop.engine.submit(priced(order_for()))

    hidden = await shop.engine.submit(priced(replace(order_for(), anonymous=True)))

    assert shown.combo is not None
    assert hidden.combo is not None
    assert hidden.combo.id != shown.combo.id


async def test_an_anonymous_fan_counts_but_is_on_no_board(shop: Shop) -> None:
    await shop.wallets.grant(BEN.id, coins=10, bucket="promo", grant_id=fresh_intent())
    await shop.engine.submit(priced(order_for(count=2)))

    await shop.engine.submit(priced(replace(order_for(count=9, fan=BEN), anonymous=True)))

    view = await shop.rooms.view(LOUNGE)
    assert view.totals.fans == 2
    assert [(fan.name, fan.coins) for fan in view.top_fans] == [("Ana", 2)]


async def test_a_creator_at_the_ledger_limit_takes_no_more(shop: Shop, raw: redis.Redis) -> None:
    raw.hset(KEYS.creator(MIRA), "earned", str(AMOUNT_MAX - 6_999))

    with pytest.raises(LedgerLimit):
        await shop.engine.submit(priced(order_for()))

    assert await shop.coins_of() == 100


async def test_a_damaged_key_charges_nobody_and_hangs_nobody(shop: Shop, raw: redis.Redis) -> None:
    raw.delete(KEYS.feed(LOUNGE))
    raw.set(KEYS.feed(LOUNGE), "not a stream")

    with pytest.raises(GiftwaveError):
        await shop.engine.submit(priced(order_for()))

    assert await shop.coins_of() == 100


async def test_one_fans_damaged_wallet_costs_nobody_else_a_gift(shop: Shop, raw: redis.Redis) -> None:
    raw.hset(KEYS.wallet(BEN.id), "paid", "lots")
    first = shop.engine.submit(priced(order_for()))
    together = [shop.engine.submit(priced(order_for(fan=fan))) for fan in (ANA, BEN, ANA)]

    answers = await asyncio.gather(first, *together, return_exceptions=True)

    assert [isinstance(answer, Receipt) for answer in answers] == [True, True, False, True]
    assert await shop.coins_of() == 97


async def test_a_fractional_stored_balance_is_refused_not_rounded(shop: Shop, raw: redis.Redis) -> None:
    raw.hset(KEYS.wallet(ANA.id), "promo", "100.5")

    with pytest.raises(GiftwaveError):
        await shop.engine.submit(priced(order_for()))


async def test_the_richest_wallet_keeps_every_digit(shop: Shop) -> None:
    rich = Speaker(id=FanId("u_rich"), name="Rich")
    await shop.wallets.grant(rich.id, coins=WALLET_COINS_MAX, bucket="paid", grant_id=fresh_intent())

    receipt = await shop.engine.submit(priced(order_for(count=1, fan=rich)))

    assert receipt.balance.paid == WALLET_COINS_MAX - 1
    assert (await shop.wallets.balance(rich.id)).paid == WALLET_COINS_MAX - 1


async def test_every_accepted_order_is_in_the_log_once_and_in_order(shop: Shop, raw: redis.Redis) -> None:
    receipts = await asyncio.gather(*(shop.engine.submit(priced(order_for())) for _ in range(50)))

    records = _log(raw)
    gifts = [record for record in records if record[0] == "gift"]
    assert [int(record[1]) for record in records] == list(range(1, len(records) + 1))
    assert sorted(record[3] for record in gifts) == sorted(receipt.intent_id for receipt in receipts)


async def test_debits_equal_credits_to_the_unit(shop: Shop, raw: redis.Redis) -> None:
    await asyncio.gather(*(shop.engine.submit(priced(order_for(count=2))) for _ in range(20)))

    gifts = [record for record in _log(raw) if record[0] == "gift"]

    coins = sum(int(record[11]) for record in gifts)
    assert coins * 10_000 == sum(int(record[14]) + int(record[15]) for record in gifts)
    assert coins == 100 - await shop.coins_of()
    assert sum(int(record[14]) for record in gifts) == (await shop.rooms.view(LOUNGE)).earned_units


async def test_a_stale_grant_is_refused_and_gives_nothing(shop: Shop) -> None:
    with pytest.raises(StaleIntent):
        await shop.wallets.grant(
            ANA.id, coins=10, bucket="promo", grant_id=fresh_intent(age_ms=INTENT_WINDOW_MS + 1_000)
        )

    assert await shop.coins_of() == 100


async def test_a_feed_that_is_ahead_of_its_room_starts_over_and_loses_no_gift(shop: Shop, raw: redis.Redis) -> None:
    raw.xadd(KEYS.feed(LOUNGE), {"batch": b"tampered"}, id="999-1")

    receipt = await shop.engine.submit(priced(order_for()))

    history = await shop.rooms.read(LOUNGE)
    assert [event.offset for event in history.events] == [receipt.offset]
    assert await shop.coins_of() == 99


async def test_two_rooms_of_one_creator_in_one_call_add_up(shop: Shop) -> None:
    attic = RoomId("attic")
    await shop.rooms.open(attic, creator=MIRA, creator_name="Mira", title="Upstairs")
    both = [order_for(), order_for(), replace(order_for(), room=attic), replace(order_for(), room=attic)]

    await asyncio.gather(*(shop.engine.submit(priced(order)) for order in both))

    assert (await shop.rooms.view(attic)).earned_units == 4 * shop.settings.creator_share_bps


async def test_the_count_of_fans_does_not_tell_who_was_hidden_before(shop: Shop) -> None:
    await shop.engine.submit(priced(replace(order_for(), anonymous=True)))
    before = (await shop.rooms.view(LOUNGE)).totals.fans

    await shop.engine.submit(priced(order_for()))

    assert (await shop.rooms.view(LOUNGE)).totals.fans == before + 1


async def test_a_memory_that_cannot_be_read_leaves_nobody_else_waiting(shop: Shop, raw: redis.Redis) -> None:
    order = order_for()
    await shop.engine.submit(priced(order))
    (seen,) = raw.keys(f"{{s0}}:seen:{ANA.id}:*")
    remembered = raw.hget(seen, order.intent_id)
    assert remembered is not None
    raw.hset(seen, order.intent_id, remembered[:20])

    answers = await asyncio.gather(
        shop.engine.submit(priced(order)), shop.engine.submit(priced(order_for())), return_exceptions=True
    )

    assert isinstance(answers[0], GiftwaveError)
    assert isinstance(answers[1], Receipt)


async def test_a_wallet_for_100_pays_exactly_100_of_1000_at_once(shop: Shop) -> None:
    answers = await asyncio.gather(
        *(shop.engine.submit(priced(order_for())) for _ in range(1_000)), return_exceptions=True
    )

    assert sum(isinstance(answer, Receipt) for answer in answers) == 100
    assert sum(isinstance(answer, InsufficientCoins) for answer in answers) == 900
    assert await shop.coins_of() == 0


async def test_a_store_that_forgot_the_script_is_taught_again(shop: Shop, raw: redis.Redis) -> None:
    raw.script_flush()

    receipt = await shop.engine.submit(priced(order_for()))

    assert receipt.coins == 1


def _log(raw: redis.Redis) -> list[list[str]]:
    entries: list[tuple[bytes, dict[bytes, bytes]]] = raw.xrange(KEYS.log)  # type: ignore[assignment]
    return [record for _, fields in entries for record in msgpack.unpackb(fields[b"records"])]


def _time_of(intent: str) -> int:
    return int(intent[:8] + intent[9:13], 16)
