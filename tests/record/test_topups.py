"""Buying coins: a checkout, what the provider says of its payment, and what the books make of it."""

import asyncio

import pytest

from server.errors import (
    BadField,
    Forbidden,
    IntentConflict,
    ProviderRefused,
    ProviderUnavailable,
    RateLimited,
    UnknownPack,
    UnknownTopup,
)
from server.payments.port import CheckoutStatus
from server.service.topups import OPEN_CHECKOUTS_MAX
from tests.helpers.market import ANA, BEN, MIRA, PACK, RETURN_URL, Market
from tests.helpers.provider import down


async def test_a_paid_checkout_becomes_coins_and_explained_money(market: Market) -> None:
    topup_id = market.new_id()
    opened = await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)

    market.provider.pay(f"ref-{topup_id}", fee_minor=29)
    await market.hint(f"ref-{topup_id}")

    assert (opened.state, opened.checkout_url) == ("pending", f"https://pay.test/ref-{topup_id}")
    assert market.heard.states(topup_id) == ["credited"]
    assert market.store.wallet("u_ana").paid == 100
    assert await market.balances() == {
        ("fan_paid:u_ana", "units"): 1_000_000,
        ("issued", "units"): -1_000_000,
        ("sales", "EUR"): 129,
        ("provider_balance:scripted", "EUR"): -100,
        ("provider_fees:scripted", "EUR"): -29,
    }
    await market.assert_books_balance()


async def test_money_waits_in_clearing_until_its_fee_is_known(market: Market) -> None:
    topup_id = await market.buy(fee_minor=None)
    waiting = await market.balance("provider_clearing:scripted", "EUR")

    market.provider.change(f"ref-{topup_id}", fee_minor=29)
    await market.hint(f"ref-{topup_id}")

    assert waiting == -129
    assert await market.balance("provider_clearing:scripted", "EUR") == 0
    assert await market.balance("provider_fees:scripted", "EUR") == -29
    await market.assert_books_balance()


async def test_the_same_request_again_opens_nothing_again(market: Market) -> None:
    topup_id = market.new_id()
    first = await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)

    again = await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)

    assert again == first
    assert await market.count("topup") == 1


async def test_two_requests_at_the_same_moment_open_one_checkout(market: Market) -> None:
    topup_id = market.new_id()

    answers = await asyncio.gather(
        *(market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA) for _ in range(4))
    )

    assert {answer.checkout_url for answer in answers} == {f"https://pay.test/ref-{topup_id}"}
    assert len(market.provider.orders) == await market.count("topup") == 1


async def test_a_used_id_with_another_pack_or_by_another_fan_is_a_conflict(market: Market) -> None:
    topup_id = await market.buy()
    before = await market.balances()

    for pack, by in (("pack_1000", ANA), ("pack_100", BEN)):
        with pytest.raises(IntentConflict):
            await market.topups.open(topup_id, pack=pack, return_url=RETURN_URL, by=by)

    assert await market.balances() == before


async def test_what_is_not_on_sale_is_refused(market: Market) -> None:
    with pytest.raises(UnknownPack):
        await market.topups.open(market.new_id(), pack="pack_7", return_url=RETURN_URL, by=ANA)
    assert await market.count("topup") == 0


async def test_only_viewers_buy_coins(market: Market) -> None:
    with pytest.raises(Forbidden):
        await market.topups.open(market.new_id(), pack="pack_100", return_url=RETURN_URL, by=MIRA)


@pytest.mark.parametrize(
    "address",
    [
        "http://evil.test/",
        "/watch",
        "javascript:alert(1)",
        "http://shop.test@evil.test/",
        "http://shop.test:81/",
        "//shop.test/",
    ],
)
async def test_a_checkout_leads_back_to_our_own_pages_only(market: Market, address: str) -> None:
    with pytest.raises(BadField):
        await market.topups.open(market.new_id(), pack="pack_100", return_url=address, by=ANA)
    assert await market.count("topup") == 0


async def test_a_purchase_is_shown_to_its_fan_only(market: Market) -> None:
    topup_id = await market.buy()

    assert (await market.topups.find(topup_id, ANA)).state == "credited"
    assert [view.topup_id for view in await market.topups.newest(ANA)] == [topup_id]
    with pytest.raises(UnknownTopup):
        await market.topups.find(topup_id, BEN)
    assert await market.topups.newest(BEN) == []


async def test_a_lost_answer_of_the_provider_is_made_good_by_the_same_request(market: Market) -> None:
    topup_id = market.new_id()

    def lost(step: str) -> None:
        if step == "opened":
            down()

    market.provider.fail = lost
    with pytest.raises(ProviderUnavailable):
        await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)
    market.provider.fail = lambda _: None
    opened = await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)

    assert opened.checkout_url is not None
    assert len(market.provider.orders) == 1


async def test_a_checkout_that_the_provider_refuses_has_failed(market: Market) -> None:
    topup_id = market.new_id()
    market.provider.refuses.add("open")

    with pytest.raises(ProviderRefused):
        await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)

    assert (await market.topups.find(topup_id, ANA)).state == "failed"


async def test_unfinished_checkouts_of_one_fan_are_bounded(market: Market) -> None:
    for _ in range(OPEN_CHECKOUTS_MAX):
        await market.topups.open(market.new_id(), pack="pack_100", return_url=RETURN_URL, by=ANA)

    with pytest.raises(RateLimited):
        await market.topups.open(market.new_id(), pack="pack_100", return_url=RETURN_URL, by=ANA)
    await market.topups.open(market.new_id(), pack="pack_100", return_url=RETURN_URL, by=BEN)


async def test_a_payment_that_nobody_told_us_about_is_found_by_asking(market: Market) -> None:
    topup_id = market.new_id()
    await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)
    market.provider.pay(f"ref-{topup_id}")

    await market.topups.sweep()
    too_soon = market.store.wallet("u_ana").paid
    market.clock.ms += 31_000
    await market.topups.sweep()

    assert (too_soon, market.store.wallet("u_ana").paid) == (0, 100)


async def test_asking_becomes_rarer_with_age(market: Market) -> None:
    await market.topups.open(market.new_id(), pack="pack_100", return_url=RETURN_URL, by=ANA)
    asked: list[str] = []
    market.provider.fail = asked.append
    for _ in range(86_400 // 300):
        market.clock.ms += 300_000
        await market.topups.sweep()

    assert 5 <= len(asked) <= 25, len(asked)


async def test_a_purchase_whose_checkout_never_opened_expires(market: Market) -> None:
    topup_id = market.new_id()
    market.provider.fail = down
    with pytest.raises(ProviderUnavailable):
        await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)

    market.clock.ms += 86_400_001
    await market.topups.sweep()

    assert (await market.topups.find(topup_id, ANA)).state == "expired"


async def test_an_asynchronous_payment_goes_through_processing(market: Market) -> None:
    topup_id = market.new_id()
    reference = f"ref-{topup_id}"
    await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)

    market.provider.change(reference, status=CheckoutStatus.PROCESSING)
    await market.hint(reference)
    market.provider.pay(reference)
    await market.hint(reference)

    assert market.heard.states(topup_id) == ["processing", "credited"]


async def test_a_failed_payment_gives_no_coins(market: Market) -> None:
    topup_id = market.new_id()
    await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)

    market.provider.change(f"ref-{topup_id}", status=CheckoutStatus.FAILED)
    await market.hint(f"ref-{topup_id}")

    assert market.heard.states(topup_id) == ["failed"]
    assert await market.balances() == {}


async def test_a_payment_in_another_currency_or_above_the_price_gives_no_more_coins_than_were_sold(
    market: Market,
) -> None:
    topup_id = market.new_id()
    reference = f"ref-{topup_id}"
    await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)

    market.provider.pay(reference)
    market.provider.change(reference, currency="JPY")
    await market.hint(reference)
    nothing = await market.balances()
    market.provider.change(reference, currency="EUR", captured_minor=100_000)
    await market.hint(reference)

    assert nothing == {}
    assert market.store.wallet("u_ana").paid == PACK.coins
    await market.assert_books_balance()


async def test_a_store_that_is_away_gets_the_coins_when_it_is_back(market: Market) -> None:
    market.store.down = True
    await market.buy()
    before = market.store.wallet("u_ana").paid

    market.store.down = False
    await market.assert_books_balance()

    assert (before, market.store.wallet("u_ana").paid) == (0, 100)


async def test_a_charge_back_after_spending_leaves_a_debt_that_the_next_purchase_cures(market: Market) -> None:
    topup_id = await market.buy()
    assert market.store.send("u_ana", "c_mira", 80)
    await market.record()

    market.provider.change(f"ref-{topup_id}", withdrawn_minor=129)
    await market.hint(f"ref-{topup_id}")
    owing = market.store.wallet("u_ana").paid
    refused = market.store.send("u_ana", "c_mira", 1)
    await market.buy()

    assert market.heard.states(topup_id) == ["credited", "charged_back"]
    assert (owing, refused, market.store.wallet("u_ana").paid) == (-80, None, 20)
    await market.assert_books_balance()


async def test_a_dispute_that_is_won_gives_the_coins_back(market: Market) -> None:
    topup_id = await market.buy()
    market.provider.change(f"ref-{topup_id}", withdrawn_minor=129)
    await market.hint(f"ref-{topup_id}")

    market.provider.change(f"ref-{topup_id}", reinstated_minor=129)
    await market.hint(f"ref-{topup_id}")

    assert market.heard.states(topup_id) == ["credited", "charged_back", "credited"]
    assert market.store.wallet("u_ana").paid == 100
    await market.assert_books_balance()


async def test_a_partial_refund_takes_its_part_and_a_dispute_after_it_the_rest(market: Market) -> None:
    topup_id = await market.buy()
    market.provider.change(f"ref-{topup_id}", refunded_minor=65)
    await market.hint(f"ref-{topup_id}")
    partly = market.store.wallet("u_ana").paid

    market.provider.change(f"ref-{topup_id}", withdrawn_minor=64)
    await market.hint(f"ref-{topup_id}")

    # 64 of 129 cents pay for 49.6 coins; the platform keeps the rounding remainder.
    assert (partly, market.store.wallet("u_ana").paid) == (49, 0)
    assert market.heard.states(topup_id) == ["credited", "partly_refunded", "charged_back"]
    assert await market.balance("sales", "EUR") == 0
    await market.assert_books_balance()


async def test_a_dispute_of_all_after_a_refund_of_all_takes_nothing_twice(market: Market) -> None:
    topup_id = await market.buy()

    market.provider.change(f"ref-{topup_id}", refunded_minor=129, withdrawn_minor=129)
    await market.hint(f"ref-{topup_id}")

    assert market.store.wallet("u_ana").paid == 0
    await market.assert_books_balance()


async def test_a_reading_from_before_takes_nothing_back(market: Market) -> None:
    topup_id = await market.buy()
    after = await market.balances()
    fresh = market.provider.payments[f"ref-{topup_id}"]

    market.provider.change(f"ref-{topup_id}", status=CheckoutStatus.OPEN, captured_minor=0, fee_minor=None)
    await market.hint(f"ref-{topup_id}")

    assert fresh.captured_minor == 129
    assert await market.balances() == after
    assert (await market.topups.find(topup_id, ANA)).state == "credited"
