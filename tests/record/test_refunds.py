"""Refunds: gifts go back in the buckets they came from, unspent coins become money again."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from server.errors import (
    AboveRefundable,
    AlreadyRefunded,
    BelowMinimum,
    Forbidden,
    FutureIntent,
    IntentConflict,
    ProviderUnavailable,
    StaleIntent,
    StoreUnavailable,
    UnknownTopup,
    UnknownTransfer,
    WrongState,
)
from server.record.commands import commands_after
from tests.helpers.market import ANA, BEN, MIRA, OLA, RETURN_URL, Market
from tests.helpers.provider import down


async def refund(market: Market, topup_id: str, *, coins: int | None = None, refund_id: str | None = None) -> str:
    """Refund as an operator and let the sweep go on; return how it ended."""
    refund_id = refund_id or market.new_id()
    await market.refunds.refund_coins(refund_id, topup_id=topup_id, coins=coins, reason="asked", by=OLA)
    await market.record()
    await market.refunds.sweep()
    found = await market.refunds.refund_coins(refund_id, topup_id=topup_id, coins=coins, reason="asked", by=OLA)
    return found.state


async def test_a_gift_goes_back_in_the_buckets_it_came_from(market: Market) -> None:
    await market.buy()
    market.store.grant("u_ana", 30)
    before = await snapshot(market)
    event_id = market.store.send("u_ana", "c_mira", 50)
    await market.record()

    gift = await market.refunds.refund_gift(str(event_id), reason="by mistake", by=OLA)

    assert (gift.paid_coins, gift.promo_coins, gift.creator_units) == (20, 30, 350_000)
    assert await snapshot(market) == before
    assert (market.store.wallet("u_ana").paid, market.store.wallet("u_ana").promo) == (100, 30)


async def snapshot(market: Market) -> dict[tuple[str, str], int]:
    await market.assert_books_balance()
    return await market.balances()


async def test_the_store_is_told_to_take_the_gift_out_of_earnings_and_ranks(market: Market) -> None:
    market.store.grant("u_ana", 50)
    event_id = market.store.send("u_ana", "c_mira", 50)
    await market.record()
    await market.refunds.refund_gift(str(event_id), reason="by mistake", by=OLA)

    async with market.books.read() as connection:
        [(number, command)] = await commands_after(connection, 0, 10)

    assert number == 1
    assert (command.creator, command.creator_units) == ("c_mira", -350_000)
    assert (command.room, command.room_epoch, command.room_coins, command.room_gifts) == ("lounge", "e1", -50, -1)


async def test_a_gift_is_refunded_once(market: Market) -> None:
    market.store.grant("u_ana", 50)
    event_id = str(market.store.send("u_ana", "c_mira", 50))
    await market.record()
    await market.refunds.refund_gift(event_id, reason="by mistake", by=OLA)
    before = await snapshot(market)

    with pytest.raises(AlreadyRefunded):
        await market.refunds.refund_gift(event_id, reason="by mistake", by=OLA)

    assert await snapshot(market) == before


@pytest.mark.parametrize("event_id", ["0-epoch1-999", "0-other-2", "1-epoch1-2", "nonsense", "", "0-epoch1-1e9", "--"])
async def test_a_gift_that_the_books_do_not_have_is_not_refunded(market: Market, event_id: str) -> None:
    market.store.grant("u_ana", 50)
    market.store.send("u_ana", "c_mira", 50)
    before = await snapshot(market)

    with pytest.raises(UnknownTransfer):
        await market.refunds.refund_gift(event_id, reason="by mistake", by=OLA)

    assert await snapshot(market) == before


async def test_only_operators_refund_and_nothing_moves_otherwise(market: Market) -> None:
    topup_id = await market.buy()
    event_id = str(market.store.send("u_ana", "c_mira", 50))
    before = await snapshot(market)

    for by in (ANA, BEN, MIRA):
        with pytest.raises(Forbidden):
            await market.refunds.refund_gift(event_id, reason="mine", by=by)
        with pytest.raises(Forbidden):
            await market.refunds.refund_coins(market.new_id(), topup_id=topup_id, coins=None, reason="mine", by=by)

    assert await snapshot(market) == before


async def test_a_refund_after_the_creator_cashed_out_leaves_them_below_zero(market: Market) -> None:
    market.store.grant("u_ana", 1_000)
    event_id = str(market.store.send("u_ana", "c_mira", 1_000))
    await market.record()
    market.clock.ms += 8 * 86_400_000
    await market.request_payout()

    await market.refunds.refund_gift(event_id, reason="by mistake", by=OLA)

    view = await market.earnings.view(MIRA)
    assert (view.buckets.available, view.buckets.in_transit, view.buckets.earned) == (-7_000_000, 7_000_000, 0)
    await market.assert_books_balance()


async def test_unspent_coins_become_money_again(market: Market) -> None:
    topup_id = await market.buy()

    state = await refund(market, topup_id)

    assert state == "done"
    assert [amount for _, amount in market.provider.refunds.values()] == [129]
    assert market.store.wallet("u_ana").paid == 0
    assert market.heard.states(topup_id) == ["credited", "refunded"]
    assert {account for account, _ in await snapshot(market)} == {
        "provider_balance:scripted",
        "provider_fees:scripted",
    }


async def test_spent_coins_stay_spent(market: Market) -> None:
    topup_id = await market.buy()
    market.store.send("u_ana", "c_mira", 60)
    await market.record()

    state = await refund(market, topup_id)

    # 60 coins cost 77.4 cents: 78 stay, 51 go back.
    assert (state, [amount for _, amount in market.provider.refunds.values()]) == ("done", [51])
    assert market.store.wallet("u_ana").paid == 0
    assert market.heard.states(topup_id)[-1] == "partly_refunded"
    await market.assert_books_balance()


async def test_several_refunds_of_one_purchase_add_up_to_it(market: Market) -> None:
    topup_id = await market.buy()

    for coins in (1, 33, 50, 16):
        assert await refund(market, topup_id, coins=coins) == "done"

    assert sum(amount for _, amount in market.provider.refunds.values()) == 129
    assert market.store.wallet("u_ana").paid == 0
    await market.assert_books_balance()


async def test_more_than_is_left_is_not_refunded(market: Market) -> None:
    topup_id = await market.buy()
    await market.buy()
    await refund(market, topup_id, coins=40)
    market.store.send("u_ana", "c_mira", 150)
    before = await snapshot(market)

    # 60 are left of this purchase, and 10 in the wallet.
    for coins in (61, 11):
        with pytest.raises(AboveRefundable):
            await market.refunds.refund_coins(market.new_id(), topup_id=topup_id, coins=coins, reason="x", by=OLA)

    assert await snapshot(market) == before


async def test_a_purchase_is_not_refunded_twice(market: Market) -> None:
    topup_id = await market.buy()
    await market.buy()
    await refund(market, topup_id)
    before = await snapshot(market)

    with pytest.raises(AboveRefundable):
        await market.refunds.refund_coins(market.new_id(), topup_id=topup_id, coins=None, reason="x", by=OLA)

    assert await snapshot(market) == before


async def test_the_same_refund_again_is_the_same_refund_and_of_another_topup_a_conflict(market: Market) -> None:
    topup_id, other = await market.buy(), await market.buy(BEN)
    refund_id = market.new_id()
    await refund(market, topup_id, coins=40, refund_id=refund_id)
    before = await snapshot(market)

    assert await refund(market, topup_id, coins=40, refund_id=refund_id) == "done"
    with pytest.raises(IntentConflict):
        await refund(market, other, coins=40, refund_id=refund_id)

    assert await snapshot(market) == before
    assert len(market.provider.refunds) == 1


async def test_what_was_never_bought_or_never_paid_is_not_refunded(market: Market) -> None:
    topup_id = market.new_id()
    await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)

    with pytest.raises(WrongState):
        await refund(market, topup_id)
    with pytest.raises(UnknownTopup):
        await refund(market, market.new_id())
    assert await market.count("coin_refund") == 0


async def test_a_refund_id_is_made_for_the_moment(market: Market) -> None:
    topup_id = await market.buy()
    old = market.new_id()
    market.clock.ms += 16 * 60_000
    with pytest.raises(StaleIntent):
        await refund(market, topup_id, refund_id=old)
    ahead = replace_time(market)
    with pytest.raises(FutureIntent):
        await refund(market, topup_id, refund_id=ahead)
    assert await market.count("coin_refund") == 0


def replace_time(market: Market) -> str:
    market.clock.ms += 120_000
    made = market.new_id()
    market.clock.ms -= 120_000
    return made


async def test_coins_worth_less_than_a_minor_unit_are_not_refunded(market: Market) -> None:
    topup_id = await market.buy(pack="pack_yen")
    before = await snapshot(market)

    with pytest.raises(BelowMinimum):
        await refund(market, topup_id, coins=11)

    assert await snapshot(market) == before


async def test_a_coarse_currency_takes_only_the_coins_that_its_money_is_worth(market: Market) -> None:
    topup_id = await market.buy(pack="pack_yen")

    await refund(market, topup_id, coins=25)

    # 90 yen for 1,000 coins: 2 yen leave 977 coins paid for, so 23 of the 25 go.
    assert [amount for _, amount in market.provider.refunds.values()] == [2]
    assert market.store.wallet("u_ana").paid == 977
    await market.assert_books_balance()


async def test_a_refund_that_the_provider_refuses_gives_the_coins_back(market: Market) -> None:
    topup_id = await market.buy()
    before = await snapshot(market)
    market.provider.refuses.add("refund")

    assert await refund(market, topup_id) == "failed"

    assert await snapshot(market) == before
    assert market.store.wallet("u_ana").paid == 100


@pytest.mark.parametrize("death", ["store", "refund", "refunded", "read"])
async def test_a_refund_left_at_any_step_is_finished_by_the_sweep_and_paid_once(market: Market, death: str) -> None:
    topup_id, refund_id = await market.buy(), market.new_id()

    def die(step: str) -> None:
        if step == death:
            down()

    market.store.down = death == "store"
    market.provider.fail = die
    for _ in range(2):
        with suppress(ProviderUnavailable, StoreUnavailable):
            await market.refunds.refund_coins(refund_id, topup_id=topup_id, coins=None, reason="asked", by=OLA)
        market.store.down, was_down = False, market.store.down
        await market.record()
        market.store.down = was_down
    market.store.down, market.provider.fail = False, lambda _: None
    market.rewire()
    for _ in range(3):
        market.clock.ms += 31_000
        await market.refunds.sweep()
        await market.record()

    found = await market.refunds.refund_coins(refund_id, topup_id=topup_id, coins=None, reason="asked", by=OLA)
    assert found.state == "done"
    assert [amount for _, amount in market.provider.refunds.values()] == [129]
    assert market.store.wallet("u_ana").paid == 0
    await market.assert_books_balance()


async def test_a_refund_whose_coins_were_spent_meanwhile_fails_and_moves_nothing(market: Market) -> None:
    topup_id, refund_id = await market.buy(), market.new_id()
    market.store.down = True
    with pytest.raises(StoreUnavailable):
        await market.refunds.refund_coins(refund_id, topup_id=topup_id, coins=None, reason="asked", by=OLA)
    market.store.down = False
    market.store.send("u_ana", "c_mira", 60)
    before = await snapshot(market)

    await market.refunds.sweep()

    assert await snapshot(market) == before
    found = await market.refunds.refund_coins(refund_id, topup_id=topup_id, coins=None, reason="asked", by=OLA)
    assert (found.state, market.provider.refunds) == ("failed", {})


async def test_a_refund_that_the_provider_shows_later_is_done_then(market: Market) -> None:
    topup_id = await market.buy()
    market.provider.shows_refunds = False

    sent = await refund(market, topup_id)
    held = [account for account, _ in await market.balances() if account.startswith("coin_refunds:")]
    market.provider.change(f"ref-{topup_id}", refunded_minor=129)
    await market.hint(f"ref-{topup_id}")
    await market.refunds.sweep()

    assert (sent, len(held)) == ("sent", 1)
    assert not [account for account, _ in await market.balances() if account.startswith("coin_refunds:")]
    await market.assert_books_balance()


async def test_a_dispute_between_take_and_refund_takes_nothing_twice(market: Market) -> None:
    topup_id, refund_id = await market.buy(), market.new_id()
    await market.refunds.refund_coins(refund_id, topup_id=topup_id, coins=40, reason="asked", by=OLA)
    market.provider.change(f"ref-{topup_id}", withdrawn_minor=129)
    await market.hint(f"ref-{topup_id}")
    owing = market.store.wallet("u_ana").paid
    market.provider.refuses.add("refund")
    await market.record()
    await market.refunds.sweep()

    # The dispute took all 100 while 40 were on their way; the refund is refused, and they come back.
    assert owing == -40
    assert market.store.wallet("u_ana").paid == 0
    await market.assert_books_balance()


async def test_a_refund_that_was_made_at_the_provider_itself_is_followed(market: Market) -> None:
    topup_id = await market.buy()
    view = market.provider.payments[f"ref-{topup_id}"]

    market.provider.payments[f"ref-{topup_id}"] = replace(view, refunded_minor=129)
    await market.hint(f"ref-{topup_id}")

    assert market.heard.states(topup_id) == ["credited", "refunded"]
    assert market.store.wallet("u_ana").paid == 0
    await market.assert_books_balance()


async def test_a_refund_that_nobody_went_on_with_in_time_fails_once_the_books_know_that_nothing_was_taken(
    market: Market,
) -> None:
    topup_id, refund_id = await market.buy(), market.new_id()
    market.store.down = True
    with pytest.raises(StoreUnavailable):
        await market.refunds.refund_coins(refund_id, topup_id=topup_id, coins=None, reason="asked", by=OLA)
    market.store.down = False
    market.clock.ms += 16 * 60_000
    asked: dict[str, Any] = {"topup_id": topup_id, "coins": None, "reason": "asked", "by": OLA}

    waiting = await market.refunds.refund_coins(refund_id, **asked)
    market.store.grant("u_ben", 1)
    await market.record()
    over = await market.refunds.refund_coins(refund_id, **asked)

    assert (waiting.state, over.state) == ("requested", "failed")
    assert market.store.wallet("u_ana").paid == 100
    await market.assert_books_balance()


async def test_coins_that_were_taken_long_ago_are_found_in_the_books(market: Market) -> None:
    topup_id, refund_id = await market.buy(), market.new_id()
    asked: dict[str, Any] = {"topup_id": topup_id, "coins": None, "reason": "asked", "by": OLA}
    taken = await market.refunds.refund_coins(refund_id, **asked)
    market.clock.ms += 16 * 60_000

    still = await market.refunds.refund_coins(refund_id, **asked)
    await market.record()
    done = await market.refunds.refund_coins(refund_id, **asked)

    assert (taken.state, still.state, done.state) == ("requested", "requested", "done")
    assert len(market.provider.refunds) == 1
    await market.assert_books_balance()
