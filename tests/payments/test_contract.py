"""What the port promises, claimed of both providers."""

import asyncio
from contextlib import suppress

import pytest

from server.errors import ProviderRefused, ProviderUnavailable
from server.payments.port import CheckoutStatus, PaymentProvider, TransferStatus
from tests.helpers.waiting import eventually
from tests.payments.rigs import Rig, fresh_id, money, order, transfer_order, view

NOTHING = {"captured": 0, "refunded": 0, "withdrawn": 0, "reinstated": 0}


async def test_an_open_checkout_has_an_address_and_no_money(rig: Rig) -> None:
    checkout = await rig.provider.open_checkout(order())

    payment = await view(rig, checkout.reference)

    assert checkout.url.startswith("http")
    assert checkout.reference in checkout.url
    assert (payment.reference, payment.status, payment.currency) == (checkout.reference, CheckoutStatus.OPEN, "EUR")
    assert money(payment) == NOTHING
    assert payment.fee_minor is None


async def test_the_same_topup_twice_is_one_checkout(rig: Rig) -> None:
    wish = order()

    first, again = [await rig.provider.open_checkout(wish) for _ in range(2)]

    assert again == first


async def test_the_same_topup_at_another_price_is_refused(rig: Rig) -> None:
    wish = order()
    checkout = await rig.provider.open_checkout(wish)

    with pytest.raises(ProviderRefused, match="used"):
        await rig.provider.open_checkout(order(topup_id=wish.topup_id, price_minor=1))

    rig.pay(checkout.reference)
    assert (await view(rig, checkout.reference)).captured_minor == 629


async def test_a_paid_checkout_captured_its_price_and_names_a_fee(rig: Rig) -> None:
    checkout = await rig.provider.open_checkout(order())

    rig.pay(checkout.reference)

    payment = await view(rig, checkout.reference)
    assert payment.status is CheckoutStatus.PAID
    assert money(payment) == NOTHING | {"captured": 629}
    assert payment.fee_minor is not None
    assert 0 < payment.fee_minor < 629


async def test_a_slow_payment_has_no_money_until_it_settles(rig: Rig) -> None:
    checkout = await rig.provider.open_checkout(order())

    rig.pay_later(checkout.reference)
    waiting = await view(rig, checkout.reference)
    rig.settle(checkout.reference)

    assert (waiting.status, money(waiting)) == (CheckoutStatus.PROCESSING, NOTHING)
    settled = await view(rig, checkout.reference)
    assert (settled.status, settled.captured_minor) == (CheckoutStatus.PAID, 629)


async def test_a_slow_payment_that_fails_never_had_money(rig: Rig) -> None:
    checkout = await rig.provider.open_checkout(order())

    rig.pay_later(checkout.reference)
    rig.fail(checkout.reference)

    payment = await view(rig, checkout.reference)
    assert (payment.status, money(payment)) == (CheckoutStatus.FAILED, NOTHING)


async def test_a_checkout_nobody_finished_is_expired(rig: Rig) -> None:
    checkout = await rig.provider.open_checkout(order())

    rig.expire(checkout.reference)

    assert (await view(rig, checkout.reference)).status is CheckoutStatus.EXPIRED


async def test_refunds_add_up_and_stop_at_what_is_left(rig: Rig) -> None:
    checkout = await rig.provider.open_checkout(order())
    rig.pay(checkout.reference)

    await rig.provider.refund(checkout.reference, amount_minor=100, key=fresh_id())
    await rig.provider.refund(checkout.reference, amount_minor=29, key=fresh_id())
    with pytest.raises(ProviderRefused):
        await rig.provider.refund(checkout.reference, amount_minor=501, key=fresh_id())

    payment = await view(rig, checkout.reference)
    assert money(payment) == NOTHING | {"captured": 629, "refunded": 129}
    assert payment.status is CheckoutStatus.PAID


async def test_the_same_refund_twice_is_one_refund(rig: Rig) -> None:
    checkout = await rig.provider.open_checkout(order())
    rig.pay(checkout.reference)
    key = fresh_id()

    for _ in range(2):
        await rig.provider.refund(checkout.reference, amount_minor=100, key=key)
    with pytest.raises(ProviderRefused, match="before"):
        await rig.provider.refund(checkout.reference, amount_minor=200, key=key)

    assert (await view(rig, checkout.reference)).refunded_minor == 100


async def test_the_same_refund_from_two_tasks_is_one_refund(rig: Rig) -> None:
    checkout = await rig.provider.open_checkout(order())
    rig.pay(checkout.reference)
    key, second = fresh_id(), rig.second()

    async def give_back(provider: PaymentProvider) -> None:
        with suppress(ProviderUnavailable):
            await provider.refund(checkout.reference, amount_minor=100, key=key)

    await asyncio.gather(give_back(rig.provider), give_back(second))

    await second.close()
    assert (await view(rig, checkout.reference)).refunded_minor == 100


async def test_nothing_is_refunded_of_what_nobody_paid(rig: Rig) -> None:
    checkout = await rig.provider.open_checkout(order())

    with pytest.raises(ProviderRefused):
        await rig.provider.refund(checkout.reference, amount_minor=1, key=fresh_id())

    assert money(await view(rig, checkout.reference)) == NOTHING


async def test_a_dispute_takes_what_is_left_and_gives_it_back_when_won(rig: Rig) -> None:
    checkout = await rig.provider.open_checkout(order())
    rig.pay(checkout.reference)
    await rig.provider.refund(checkout.reference, amount_minor=100, key=fresh_id())

    rig.open_dispute(checkout.reference)
    opened = money(await view(rig, checkout.reference))
    rig.win_dispute(checkout.reference)

    assert opened == {"captured": 629, "refunded": 100, "withdrawn": 529, "reinstated": 0}
    assert money(await view(rig, checkout.reference)) == opened | {"reinstated": 529}


async def test_a_lost_dispute_changes_nothing_more(rig: Rig) -> None:
    checkout = await rig.provider.open_checkout(order())
    rig.pay(checkout.reference)
    rig.open_dispute(checkout.reference)
    opened = await view(rig, checkout.reference)

    rig.lose_dispute(checkout.reference)

    assert await view(rig, checkout.reference) == opened


@pytest.mark.parametrize(
    "reference", ["", "nobody", "cs_nobody", "pi_nobody", "ch_nobody", "sp_nobody", "../api", "a/b?c#d"]
)
async def test_an_unknown_payment_is_none(rig: Rig, reference: str) -> None:
    assert await rig.provider.read_payment(reference) is None


@pytest.mark.parametrize(("currency", "price_minor"), [("JPY", 1_000), ("USD", 129), ("KWD", 1_290), ("ISK", 900)])
async def test_an_amount_means_the_same_on_both_sides(rig: Rig, currency: str, price_minor: int) -> None:
    checkout = await rig.provider.open_checkout(order(currency=currency, price_minor=price_minor))
    rig.pay(checkout.reference)
    await rig.provider.refund(checkout.reference, amount_minor=10, key=fresh_id())

    payment = await view(rig, checkout.reference)

    assert (payment.currency, payment.captured_minor, payment.refunded_minor) == (currency, price_minor, 10)


@pytest.mark.parametrize("currency", ["XXX", "DEM", "eur", "EURO", ""])
async def test_an_unknown_currency_is_refused(rig: Rig, currency: str) -> None:
    with pytest.raises(ProviderRefused):
        await rig.provider.open_checkout(order(currency=currency))


async def test_a_payout_is_paid_and_can_come_back(rig: Rig) -> None:
    wish = transfer_order(rig)

    submitted = await rig.provider.submit_payout(wish)

    assert submitted.status in (TransferStatus.SUBMITTED, TransferStatus.PAID)
    assert submitted.reference
    await eventually(lambda: _has_status(rig, wish.payout_id, TransferStatus.PAID))
    rig.return_payout(wish.payout_id)
    returned = await rig.provider.read_payout(wish.payout_id)
    assert (returned.status, returned.reference) == (TransferStatus.RETURNED, submitted.reference)
    assert returned.reason


async def test_the_same_payout_twice_is_one_payout(rig: Rig) -> None:
    wish = transfer_order(rig)

    first, again = [await rig.provider.submit_payout(wish) for _ in range(2)]

    assert again.reference == first.reference
    await eventually(lambda: rig.payouts_made(wish.payout_id) == 1)


async def test_the_same_payout_from_many_tasks_at_once_is_one_payout(rig: Rig) -> None:
    wish, second = transfer_order(rig), rig.second()

    async def submit(number: int) -> None:
        with suppress(ProviderUnavailable):
            await (rig.provider, second)[number % 2].submit_payout(wish)

    await asyncio.gather(*(submit(number) for number in range(10)))

    await second.close()
    await eventually(lambda: _has_status(rig, wish.payout_id, TransferStatus.PAID))
    assert rig.payouts_made(wish.payout_id) == 1


async def test_the_same_payout_of_another_amount_is_refused(rig: Rig) -> None:
    wish = transfer_order(rig)
    first = await rig.provider.submit_payout(wish)

    with pytest.raises(ProviderRefused, match="before"):
        await rig.provider.submit_payout(transfer_order(rig, payout_id=wish.payout_id, amount_minor=2_000))

    assert (await rig.provider.read_payout(wish.payout_id)).reference == first.reference


async def test_an_unknown_payout_is_unknown(rig: Rig) -> None:
    payout_id = fresh_id()

    view_of_nothing = await rig.provider.read_payout(payout_id)

    assert (view_of_nothing.payout_id, view_of_nothing.status) == (payout_id, TransferStatus.UNKNOWN)
    assert view_of_nothing.reference is None


async def _has_status(rig: Rig, payout_id: str, status: TransferStatus) -> bool:
    return (await rig.provider.read_payout(payout_id)).status is status
