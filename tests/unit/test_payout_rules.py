"""What units are worth in money, and which moves a payout can make."""

from hypothesis import given
from hypothesis import strategies as st

from server.domain.currency import is_currency, minor_digits, payable_step_minor
from server.domain.money import AMOUNT_MAX
from server.domain.packs import RATE_MAX, PayoutTerms
from server.domain.payout import NEXT, PayoutState, worth

TERMS = st.builds(
    PayoutTerms,
    currency=st.just("USD"),
    minor_per_1000_diamonds=st.integers(1, RATE_MAX),
    fee_minor=st.integers(0, 1_000),
    min_minor=st.integers(1_001, 5_000),
)


@given(st.integers(0, AMOUNT_MAX), TERMS, st.sampled_from([1, 10]))
def test_money_is_never_more_than_its_units_are_worth_and_uses_no_unit_too_many(
    units: int, terms: PayoutTerms, step: int
) -> None:
    found = worth(units, terms, step_minor=step)

    if found is None:
        assert units * terms.minor_per_1000_diamonds // 10_000_000 - (step - 1) < terms.min_minor
        return
    assert 0 < found.units <= units
    assert found.amount_minor > 0
    assert found.amount_minor % step == 0
    assert found.gross_minor >= terms.min_minor
    assert found.gross_minor <= AMOUNT_MAX
    rate = terms.minor_per_1000_diamonds
    assert found.gross_minor * 10_000_000 <= found.units * rate
    assert (found.units - 1) * rate < found.gross_minor * 10_000_000
    # The next multiple would be worth more than there is.
    assert (found.gross_minor + step) * 10_000_000 > units * rate


def test_the_digits_of_a_currency_are_iso_4217s() -> None:
    assert [minor_digits(code) for code in ("JPY", "EUR", "USD", "KWD")] == [0, 2, 2, 3]
    assert [payable_step_minor(code) for code in ("JPY", "USD", "KWD")] == [1, 1, 10]
    assert is_currency("EUR")
    assert not any(is_currency(code) for code in ("eur", "DEM", "XAU", "XYZ", "", "EURO"))


def test_a_payout_is_over_at_its_end_and_never_paid_without_having_been_submitted() -> None:
    ends = {state for state, after in NEXT.items() if not after}
    into_paid = {state for state, after in NEXT.items() if PayoutState.PAID in after}

    assert set(NEXT) == set(PayoutState)
    assert ends == {PayoutState.FAILED, PayoutState.RETURNED, PayoutState.REJECTED}
    assert into_paid == {PayoutState.SUBMITTED}
    assert PayoutState.REJECTED not in NEXT[PayoutState.SUBMITTED]
