"""Cashing out: quotes, requests, the second person, and what the provider says afterwards."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select

from server.domain.payout import QUOTE_LIFE_MS
from server.domain.room import Role
from server.errors import (
    AboveAvailable,
    BelowMinimum,
    IntentConflict,
    NoDestination,
    QuoteExpired,
    UnknownCurrency,
)
from server.payments.port import TransferStatus
from server.record import tables
from server.service.identity import Identity
from tests.helpers.market import LUIS, MIRA, OLA, SETTLE_MS, Market, person
from tests.helpers.provider import down

EARNED = 7_000_000  # what 1,000 coins bring: 700 diamonds, $3.50


async def steps_of(market: Market, payout_id: str) -> list[tuple[str, str]]:
    """Return the states a payout went through, and who took it there."""
    step = tables.payout_step
    async with market.books.read() as connection:
        rows = await connection.execute(
            select(step.c.state, step.c.actor).where(step.c.payout_id == payout_id).order_by(step.c.number)
        )
    return [(state, actor) for state, actor in rows]


async def test_a_payout_goes_from_request_to_paid_and_every_step_is_kept(market: Market) -> None:
    await market.earn(1_000)

    payout_id = await market.request_payout()
    requested = await market.balances()
    await market.paying_out.work()
    market.provider.settle(payout_id, TransferStatus.PAID)
    await market.hint(payout_id, subject="payout")

    assert requested["payout_transit:c_mira", "units"] == EARNED
    assert ("creator:c_mira", "units") not in requested
    assert market.heard.states(payout_id) == ["approved", "submitted", "paid"]
    after = await market.balances()
    assert after["paid_out:c_mira", "units"] == EARNED
    assert after["creators_paid", "USD"] == -325
    assert after["provider_balance:scripted", "USD"] == 325
    assert market.provider.paid_out[payout_id].amount_minor == 325
    assert await steps_of(market, payout_id) == [
        ("requested", "c_mira"),
        ("approved", "policy"),
        ("submitted", "provider"),
        ("paid", "provider"),
    ]
    await market.assert_books_balance()


@pytest.mark.parametrize(
    ("currency", "gross", "fee", "units"),
    [
        ("USD", 350, 25, 7_000_000),
        ("JPY", 525, 40, 7_000_000),
        ("EUR", 322, 25, 7_000_000),
        # 1,050.7 fils; less the fee of 83 they are paid in tens, and the rest stays.
        ("KWD", 1_043, 83, 6_948_701),
    ],
)
async def test_a_quote_is_whole_minor_units_and_the_remainder_stays(
    market: Market, currency: str, gross: int, fee: int, units: int
) -> None:
    await market.earn(1_000)

    quote, remainder = await market.paying_out.quote(currency=currency, units=None, by=MIRA)

    assert (quote.gross_minor, quote.fee_minor, quote.units) == (gross, fee, units)
    assert quote.units + remainder == EARNED


async def test_a_payout_that_fails_gives_everything_back(market: Market) -> None:
    await market.earn(1_000)
    before = await market.balances()
    payout_id = await market.request_payout()
    await market.paying_out.work()

    market.provider.settle(payout_id, TransferStatus.FAILED, reason="account closed")
    await market.hint(payout_id, subject="payout")

    assert await market.balances() == before
    view = await market.paying_out.find(payout_id, MIRA)
    assert (view.state, view.reason) == ("failed", "account closed")
    await market.assert_books_balance()


async def test_a_payout_that_comes_back_gives_units_and_money_back(market: Market) -> None:
    await market.earn(1_000)
    before = await market.balances()
    payout_id = await market.request_payout()
    await market.paying_out.work()
    market.provider.settle(payout_id, TransferStatus.PAID)
    await market.hint(payout_id, subject="payout")

    market.provider.settle(payout_id, TransferStatus.RETURNED, reason="unknown account")
    await market.hint(payout_id, subject="payout")

    assert await market.balances() == before
    assert market.heard.states(payout_id)[-2:] == ["paid", "returned"]
    await market.assert_books_balance()


async def test_a_payout_that_came_back_before_we_heard_that_it_was_paid_goes_through_both(market: Market) -> None:
    await market.earn(1_000)
    payout_id = await market.request_payout()
    await market.paying_out.work()

    market.provider.settle(payout_id, TransferStatus.RETURNED)
    await market.hint(payout_id, subject="payout")

    assert market.heard.states(payout_id) == ["approved", "submitted", "paid", "returned"]
    await market.assert_books_balance()


async def test_old_and_impossible_news_of_a_payout_change_nothing(market: Market) -> None:
    await market.earn(1_000)
    payout_id = await market.request_payout()
    await market.paying_out.work()
    market.provider.settle(payout_id, TransferStatus.PAID)
    await market.hint(payout_id, subject="payout")
    before = await market.balances()

    for status in (TransferStatus.SUBMITTED, TransferStatus.FAILED, TransferStatus.PAID, TransferStatus.UNKNOWN):
        market.provider.settle(payout_id, status)
        await market.hint(payout_id, subject="payout")

    assert await market.balances() == before
    assert (await market.paying_out.find(payout_id, MIRA)).state == "paid"


async def test_a_provider_that_refuses_a_payout_has_failed_it(market: Market) -> None:
    await market.earn(1_000)
    payout_id = await market.request_payout()
    market.provider.refuses.add("submit")

    await market.paying_out.work()

    view = await market.paying_out.find(payout_id, MIRA)
    assert (view.state, view.reason) == ("failed", "No such account.")
    assert await market.balance("creator:c_mira") == EARNED


async def test_a_payout_whose_answer_is_lost_is_asked_after_and_paid_once(market: Market) -> None:
    await market.earn(1_000)
    payout_id = await market.request_payout()
    market.provider.fail = down
    await market.paying_out.work()
    market.provider.fail = lambda _: None

    for _ in range(5):
        market.clock.ms += 6_000
        await market.paying_out.work()

    assert market.provider.submissions == [payout_id]
    assert (await market.paying_out.find(payout_id, MIRA)).state == "submitted"


async def test_a_bank_that_nobody_hears_from_is_asked(market: Market) -> None:
    await market.earn(1_000)
    payout_id = await market.request_payout()
    await market.paying_out.work()
    market.provider.settle(payout_id, TransferStatus.PAID)

    market.clock.ms += 61_000
    await market.paying_out.work()

    assert (await market.paying_out.find(payout_id, MIRA)).state == "paid"


async def test_the_same_request_again_is_the_same_payout(market: Market) -> None:
    await market.earn(1_000)
    await market.paying_out.set_destination("sandbox:mira", MIRA)
    quote, _ = await market.paying_out.quote(currency="USD", units=None, by=MIRA)
    payout_id = market.new_id()
    first = await market.paying_out.request(payout_id, quote_id=quote.id, by=MIRA)
    before = await market.balances()

    again = await market.paying_out.request(payout_id, quote_id=quote.id, by=MIRA)
    with pytest.raises(IntentConflict):
        await market.paying_out.request(payout_id, quote_id=market.new_id(), by=MIRA)

    assert again == first
    assert await market.balances() == before


async def test_two_payouts_at_the_same_moment_exactly_one_wins(market: Market) -> None:
    await market.earn(1_000)
    await market.paying_out.set_destination("sandbox:mira", MIRA)
    quotes = [(await market.paying_out.quote(currency="USD", units=None, by=MIRA))[0] for _ in range(2)]

    answers = await asyncio.gather(
        *(market.paying_out.request(market.new_id(), quote_id=quote.id, by=MIRA) for quote in quotes),
        return_exceptions=True,
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["AboveAvailable", "PayoutView"]
    assert await market.balance("payout_transit:c_mira") == EARNED
    await market.assert_books_balance()


async def test_one_quote_used_twice_at_the_same_moment_is_one_payout(market: Market) -> None:
    await market.earn(2_000)
    await market.paying_out.set_destination("sandbox:mira", MIRA)
    quote, _ = await market.paying_out.quote(currency="USD", units=EARNED, by=MIRA)

    answers = await asyncio.gather(
        *(market.paying_out.request(market.new_id(), quote_id=quote.id, by=MIRA) for _ in range(2)),
        return_exceptions=True,
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["PayoutView", "QuoteExpired"]


async def test_a_quote_keeps_its_terms_for_ten_minutes_and_then_is_gone(market: Market) -> None:
    await market.earn(1_000)
    await market.paying_out.set_destination("sandbox:mira", MIRA)
    quote, _ = await market.paying_out.quote(currency="USD", units=None, by=MIRA)
    before = await market.balances()

    market.clock.ms += QUOTE_LIFE_MS
    with pytest.raises(QuoteExpired):
        await market.paying_out.request(market.new_id(), quote_id=quote.id, by=MIRA)

    assert await market.balances() == before


async def test_the_quote_of_another_creator_cannot_be_used(market: Market) -> None:
    await market.earn(1_000)
    await market.earn(1_000, creator=LUIS)
    await market.paying_out.set_destination("sandbox:luis", LUIS)
    quote, _ = await market.paying_out.quote(currency="USD", units=None, by=MIRA)
    before = await market.balances()

    with pytest.raises(QuoteExpired):
        await market.paying_out.request(market.new_id(), quote_id=quote.id, by=LUIS)

    assert await market.balances() == before


async def test_what_is_not_available_is_not_quoted_and_not_paid(market: Market) -> None:
    await market.earn(1_000)
    await market.paying_out.set_destination("sandbox:mira", MIRA)
    quote, _ = await market.paying_out.quote(currency="USD", units=EARNED, by=MIRA)
    with pytest.raises(AboveAvailable):
        await market.paying_out.quote(currency="USD", units=EARNED + 1, by=MIRA)
    await market.earnings.place_hold(
        market.new_id(), creator="c_mira", units=1, reason="review", release_at_ms=market.clock.ms + 10, by=OLA
    )
    before = await market.balances()

    with pytest.raises(AboveAvailable):
        await market.paying_out.request(market.new_id(), quote_id=quote.id, by=MIRA)

    assert await market.balances() == before


async def test_a_payout_has_a_smallest_amount_a_known_currency_and_a_destination(market: Market) -> None:
    await market.earn(1_000)
    quote, _ = await market.paying_out.quote(currency="USD", units=None, by=MIRA)
    before = await market.balances()

    with pytest.raises(BelowMinimum):
        await market.paying_out.quote(currency="USD", units=1_999_999, by=MIRA)
    with pytest.raises(BelowMinimum):
        await market.paying_out.quote(currency="USD", units=None, by=LUIS)
    with pytest.raises(UnknownCurrency):
        await market.paying_out.quote(currency="GBP", units=None, by=MIRA)
    with pytest.raises(NoDestination):
        await market.paying_out.request(market.new_id(), quote_id=quote.id, by=MIRA)

    assert await market.balances() == before


async def test_payouts_of_many_creators_at_once_never_exceed_what_each_has(market: Market) -> None:
    creators = [replace(person(f"c_{number}", Role.CREATOR)) for number in range(4)]
    for creator in creators:
        await market.earn(500, creator=creator, settled=False)
    market.clock.ms += SETTLE_MS + 1

    async def cash_out(by: Identity) -> None:
        await market.request_payout(by)

    await asyncio.gather(*(cash_out(creator) for creator in creators for _ in range(3)), return_exceptions=True)
    await market.paying_out.work()

    assert len(market.provider.paid_out) == 4
    await market.assert_books_balance()
