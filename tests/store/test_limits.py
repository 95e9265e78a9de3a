"""Spending limits in the atomic step: exact to the coin, and no earlier period resets a later one."""

import asyncio
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import redis

from server.domain.command import Command
from server.domain.ids import new_intent_id
from server.domain.limits import NO_LIMITS, Limits, Period, period_at, period_ends_ms
from server.errors import GateClosed, GiftwaveError, IntentConflict, RecorderBehind
from server.settings import Settings
from server.store.client import StoreClient
from server.store.commands import CommandStore
from server.store.gifts import PricedOrder
from server.store.log import LogStore
from server.store.outcome import Receipt
from tests.helpers.shop import ANA, KEYS, Shop, fresh_intent, now_ms, order_for, priced

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


class Calendar:
    """Moves the store's clock, which its high-water mark holds above the machine's."""

    def __init__(self, shop: Shop, raw: redis.Redis) -> None:
        self._shop = shop
        self._raw = raw
        self.now_ms = 0
        self.set(now_ms() + DAY_MS)

    def set(self, at_ms: int) -> None:
        self.now_ms = at_ms
        self._raw.hset(KEYS.shard, "hwm", str(at_ms))

    def order(self, coins: int, *, zone: str = "UTC", period: Period | None = None) -> PricedOrder:
        order = order_for(count=coins, intent_id=new_intent_id(self.now_ms))
        return priced(order, period=period or period_at(self.now_ms, zone))

    async def give(self, coins: int, *, zone: str = "UTC", period: Period | None = None) -> str:
        """Send a gift now; return "ok" or the refusal's code, which must not have charged anything."""
        before = await self._shop.coins_of()
        try:
            await self._shop.engine.submit(self.order(coins, zone=zone, period=period))
        except GiftwaveError as error:
            assert await self._shop.coins_of() == before
            return error.code
        assert await self._shop.coins_of() == before - coins
        return "ok"

    async def limit(self, limits: Limits, *, zone: str = "UTC") -> None:
        change_id = new_intent_id(self.now_ms)
        await self._shop.wallets.set_limits(ANA.id, limits=limits, zone=zone, change_id=change_id)

    async def lock(self, hours: int) -> None:
        await self._shop.wallets.lock(ANA.id, hours=hours, change_id=new_intent_id(self.now_ms))


@pytest.fixture
async def shop(client: StoreClient, settings: Settings) -> Shop:
    shop = Shop(client, settings)
    await shop.open(coins=10_000)
    return shop


@pytest.fixture
def calendar(shop: Shop, raw: redis.Redis) -> Calendar:
    return Calendar(shop, raw)


async def test_one_gift_may_cost_its_limit_and_not_a_coin_more(calendar: Calendar) -> None:
    await calendar.limit(Limits(gift=10))

    assert [await calendar.give(coins) for coins in (10, 11, 10)] == ["ok", "limit_gift", "ok"]


@pytest.mark.parametrize("period", ["day", "week", "month"])
async def test_a_period_takes_its_limit_and_not_a_coin_more(calendar: Calendar, period: str) -> None:
    await calendar.limit(Limits(**{period: 10}))

    codes = [await calendar.give(coins) for coins in (6, 5, 4, 1)]

    assert codes == ["ok", f"limit_{period}", "ok", f"limit_{period}"]


async def test_orders_of_one_call_share_the_limit_to_the_coin(calendar: Calendar, shop: Shop) -> None:
    await calendar.limit(Limits(day=7))

    answers = await asyncio.gather(*(shop.engine.submit(calendar.order(1)) for _ in range(60)), return_exceptions=True)

    assert sum(isinstance(answer, Receipt) for answer in answers) == 7
    assert {answer.code for answer in answers if isinstance(answer, GiftwaveError)} == {"limit_day"}


async def test_what_was_spent_before_the_limit_counts(calendar: Calendar) -> None:
    await calendar.give(8)
    await calendar.limit(Limits(day=10))

    assert [await calendar.give(coins) for coins in (3, 2)] == ["limit_day", "ok"]


async def test_what_was_refused_does_not_count(calendar: Calendar, shop: Shop) -> None:
    await calendar.limit(Limits(day=10, gift=9))
    await calendar.give(10)
    await calendar.give(100)

    state = await shop.wallets.state(ANA.id, now_ms=calendar.now_ms)

    assert state.balance.spent == (0, 0, 0)


async def test_lowering_holds_at_once(calendar: Calendar) -> None:
    await calendar.limit(Limits(day=100))
    await calendar.limit(Limits(day=5))

    assert [await calendar.give(coins) for coins in (6, 5)] == ["limit_day", "ok"]


@pytest.mark.parametrize("wider", [Limits(gift=20), NO_LIMITS], ids=["raised", "removed"])
async def test_raising_and_removing_wait_a_day_to_the_millisecond(calendar: Calendar, wider: Limits) -> None:
    await calendar.limit(Limits(gift=10))
    asked_ms = calendar.now_ms
    await calendar.limit(wider)
    codes = []
    for after_ms in (0, DAY_MS - 1, DAY_MS):
        calendar.set(asked_ms + after_ms)
        codes.append(await calendar.give(20))

    assert codes == ["limit_gift", "limit_gift", "ok"]


async def test_asking_again_does_not_begin_the_wait_again_and_lowering_ends_it(calendar: Calendar, shop: Shop) -> None:
    await calendar.limit(Limits(gift=10))
    asked_ms = calendar.now_ms
    await calendar.limit(Limits(gift=20))
    calendar.set(asked_ms + DAY_MS // 2)
    await calendar.limit(Limits(gift=20))
    waiting = (await shop.wallets.state(ANA.id, now_ms=calendar.now_ms)).limits.pending
    await calendar.limit(Limits(gift=9))
    calendar.set(asked_ms + 3 * DAY_MS)

    assert waiting is not None
    assert waiting.at_ms == asked_ms + DAY_MS
    assert [await calendar.give(coins) for coins in (10, 9)] == ["limit_gift", "ok"]


async def test_one_limit_is_lowered_at_once_while_another_waits(calendar: Calendar) -> None:
    await calendar.limit(Limits(gift=10, day=100))
    await calendar.limit(Limits(gift=50, day=20))

    assert [await calendar.give(coins) for coins in (11, 10, 10, 1)] == ["limit_gift", "ok", "ok", "limit_day"]
    calendar.set(calendar.now_ms + DAY_MS)
    assert [await calendar.give(coins) for coins in (21, 20)] == ["limit_day", "ok"]


async def test_another_time_zone_waits_a_day(calendar: Calendar, shop: Shop) -> None:
    await calendar.limit(Limits(day=10), zone="Europe/Berlin")
    asked_ms = calendar.now_ms
    await calendar.limit(Limits(day=10), zone="Pacific/Kiritimati")

    zones = [
        (await shop.wallets.state(ANA.id, now_ms=asked_ms + after_ms)).limits.zone for after_ms in (DAY_MS - 1, DAY_MS)
    ]

    assert zones == ["Europe/Berlin", "Pacific/Kiritimati"]


@pytest.mark.parametrize(
    ("zone", "date"),
    [
        ("UTC", (2031, 3, 31)),
        ("Europe/Berlin", (2031, 3, 30)),  # 23 hours
        ("Europe/Berlin", (2031, 10, 26)),  # 25 hours
        ("America/New_York", (2031, 3, 9)),
        ("America/New_York", (2031, 11, 2)),
        ("Africa/Cairo", (2031, 4, 24)),  # the next day begins at 01:00
        ("Australia/Lord_Howe", (2031, 4, 6)),  # half an hour
        ("Asia/Kathmandu", (2031, 12, 31)),
    ],
)
async def test_a_day_ends_at_the_fans_midnight_on_every_day(
    calendar: Calendar, zone: str, date: tuple[int, int, int]
) -> None:
    noon_ms = int(datetime(*date, 12, tzinfo=ZoneInfo(zone)).timestamp() * 1_000)
    ends_ms, _, _ = period_ends_ms(noon_ms, zone)
    calendar.set(noon_ms)
    await calendar.limit(Limits(day=10), zone=zone)
    codes = [await calendar.give(10, zone=zone)]
    for at_ms in (ends_ms - 1, ends_ms):
        calendar.set(at_ms)
        codes.append(await calendar.give(10, zone=zone))

    assert codes == ["ok", "limit_day", "ok"]


@pytest.mark.parametrize(("period", "which"), [("week", 1), ("month", 2)])
async def test_weeks_and_months_end_at_the_fans_midnight_too(calendar: Calendar, period: str, which: int) -> None:
    zone = "America/New_York"
    ends_ms = period_ends_ms(calendar.now_ms, zone)[which]
    await calendar.limit(Limits(**{period: 10}), zone=zone)
    codes = [await calendar.give(10, zone=zone)]
    for at_ms in (ends_ms - 1, ends_ms):
        calendar.set(at_ms)
        codes.append(await calendar.give(10, zone=zone))

    assert codes == ["ok", f"limit_{period}", "ok"]


@pytest.mark.parametrize("days_back", [1, 6, 7, 31, 366])
async def test_an_earlier_period_never_resets_a_later_one(calendar: Calendar, days_back: int) -> None:
    await calendar.limit(Limits(day=10, week=10, month=10))
    today = period_at(calendar.now_ms, "UTC")
    earlier = period_at(calendar.now_ms - days_back * DAY_MS, "UTC")

    codes = [
        await calendar.give(coins, period=period)
        for coins, period in ((6, today), (5, earlier), (4, earlier), (1, today), (1, earlier))
    ]

    assert codes == ["ok", "limit_day", "ok", "limit_day", "limit_day"]


async def test_a_move_west_does_not_begin_the_day_again(calendar: Calendar) -> None:
    # Noon UTC: in Kiritimati it is tomorrow already, and in Los Angeles still early today.
    calendar.set(int(datetime(2031, 6, 10, 12, tzinfo=ZoneInfo("UTC")).timestamp() * 1_000))
    await calendar.limit(Limits(day=10), zone="Pacific/Kiritimati")

    codes = [await calendar.give(5, zone=zone) for zone in ("Pacific/Kiritimati", "America/Los_Angeles", "UTC")]

    assert codes == ["ok", "ok", "limit_day"]


async def test_a_machine_whose_clock_steps_back_widens_nothing(calendar: Calendar, shop: Shop) -> None:
    await calendar.limit(Limits(day=10))
    await calendar.give(10)
    await calendar.limit(Limits(day=50))
    # The machine's own clock is a day behind the high-water mark all the time.
    yesterday = period_at(now_ms(), "UTC")

    assert await calendar.give(1, period=yesterday) == "limit_day"
    state = await shop.wallets.state(ANA.id, now_ms=now_ms())
    assert state.balance.spent == (10, 10, 10)


async def test_a_lock_refuses_every_gift_until_it_ends_by_itself(calendar: Calendar) -> None:
    await calendar.lock(24)
    locked_ms = calendar.now_ms
    codes = []
    for after_ms in (0, DAY_MS - 1, DAY_MS):
        calendar.set(locked_ms + after_ms)
        codes.append(await calendar.give(1))

    assert codes == ["self_excluded", "self_excluded", "ok"]


async def test_a_lock_cannot_be_shortened(calendar: Calendar) -> None:
    await calendar.lock(168)
    locked_ms = calendar.now_ms
    await calendar.lock(24)
    await calendar.limit(NO_LIMITS)
    calendar.set(locked_ms + 7 * DAY_MS - 1)
    await calendar.limit(Limits(gift=1_000))

    assert await calendar.give(1) == "self_excluded"
    calendar.set(locked_ms + 7 * DAY_MS)
    assert await calendar.give(1) == "ok"


async def test_a_lock_is_made_longer_by_another(calendar: Calendar) -> None:
    await calendar.lock(24)
    calendar.set(calendar.now_ms + 23 * HOUR_MS)
    await calendar.lock(24)
    calendar.set(calendar.now_ms + 23 * HOUR_MS)

    assert await calendar.give(1) == "self_excluded"


async def test_a_refusal_by_a_limit_is_remembered(calendar: Calendar, shop: Shop, raw: redis.Redis) -> None:
    await calendar.limit(Limits(day=5))
    order = calendar.order(6)
    for _ in range(2):
        with pytest.raises(GiftwaveError, match="limit you set for a day"):
            await shop.engine.submit(order)
        raw.hdel(KEYS.wallet(ANA.id), "limits", "limits_next")  # the limit is gone, the refusal stays

    assert await shop.coins_of() == 10_000


async def test_one_change_id_changes_limits_once(calendar: Calendar, shop: Shop) -> None:
    change_id = new_intent_id(calendar.now_ms)
    for limits in (Limits(gift=5), Limits(gift=5)):
        await shop.wallets.set_limits(ANA.id, limits=limits, zone="UTC", change_id=change_id)

    with pytest.raises(IntentConflict):
        await shop.wallets.set_limits(ANA.id, limits=Limits(gift=6), zone="UTC", change_id=change_id)

    assert [await calendar.give(coins) for coins in (6, 5)] == ["limit_gift", "ok"]


async def test_a_wallet_that_owes_gives_nothing_until_a_top_up_cures_it(calendar: Calendar, shop: Shop) -> None:
    commands = CommandStore(shop.client, KEYS)
    await commands.apply([(1, Command(transfer_id="dispute", fan=ANA.id, paid_coins=-100))])
    refused = calendar.order(1)
    with pytest.raises(GiftwaveError, match="taken back"):
        await shop.engine.submit(refused)

    await commands.apply([(2, Command(transfer_id="part", fan=ANA.id, paid_coins=99))])
    assert await calendar.give(1) == "wallet_owes"
    await commands.apply([(3, Command(transfer_id="rest", fan=ANA.id, paid_coins=1))])

    assert await calendar.give(1) == "ok"
    with pytest.raises(GiftwaveError, match="taken back"):
        await shop.engine.submit(refused)


async def test_recorder_behind_is_exact_and_not_remembered(shop: Shop, settings: Settings) -> None:
    shop = Shop(shop.client, settings.model_copy(update={"undrained_coins_max": 10}))
    await shop.engine.submit(priced(order_for(count=6)))
    order = priced(order_for(count=5))
    with pytest.raises(RecorderBehind):
        await shop.engine.submit(order)
    await shop.engine.submit(priced(order_for(count=4)))
    logs = LogStore(shop.client, KEYS)
    state = await logs.state()
    assert state.epoch is not None

    await logs.acknowledge(epoch=state.epoch, seq=state.seq, coins=state.logged_coins, messages=[])

    receipt = await shop.engine.submit(order)
    assert (receipt.coins, receipt.replayed) == (5, False)
    assert await shop.coins_of() == 10_000 - 15


async def test_a_closed_gate_decides_nothing_and_remembers_nothing(shop: Shop, raw: redis.Redis) -> None:
    order = priced(order_for(count=5))
    raw.hdel(KEYS.shard, "epoch")
    before = {key: raw.dump(key) for key in raw.keys("*")}

    with pytest.raises(GateClosed):
        await shop.engine.submit(order)
    with pytest.raises(GateClosed):
        await shop.wallets.set_limits(ANA.id, limits=NO_LIMITS, zone="UTC", change_id=fresh_intent())
    with pytest.raises(GateClosed):
        await shop.wallets.grant(ANA.id, coins=1, bucket="paid", grant_id=fresh_intent())

    assert {key: raw.dump(key) for key in raw.keys("*")} == before
    raw.hset(KEYS.shard, "epoch", "testlife")
    assert not (await shop.engine.submit(order)).replayed


async def test_an_old_receipt_is_returned_whatever_the_limits_are_now(calendar: Calendar, shop: Shop) -> None:
    order = calendar.order(50)
    first = await shop.engine.submit(order)
    await calendar.limit(Limits(gift=1))
    await calendar.lock(24)

    assert await shop.engine.submit(order) == replace(first, replayed=True)
