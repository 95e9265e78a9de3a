"""Earnings by bucket on the books, and the holds that operators place."""

import pytest

from server.errors import BadField, Forbidden, IntentConflict, UnknownHold
from tests.helpers.market import ANA, DAY_MS, LUIS, MIRA, OLA, SETTLE_MS, START_MS, Market


async def buckets(market: Market) -> tuple[int, ...]:
    """Return pending, held, available, in transit and paid, after checking that they add up."""
    found = (await market.earnings.view(MIRA)).buckets
    parts = (found.pending, found.held, found.available, found.in_transit, found.paid)
    assert found.earned == sum(parts)
    assert found.pending == sum(day.units for day in found.pending_by_day)
    return parts


async def test_earnings_settle_with_age(market: Market) -> None:
    await market.earn(100, settled=False)
    market.clock.ms += DAY_MS
    await market.earn(10, settled=False)
    view = await market.earnings.view(MIRA)

    young = await buckets(market)
    market.clock.ms = START_MS + SETTLE_MS
    half = await buckets(market)
    market.clock.ms += DAY_MS
    settled = await buckets(market)

    assert [(day.settles_at_ms, day.units) for day in view.buckets.pending_by_day] == [
        (START_MS + SETTLE_MS, 700_000),
        (START_MS + SETTLE_MS + DAY_MS, 70_000),
    ]
    assert (young, half, settled) == ((770_000, 0, 0, 0, 0), (70_000, 0, 700_000, 0, 0), (0, 0, 770_000, 0, 0))


async def test_a_refunded_gift_is_not_pending_any_more(market: Market) -> None:
    await market.earn(1_000)
    market.store.grant("u_ana", 100)
    event_id = str(market.store.send("u_ana", "c_mira", 60))
    market.store.send("u_ana", "c_mira", 40)
    await market.record()

    await market.refunds.refund_gift(event_id, reason="by mistake", by=OLA)

    assert await buckets(market) == (280_000, 0, 7_000_000, 0, 0)


async def test_a_hold_is_seen_with_its_reason_and_ends_by_itself(market: Market) -> None:
    await market.earn(100)
    release_at_ms = market.clock.ms + DAY_MS
    await market.earnings.place_hold(
        market.new_id(), creator="c_mira", units=200_000, reason="a dispute", release_at_ms=release_at_ms, by=OLA
    )

    [hold] = (await market.earnings.view(MIRA)).holds
    during = await buckets(market)
    market.clock.ms = release_at_ms
    after = await buckets(market)

    assert (hold.reason, hold.units, hold.release_at_ms) == ("a dispute", 200_000, release_at_ms)
    assert (during, after) == ((0, 200_000, 500_000, 0, 0), (0, 0, 700_000, 0, 0))
    assert (await market.earnings.view(MIRA)).holds == []


async def test_a_hold_of_everything_holds_what_comes_later_too(market: Market) -> None:
    await market.earn(100)
    hold_id = market.new_id()
    await market.earnings.place_hold(
        hold_id, creator="c_mira", units=None, reason="review", release_at_ms=market.clock.ms + 99 * DAY_MS, by=OLA
    )
    await market.earn(100)
    held = await buckets(market)

    released = await market.earnings.release_hold(hold_id, reason="all is well", by=OLA)
    again = await market.earnings.release_hold(hold_id, reason="again", by=OLA)

    assert held == (0, 1_400_000, 0, 0, 0)
    assert await buckets(market) == (0, 0, 1_400_000, 0, 0)
    assert (released.released_by, again) == ("op_ola", released)


async def test_buckets_through_a_payout(market: Market) -> None:
    await market.earn(1_000)
    payout_id = await market.request_payout(units=5_000_000)
    asked = await buckets(market)
    await market.paying_out.work()
    market.provider.settle(payout_id, market.provider.transfers[payout_id].status.PAID)
    await market.hint(payout_id, subject="payout")

    assert asked == (0, 0, 2_000_000, 5_000_000, 0)
    assert await buckets(market) == (0, 0, 2_000_000, 0, 5_000_000)
    assert (await market.earnings.view(MIRA)).destination == "sandbox:c_mira"


async def test_holds_are_for_operators_with_a_moment_ahead_and_an_id_of_their_own(market: Market) -> None:
    hold_id, later = market.new_id(), market.clock.ms + DAY_MS
    await market.earnings.place_hold(hold_id, creator="c_mira", units=5, reason="r", release_at_ms=later, by=OLA)
    again = await market.earnings.place_hold(
        hold_id, creator="c_mira", units=5, reason="r", release_at_ms=later, by=OLA
    )

    assert again.id == hold_id
    with pytest.raises(IntentConflict):
        await market.earnings.place_hold(hold_id, creator="c_luis", units=5, reason="r", release_at_ms=later, by=OLA)
    for moment in (0, market.clock.ms, market.clock.ms + 6 * 365 * DAY_MS):
        with pytest.raises(BadField):
            await market.earnings.place_hold(
                market.new_id(), creator="c_mira", units=5, reason="r", release_at_ms=moment, by=OLA
            )
    for by in (ANA, MIRA):
        with pytest.raises(Forbidden):
            await market.earnings.place_hold(
                market.new_id(), creator="c_luis", units=5, reason="r", release_at_ms=later, by=by
            )
        with pytest.raises(Forbidden):
            await market.earnings.release_hold(hold_id, reason="mine", by=by)
    with pytest.raises(UnknownHold):
        await market.earnings.release_hold(market.new_id(), reason="x", by=OLA)
    assert await market.count("hold") == 1


async def test_only_creators_have_earnings(market: Market) -> None:
    for by in (ANA, OLA):
        with pytest.raises(Forbidden):
            await market.earnings.view(by)
    assert (await market.earnings.view(LUIS)).buckets.earned == 0
