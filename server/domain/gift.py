"""The catalogue: which gifts and coin packs are on sale, what they cost, and the rules a catalogue file must keep."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from server.domain.fault import Fault, is_whole, read_rows
from server.domain.ids import GiftId, is_slug
from server.domain.packs import Pack, PayoutTerms, parse_packs, parse_payouts

TIERS = (1, 2, 3, 4, 5)
PRICE_COINS_MAX = 1_000_000
NAME_CHARS_MAX = 40
_REVISION_DIGITS = 16
_TABLES = ("[[tier]]", "[[gift]]", "[[pack]]", "[[payout]]")

_GIFT_FIELDS: dict[str, type] = {
    "id": str,
    "name": str,
    "price_coins": int,
    "tier": int,
    "combo": bool,
    "effect": str,
    "still": str,
}
_TIER_FIELDS: dict[str, type] = {"tier": int, "name": str, "min_coins": int, "max_coins": int}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A shelf of the catalogue: gifts of one price range, shown in one way."""

    tier: int
    name: str
    min_coins: int
    max_coins: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """An entry of the catalogue."""

    id: GiftId
    name: str
    price_coins: int
    tier: int
    combo: bool
    effect: str
    still: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that is on sale, and what earnings are worth. `revision` is the hash of what it says, not of its bytes."""

    tiers: tuple[Tier, ...]
    gifts: Mapping[str, Gift]
    revision: str
    packs: Mapping[str, Pack]
    payouts: Mapping[str, PayoutTerms]  # by currency


def build_catalogue(
    tiers: Iterable[Tier],
    gifts: Iterable[Gift],
    packs: Iterable[Pack] = (),
    payouts: Iterable[PayoutTerms] = (),
) -> Catalogue:
    """Put a validated catalogue together and compute its revision."""
    tier_list, gift_list, pack_list, payout_list = tuple(tiers), tuple(gifts), tuple(packs), tuple(payouts)
    tables = (tier_list, gift_list, pack_list, payout_list)
    said = json.dumps([[asdict(row) for row in table] for table in tables], sort_keys=True)
    return Catalogue(
        tier_list,
        {gift.id: gift for gift in gift_list},
        hashlib.sha256(said.encode()).hexdigest()[:_REVISION_DIGITS],
        {pack.id: pack for pack in pack_list},
        {terms.currency: terms for terms in payout_list},
    )


def parse_catalogue(document: Mapping[str, Any]) -> tuple[Catalogue | None, list[Fault]]:
    """Turn a parsed file into a catalogue, or explain every fault in it; exactly one of the two is empty."""
    faults = [
        Fault("file", 0, name, f"is not a table of the catalogue; only {', '.join(_TABLES)} are")
        for name in document
        if f"[[{name}]]" not in _TABLES
    ]
    tiers = read_rows(document, "tier", _TIER_FIELDS, faults)
    gifts = read_rows(document, "gift", _GIFT_FIELDS, faults)
    _check_tiers(tiers, faults)
    _check_gifts(gifts, {row["tier"]: row for row in tiers if is_whole(row, _TIER_FIELDS)}, faults)
    packs = parse_packs(document, faults)
    payouts = parse_payouts(document, faults)
    if faults:
        return None, faults
    return build_catalogue((Tier(**row) for row in tiers), (Gift(**row) for row in gifts), packs, payouts), []


def _check_tiers(rows: list[dict[str, Any]], faults: list[Fault]) -> None:
    seen: set[int] = set()
    for index, row in enumerate(rows):
        if not is_whole(row, _TIER_FIELDS):
            continue
        if row["tier"] not in TIERS:
            faults.append(Fault("tier", index, "tier", f"must be 1 to {TIERS[-1]}, not {row['tier']}"))
        if row["tier"] in seen:
            faults.append(Fault("tier", index, "tier", f"{row['tier']} is declared twice"))
        seen.add(row["tier"])
        if not 1 <= row["min_coins"] <= row["max_coins"] <= PRICE_COINS_MAX:
            faults.append(Fault("tier", index, "min_coins", "needs 1 ≤ min_coins ≤ max_coins ≤ 1000000"))


def _check_gifts(rows: list[dict[str, Any]], tiers: Mapping[int, Mapping[str, Any]], faults: list[Fault]) -> None:
    seen: set[str] = set()
    for index, row in enumerate(rows):
        if not is_whole(row, _GIFT_FIELDS):
            continue
        faults.extend(
            Fault("gift", index, name, f"must be 1 to 32 of a-z, 0-9, _ and -, not {row[name]!r}")
            for name in ("id", "effect", "still")
            if not is_slug(row[name])
        )
        if row["id"] in seen:
            faults.append(Fault("gift", index, "id", f"{row['id']!r} is used twice"))
        seen.add(row["id"])
        if not 1 <= len(row["name"].strip()) <= NAME_CHARS_MAX:
            faults.append(Fault("gift", index, "name", f"must be 1 to {NAME_CHARS_MAX} characters"))
        tier = tiers.get(row["tier"])
        if tier is None:
            faults.append(Fault("gift", index, "tier", f"{row['tier']} has no [[tier]]"))
        elif not tier["min_coins"] <= row["price_coins"] <= tier["max_coins"]:
            faults.append(
                Fault(
                    "gift",
                    index,
                    "price_coins",
                    f"{row['price_coins']} is outside tier {tier['tier']} ({tier['min_coins']}..{tier['max_coins']})",
                )
            )
