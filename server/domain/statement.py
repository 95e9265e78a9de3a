"""Statements: what a fan's coins and a creator's earnings did in a period, line by line.

A statement begins with a balance, every line says what it changed and where that led, and the last line leads to the
balance it ends with. Nothing is entered twice: the closing balance is the opening one plus the lines.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from server.domain.money import AMOUNT_MAX, UNITS_PER_COIN

# An event id: shard, epoch, seq.
_LOGGED = re.compile(r"\d+-[a-z0-9]+-(\d+)")

LINES_MAX = 10_000


class FanLine(Struct, frozen=True, kw_only=True):
    """A change of a fan's coins; what does not apply is None."""

    at_ms: int
    kind: str
    transfer_id: str
    gift: str | None = None
    count: int | None = None
    room: str | None = None
    creator: str | None = None
    pack: str | None = None
    price_minor: int | None = None
    currency: str | None = None
    paid_coins: int
    promo_coins: int
    coins: int
    balance_coins: int = 0


class FanTotals(Struct, frozen=True):
    """closing = opening + bought + granted − gifted + refunded − taken_back."""

    bought: int
    granted: int
    gifted: int
    refunded: int
    taken_back: int


class FanStatement(Struct, frozen=True, kw_only=True):
    """What a fan's coins did."""

    from_ms: int
    to_ms: int
    opening_coins: int
    closing_coins: int
    lines: Sequence[FanLine]
    totals: FanTotals


class CreatorLine(Struct, frozen=True, kw_only=True):
    """A change of a creator's earnings. `price_units` is what the gift cost: the creator's and the platform's part."""

    at_ms: int
    kind: str
    transfer_id: str
    gift: str | None = None
    count: int | None = None
    room: str | None = None
    fan: str | None = None
    coins: int | None = None
    price_units: int | None = None
    creator_units: int | None = None
    platform_units: int | None = None
    provider_fee_units: int | None = None
    units: int
    balance_units: int = 0
    payout_id: str | None = None


class CreatorTotals(Struct, frozen=True):
    """closing = opening + creator_units − payout_units; price_units = creator_units + platform_units."""

    price_units: int
    creator_units: int
    platform_units: int
    provider_fee_units: int
    payout_units: int


class CreatorStatement(Struct, frozen=True, kw_only=True):
    """What a creator's earnings did."""

    from_ms: int
    to_ms: int
    opening_units: int
    closing_units: int
    lines: Sequence[CreatorLine]
    totals: CreatorTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """Coins that a fan got for money, and what the provider kept of it."""

    at_ms: int
    currency: str
    coins: int
    captured_minor: int
    fee_minor: int


# How a total counts a kind: its name, and whether lines of it take coins away.
_FAN_TOTALS = {
    "topup": ("bought", 1),
    "grant": ("granted", 1),
    "gift": ("gifted", -1),
    "gift_refund": ("refunded", 1),
    "coin_refund": ("taken_back", -1),
    "chargeback": ("taken_back", -1),
    "chargeback_reversed": ("taken_back", -1),
}


def fan_statement(lines: Iterable[FanLine], *, opening: int, from_ms: int, to_ms: int) -> FanStatement:
    """Put a fan's statement together."""
    balance = opening
    totals: Counter[str] = Counter()
    found = []
    for line in sorted(lines, key=_order):
        balance += line.coins
        found.append(replace(line, balance_coins=balance))
        name, sign = _FAN_TOTALS[line.kind]
        totals[name] += sign * line.coins
    return FanStatement(
        from_ms=from_ms,
        to_ms=to_ms,
        opening_coins=opening,
        closing_coins=balance,
        lines=found,
        totals=FanTotals(*(totals[name] for name in FanTotals.__struct_fields__)),
    )


def creator_statement(lines: Iterable[CreatorLine], *, opening: int, from_ms: int, to_ms: int) -> CreatorStatement:
    """Put a creator's statement together."""
    balance = opening
    totals: Counter[str] = Counter()
    found = []
    for line in sorted(lines, key=_order):
        balance += line.units
        found.append(replace(line, balance_units=balance))
        if line.creator_units is None:
            totals["payout_units"] -= line.units
        else:
            totals["price_units"] += line.price_units or 0
            totals["creator_units"] += line.creator_units
            totals["platform_units"] += line.platform_units or 0
            totals["provider_fee_units"] += line.provider_fee_units or 0
    return CreatorStatement(
        from_ms=from_ms,
        to_ms=to_ms,
        opening_units=opening,
        closing_units=balance,
        lines=found,
        totals=CreatorTotals(*(totals[name] for name in CreatorTotals.__struct_fields__)),
    )


def provider_fee_units(purchases: Sequence[Purchase], *, at_ms: int, paid_coins: int, platform_units: int) -> int:
    """Return the part of the platform's share of a gift that the payment provider kept.

    Nobody can say which purchase a coin came from, so each paid coin carries the same part of the fees of all that the
    fan had bought until then. Rounded down, and never more than the platform got.
    """
    bought = [one for one in purchases if one.at_ms <= at_ms]
    coins = sum(one.coins for one in bought)
    if paid_coins == 0 or coins == 0:
        return 0
    share = Fraction(0)
    for currency in {one.currency for one in bought}:
        same = [one for one in bought if one.currency == currency]
        fee = Fraction(sum(one.fee_minor for one in same), sum(one.captured_minor for one in same))
        share += fee * sum(one.coins for one in same) / coins
    return min(int(paid_coins * UNITS_PER_COIN * share), platform_units)


def _order(line: FanLine | CreatorLine) -> tuple[int, int, str]:
    """Order by time; within a millisecond what the log numbered comes in its order, before what SQL decided."""
    logged = _LOGGED.fullmatch(line.transfer_id)
    return line.at_ms, int(logged[1]) if logged else AMOUNT_MAX, line.transfer_id
