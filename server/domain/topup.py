"""A purchase of coins: what its money is worth in coins, and what has to be posted when the provider says more.

Every amount the provider says is cumulative and only grows. So the books follow the largest amounts seen so far: in
whatever order hints arrive, and however old a reading is, the end is the same.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from server.domain.accounts import Account, AccountKind, Posting, posting

# How far a checkout has come. A later reading never takes it back.
_RANK = {"open": 0, "processing": 1, "failed": 2, "expired": 2, "paid": 3}
CHECKOUT_OPEN, CHECKOUT_PROCESSING, CHECKOUT_EXPIRED, CHECKOUT_FAILED = "open", "processing", "expired", "failed"


class TopupKind(StrEnum):
    """The kinds of transfers that a top-up makes."""

    TOPUP = "topup"
    COIN_REFUND = "coin_refund"
    CHARGEBACK = "chargeback"
    CHARGEBACK_REVERSED = "chargeback_reversed"
    PROVIDER_FEE = "provider_fee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What became of a payment so far, in minor units; `fee` is None while the provider does not say it."""

    captured: int = 0
    refunded: int = 0
    withdrawn: int = 0
    reinstated: int = 0
    fee: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One kind of change, and the payment after it."""

    kind: TopupKind
    after: Payment


@dataclass(frozen=True, slots=True, kw_only=True)
class Topup:
    """A purchase as the books hold it."""

    id: str
    fan: str
    pack: str
    coins: int
    price_minor: int
    currency: str
    provider: str
    reference: str | None
    checkout_url: str | None
    return_url: str
    status: str
    payment: Payment
    coins_posted: int
    created_at_ms: int
    updated_at_ms: int

    @property
    def state(self) -> str:
        """What a fan is told."""
        return state_of(self.status, self.payment)


def later_status(known: str, seen: str) -> str:
    """Return where the checkout stands, given one reading more."""
    return seen if _RANK[seen] > _RANK[known] else known


def merge(known: Payment, seen: Payment, *, price_minor: int) -> Payment:
    """Return the largest amounts of both, kept within what can be: nobody is refunded what was never captured."""
    captured = min(max(known.captured, seen.captured), price_minor)
    withdrawn = max(known.withdrawn, seen.withdrawn)
    fees = [fee for fee in (known.fee, seen.fee) if fee is not None]
    return Payment(
        captured=captured,
        refunded=min(max(known.refunded, seen.refunded), captured),
        withdrawn=withdrawn,
        reinstated=min(max(known.reinstated, seen.reinstated), withdrawn),
        fee=max(fees, default=None),
    )


def coins_due(coins: int, payment: Payment, *, price_minor: int) -> int:
    """Return how many of `coins` the money that stayed pays for; the rounding remainder is the platform's."""
    kept = payment.captured - payment.refunded - payment.withdrawn + payment.reinstated
    return coins * min(max(kept, 0), price_minor) // price_minor


def refund_minor(coins: int, payment: Payment, *, price_minor: int, back: int, of: int) -> tuple[int, int]:
    """Return the money to give back for up to `back` unspent coins, and how many coins it takes away.

    `of` is how many coins the payment is worth now. The money is the most that leaves enough for the coins that stay.
    """
    kept = payment.captured - payment.refunded - payment.withdrawn + payment.reinstated
    needed = -(-(of - back) * price_minor // coins)
    amount_minor = max(0, kept - needed)
    left = coins_due(coins, replace(payment, refunded=payment.refunded + amount_minor), price_minor=price_minor)
    return amount_minor, of - left


def steps(known: Payment, now: Payment) -> list[Step]:
    """Split a difference into its kinds, in the order in which they can only have happened."""
    found: list[Step] = []
    fee = now.fee
    if now.captured != known.captured:
        after = replace(known, captured=now.captured, fee=fee)
        found.append(Step(kind=TopupKind.TOPUP, after=after))
    elif fee != known.fee:
        found.append(Step(kind=TopupKind.PROVIDER_FEE, after=replace(known, fee=fee)))
    after = replace(known, captured=now.captured, fee=fee)
    if now.refunded != known.refunded:
        after = replace(after, refunded=now.refunded)
        found.append(Step(kind=TopupKind.COIN_REFUND, after=after))
    if now.withdrawn != known.withdrawn:
        after = replace(after, withdrawn=now.withdrawn)
        found.append(Step(kind=TopupKind.CHARGEBACK, after=after))
    if now.reinstated != known.reinstated:
        found.append(Step(kind=TopupKind.CHARGEBACK_REVERSED, after=now))
    return found


def money_postings(known: Payment, now: Payment, *, provider: str, currency: str) -> list[Posting]:
    """Return what moves in the currency between two states of a payment."""
    sales = Account(AccountKind.SALES, asset=currency)
    clearing = Account(AccountKind.PROVIDER_CLEARING, provider, currency)
    lies_there = Account(AccountKind.PROVIDER_BALANCE, provider, currency)
    fees = Account(AccountKind.PROVIDER_FEES, provider, currency)
    # What was captured waits in clearing until the fee is known, and leaves it in two parts.
    fee = (now.fee or 0) - (known.fee or 0)
    settled = (now.captured if now.fee is not None else 0) - (known.captured if known.fee is not None else 0)
    gone = (now.refunded - known.refunded) + (now.withdrawn - known.withdrawn) - (now.reinstated - known.reinstated)
    return [
        *posting(clearing, sales, now.captured - known.captured),
        *posting(lies_there, clearing, settled - fee),
        *posting(fees, clearing, fee),
        *posting(sales, lies_there, gone),
    ]


def state_of(status: str, payment: Payment) -> str:
    """Return the state a fan is told, from the checkout and the money."""
    if payment.captured == 0:
        return {"open": "pending", "paid": "processing"}.get(status, status)
    if payment.withdrawn > payment.reinstated:
        return "charged_back"
    if payment.refunded >= payment.captured:
        return "refunded"
    return "partly_refunded" if payment.refunded else "credited"
