"""Cashing out: what units are worth in money, and the states a payout goes through."""

from dataclasses import dataclass
from enum import StrEnum

from server.domain.money import UNITS_PER_DIAMOND
from server.domain.packs import PayoutTerms

QUOTE_LIFE_MS = 600_000
_RATE_UNITS = 1_000 * UNITS_PER_DIAMOND  # the units that `minor_per_1000_diamonds` pays for


class PayoutState(StrEnum):
    """Where a payout stands."""

    REQUESTED = "requested"  # waits for a second person
    APPROVED = "approved"
    SUBMITTED = "submitted"  # the provider is, or was, asked to pay it
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"
    REJECTED = "rejected"


# Everything else is impossible. `submitted` is committed before the provider is asked, so that nobody who comes later
# can take the payout for one that was never sent.
NEXT: dict[PayoutState, frozenset[PayoutState]] = {
    PayoutState.REQUESTED: frozenset({PayoutState.APPROVED, PayoutState.REJECTED}),
    PayoutState.APPROVED: frozenset({PayoutState.SUBMITTED, PayoutState.REJECTED}),
    PayoutState.SUBMITTED: frozenset({PayoutState.PAID, PayoutState.FAILED}),
    PayoutState.PAID: frozenset({PayoutState.RETURNED}),
    PayoutState.FAILED: frozenset(),
    PayoutState.RETURNED: frozenset(),
    PayoutState.REJECTED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What some units are worth: `units` of them are used, the rest stays with the creator."""

    units: int
    gross_minor: int
    fee_minor: int

    @property
    def amount_minor(self) -> int:
        """What arrives."""
        return self.gross_minor - self.fee_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An offer: this many units for this much money, until it expires."""

    id: str
    creator: str
    currency: str
    units: int
    minor_per_1000_diamonds: int
    gross_minor: int
    fee_minor: int
    expires_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """A payout as the books hold it."""

    id: str
    quote_id: str
    creator: str
    state: str
    units: int
    currency: str
    gross_minor: int
    fee_minor: int
    destination: str
    provider: str
    reference: str | None
    needs_approval: bool
    requested_by: str
    approved_by: str | None
    reason: str | None
    created_at_ms: int
    updated_at_ms: int
    checked_at_ms: int

    @property
    def amount_minor(self) -> int:
        """What the creator is paid."""
        return self.gross_minor - self.fee_minor


def worth(units: int, terms: PayoutTerms, *, step_minor: int) -> Worth | None:
    """Return what up to `units` are worth, or None where that is below the smallest payout.

    Money is rounded down to a multiple of `step_minor` after the fee, and only the units that pay for it are used.
    """
    gross_minor = units * terms.minor_per_1000_diamonds // _RATE_UNITS
    gross_minor -= (gross_minor - terms.fee_minor) % step_minor
    if gross_minor < terms.min_minor or gross_minor <= terms.fee_minor:
        return None
    used = -(-gross_minor * _RATE_UNITS // terms.minor_per_1000_diamonds)
    return Worth(units=used, gross_minor=gross_minor, fee_minor=terms.fee_minor)
