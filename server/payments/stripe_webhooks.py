"""Stripe's webhooks: which event is about which of our payments or payouts."""

from collections.abc import Mapping, Sequence

import msgspec
from stripe import SignatureVerificationError, WebhookSignature

from server.errors import BadSignature, Malformed
from server.payments.port import Hint, Subject
from server.payments.signing import check_age

_OF_SESSIONS = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
    }
)
# Of charges, refunds and disputes: all name the payment intent, or at least the charge.
_OF_CHARGES = frozenset(
    {
        "charge.updated",  # among others, once Stripe knows its fee
        "charge.refunded",
        "charge.refund.updated",
        "refund.created",
        "refund.updated",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    }
)
# Not payout.*: those are a creator's own withdrawals from their Stripe account, and name no payout of ours.
_OF_TRANSFERS = frozenset({"transfer.created", "transfer.updated", "transfer.reversed"})
# What an operator subscribes to.
EVENTS = _OF_SESSIONS | _OF_CHARGES | _OF_TRANSFERS


class _Data(msgspec.Struct):
    # Not decoded yet: objects of events that we do not use have other shapes.
    object: msgspec.Raw = msgspec.Raw(b"null")


class _Event(msgspec.Struct):
    id: str
    type: str
    data: _Data = msgspec.field(default_factory=_Data)


class _Session(msgspec.Struct):
    id: str


class _OfCharge(msgspec.Struct):
    id: str
    object: str
    payment_intent: str | None = None
    charge: str | None = None


class _Transfer(msgspec.Struct):
    metadata: dict[str, str] = msgspec.field(default_factory=dict)


def read_hint(body: bytes, headers: Mapping[str, str], *, secrets: Sequence[str], now_ms: int) -> Hint:
    """Verify a webhook against any of `secrets`, and read it; see `PaymentProvider.read_hint`."""
    _verify(body, headers.get("stripe-signature", ""), secrets=secrets, now_ms=now_ms)
    try:
        event = msgspec.json.decode(body, type=_Event)
        subject, reference = _subject(event)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed("This webhook is not an event of Stripe's.") from error
    return Hint(event_id=event.id, subject=subject, reference=reference, kind=event.type)


def _verify(body: bytes, header: str, *, secrets: Sequence[str], now_ms: int) -> None:
    if not header.isascii() or not any(_is_signed(body, header, secret) for secret in secrets):
        raise BadSignature
    # The library compares with its own clock, and never with the future. It has just read this `t`, so it is a number.
    stamps = [part.split("=", 1)[1] for part in header.split(",") if part.startswith("t=")]
    check_age(int(stamps[0]), now_ms=now_ms)


def _is_signed(body: bytes, header: str, secret: str) -> bool:
    try:
        return bool(WebhookSignature.verify_header(body, header, secret))
    except (SignatureVerificationError, UnicodeDecodeError):
        return False


def _subject(event: _Event) -> tuple[Subject, str]:
    if event.type in _OF_SESSIONS:
        return Subject.PAYMENT, msgspec.json.decode(event.data.object, type=_Session).id
    if event.type in _OF_CHARGES:
        found = msgspec.json.decode(event.data.object, type=_OfCharge)
        reference = found.payment_intent or found.charge or (found.id if found.object == "charge" else "")
        return (Subject.PAYMENT, reference) if reference else (Subject.OTHER, "")
    if event.type in _OF_TRANSFERS:
        payout_id = msgspec.json.decode(event.data.object, type=_Transfer).metadata.get("payout_id", "")
        return (Subject.PAYOUT, payout_id) if payout_id else (Subject.OTHER, "")
    return Subject.OTHER, ""
