"""What the money of a purchase is worth in coins, whatever is seen of it and when."""

from collections import Counter
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from server.domain.topup import Payment, TopupKind, coins_due, later_status, merge, money_postings, refund_minor, steps

PRICE = 129
AMOUNTS = st.integers(0, 2 * PRICE)
PAYMENTS = st.builds(
    Payment,
    captured=AMOUNTS,
    refunded=AMOUNTS,
    withdrawn=AMOUNTS,
    reinstated=AMOUNTS,
    fee=st.none() | st.integers(0, PRICE),
)


def balances(seen: list[Payment]) -> Counter[str]:
    """Post readings one after the other; return the balances."""
    known, found = Payment(), Counter[str]()
    for one in seen:
        after = merge(known, one, price_minor=PRICE)
        for posting in money_postings(known, after, provider="p", currency="EUR"):
            found[posting.debit.name] -= posting.amount
            found[posting.credit.name] += posting.amount
        known = after
    return Counter({name: amount for name, amount in found.items() if amount})


@given(st.lists(PAYMENTS, max_size=4))
def test_readings_in_any_order_end_in_the_same_payment_and_the_same_balances(seen: list[Payment]) -> None:
    ends = set()
    for order in permutations(seen):
        known = Payment()
        for one in (*order, *seen):
            known = merge(known, one, price_minor=PRICE)
        ends.add((known, frozenset(balances([*order, *seen]).items())))

    assert len(ends) == 1


@given(PAYMENTS, PAYMENTS)
def test_a_merged_payment_is_possible_and_never_takes_back(first: Payment, second: Payment) -> None:
    before = merge(Payment(), first, price_minor=PRICE)
    after = merge(before, second, price_minor=PRICE)

    assert 0 <= after.refunded <= after.captured <= PRICE
    assert 0 <= after.reinstated <= after.withdrawn
    for name in ("captured", "refunded", "withdrawn", "reinstated"):
        assert getattr(after, name) >= getattr(before, name)
    assert merge(after, second, price_minor=PRICE) == after


@given(PAYMENTS, PAYMENTS)
def test_steps_lead_from_one_payment_to_the_other_and_each_is_of_one_kind(first: Payment, second: Payment) -> None:
    known = merge(Payment(), first, price_minor=PRICE)
    now = merge(known, second, price_minor=PRICE)

    found = steps(known, now)

    assert ([known, *(step.after for step in found)])[-1] == now
    assert len({step.kind for step in found}) == len(found)


@given(PAYMENTS)
def test_clearing_is_empty_once_the_fee_is_known(seen: Payment) -> None:
    found = balances([seen])

    captured = min(seen.captured, PRICE)
    assert found["provider_clearing:p"] == (-captured if seen.fee is None else 0)
    assert sum(found.values()) == 0


@given(PAYMENTS, st.integers(1, 100_000))
def test_coins_are_never_more_than_sold_and_never_less_than_none(seen: Payment, coins: int) -> None:
    payment = merge(Payment(), seen, price_minor=PRICE)

    assert 0 <= coins_due(coins, payment, price_minor=PRICE) <= coins
    assert coins_due(coins, Payment(captured=PRICE), price_minor=PRICE) == coins
    assert coins_due(coins, Payment(captured=PRICE, withdrawn=PRICE), price_minor=PRICE) == 0


@given(st.data(), st.integers(1, 5_000), st.integers(1, 5_000))
def test_a_refund_takes_at_most_the_coins_asked_for_and_gives_the_most_money_for_them(
    data: st.DataObject, coins: int, price: int
) -> None:
    refunded = data.draw(st.integers(0, price))
    payment = Payment(captured=price, refunded=refunded)
    worth = coins_due(coins, payment, price_minor=price)
    back = data.draw(st.integers(0, worth))

    amount, taken = refund_minor(coins, payment, price_minor=price, back=back, of=worth)

    assert 0 <= taken <= back
    assert 0 <= amount <= price - refunded
    left = Payment(captured=price, refunded=refunded + amount)
    assert coins_due(coins, left, price_minor=price) == worth - taken
    if amount < price - refunded:
        more = Payment(captured=price, refunded=refunded + amount + 1)
        assert coins_due(coins, more, price_minor=price) < worth - back
    if back == worth:
        assert amount == price - refunded


def test_a_checkout_never_goes_back() -> None:
    for order in permutations(["open", "processing", "paid", "expired"]):
        known = "open"
        for seen in order:
            known = later_status(known, seen)
        assert known == "paid"


def test_a_fee_that_comes_later_is_a_step_of_its_own() -> None:
    [step] = steps(Payment(captured=PRICE), Payment(captured=PRICE, fee=29))

    assert step.kind is TopupKind.PROVIDER_FEE
