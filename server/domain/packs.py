"""Coin packs on sale, the terms of payouts, and the rules their tables in the catalogue keep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.domain.currency import is_currency
from server.domain.fault import Fault, is_whole, read_rows
from server.domain.ids import is_slug
from server.domain.money import UNITS_PER_DIAMOND

PACK_COINS_MAX = 10_000_000
PRICE_MINOR_MAX = 99_999_999  # eight digits: the most Stripe takes in one payment
FEE_MINOR_MAX = 1_000_000
# At this rate a unit is worth one minor unit, so no amount of money is a larger number than the units it was made of.
RATE_MAX = 1_000 * UNITS_PER_DIAMOND

_PACK_FIELDS: dict[str, type] = {"id": str, "coins": int, "price_minor": int, "currency": str}
_PAYOUT_FIELDS: dict[str, type] = {"currency": str, "minor_per_1000_diamonds": int, "fee_minor": int, "min_minor": int}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Coins for money."""

    id: str
    coins: int
    price_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutTerms:
    """What diamonds are worth in a currency, what a payout costs, and the smallest one (before its cost)."""

    currency: str
    minor_per_1000_diamonds: int
    fee_minor: int
    min_minor: int


def parse_packs(document: Mapping[str, Any], faults: list[Fault]) -> list[Pack]:
    """Read the [[pack]] rows; a catalogue without them sells no coins."""
    rows = read_rows(document, "pack", _PACK_FIELDS, faults, needed=False)
    before = len(faults)
    seen: set[str] = set()
    for index, row in enumerate(rows):
        if not is_whole(row, _PACK_FIELDS):
            continue
        if not is_slug(row["id"]):
            faults.append(Fault("pack", index, "id", f"must be 1 to 32 of a-z, 0-9, _ and -, not {row['id']!r}"))
        if row["id"] in seen:
            faults.append(Fault("pack", index, "id", f"{row['id']!r} is used twice"))
        seen.add(row["id"])
        _check_range(faults, index, row, table="pack", field="coins", least=1, most=PACK_COINS_MAX)
        _check_range(faults, index, row, table="pack", field="price_minor", least=1, most=PRICE_MINOR_MAX)
        _check_currency(faults, index, row, table="pack")
    whole = len(faults) == before and all(set(row) == set(_PACK_FIELDS) and is_whole(row, _PACK_FIELDS) for row in rows)
    return [Pack(**row) for row in rows] if whole else []


def parse_payouts(document: Mapping[str, Any], faults: list[Fault]) -> list[PayoutTerms]:
    """Read the [[payout]] rows, one for each currency; a catalogue without them pays nobody out."""
    rows = read_rows(document, "payout", _PAYOUT_FIELDS, faults, needed=False)
    before = len(faults)
    seen: set[str] = set()
    for index, row in enumerate(rows):
        if not is_whole(row, _PAYOUT_FIELDS):
            continue
        _check_currency(faults, index, row, table="payout")
        if row["currency"] in seen:
            faults.append(Fault("payout", index, "currency", f"{row['currency']!r} is used twice"))
        seen.add(row["currency"])
        _check_range(faults, index, row, table="payout", field="minor_per_1000_diamonds", least=1, most=RATE_MAX)
        _check_range(faults, index, row, table="payout", field="fee_minor", least=0, most=FEE_MINOR_MAX)
        _check_range(faults, index, row, table="payout", field="min_minor", least=1, most=PRICE_MINOR_MAX)
        if row["min_minor"] <= row["fee_minor"]:
            faults.append(Fault("payout", index, "min_minor", "must be above fee_minor, or nothing would be paid"))
    whole = len(faults) == before and all(
        set(row) == set(_PAYOUT_FIELDS) and is_whole(row, _PAYOUT_FIELDS) for row in rows
    )
    return [PayoutTerms(**row) for row in rows] if whole else []


def _check_currency(faults: list[Fault], index: int, row: Mapping[str, Any], *, table: str) -> None:
    if not is_currency(row["currency"]):
        faults.append(
            Fault(table, index, "currency", f"must be an ISO 4217 code such as 'EUR', not {row['currency']!r}")
        )


def _check_range(  # noqa: PLR0913 (a fault names its place in four parts)
    faults: list[Fault], index: int, row: Mapping[str, Any], *, table: str, field: str, least: int, most: int
) -> None:
    if not least <= row[field] <= most:
        faults.append(Fault(table, index, field, f"must be {least} to {most}, not {row[field]}"))
