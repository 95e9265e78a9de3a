"""Read the lines of statements: gifts and transfers of one person in a period, and the balance before it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.accounts import Account, AccountKind
from server.domain.money import UNITS_PER_COIN
from server.domain.statement import CreatorLine, FanLine, Purchase, provider_fee_units
from server.domain.topup import TopupKind
from server.record import tables
from server.record.batch import GiftRow
from server.record.gift_refunds import GIFT_REFUND, event_id

_PARAMETERS_MAX = 400  # SQLite takes a bounded number
# What a fan calls them: the coins of a refund leave the wallet with the take, and come back where it failed.
_FAN_KINDS = {"take": "coin_refund", "coin_refund_failed": "coin_refund"}


async def fan_coins_before(connection: AsyncConnection, fan: str, before_ms: int) -> int:
    """Return a fan's coins at a moment."""
    gift = tables.gift
    spent = await connection.execute(
        select(func.coalesce(func.sum(gift.c.coins), 0)).where(gift.c.fan == fan, gift.c.at_ms < before_ms)
    )
    paid, promo = _wallets(fan)
    moved = await connection.execute(
        select(func.coalesce(func.sum(_signed(paid) + _signed(promo)), 0))
        .select_from(tables.transfer.join(tables.posting))
        .where(tables.transfer.c.fan == fan, tables.transfer.c.at_ms < before_ms)
    )
    return int(moved.scalar_one()) // UNITS_PER_COIN - int(spent.scalar_one())


async def fan_lines(connection: AsyncConnection, fan: str, *, from_ms: int, to_ms: int, limit: int) -> list[FanLine]:
    """Return up to `limit` lines of each sort in [from_ms, to_ms)."""
    gift = tables.gift
    rows = await connection.execute(
        select(gift)
        .where(gift.c.fan == fan, gift.c.at_ms >= from_ms, gift.c.at_ms < to_ms)
        .order_by(gift.c.at_ms)
        .limit(limit)
    )
    lines = [_gift_given(_gift(row)) for row in rows]
    paid, promo = _wallets(fan)
    moved = (
        await connection.execute(
            _moved(_signed(paid), _signed(promo), limit=limit).where(
                tables.transfer.c.fan == fan,
                tables.transfer.c.at_ms >= from_ms,
                tables.transfer.c.at_ms < to_ms,
            )
        )
    ).all()
    gifts = await _gifts_of(connection, [row.subject for row in moved if row.kind == GIFT_REFUND])
    topups = await _topups_of(connection, [row.subject for row in moved if row.kind in set(TopupKind)])
    return lines + [_fan_line(row, gifts.get(row.subject), topups.get(row.subject)) for row in moved]


async def creator_units_before(connection: AsyncConnection, creator: str, before_ms: int) -> int:
    """Return a creator's earnings that were not cashed out at a moment."""
    gift = tables.gift
    earned = await connection.execute(
        select(func.coalesce(func.sum(gift.c.creator_units), 0)).where(
            gift.c.creator == creator, gift.c.at_ms < before_ms
        )
    )
    moved = await connection.execute(
        select(func.coalesce(func.sum(_signed(Account(AccountKind.CREATOR, creator))), 0))
        .select_from(tables.transfer.join(tables.posting))
        .where(tables.transfer.c.creator == creator, tables.transfer.c.at_ms < before_ms)
    )
    return int(earned.scalar_one()) + int(moved.scalar_one())


async def creator_lines(
    connection: AsyncConnection, creator: str, *, from_ms: int, to_ms: int, limit: int
) -> list[CreatorLine]:
    """Return up to `limit` lines of each sort in [from_ms, to_ms)."""
    gift = tables.gift
    rows = await connection.execute(
        select(gift)
        .where(gift.c.creator == creator, gift.c.at_ms >= from_ms, gift.c.at_ms < to_ms)
        .order_by(gift.c.at_ms)
        .limit(limit)
    )
    given = [_gift(row) for row in rows]
    account = Account(AccountKind.CREATOR, creator)
    moved = (
        await connection.execute(
            _moved(_signed(account), limit=limit).where(
                tables.transfer.c.creator == creator,
                tables.transfer.c.at_ms >= from_ms,
                tables.transfer.c.at_ms < to_ms,
            )
        )
    ).all()
    refunded = await _gifts_of(connection, [row.subject for row in moved if row.kind == GIFT_REFUND])
    fans = {row.fan for row in [*given, *refunded.values()] if row.paid_coins}
    purchases = await _purchases_of(connection, sorted(fans))
    lines = [_gift_got(row, purchases[row.fan]) for row in given]
    for row in moved:
        back = refunded.get(row.subject)
        lines.append(_payout_line(row) if back is None else _gift_lost(row, back, purchases[back.fan]))
    return lines


def _wallets(fan: str) -> tuple[Account, Account]:
    return Account(AccountKind.FAN_PAID, fan), Account(AccountKind.FAN_PROMO, fan)


def _signed(account: Account) -> ColumnElement[int]:
    """Return what a posting does to an account."""
    posting = tables.posting
    return case(
        (posting.c.credit == account.name, posting.c.amount),
        (posting.c.debit == account.name, -posting.c.amount),
        else_=0,
    )


def _moved(*changes: ColumnElement[int], limit: int) -> Select[Any]:
    """Select the transfers that change something, with the sum of each change."""
    transfer = tables.transfer
    sums = [func.sum(change) for change in changes]
    return (
        select(transfer, *(total.label(f"change_{number}") for number, total in enumerate(sums)))
        .select_from(transfer.join(tables.posting))
        .group_by(transfer.c.id)
        .having(or_(*(total != 0 for total in sums)))
        .order_by(transfer.c.at_ms)
        .limit(limit)
    )


def _gift(row: Row[Any]) -> GiftRow:
    return GiftRow(**row._mapping)


def _gift_given(gift: GiftRow) -> FanLine:
    return FanLine(
        at_ms=gift.at_ms,
        kind="gift",
        transfer_id=event_id(gift),
        gift=gift.gift,
        count=gift.count,
        room=gift.room,
        creator=gift.creator,
        paid_coins=-gift.paid_coins,
        promo_coins=-gift.promo_coins,
        coins=-gift.coins,
    )


def _fan_line(transfer: Row[Any], gift: GiftRow | None, topup: Row[Any] | None) -> FanLine:
    paid, promo = int(transfer.change_0) // UNITS_PER_COIN, int(transfer.change_1) // UNITS_PER_COIN
    was_bought = topup is not None and transfer.kind == TopupKind.TOPUP
    return FanLine(
        at_ms=transfer.at_ms,
        kind=_FAN_KINDS.get(transfer.kind, transfer.kind),
        transfer_id=transfer.id,
        gift=gift.gift if gift else None,
        count=gift.count if gift else None,
        room=gift.room if gift else None,
        creator=gift.creator if gift else None,
        pack=topup.pack if topup else None,
        price_minor=topup.price_minor if topup and was_bought else None,
        currency=topup.currency if topup and was_bought else None,
        paid_coins=paid,
        promo_coins=promo,
        coins=paid + promo,
    )


def _gift_got(gift: GiftRow, purchases: Sequence[Purchase]) -> CreatorLine:
    return CreatorLine(
        at_ms=gift.at_ms,
        kind="gift",
        transfer_id=event_id(gift),
        gift=gift.gift,
        count=gift.count,
        room=gift.room,
        fan=None if gift.hidden else gift.fan,
        coins=gift.coins,
        price_units=gift.coins * UNITS_PER_COIN,
        creator_units=gift.creator_units,
        platform_units=gift.platform_units,
        provider_fee_units=_fee(gift, purchases),
        units=gift.creator_units,
    )


def _gift_lost(transfer: Row[Any], gift: GiftRow, purchases: Sequence[Purchase]) -> CreatorLine:
    return CreatorLine(
        at_ms=transfer.at_ms,
        kind=transfer.kind,
        transfer_id=transfer.id,
        gift=gift.gift,
        count=gift.count,
        room=gift.room,
        fan=None if gift.hidden else gift.fan,
        coins=-gift.coins,
        price_units=-gift.coins * UNITS_PER_COIN,
        creator_units=-gift.creator_units,
        platform_units=-gift.platform_units,
        provider_fee_units=-_fee(gift, purchases),
        units=int(transfer.change_0),
    )


def _fee(gift: GiftRow, purchases: Sequence[Purchase]) -> int:
    return provider_fee_units(
        purchases, at_ms=gift.at_ms, paid_coins=gift.paid_coins, platform_units=gift.platform_units
    )


def _payout_line(transfer: Row[Any]) -> CreatorLine:
    return CreatorLine(
        at_ms=transfer.at_ms,
        kind=transfer.kind,
        transfer_id=transfer.id,
        units=int(transfer.change_0),
        payout_id=transfer.subject,
    )


async def _gifts_of(connection: AsyncConnection, event_ids: Sequence[str]) -> dict[str, GiftRow]:
    gift = tables.gift
    found: dict[str, GiftRow] = {}
    for some in _parts([event.split("-") for event in event_ids]):
        same = [and_(gift.c.shard == int(shard), gift.c.seq == int(seq)) for shard, _, seq in some]
        rows = await connection.execute(select(gift).where(or_(*same)))
        found |= {event_id(row): row for row in map(_gift, rows)}
    return found


async def _topups_of(connection: AsyncConnection, topup_ids: Sequence[str]) -> dict[str, Row[Any]]:
    topup = tables.topup
    found: dict[str, Row[Any]] = {}
    for some in _parts(topup_ids):
        rows = await connection.execute(
            select(topup.c.id, topup.c.pack, topup.c.price_minor, topup.c.currency).where(topup.c.id.in_(some))
        )
        found |= {row.id: row for row in rows}
    return found


async def _purchases_of(connection: AsyncConnection, fans: Sequence[str]) -> dict[str, list[Purchase]]:
    """Return what fans bought with a fee that is known."""
    topup, transfer = tables.topup, tables.transfer
    found: dict[str, list[Purchase]] = defaultdict(list)
    for some in _parts(fans):
        rows = await connection.execute(
            select(transfer.c.at_ms, topup)
            .select_from(topup.join(transfer, transfer.c.subject == topup.c.id))
            .where(
                topup.c.fan.in_(some),
                transfer.c.kind == TopupKind.TOPUP.value,
                topup.c.captured_minor > 0,
                topup.c.fee_minor.is_not(None),
            )
        )
        for row in rows:
            purchase = Purchase(
                at_ms=row.at_ms,
                currency=row.currency,
                coins=row.coins,
                captured_minor=row.captured_minor,
                fee_minor=row.fee_minor,
            )
            found[row.fan].append(purchase)
    return found


def _parts(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[at : at + _PARAMETERS_MAX] for at in range(0, len(items), _PARAMETERS_MAX))
