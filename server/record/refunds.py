"""Refunds: gifts that are given back, and unspent coins whose money is on its way back.

A coin refund is a row that moves requested → taken → sent → done, or → failed. `taken` means that the books hold the
coins in an account of its own, `sent` that the provider agreed to give the money back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.accounts import Account, AccountKind, Posting, posting
from server.domain.command import Command
from server.domain.money import UNITS_PER_COIN
from server.domain.topup import Payment
from server.errors import AlreadyRefunded, UnknownTransfer
from server.record import tables
from server.record.batch import GiftRow
from server.record.database import insert_into
from server.record.gift_refunds import post_gift_refund
from server.record.ledger import Transfer, balance_of, post

REQUESTED, TAKEN, SENT, DONE, FAILED = "requested", "taken", "sent", "done", "failed"
_EVENT_ID = re.compile(r"([0-9]{1,4})-([0-9a-z]{1,32})-([0-9]{1,15})")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinRefund:
    """A refund of unspent coins; its id is also the id of the take."""

    id: str
    topup_id: str
    fan: str
    coins: int
    amount_minor: int
    state: str
    actor: str
    reason: str
    created_at_ms: int
    updated_at_ms: int


async def refund_gift(connection: AsyncConnection, event_id: str, *, actor: str, reason: str, now_ms: int) -> GiftRow:
    """Give a recorded gift back, and return it.

    Raises:
        UnknownTransfer: the books have no such gift (yet).
        AlreadyRefunded: it was given back before; nothing was moved, in both cases.
    """
    found = _EVENT_ID.fullmatch(event_id)
    if found is None:
        raise UnknownTransfer
    shard, epoch, seq = found.groups()
    gift = tables.gift
    query = select(gift).where(gift.c.shard == int(shard), gift.c.seq == int(seq), gift.c.epoch == epoch)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise UnknownTransfer("The books have no gift with this id; one of a moment ago may still be on its way.")
    given = GiftRow(**row)
    if await post_gift_refund(connection, given, actor=actor, reason=reason, now_ms=now_ms) is None:
        raise AlreadyRefunded
    return given


async def coin_refund(connection: AsyncConnection, refund_id: str, *, lock: bool = False) -> CoinRefund | None:
    """Return a refund."""
    query = select(tables.coin_refund).where(tables.coin_refund.c.id == refund_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else _coin_refund(row)


async def coin_refunds_of(connection: AsyncConnection, topup_id: str) -> list[CoinRefund]:
    """Return the refunds of a top-up, oldest first."""
    table = tables.coin_refund
    rows = await connection.execute(
        select(table).where(table.c.topup_id == topup_id).order_by(table.c.created_at_ms, table.c.id)
    )
    return [_coin_refund(row) for row in rows.mappings()]


async def open_coin_refunds(connection: AsyncConnection, *, limit: int) -> list[CoinRefund]:
    """Return refunds that are not finished, oldest first."""
    table = tables.coin_refund
    rows = await connection.execute(
        select(table)
        .where(table.c.state.in_([REQUESTED, TAKEN, SENT]))
        .order_by(table.c.updated_at_ms, table.c.id)
        .limit(limit)
    )
    return [_coin_refund(row) for row in rows.mappings()]


async def set_refund_state(connection: AsyncConnection, refund: CoinRefund, state: str, *, now_ms: int) -> bool:
    """Move a refund on from the state it was read in; False when somebody else moved it."""
    table = tables.coin_refund
    moved = await connection.execute(
        update(table)
        .where(table.c.id == refund.id, table.c.state == refund.state)
        .values(state=state, updated_at_ms=now_ms)
    )
    return moved.rowcount == 1


async def take_is_posted(connection: AsyncConnection, refund_id: str) -> bool:
    """Whether the books hold the coins that the store took for a refund."""
    query = select(tables.transfer.c.id).where(tables.transfer.c.key == f"take:{refund_id}")
    return (await connection.execute(query)).scalar_one_or_none() is not None


async def recorded_until_ms(connection: AsyncConnection) -> int:
    """Return how far in time the books have copied the log."""
    return int((await connection.execute(select(tables.shard.c.hwm_ms))).scalar() or 0)


async def coins_held(connection: AsyncConnection, refund_id: str) -> int:
    """Return the coins that wait in a refund's account."""
    account = Account(AccountKind.COIN_REFUNDS, refund_id)
    return await balance_of(connection, account, lock=True) // UNITS_PER_COIN


async def use_held_coins(connection: AsyncConnection, topup_id: str, *, coins: int) -> list[Posting]:
    """Return the postings that end up to `coins` of those taken for refunds of a top-up, oldest refund first."""
    issued = Account(AccountKind.ISSUED)
    found: list[Posting] = []
    for refund in await coin_refunds_of(connection, topup_id):
        if refund.state not in (TAKEN, SENT) or coins == 0:
            continue
        used = min(coins, await coins_held(connection, refund.id))
        found += posting(Account(AccountKind.COIN_REFUNDS, refund.id), issued, used * UNITS_PER_COIN)
        coins -= used
    return found


async def finish_coin_refunds(
    connection: AsyncConnection, topup_id: str, payment: Payment, *, now_ms: int
) -> list[Command]:
    """End the refunds whose money has gone back; return the commands for coins that they turned out not to need."""
    commands: list[Command] = []
    covered = 0
    for refund in await coin_refunds_of(connection, topup_id):
        if refund.state not in (SENT, DONE):
            continue
        covered += refund.amount_minor
        if refund.state == SENT and covered <= payment.refunded:
            commands += await give_back_held(connection, refund, state=DONE, now_ms=now_ms)
    return commands


async def give_back_held(connection: AsyncConnection, refund: CoinRefund, *, state: str, now_ms: int) -> list[Command]:
    """End a refund; coins that still wait in its account go back to the fan."""
    if not await set_refund_state(connection, refund, state, now_ms=now_ms):
        return []
    coins = await coins_held(connection, refund.id)
    if coins == 0:
        return []
    transfer = Transfer(
        id=f"untake-{refund.id}",
        kind="coin_refund_failed",
        key=f"untake:{refund.id}",
        at_ms=now_ms,
        postings=posting(
            Account(AccountKind.COIN_REFUNDS, refund.id),
            Account(AccountKind.FAN_PAID, refund.fan),
            coins * UNITS_PER_COIN,
        ),
        actor=refund.actor,
        subject=refund.id,
        fan=refund.fan,
        reason=refund.reason,
    )
    posted = await post(connection, transfer)
    assert posted, refund
    return [Command(transfer_id=transfer.id, fan=refund.fan, paid_coins=coins)]


async def claim_refund_id(connection: AsyncConnection, refund: CoinRefund) -> CoinRefund | None:
    """Write a new refund down unless its id is taken; return whose it is in that case."""
    row = {name: getattr(refund, name) for name in CoinRefund.__slots__}
    insert = insert_into(connection, tables.coin_refund).values(row).on_conflict_do_nothing(index_elements=["id"])
    if (await connection.execute(insert)).rowcount == 1:
        return None
    return await coin_refund(connection, refund.id)


def _coin_refund(row: Mapping[Any, Any]) -> CoinRefund:
    return CoinRefund(**{name: row[name] for name in CoinRefund.__slots__})
