"""Stripe's objects in our words. Pure: what was read goes in, a view comes out."""

from collections.abc import Sequence

from stripe import BalanceTransaction, Charge, Dispute, PaymentIntent, Transfer
from stripe.checkout import Session

from server.payments.port import CheckoutStatus, PaymentView, TransferStatus, TransferView
from server.payments.stripe_amounts import from_stripe

# What `payment_view` needs to see inside of a session.
EXPANDED = "payment_intent.latest_charge.balance_transaction"


def payment_view(session: Session, disputes: Sequence[Dispute]) -> PaymentView:
    """Return a payment as a session, read with `EXPANDED`, and the disputes of its charge tell it."""
    currency = (session.currency or "").upper()
    charge = charge_of(session)
    succeeded = charge is not None and charge.status == "succeeded"
    captured = charge.amount_captured if charge is not None and succeeded else 0
    withdrawn, reinstated = _disputed(disputes)
    fee = _fee(charge) if charge is not None and succeeded else None
    return PaymentView(
        reference=session.id,
        status=CheckoutStatus.PAID if succeeded else _unpaid_status(session),
        currency=currency,
        captured_minor=from_stripe(captured, currency),
        refunded_minor=from_stripe(charge.amount_refunded, currency) if charge is not None else 0,
        withdrawn_minor=from_stripe(withdrawn, currency),
        reinstated_minor=from_stripe(reinstated, currency),
        fee_minor=None if fee is None else from_stripe(fee, currency),
    )


def charge_of(session: Session) -> Charge | None:
    """Return the charge of a session that was read with `EXPANDED`."""
    intent = session.payment_intent
    charge = intent.latest_charge if isinstance(intent, PaymentIntent) else None
    return charge if isinstance(charge, Charge) else None


def transfer_view(payout_id: str, transfer: Transfer | None) -> TransferView:
    """Return a payout as its transfer tells it. A transfer exists once the money is in the creator's account."""
    if transfer is None:
        return TransferView(payout_id=payout_id, reference=None, status=TransferStatus.UNKNOWN)
    if transfer.reversed:
        reason = "The transfer was reversed at Stripe."
        return TransferView(payout_id=payout_id, reference=transfer.id, status=TransferStatus.RETURNED, reason=reason)
    return TransferView(payout_id=payout_id, reference=transfer.id, status=TransferStatus.PAID)


def _unpaid_status(session: Session) -> CheckoutStatus:
    if session.status == "expired":
        return CheckoutStatus.EXPIRED
    if session.status != "complete":
        return CheckoutStatus.OPEN
    # Complete and not paid is an asynchronous method: its intent says whether to go on waiting. A session never goes
    # back, so an intent that asks for another way to pay has failed for good.
    intent = session.payment_intent
    if isinstance(intent, PaymentIntent) and intent.status in ("requires_payment_method", "canceled"):
        return CheckoutStatus.FAILED
    return CheckoutStatus.PROCESSING


def _fee(charge: Charge) -> int | None:
    """Return Stripe's fee in the charge's currency, rounded up; None while Stripe does not say."""
    transaction = charge.balance_transaction
    if not isinstance(transaction, BalanceTransaction) or transaction.amount <= 0:
        return None
    if transaction.currency == charge.currency:
        return transaction.fee
    # Settled in another currency: the same part of the same money.
    return -(-transaction.fee * charge.amount_captured // transaction.amount)


def _disputed(disputes: Sequence[Dispute]) -> tuple[int, int]:
    """Return what disputes took and what they gave back, in the charge's currency."""
    withdrawn = reinstated = 0
    for dispute in disputes:
        moved = [(entry.amount, entry.currency) for entry in dispute.balance_transactions]
        taken = -sum(amount for amount, _ in moved if amount < 0)
        given = sum(amount for amount, _ in moved if amount > 0)
        if taken and any(currency != dispute.currency for _, currency in moved):
            # Settled in another currency, at rates of two days: the same part of the disputed amount.
            taken, given = dispute.amount, min(dispute.amount, dispute.amount * given // taken)
        withdrawn += taken
        reinstated += given
    return withdrawn, reinstated
