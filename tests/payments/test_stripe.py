"""What is Stripe's own: its failures, its webhooks, its amounts, its settlement currencies."""

import json
from dataclasses import replace

import pytest

from server.errors import ProviderRefused, ProviderUnavailable
from server.payments.port import CheckoutStatus, Subject, TransferStatus
from server.payments.stripe import StripeProvider
from server.payments.stripe_amounts import from_stripe, to_stripe
from server.payments.stripe_webhooks import EVENTS
from tests.helpers.stripe_stand_in import KEY, NOW_S, WEBHOOK_SECRET, StripeStandIn, Thing, sign
from tests.payments.rigs import StripeRig, fresh_id, order, transfer_order, view


def _read(rig: StripeRig, body: bytes) -> tuple[Subject, str]:
    hint = rig.provider.read_hint(body, sign(body), now_ms=NOW_S * 1_000)
    return hint.subject, hint.reference


# Failures


@pytest.mark.parametrize("fault", ["500", "409", "429", "html"])
async def test_a_hiccup_is_told_and_the_same_call_works(stripe_rig: StripeRig, fault: str) -> None:
    wish = order()
    stripe_rig.stripe.fail_next(fault, times=2)

    with pytest.raises(ProviderUnavailable):
        await stripe_rig.provider.open_checkout(wish)

    stripe_rig.stripe.forget_faults()  # The library does not repeat what was limited: one is left.
    checkout = await stripe_rig.provider.open_checkout(wish)
    assert checkout == await stripe_rig.provider.open_checkout(wish)


async def test_one_hiccup_is_nobodys_business(stripe_rig: StripeRig) -> None:
    stripe_rig.stripe.fail_next("500")

    assert (await stripe_rig.provider.open_checkout(order())).reference


async def test_a_payout_whose_answer_was_lost_is_paid_once(stripe_rig: StripeRig) -> None:
    wish = transfer_order(stripe_rig)
    stripe_rig.stripe.fail_next("lost")

    # Stripe replays its 500 for a day; only looking for the transfer finds out.
    with pytest.raises(ProviderUnavailable):
        await stripe_rig.provider.submit_payout(wish)
    again = await stripe_rig.provider.submit_payout(wish)

    assert again.status is TransferStatus.PAID
    assert stripe_rig.payouts_made(wish.payout_id) == 1


async def test_a_payout_is_paid_once_even_after_stripe_forgot_the_key(stripe_rig: StripeRig) -> None:
    wish = transfer_order(stripe_rig)
    first = await stripe_rig.provider.submit_payout(wish)

    stripe_rig.stripe.forget_keys()

    assert await stripe_rig.provider.submit_payout(wish) == first
    assert stripe_rig.payouts_made(wish.payout_id) == 1


async def test_a_payout_that_stripe_does_not_list_yet_is_not_called_refused(stripe_rig: StripeRig) -> None:
    wish = transfer_order(stripe_rig)
    await stripe_rig.provider.submit_payout(wish)
    (transfer,) = stripe_rig.stripe.transfers(wish.payout_id)
    transfer["transfer_group"] = "hidden"

    with pytest.raises(ProviderUnavailable):
        await stripe_rig.provider.submit_payout(replace(wish, destination="acct_other"))

    assert stripe_rig.payouts_made(wish.payout_id) == 1


async def test_a_refund_is_made_once_even_after_stripe_forgot_the_key(stripe_rig: StripeRig) -> None:
    checkout, key = await stripe_rig.provider.open_checkout(order()), fresh_id()
    stripe_rig.pay(checkout.reference)
    await stripe_rig.provider.refund(checkout.reference, amount_minor=100, key=key)

    stripe_rig.stripe.forget_keys()
    await stripe_rig.provider.refund(checkout.reference, amount_minor=100, key=key)

    assert (await view(stripe_rig, checkout.reference)).refunded_minor == 100


async def test_silence_is_an_outage_and_is_found_out_later(stripe_rig: StripeRig) -> None:
    wish = transfer_order(stripe_rig)
    hasty = StripeProvider(KEY, [WEBHOOK_SECRET], stripe_rig.stripe.url, timeout_s=0.2)
    stripe_rig.stripe.fail_next("silent", times=2)

    with pytest.raises(ProviderUnavailable):
        await hasty.submit_payout(wish)

    stripe_rig.stripe.forget_faults()
    assert (await hasty.read_payout(wish.payout_id)).status is TransferStatus.PAID
    await hasty.close()


async def test_nobody_listening_is_an_outage() -> None:
    provider = StripeProvider(KEY, [WEBHOOK_SECRET], "http://127.0.0.1:9", timeout_s=1)

    with pytest.raises(ProviderUnavailable):
        await provider.read_payout(fresh_id())

    await provider.close()


async def test_a_refused_key_decides_nothing_about_a_payout(shared_stripe: StripeStandIn) -> None:
    provider = StripeProvider("sk_test_revoked", [WEBHOOK_SECRET], shared_stripe.url)

    with pytest.raises(ProviderUnavailable):
        await provider.submit_payout(transfer_order(StripeRig(shared_stripe)))

    await provider.close()


@pytest.mark.parametrize("destination", ["sandbox:mira", "acct_", "acct_1/../2", "", "acct_gone"])
async def test_a_payout_to_no_account_is_refused(stripe_rig: StripeRig, destination: str) -> None:
    wish = transfer_order(stripe_rig, destination=destination)

    with pytest.raises(ProviderRefused):
        await stripe_rig.provider.submit_payout(wish)

    assert stripe_rig.payouts_made(wish.payout_id) == 0


# What is asked of Stripe


async def test_a_session_names_the_topup_and_leads_back(stripe_rig: StripeRig) -> None:
    wish = replace(order(), return_url="http://localhost:8080/watch/lounge?as=Ben&topup=old&result=paid")

    checkout = await stripe_rig.provider.open_checkout(wish)

    session = stripe_rig.stripe.things[checkout.reference]
    assert session["client_reference_id"] == session["metadata"]["topup_id"] == wish.topup_id
    base = f"http://localhost:8080/watch/lounge?as=Ben&topup={wish.topup_id}"
    assert (session["success_url"], session["cancel_url"]) == (f"{base}&result=complete", f"{base}&result=cancelled")
    assert (session["amount_total"], session["currency"]) == (629, "eur")


# Payments seen from a webhook's side


async def test_a_payment_is_found_by_intent_and_charge_and_named_by_session(stripe_rig: StripeRig) -> None:
    checkout = await stripe_rig.provider.open_checkout(order())
    stripe_rig.pay(checkout.reference)
    charge = stripe_rig.stripe.charge_of(checkout.reference)

    by_session, by_intent, by_charge = [
        await view(stripe_rig, name) for name in (checkout.reference, charge["payment_intent"], charge["id"])
    ]

    assert by_session == by_intent == by_charge
    assert by_session.reference == checkout.reference


async def test_a_fee_that_stripe_does_not_know_yet_is_none(stripe_rig: StripeRig) -> None:
    checkout = await stripe_rig.provider.open_checkout(order())

    stripe_rig.stripe.pay(checkout.reference, fee_known=False)

    payment = await view(stripe_rig, checkout.reference)
    assert (payment.captured_minor, payment.fee_minor) == (629, None)


async def test_a_canceled_intent_of_a_slow_payment_has_failed(stripe_rig: StripeRig) -> None:
    checkout = await stripe_rig.provider.open_checkout(order())
    stripe_rig.pay_later(checkout.reference)

    stripe_rig.stripe.things[stripe_rig.stripe.charge_of(checkout.reference)["payment_intent"]]["status"] = "canceled"

    assert (await view(stripe_rig, checkout.reference)).status is CheckoutStatus.FAILED


async def test_amounts_settled_in_another_currency_are_told_in_the_price_s(stripe_rig: StripeRig) -> None:
    checkout = await stripe_rig.provider.open_checkout(order(currency="USD", price_minor=1_000))
    stripe_rig.pay(checkout.reference)
    things, charge = stripe_rig.stripe.things, stripe_rig.stripe.charge_of(checkout.reference)
    things[charge["balance_transaction"]] |= {"amount": 800, "fee": 40, "currency": "gbp"}
    dispute = things[stripe_rig.stripe.open_dispute(checkout.reference)]
    dispute["balance_transactions"] = [
        {"object": "balance_transaction", "id": "txn_a", "amount": -810, "currency": "gbp", "fee": 1_500},
        {"object": "balance_transaction", "id": "txn_b", "amount": 405, "currency": "gbp", "fee": 0},
    ]

    payment = await view(stripe_rig, checkout.reference)

    assert (payment.captured_minor, payment.fee_minor) == (1_000, 50)
    assert (payment.withdrawn_minor, payment.reinstated_minor) == (1_000, 500)


async def test_an_inquiry_that_moved_no_money_withdrew_nothing(stripe_rig: StripeRig) -> None:
    checkout = await stripe_rig.provider.open_checkout(order())
    stripe_rig.pay(checkout.reference)

    stripe_rig.stripe.things[stripe_rig.stripe.open_dispute(checkout.reference)]["balance_transactions"] = []

    assert (await view(stripe_rig, checkout.reference)).withdrawn_minor == 0


# Webhooks

_CHARGE = {"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "amount_refunded": 100}
_REFUND = {"id": "re_1", "object": "refund", "payment_intent": "pi_1", "charge": "ch_1"}
_DISPUTE = {"id": "du_1", "object": "dispute", "payment_intent": "pi_1", "charge": "ch_1"}
_TRANSFER = {"id": "tr_1", "object": "transfer", "metadata": {"payout_id": "po_ours"}, "transfer_group": "payout:x"}
_SESSION = {"id": "cs_1", "object": "checkout.session", "payment_intent": "pi_1", "metadata": {}}
# By what an event's name begins with, the longest first.
_THINGS: dict[str, Thing] = {
    "checkout.session": _SESSION,
    "charge.dispute": _DISPUTE,
    "charge.refund.": _REFUND,
    "charge.": _CHARGE,
    "refund.": _REFUND,
    "transfer.": _TRANSFER,
}


@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_every_event_in_use_leads_to_an_object(stripe_rig: StripeRig, kind: str) -> None:
    thing = next(thing for prefix, thing in _THINGS.items() if kind.startswith(prefix))

    found = _read(stripe_rig, stripe_rig.stripe.event(kind, thing))

    expected = {"cs_1": (Subject.PAYMENT, "cs_1"), "tr_1": (Subject.PAYOUT, "po_ours")}
    assert found == expected.get(thing["id"], (Subject.PAYMENT, "pi_1"))


def test_a_charge_without_an_intent_is_named_by_itself(stripe_rig: StripeRig) -> None:
    body = stripe_rig.stripe.event("charge.refunded", _CHARGE | {"payment_intent": None})

    assert _read(stripe_rig, body) == (Subject.PAYMENT, "ch_1")


def test_a_transfer_of_somebody_else_is_other(stripe_rig: StripeRig) -> None:
    body = stripe_rig.stripe.event("transfer.created", _TRANSFER | {"metadata": {}})

    assert _read(stripe_rig, body) == (Subject.OTHER, "")


@pytest.mark.parametrize("kind", ["payout.paid", "payout.failed", "customer.created", "v2.core.account.updated"])
def test_an_event_in_nobody_s_use_is_other(stripe_rig: StripeRig, kind: str) -> None:
    assert _read(stripe_rig, stripe_rig.stripe.event(kind, {"no": "id"})) == (Subject.OTHER, "")


def test_a_thin_event_is_other(stripe_rig: StripeRig) -> None:
    body = json.dumps({"id": "evt_1", "object": "v2.core.event", "type": "v1.charge.refunded"}).encode()

    assert _read(stripe_rig, body) == (Subject.OTHER, "")


# Amounts


@pytest.mark.parametrize(
    ("currency", "minor", "stripe"),
    [
        ("USD", 129, 129),
        ("JPY", 129, 129),
        ("KWD", 1_290, 1_290),
        ("ISK", 9, 900),
        ("UGX", 9, 900),
        ("MGA", 500, 5),
        ("IQD", 120, 12),
        ("RSD", 129, 129),
    ],
)
def test_an_amount_goes_there_and_back(currency: str, minor: int, stripe: int) -> None:
    assert to_stripe(minor, currency) == stripe
    assert from_stripe(stripe, currency) == minor


@pytest.mark.parametrize(("currency", "minor"), [("KWD", 1_291), ("BHD", 5), ("MGA", 501), ("IQD", 121)])
def test_an_amount_finer_than_stripe_s_is_refused_with_its_step(currency: str, minor: int) -> None:
    with pytest.raises(ProviderRefused, match="steps of"):
        to_stripe(minor, currency)


@pytest.mark.parametrize("wrong", ["1", 1.0, True, 0, -1, float("nan"), None])
def test_what_is_no_amount_is_our_own_fault(wrong: object) -> None:
    with pytest.raises(AssertionError):
        to_stripe(wrong, "USD")  # type: ignore[arg-type]


async def test_an_amount_above_stripe_s_limit_is_refused(stripe_rig: StripeRig) -> None:
    with pytest.raises(ProviderRefused):
        await stripe_rig.provider.open_checkout(order(price_minor=2**53 - 1))
