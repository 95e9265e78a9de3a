"""Payouts in the books: quotes, requests, and the postings of every change of state."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.accounts import Account, AccountKind, Posting, posting
from server.domain.ids import new_intent_id
from server.domain.payout import NEXT, Payout, PayoutState, Quote
from server.errors import IntentConflict
from server.record import tables
from server.record.database import insert_into
from server.record.ledger import Transfer, post

# A payout that the provider has not decided is asked after when nothing was heard for this long, and then ever more
# rarely; one that it may never have received is asked after sooner.
CHECK_AFTER_MS = 60_000
UNANSWERED_AFTER_MS = 5_000


async def set_destination(connection: AsyncConnection, creator: str, destination: str, *, now_ms: int) -> None:
    """Write down where a creator's payouts go."""
    row = {"creator": creator, "destination": destination, "updated_at_ms": now_ms}
    insert = insert_into(connection, tables.destination).values(row)
    await connection.execute(insert.on_conflict_do_update(index_elements=["creator"], set_=row))


async def destination_of(connection: AsyncConnection, creator: str) -> str | None:
    """Return where a creator's payouts go."""
    query = select(tables.destination.c.destination).where(tables.destination.c.creator == creator)
    return (await connection.execute(query)).scalar_one_or_none()


async def units_requested(connection: AsyncConnection, creator: str, *, since_ms: int) -> int:
    """Return what a creator asked for since a moment, but for what was rejected or failed."""
    payout = tables.payout
    given_up = (PayoutState.REJECTED.value, PayoutState.FAILED.value)
    query = select(func.coalesce(func.sum(payout.c.units), 0)).where(
        payout.c.creator == creator, payout.c.created_at_ms >= since_ms, payout.c.state.not_in(given_up)
    )
    return int((await connection.execute(query)).scalar_one())


async def insert_quote(connection: AsyncConnection, quote: Quote) -> None:
    """Write an offer down."""
    row = {name: getattr(quote, name) for name in Quote.__slots__}
    await connection.execute(tables.quote.insert().values(row))


async def quote_of(connection: AsyncConnection, quote_id: str) -> Quote | None:
    """Return an offer."""
    row = (await connection.execute(select(tables.quote).where(tables.quote.c.id == quote_id))).mappings().one_or_none()
    return None if row is None else Quote(**{name: row[name] for name in Quote.__slots__})


async def quote_is_used(connection: AsyncConnection, quote_id: str) -> bool:
    """Whether a payout was made of an offer."""
    query = select(tables.payout.c.id).where(tables.payout.c.quote_id == quote_id)
    return (await connection.execute(query)).scalar_one_or_none() is not None


async def payout_of(connection: AsyncConnection, payout_id: str, *, lock: bool = False) -> Payout | None:
    """Return a payout; `lock` keeps it until the transaction ends."""
    query = select(tables.payout).where(tables.payout.c.id == payout_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else _payout(row)


async def payouts_of(
    connection: AsyncConnection, *, creator: str | None = None, state: str | None = None, limit: int
) -> list[Payout]:
    """Return payouts, newest first."""
    payout = tables.payout
    query = select(payout).order_by(payout.c.created_at_ms.desc(), payout.c.id.desc()).limit(limit)
    if creator is not None:
        query = query.where(payout.c.creator == creator)
    if state is not None:
        query = query.where(payout.c.state == state)
    return [_payout(row) for row in (await connection.execute(query)).mappings()]


async def approved_payouts(connection: AsyncConnection, *, provider: str, limit: int) -> list[str]:
    """Return payouts that nobody has submitted yet, oldest first."""
    payout = tables.payout
    rows = await connection.execute(
        select(payout.c.id)
        .where(payout.c.state == PayoutState.APPROVED.value, payout.c.provider == provider)
        .order_by(payout.c.updated_at_ms)
        .limit(limit)
    )
    return list(rows.scalars())


async def claim_unsettled(connection: AsyncConnection, *, provider: str, now_ms: int, limit: int) -> list[str]:
    """Return submitted payouts that it is time to ask after, and note that they were."""
    payout = tables.payout
    quiet_ms = now_ms - payout.c.checked_at_ms
    rows = await connection.execute(
        select(payout.c.id)
        .where(
            payout.c.state == PayoutState.SUBMITTED.value,
            payout.c.provider == provider,
            or_(
                payout.c.reference.is_(None) & (quiet_ms >= UNANSWERED_AFTER_MS),
                (quiet_ms >= CHECK_AFTER_MS) & (quiet_ms * 2 >= payout.c.checked_at_ms - payout.c.updated_at_ms),
            ),
        )
        .order_by(payout.c.checked_at_ms)
        .limit(limit)
    )
    due = list(rows.scalars())
    if due:
        await connection.execute(update(payout).where(payout.c.id.in_(due)).values(checked_at_ms=now_ms))
    return due


async def note_reference(connection: AsyncConnection, payout_id: str, reference: str) -> None:
    """Write down the provider's name of a payout."""
    payout = tables.payout
    await connection.execute(
        update(payout).where(payout.c.id == payout_id, payout.c.reference.is_(None)).values(reference=reference)
    )


async def insert_payout(connection: AsyncConnection, payout: Payout, *, now_ms: int) -> None:
    """Write a request down and move its units from the creator into transit.

    Raises:
        IntentConflict: somebody else took the id in this very moment; nothing was moved.
    """
    row = {name: getattr(payout, name) for name in Payout.__slots__}
    insert = insert_into(connection, tables.payout).values(row).on_conflict_do_nothing(index_elements=["id"])
    if (await connection.execute(insert)).rowcount == 0:
        raise IntentConflict
    await _add_step(connection, payout, actor=payout.requested_by, reason="", now_ms=now_ms)
    await _post(connection, payout, kind="payout", postings=_units(payout, "creator", "transit"), now_ms=now_ms)


async def move_payout(
    connection: AsyncConnection, payout: Payout, to: PayoutState, *, actor: str, reason: str | None, now_ms: int
) -> Payout | None:
    """Take a locked payout into its next state and post what that moves; None where the move is impossible."""
    if to not in NEXT[PayoutState(payout.state)]:
        return None
    moved = replace(payout, state=to.value, updated_at_ms=now_ms, checked_at_ms=now_ms)
    if reason is not None:
        moved = replace(moved, reason=reason)
    if to is PayoutState.APPROVED:
        moved = replace(moved, approved_by=actor)
    table = tables.payout
    await connection.execute(
        update(table)
        .where(table.c.id == payout.id)
        .values(
            state=moved.state,
            reason=moved.reason,
            approved_by=moved.approved_by,
            updated_at_ms=now_ms,
            checked_at_ms=now_ms,
        )
    )
    await _add_step(connection, moved, actor=actor, reason=reason or "", now_ms=now_ms)
    postings = _postings(moved, to)
    if postings:
        await _post(connection, moved, kind=f"payout_{to.value}", postings=postings, now_ms=now_ms)
    return moved


def _postings(payout: Payout, to: PayoutState) -> Sequence[Posting]:
    """Return what a move into `to` moves."""
    if to in (PayoutState.FAILED, PayoutState.REJECTED):
        return _units(payout, "transit", "creator")
    if to is PayoutState.PAID:
        return [*_units(payout, "transit", "paid"), *_money(payout, payout.amount_minor)]
    if to is PayoutState.RETURNED:
        return [*_units(payout, "paid", "creator"), *_money(payout, -payout.amount_minor)]
    return []


def _units(payout: Payout, source: str, target: str) -> list[Posting]:
    accounts = {
        "creator": Account(AccountKind.CREATOR, payout.creator),
        "transit": Account(AccountKind.PAYOUT_TRANSIT, payout.creator),
        "paid": Account(AccountKind.PAID_OUT, payout.creator),
    }
    return posting(accounts[source], accounts[target], payout.units)


def _money(payout: Payout, amount_minor: int) -> list[Posting]:
    paid = Account(AccountKind.CREATORS_PAID, asset=payout.currency)
    lies_there = Account(AccountKind.PROVIDER_BALANCE, payout.provider, payout.currency)
    return posting(paid, lies_there, amount_minor)


async def _post(
    connection: AsyncConnection, payout: Payout, *, kind: str, postings: Sequence[Posting], now_ms: int
) -> None:
    transfer = Transfer(
        id=new_intent_id(now_ms),
        kind=kind,
        key=f"{kind}:{payout.id}",
        at_ms=now_ms,
        postings=postings,
        actor=payout.requested_by if kind == "payout" else "payouts",
        subject=payout.id,
        creator=payout.creator,
        reason=payout.reason or "",
    )
    posted = await post(connection, transfer)
    assert posted, transfer.key


async def _add_step(connection: AsyncConnection, payout: Payout, *, actor: str, reason: str, now_ms: int) -> None:
    step = tables.payout_step
    query = select(func.count()).select_from(step).where(step.c.payout_id == payout.id)
    number = (await connection.execute(query)).scalar_one() + 1
    await connection.execute(
        step.insert().values(
            payout_id=payout.id, number=number, state=payout.state, actor=actor, reason=reason, at_ms=now_ms
        )
    )


def _payout(row: Mapping[Any, Any]) -> Payout:
    return Payout(**{name: row[name] for name in Payout.__slots__})
