"""`reconcile` finds what differs, and nothing else: on SQLite and PostgreSQL, at rest and while gifts go on."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
import redis
from sqlalchemy import text

from server.clock import SystemClock
from server.domain.ids import FanId
from server.domain.limits import Limits
from server.errors import OperatorError
from server.record.audit import audit_books
from server.record.database import Database
from server.settings import Settings
from server.store.client import StoreClient
from server.store.scripts import READ_WALLETS
from tests.helpers.market import MIRA as MARKET_MIRA
from tests.helpers.market import Market
from tests.helpers.operating import busy_shop, drifts, lose_everything, reconcile, refund_first_gift
from tests.helpers.recording import Rig
from tests.helpers.shop import ANA, BEN, KEYS, MIRA, fresh_intent, order_for, priced

WALLET = KEYS.wallet(ANA.id)


@pytest.fixture
def rig(client: StoreClient, settings: Settings, books: Database) -> Rig:
    return Rig(client, settings, books)


async def test_a_shop_and_its_books_agree(rig: Rig) -> None:
    await busy_shop(rig)

    done = await reconcile(rig)

    assert (done.drift_count, done.drifts) == (0, [])
    assert (done.wallets, done.creators) == (3, 1)
    assert done.seq == (await rig.cursor()).seq
    assert done.checks[0] == "entries"


async def test_no_race_looks_like_a_drift(rig: Rig) -> None:
    recording = await rig.open()
    stop = asyncio.Event()

    async def keep(step: Any) -> None:
        while not stop.is_set():
            await step()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keep(recording.step))
        for fan in (ANA, BEN):
            tasks.create_task(keep(lambda fan=fan: rig.shop.engine.submit(priced(order_for(fan=fan)))))
        found = [(await reconcile(rig)).drifts for _ in range(15)]
        stop.set()

    assert found == [[]] * 15
    assert (await rig.cursor()).seq > 100


async def test_a_refund_that_the_store_has_not_followed_yet_is_no_drift(rig: Rig) -> None:
    await busy_shop(rig)
    await refund_first_gift(rig)

    waiting = await reconcile(rig)
    await rig.drain_all()

    assert waiting.drifts == []
    assert waiting.commands == 0
    assert (await reconcile(rig)).commands == 1
    assert await drifts(rig) == []


async def test_a_coin_too_many_is_found_with_its_evidence(rig: Rig, raw: redis.Redis) -> None:
    await busy_shop(rig)
    coins = (await rig.shop.wallets.balance(BEN.id)).paid
    raw.hincrby(KEYS.wallet(BEN.id), "paid", 1)

    (drift,) = await drifts(rig)

    assert (drift.check, drift.account) == ("wallet", f"fan_paid:{BEN.id}")
    assert drift.says == (("store", f"paid {coins + 1}"), ("books", f"paid {coins}"))
    assert len(drift.evidence) == 3
    assert any("gift 0-" in line for line in drift.evidence)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("paid", "5"),
        ("promo", "0"),
        ("promo", "99999.0"),
        ("promo", "nan"),
        ("promo", ""),
        ("day", "3"),
        ("month", "1"),
        ("day_spent", "0"),
        ("week_spent", "0"),
        ("month_spent", "0"),
        ("limits", "|||"),
        ("limits_next", ""),
        ("locked_until", "1"),
        ("zone", "UTC"),
    ],
)
async def test_every_field_of_a_wallet_is_compared(rig: Rig, raw: redis.Redis, field: str, value: str) -> None:
    await busy_shop(rig)
    raw.hset(WALLET, field, value)

    (drift,) = await drifts(rig)

    assert drift.check == "wallet"
    assert ANA.id in drift.account
    assert drift.says[0] == ("store", f"{field} {value or 'nothing'}") or "'" in drift.says[0][1]


@pytest.mark.parametrize(
    ("damage", "account"),
    [
        (lambda raw: raw.delete(WALLET), f"fan_promo:{ANA.id}"),
        (lambda raw: raw.set(WALLET, "1"), f"wallet:{ANA.id}"),
        (lambda raw: raw.hset("{s0}:wallet:u_ghost", "promo", "9"), "fan_promo:u_ghost"),
        (lambda raw: raw.hset("{s0}:wallet:u ghost\xff", "paid", "1"), "fan_paid:u ghost\xff"),
        (lambda raw: raw.hincrby(KEYS.creator(MIRA), "earned", 1), f"creator:{MIRA}"),
        (lambda raw: raw.delete(KEYS.creator(MIRA)), f"creator:{MIRA}"),
        (lambda raw: raw.set(KEYS.creator(MIRA), "1"), f"creator:{MIRA}"),
        (lambda raw: raw.hset("{s0}:creator:c_ghost", "earned", "7"), "creator:c_ghost"),
        (lambda raw: raw.hincrby(KEYS.shard, "drained", 5), "undrained"),
        (lambda raw: raw.hincrby(KEYS.shard, "commands", 1), "commands"),
    ],
)
async def test_damage_to_the_store_is_named(rig: Rig, raw: redis.Redis, damage: Any, account: str) -> None:
    await busy_shop(rig)
    damage(raw)

    found = await drifts(rig)

    assert account in [drift.account for drift in found]
    assert {drift.account for drift in found} <= {account, f"wallet:{ANA.id}"}


async def test_a_missing_record_of_the_log_is_found(rig: Rig, raw: redis.Redis) -> None:
    await busy_shop(rig)
    await rig.give(1)
    await rig.give(1)
    entries: Any = raw.xrange(KEYS.log)
    raw.xdel(KEYS.log, entries[-2][0])

    done = await reconcile(rig, books_wait_s=0.1)

    assert [drift.check for drift in done.drifts] == ["log"]
    assert "goes on at" in done.drifts[0].says[0][1]


async def test_a_log_that_is_gone_is_found(rig: Rig, raw: redis.Redis) -> None:
    await busy_shop(rig)
    await rig.give(1)
    raw.delete(KEYS.log)

    done = await reconcile(rig, books_wait_s=0.1)

    assert [drift.check for drift in done.drifts] == ["log"]


async def test_books_ahead_of_the_store_are_one_drift_and_not_one_a_wallet(rig: Rig, raw: redis.Redis) -> None:
    await busy_shop(rig)
    keys = [key for key in raw.scan_iter("{s0}:*") if b":log" not in key]
    before = {key: raw.dump(key) for key in keys}
    await rig.give(6)
    await rig.shop.wallets.grant(ANA.id, coins=5, bucket="paid", grant_id=fresh_intent())
    await rig.shop.wallets.set_limits(ANA.id, limits=Limits(day=8), zone="UTC", change_id=fresh_intent())
    await refund_first_gift(rig)
    await rig.drain_all()
    raw.flushall()
    for key, value in before.items():
        raw.restore(key, 0, value)  # type: ignore[arg-type]

    (drift,) = await drifts(rig)

    assert (drift.check, drift.account) == ("shard", "log")
    assert "the store lost its end" in drift.evidence


# What the books say about themselves


async def test_the_books_of_a_market_explain_themselves(market: Market) -> None:
    await _trade(market)

    assert await _audit(market.books) == []


@pytest.mark.parametrize(
    ("table", "change", "check"),
    [
        ("balance", "UPDATE balance SET amount = amount + 1 WHERE account = 'creator:c_mira'", "balance"),
        ("balance", "UPDATE balance SET amount = amount - 10000 WHERE account = 'fan_paid:u_ana'", "balance"),
        ("balance", "DELETE FROM balance WHERE account = 'platform'", "balance"),
        ("gift", "UPDATE gift SET fan = 'u_eve' WHERE seq = 2", "balance"),
        ("gift", "DELETE FROM gift WHERE seq = 2", "numbers"),
        ("gift", "UPDATE gift SET seq = 777 WHERE seq = 2", "numbers"),
        ("transfer", "UPDATE transfer SET seq = NULL WHERE seq = 1", "numbers"),
        ("posting", "UPDATE posting SET amount = amount + 1 WHERE credit = 'fan_promo:u_ben'", "balance"),
        ("posting", "DELETE FROM posting WHERE debit = 'issued'", "topup"),
        ("command", "DELETE FROM command WHERE number = 1", "commands"),
        ("shard", "UPDATE shard SET seq = seq + 1", "numbers"),
        ("shard", "UPDATE shard SET recorded_coins = recorded_coins - 1", "numbers"),
        ("shard", "UPDATE shard SET commands = commands + 1", "commands"),
        ("topup", "UPDATE topup SET coins_posted = coins_posted - 1", "topup"),
        ("topup", "UPDATE topup SET refunded_minor = 1", "sales"),
        ("topup", "UPDATE topup SET fee_minor = NULL", "clearing"),
        ("payout", "UPDATE payout SET state = 'failed'", "payout"),
    ],
)
async def test_damage_to_the_books_is_named(market: Market, table: str, change: str, check: str) -> None:
    await _trade(market)
    await _damage(market.books, table, change)

    assert check in [drift.check for drift in await _audit(market.books)]


# What cannot be compared


@pytest.mark.parametrize(
    ("shard", "words"), [({}, "giftwave rebuild"), ({"epoch": "otherone"}, "belong to different servers")]
)
async def test_a_store_of_no_or_of_another_life_cannot_be_compared(
    rig: Rig, raw: redis.Redis, shard: dict[str, str], words: str
) -> None:
    await busy_shop(rig)
    await lose_everything(rig)
    if shard:
        raw.hset(KEYS.shard, mapping=shard)  # type: ignore[arg-type]

    with pytest.raises(OperatorError, match=words):
        await reconcile(rig)


async def test_a_log_that_nobody_copies_is_no_drift(rig: Rig) -> None:
    await busy_shop(rig)
    await rig.give(1)

    with pytest.raises(OperatorError, match="nobody copies the log"):
        await reconcile(rig, books_wait_s=0.1)


async def test_one_look_does_not_hold_up_gifts(rig: Rig) -> None:
    fans = [FanId(f"u_{number}") for number in range(500)]
    with suppress(AssertionError):
        await rig.shop.open()
    keys = [KEYS.shard, *map(KEYS.wallet, fans)]
    await rig.client.run(READ_WALLETS, keys=keys, args=[str(len(fans))])
    began_s = SystemClock().monotonic_s()

    for _ in range(20):
        await rig.client.run(READ_WALLETS, keys=keys, args=[str(len(fans))])

    # A few milliseconds on this machine; far above them the page would be too large.
    assert (SystemClock().monotonic_s() - began_s) / 20 < 0.1


async def _trade(market: Market) -> None:
    """A bit of everything: bought, given, given back, cashed out."""
    await market.earn(5_000)
    await market.buy()
    market.store.send("u_ana", "c_mira", 30)
    event = market.store.send("u_ana", "c_mira", 5)
    await market.record()
    assert event is not None
    await market.request_payout(MARKET_MIRA)
    await market.record()


async def _audit(books: Database) -> list[Any]:
    async with books.read() as connection:
        return [drift async for _, found in audit_books(connection) for drift in found]


async def _damage(books: Database, table: str, change: str) -> None:
    """Change what no application may: whoever can do this owns the database."""
    async with books.write() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SET session_replication_role = replica"))
            await connection.execute(text(change))
            await connection.execute(text("SET session_replication_role = origin"))
            return
        for verb in ("update", "delete"):
            await connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}"))
        await connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        await connection.execute(text(change))
