"""What the books say of a creator's earnings, and the holds that operators place."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.accounts import Account, AccountKind
from server.domain.earnings import EarningsFacts, Hold, Settling
from server.record import tables
from server.record.database import insert_into
from server.record.gift_refunds import GIFT_REFUND
from server.record.ledger import balance_of

_DAY_MS = 86_400_000
_PARAMETERS_MAX = 400  # SQLite takes a bounded number


async def read_facts(
    connection: AsyncConnection, creator: str, *, now_ms: int, settle_ms: int, lock: bool = False
) -> EarningsFacts:
    """Return everything that decides what a creator can cash out; `lock` keeps others from cashing it out meanwhile."""
    balance = await balance_of(connection, Account(AccountKind.CREATOR, creator), lock=lock)
    return EarningsFacts(
        balance=balance,
        in_transit=await balance_of(connection, Account(AccountKind.PAYOUT_TRANSIT, creator)),
        paid=await balance_of(connection, Account(AccountKind.PAID_OUT, creator)),
        settling=await _settling(connection, creator, now_ms=now_ms, settle_ms=settle_ms),
        holds=await holds_of(connection, creator, now_ms=now_ms),
    )


async def holds_of(connection: AsyncConnection, creator: str, *, now_ms: int) -> list[Hold]:
    """Return the holds that run, those that end first in front."""
    hold = tables.hold
    rows = await connection.execute(
        select(hold).where(hold.c.creator == creator, hold.c.release_at_ms > now_ms).order_by(hold.c.release_at_ms)
    )
    return [_hold(row) for row in rows.mappings()]


async def hold_of(connection: AsyncConnection, hold_id: str) -> Hold | None:
    """Return a hold."""
    row = (await connection.execute(select(tables.hold).where(tables.hold.c.id == hold_id))).mappings().one_or_none()
    return None if row is None else _hold(row)


async def insert_hold(connection: AsyncConnection, hold: Hold) -> bool:
    """Place a hold; False when its id is taken."""
    row = {name: getattr(hold, name) for name in Hold.__slots__}
    insert = insert_into(connection, tables.hold).values(row).on_conflict_do_nothing(index_elements=["id"])
    return bool((await connection.execute(insert)).rowcount)


async def release_hold(connection: AsyncConnection, hold_id: str, *, actor: str, reason: str, now_ms: int) -> None:
    """End a hold that still runs."""
    hold = tables.hold
    await connection.execute(
        update(hold)
        .where(hold.c.id == hold_id, hold.c.release_at_ms > now_ms)
        .values(release_at_ms=now_ms, released_by=actor, release_reason=reason)
    )


async def _settling(connection: AsyncConnection, creator: str, *, now_ms: int, settle_ms: int) -> list[Settling]:
    """Return what gifts younger than `settle_ms` brought, day by day, less those that were refunded."""
    after_ms = now_ms - settle_ms
    gift = tables.gift
    day = (gift.c.at_ms // _DAY_MS).label("day")
    rows = await connection.execute(
        select(day, func.sum(gift.c.creator_units), func.max(gift.c.at_ms))
        .where(gift.c.creator == creator, gift.c.at_ms > after_ms)
        .group_by(day)
        .order_by(day)
    )
    found = [(int(number), int(units), int(last_ms)) for number, units, last_ms in rows]
    refunded = await _refunded_by_day(connection, creator, after_ms=after_ms) if found else Counter[int]()
    return [
        Settling(settles_at_ms=last_ms + settle_ms, units=units - refunded[number])
        for number, units, last_ms in found
        if units > refunded[number]
    ]


async def _refunded_by_day(connection: AsyncConnection, creator: str, *, after_ms: int) -> Counter[int]:
    transfer, gift = tables.transfer, tables.gift
    rows = await connection.execute(
        # A refund is younger than its gift, so no older one is of interest.
        select(transfer.c.subject).where(
            transfer.c.creator == creator, transfer.c.at_ms > after_ms, transfer.c.kind == GIFT_REFUND
        )
    )
    events = [subject.split("-") for (subject,) in rows]
    found: Counter[int] = Counter()
    for at in range(0, len(events), _PARAMETERS_MAX):
        same = [
            and_(gift.c.shard == int(shard), gift.c.seq == int(seq))
            for shard, _, seq in events[at : at + _PARAMETERS_MAX]
        ]
        young = await connection.execute(
            select(gift.c.at_ms, gift.c.creator_units).where(or_(*same), gift.c.at_ms > after_ms)
        )
        for at_ms, units in young:
            found[at_ms // _DAY_MS] += units
    return found


def _hold(row: Mapping[Any, Any]) -> Hold:
    return Hold(**{name: row[name] for name in Hold.__slots__})
