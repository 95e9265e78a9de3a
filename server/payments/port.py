"""The port to payment providers: what we ask of one, in our words.

A webhook is only a hint. It names what changed; what is posted to the books comes from reading the object itself, whose
amounts are cumulative: any order and any repetition of hints ends at the same books.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class CheckoutStatus(StrEnum):
    """Where a checkout stands at the provider."""

    OPEN = "open"  # the fan has not finished it
    PROCESSING = "processing"  # finished; the money is on its way (an asynchronous method)
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


class TransferStatus(StrEnum):
    """Where a payout stands at the provider."""

    UNKNOWN = "unknown"  # the provider has never heard of it
    SUBMITTED = "submitted"
    PAID = "paid"
    FAILED = "failed"  # it was never paid
    RETURNED = "returned"  # it was paid, and the bank sent it back


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutOrder:
    """What a fan wants to buy. `topup_id` is also the key that makes a repeated call harmless."""

    topup_id: str
    fan: str
    coins: int
    price_minor: int
    currency: str  # ISO 4217, upper case
    return_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """An open checkout: the provider's name for it, and where the fan's browser goes."""

    reference: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentView:
    """A payment as the provider holds it now; every amount is cumulative and in minor units of `currency`."""

    reference: str
    status: CheckoutStatus
    currency: str
    captured_minor: int
    refunded_minor: int
    withdrawn_minor: int  # taken back by disputes, whatever became of them
    reinstated_minor: int  # given back by disputes that were won
    fee_minor: int | None  # what the provider kept of the capture; None while it does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOrder:
    """A payout to make. `payout_id` is also the key that makes a repeated call harmless."""

    payout_id: str
    creator: str
    destination: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferView:
    """A payout as the provider holds it now."""

    payout_id: str
    reference: str | None
    status: TransferStatus
    reason: str | None = None  # why it failed or came back, in the provider's words


class Subject(StrEnum):
    """What a hint is about."""

    PAYMENT = "payment"
    PAYOUT = "payout"
    OTHER = "other"  # an event we do not use


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A verified webhook: its id, and which object to read again."""

    event_id: str
    subject: Subject
    reference: str  # of the payment at the provider, or our payout id; "" for OTHER
    kind: str  # the provider's name of the event, for the record


class PaymentProvider(Protocol):
    """One provider.

    Every call may raise `ProviderUnavailable` (outcome unknown; the same call again is harmless) and `ProviderRefused`
    (the provider said no, and will say so again).
    """

    name: str

    async def open_checkout(self, order: CheckoutOrder) -> Checkout:
        """Open a checkout, once per `topup_id`."""
        ...

    def read_hint(self, body: bytes, headers: Mapping[str, str], *, now_ms: int) -> Hint:
        """Verify a webhook's signature over its raw body, and read it. Header names are lower case.

        Raises:
            BadSignature: nobody who knows the secret signed this.
            StaleSignature: signed more than five minutes before or after `now_ms`.
            Malformed: signed, and not a message of this provider.
        """
        ...

    async def read_payment(self, reference: str) -> PaymentView | None:
        """Return a payment as it stands, or None where the provider knows no such payment."""
        ...

    async def refund(self, reference: str, *, amount_minor: int, key: str) -> None:
        """Give back a part of a captured payment, once per `key`."""
        ...

    async def submit_payout(self, order: TransferOrder) -> TransferView:
        """Pay a creator, once per `payout_id`."""
        ...

    async def read_payout(self, payout_id: str) -> TransferView:
        """Return a payout as it stands; `UNKNOWN` where the provider never got it."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
