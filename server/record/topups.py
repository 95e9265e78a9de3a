"""Top-ups in the books: a row for each purchase, and the postings that follow what the provider says of its money."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.accounts import Account, AccountKind, Posting, posting
from server.domain.command import Command
from server.domain.money import UNITS_PER_COIN
from server.domain.topup import (
    CHECKOUT_EXPIRED,
    CHECKOUT_OPEN,
    Payment,
    Step,
    Topup,
    TopupKind,
    coins_due,
    later_status,
    merge,
    money_postings,
    steps,
)
from server.errors import BooksUnavailable
from server.record import tables
from server.record.database import insert_into
from server.record.ledger import SHARD_ID, Transfer, give_command, post
from server.record.refunds import finish_coin_refunds, use_held_coins

_ISSUED = Account(AccountKind.ISSUED)
# A checkout that nobody told us about for this long is asked after, and then ever more rarely.
CHECK_AFTER_MS = 30_000
# No provider keeps a checkout open for longer.
_UNOPENED_MS = 86_400_000


async def lock_commands(connection: AsyncConnection) -> None:
    """Take the right to give commands, before any balance: the recorder locks in this order too.

    Raises:
        BooksUnavailable: no recorder has ever opened these books.
    """
    query = select(tables.shard.c.id).where(tables.shard.c.id == SHARD_ID).with_for_update()
    if (await connection.execute(query)).scalar() is None:
        raise BooksUnavailable("The books are being opened; send the same request again.", retry_after_ms=1_000)


async def insert_topup(connection: AsyncConnection, topup: Topup) -> bool:
    """Write a new purchase down; False when its id is taken."""
    row = {name: getattr(topup, name) for name in Topup.__slots__ if name != "payment"}
    row |= {"captured_minor": 0, "refunded_minor": 0, "withdrawn_minor": 0, "reinstated_minor": 0}
    insert = insert_into(connection, tables.topup).values(row | {"checked_at_ms": topup.created_at_ms})
    return bool((await connection.execute(insert.on_conflict_do_nothing(index_elements=["id"]))).rowcount)


async def topup_of(connection: AsyncConnection, topup_id: str, *, lock: bool = False) -> Topup | None:
    """Return a purchase; `lock` keeps it until the transaction ends."""
    query = select(tables.topup).where(tables.topup.c.id == topup_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else _topup(row)


async def topup_id_of(connection: AsyncConnection, *, provider: str, reference: str) -> str | None:
    """Return which purchase a provider's payment belongs to."""
    topup = tables.topup
    query = select(topup.c.id).where(topup.c.reference == reference, topup.c.provider == provider)
    return (await connection.execute(query)).scalar_one_or_none()


async def topups_of(connection: AsyncConnection, fan: str, *, limit: int) -> list[Topup]:
    """Return a fan's purchases, newest first."""
    topup = tables.topup
    rows = await connection.execute(
        select(topup).where(topup.c.fan == fan).order_by(topup.c.created_at_ms.desc(), topup.c.id.desc()).limit(limit)
    )
    return [_topup(row) for row in rows.mappings()]


async def open_checkouts(connection: AsyncConnection, fan: str, *, since_ms: int) -> int:
    """Count the checkouts that a fan opened and did not finish."""
    topup = tables.topup
    query = select(func.count()).where(
        topup.c.fan == fan, topup.c.created_at_ms > since_ms, topup.c.status == CHECKOUT_OPEN
    )
    return int((await connection.execute(query)).scalar_one())


async def set_checkout(connection: AsyncConnection, topup_id: str, *, reference: str, url: str, now_ms: int) -> None:
    """Write down where a purchase is paid."""
    topup = tables.topup
    await connection.execute(
        update(topup)
        .where(topup.c.id == topup_id, topup.c.reference.is_(None))
        .values(reference=reference, checkout_url=url, updated_at_ms=now_ms)
    )


async def set_status(connection: AsyncConnection, topup_id: str, status: str, *, now_ms: int) -> None:
    """Write down where a checkout stands that never became a payment."""
    topup = tables.topup
    await connection.execute(
        update(topup)
        .where(topup.c.id == topup_id, topup.c.status == CHECKOUT_OPEN)
        .values(status=status, updated_at_ms=now_ms)
    )


async def claim_due(connection: AsyncConnection, *, provider: str, now_ms: int, limit: int) -> list[str]:
    """Return the references of unsettled payments that it is time to ask after, and note that they were."""
    topup = tables.topup
    quiet_ms = now_ms - topup.c.checked_at_ms
    rows = await connection.execute(
        select(topup.c.id, topup.c.reference)
        .where(
            topup.c.provider == provider,
            topup.c.reference.is_not(None),
            tables.UNSETTLED,
            quiet_ms >= CHECK_AFTER_MS,
            # Each pause is half as long as the purchase is old.
            quiet_ms * 2 >= topup.c.checked_at_ms - topup.c.created_at_ms,
        )
        .order_by(topup.c.checked_at_ms)
        .limit(limit)
    )
    due = {str(row.id): str(row.reference) for row in rows}
    if due:
        await connection.execute(update(topup).where(topup.c.id.in_(list(due))).values(checked_at_ms=now_ms))
    return list(due.values())


async def expire_unopened(connection: AsyncConnection, *, now_ms: int) -> None:
    """Give up purchases for which no checkout was ever opened."""
    topup = tables.topup
    await connection.execute(
        update(topup)
        .where(
            topup.c.reference.is_(None),
            topup.c.status == CHECKOUT_OPEN,
            topup.c.created_at_ms < now_ms - _UNOPENED_MS,
        )
        .values(status=CHECKOUT_EXPIRED, updated_at_ms=now_ms)
    )


async def follow_payment(
    connection: AsyncConnection, topup_id: str, seen: Payment, *, status: str, now_ms: int
) -> tuple[Topup, Topup]:
    """Post what a reading of the payment adds to what was posted; return the purchase before and after.

    The same reading again, an older one, or one beside another worker's ends at the same books.
    """
    await lock_commands(connection)
    before = await topup_of(connection, topup_id, lock=True)
    assert before is not None, topup_id
    payment = merge(before.payment, seen, price_minor=before.price_minor)
    commands: list[Command] = []
    known, coins = before.payment, before.coins_posted
    for step in steps(before.payment, payment):
        due = coins_due(before.coins, step.after, price_minor=before.price_minor)
        commands += await _post_step(connection, before, known, step, coins=due - coins, now_ms=now_ms)
        known, coins = step.after, due
    assert known == payment, (known, payment)
    commands += await finish_coin_refunds(connection, topup_id, payment, now_ms=now_ms)
    for command in commands:
        await give_command(connection, command)
    await _update(connection, before, payment, status=status, coins=coins, now_ms=now_ms)
    after = await topup_of(connection, topup_id)
    assert after is not None
    return before, after


async def _post_step(
    connection: AsyncConnection, topup: Topup, known: Payment, step: Step, *, coins: int, now_ms: int
) -> list[Command]:
    number = await connection.execute(
        select(func.count()).select_from(tables.transfer).where(tables.transfer.c.subject == topup.id)
    )
    after = step.after
    postings, wallet_coins = await _coin_postings(connection, topup, coins)
    transfer = Transfer(
        # Numbered, so that a statement shows what happened in one moment in its order.
        id=f"topup-{topup.id}-{number.scalar_one():04d}",
        kind=step.kind.value,
        key=f"topup:{topup.id}:{after.captured}:{after.refunded}:{after.withdrawn}:{after.reinstated}:{after.fee}",
        at_ms=now_ms,
        postings=[
            *money_postings(known, after, provider=topup.provider, currency=topup.currency),
            *postings,
        ],
        actor="provider",
        subject=topup.id,
        fan="" if step.kind is TopupKind.PROVIDER_FEE else topup.fan,
    )
    posted = await post(connection, transfer)
    assert posted, transfer.key
    return [Command(transfer_id=transfer.id, fan=topup.fan, paid_coins=wallet_coins)] if wallet_coins else []


async def _coin_postings(connection: AsyncConnection, topup: Topup, coins: int) -> tuple[list[Posting], int]:
    """Return the postings that issue coins or take them back, and the change of the wallet."""
    wallet = Account(AccountKind.FAN_PAID, topup.fan)
    if coins >= 0:
        return posting(_ISSUED, wallet, coins * UNITS_PER_COIN), coins
    # Coins that wait for their money to go back are used first; the rest comes out of the wallet, which may then owe.
    held = await use_held_coins(connection, topup.id, coins=-coins)
    rest = coins + sum(part.amount for part in held) // UNITS_PER_COIN
    return [*held, *posting(_ISSUED, wallet, rest * UNITS_PER_COIN)], rest


async def _update(
    connection: AsyncConnection, before: Topup, payment: Payment, *, status: str, coins: int, now_ms: int
) -> None:
    new = {
        "status": later_status(before.status, status),
        "captured_minor": payment.captured,
        "refunded_minor": payment.refunded,
        "withdrawn_minor": payment.withdrawn,
        "reinstated_minor": payment.reinstated,
        "fee_minor": payment.fee,
        "coins_posted": coins,
    }
    if new["status"] != before.status or payment != before.payment:
        topup = tables.topup
        await connection.execute(update(topup).where(topup.c.id == before.id).values(updated_at_ms=now_ms, **new))


def _topup(row: Mapping[Any, Any]) -> Topup:
    payment = Payment(
        captured=row["captured_minor"],
        refunded=row["refunded_minor"],
        withdrawn=row["withdrawn_minor"],
        reinstated=row["reinstated_minor"],
        fee=row["fee_minor"],
    )
    return Topup(payment=payment, **{name: row[name] for name in Topup.__slots__ if name != "payment"})
