"""Buckets of earnings always add up, and a statement's provider fee is a part of the platform's share."""

from hypothesis import given
from hypothesis import strategies as st

from server.domain.earnings import EarningsFacts, Hold, Settling, sort_earnings
from server.domain.statement import Purchase, provider_fee_units

UNITS = st.integers(0, 10**9)


def hold(units: int | None) -> Hold:
    return Hold(id="h", creator="c", units=units, reason="r", placed_by="o", created_at_ms=0, release_at_ms=1)


FACTS = st.builds(
    EarningsFacts,
    balance=st.integers(-(10**9), 10**9),
    in_transit=UNITS,
    paid=UNITS,
    settling=st.lists(st.builds(Settling, settles_at_ms=st.integers(0, 100), units=UNITS), max_size=5),
    holds=st.lists(st.builds(hold, st.none() | st.integers(1, 10**9)), max_size=3),
)


@given(FACTS)
def test_buckets_add_up_to_what_was_earned(facts: EarningsFacts) -> None:
    found = sort_earnings(facts)

    assert found.earned == found.pending + found.held + found.available + found.in_transit + found.paid
    assert min(found.pending, found.held) >= 0
    assert sum(day.units for day in found.pending_by_day) == found.pending
    assert found.available == min(facts.balance, found.available)
    if facts.balance < 0:
        assert (found.pending, found.held, found.available) == (0, 0, facts.balance)
    else:
        assert found.available >= 0


@given(FACTS)
def test_a_hold_of_everything_leaves_nothing_available(facts: EarningsFacts) -> None:
    held = EarningsFacts(
        balance=facts.balance,
        in_transit=facts.in_transit,
        paid=facts.paid,
        settling=facts.settling,
        holds=[*facts.holds, hold(None)],
    )

    assert sort_earnings(held).available == min(facts.balance, 0)


def purchase(
    *, fee: int = 29, captured: int = 129, coins: int = 100, at_ms: int = 0, currency: str = "EUR"
) -> Purchase:
    return Purchase(at_ms=at_ms, currency=currency, coins=coins, captured_minor=captured, fee_minor=fee)


def test_a_paid_coin_carries_the_fees_of_what_was_bought_until_then() -> None:
    bought = [purchase(), purchase(fee=0, at_ms=10)]

    early = provider_fee_units(bought, at_ms=5, paid_coins=10, platform_units=30_000)
    late = provider_fee_units(bought, at_ms=10, paid_coins=10, platform_units=30_000)

    assert (early, late) == (100_000 * 29 // 129, 100_000 * 29 // 258)


def test_currencies_are_weighed_by_the_coins_they_bought() -> None:
    bought = [purchase(fee=10, captured=100), purchase(fee=4, captured=20, coins=300, currency="JPY")]

    assert provider_fee_units(bought, at_ms=0, paid_coins=4, platform_units=30_000) == 40_000 * (10 + 3 * 20) // 400


def test_promo_coins_and_coins_of_unknown_fees_carry_none_and_the_platform_pays_the_rest() -> None:
    assert provider_fee_units([purchase()], at_ms=0, paid_coins=0, platform_units=30_000) == 0
    assert provider_fee_units([], at_ms=0, paid_coins=10, platform_units=30_000) == 0
    assert provider_fee_units([purchase(fee=129)], at_ms=0, paid_coins=10, platform_units=30_000) == 30_000
