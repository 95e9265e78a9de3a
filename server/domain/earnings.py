"""A creator's earnings, sorted into buckets that always add up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """Units of one day's gifts, and when the last of them can be cashed out."""

    settles_at_ms: int
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Earnings that an operator holds back; `units` of None holds all of them."""

    id: str
    creator: str
    units: int | None
    reason: str
    placed_by: str
    created_at_ms: int
    release_at_ms: int
    released_by: str | None = None
    release_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarningsFacts:
    """What the books say: the account's balance, payouts, gifts that are too young, and holds that run."""

    balance: int
    in_transit: int
    paid: int
    settling: Sequence[Settling]
    holds: Sequence[Hold]


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """earned = pending + held + available + in_transit + paid, always.

    `available` is below zero when refunds exceed what is left.
    """

    earned: int
    pending: int
    held: int
    available: int
    in_transit: int
    paid: int
    pending_by_day: Sequence[Settling]


def sort_earnings(facts: EarningsFacts) -> Buckets:
    """Sort what a creator earned: what is too young comes first, then what is held, and the rest is available."""
    there = max(facts.balance, 0)
    pending = min(sum(day.units for day in facts.settling), there)
    holds_all = any(hold.units is None for hold in facts.holds)
    held_back = there if holds_all else sum(hold.units or 0 for hold in facts.holds)
    held = min(held_back, there - pending)
    return Buckets(
        earned=facts.balance + facts.in_transit + facts.paid,
        pending=pending,
        held=held,
        available=facts.balance - pending - held,
        in_transit=facts.in_transit,
        paid=facts.paid,
        pending_by_day=_newest(facts.settling, units=pending),
    )


def _newest(settling: Sequence[Settling], *, units: int) -> list[Settling]:
    """Return the days that make up `units`, keeping the newest: what went out again was the oldest."""
    kept: list[Settling] = []
    for day in sorted(settling, key=lambda day: day.settles_at_ms, reverse=True):
        part = min(day.units, units)
        units -= part
        if part > 0:
            kept.append(replace(day, units=part))
    return kept[::-1]
