"""A store that forgot an intent charges it again: the books record both as they happened and give the second back."""

import pytest
import redis

from server.record.database import Database
from server.settings import Settings
from server.store.client import StoreClient
from server.store.outcome import Receipt
from tests.helpers.recording import Rig
from tests.helpers.shop import ANA, BEN, KEYS, LOUNGE, Shop, order_for, priced


@pytest.fixture
def rig(client: StoreClient, settings: Settings, books: Database) -> Rig:
    return Rig(client, settings, books)


@pytest.mark.parametrize("drained_between", [True, False])
@pytest.mark.parametrize("fan", [ANA, BEN], ids=["promo", "paid"])
async def test_an_intent_charged_twice_is_recorded_twice_and_given_back_once(
    rig: Rig, raw: redis.Redis, *, drained_between: bool, fan: object
) -> None:
    recording = await rig.open()
    order = order_for(count=30, fan=ANA if fan is ANA else BEN)
    first = await rig.shop.engine.submit(priced(order))
    if drained_between:
        await rig.drain_all(recording)
    _forget(raw, order.fan.id)
    second = await rig.shop.engine.submit(priced(order))
    await rig.give(3)

    await rig.drain_all(recording)
    await rig.recorder().begin()  # and the store follows

    assert not second.replayed
    rows = await rig.rows("SELECT seq, intent_id FROM gift WHERE coins = 30 ORDER BY seq")
    assert rows == [(_seq(first), order.intent_id), (_seq(second), f"{order.intent_id}~{_seq(second)}")]
    assert await rig.rows("SELECT subject, actor, reason FROM transfer WHERE kind = 'gift_refund'") == [
        (second.event_id, "recorder", "charged twice")
    ]
    assert await _given(rig.shop) == 30 + 3 * 3
    await rig.check_books()


async def test_a_wallet_that_was_charged_twice_for_its_last_coins_gets_them_back(rig: Rig, raw: redis.Redis) -> None:
    recording = await rig.open(coins=60)
    order = order_for(count=60)
    await rig.shop.engine.submit(priced(order))
    await rig.drain_all(recording)
    _forget(raw, ANA.id)
    raw.hincrby(KEYS.wallet(ANA.id), "promo", 60)  # it forgot the charge as well

    await rig.shop.engine.submit(priced(order))
    await rig.drain_all(recording)

    assert await rig.rows("SELECT amount FROM balance WHERE account = :account", account=f"fan_promo:{ANA.id}") == [
        (0,)
    ]
    assert await rig.drifted() == []


async def test_a_grant_that_a_forgetful_store_gives_again_is_in_the_books_as_often(rig: Rig, raw: redis.Redis) -> None:
    recording = await rig.open()
    grant = order_for().intent_id
    for _ in range(2):
        await rig.shop.wallets.grant(ANA.id, coins=5, bucket="paid", grant_id=grant)
        await rig.drain_all(recording)
        _forget(raw, ANA.id)

    assert await rig.rows("SELECT count(*) FROM transfer WHERE subject = :id", id=grant) == [(2,)]
    balance = await rig.rows("SELECT amount FROM balance WHERE account = :name", name=f"fan_paid:{ANA.id}")
    assert balance == [(2 * 5 * 10_000,)]
    assert (await rig.cursor()).seq == (await rig.log.state()).seq


def _forget(raw: redis.Redis, fan: str) -> None:
    raw.delete(*raw.keys(f"{{s0}}:seen:{fan}:*"))


def _seq(receipt: Receipt) -> int:
    return int(receipt.event_id.rsplit("-", 1)[1])


async def _given(shop: Shop) -> int:
    return (await shop.rooms.view(LOUNGE)).totals.coins
