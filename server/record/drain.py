"""Copy the log into the books: rows and cursor in one transaction, or nothing.

The cursor is compared and moved in the same transaction that inserts the rows. So a second recorder, a recorder that
was killed at any moment, or one that wakes up late finds the cursor moved and writes nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import asyncpg
import structlog
from sqlalchemy import select, tuple_, update
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.accounts import Account
from server.errors import BooksMismatch
from server.record import tables
from server.record.batch import Batch, GiftRow, LimitRow
from server.record.database import Database, insert_into
from server.record.gift_refunds import post_gift_refund
from server.record.ledger import SHARD_ID, Transfer

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far the books have the log."""

    epoch: str
    seq: int
    recorded_coins: int
    commands: int
    hwm_ms: int


# What no second try changes: a constraint, or a value that does not fit its column.
_REFUSED = (IntegrityError, DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)
_KEYS_MAX = 400  # SQLite takes a bounded number of parameters
_TRANSFER = tuple(field.name for field in fields(Transfer) if field.name != "postings")
_POSTING = ("transfer_id", "line", "debit", "credit", "asset", "amount")


class CursorMoved(Exception):
    """Another recorder was faster; nothing was written."""


class Drain:
    """Writes batches of one shard's log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def cursor(self) -> Cursor | None:
        """Return how far the books are; None where they never copied anything. Raises `BooksUnavailable`."""
        async with self._database.read() as connection:
            return await read_cursor(connection)

    async def open(self, epoch: str) -> None:
        """Begin to follow a log from its beginning; books that have copied or decided something stay with theirs."""
        row = {"id": SHARD_ID, "epoch": epoch, "seq": 0, "commands": 0, "recorded_coins": 0, "hwm_ms": 0}
        shard = tables.shard
        async with self._database.write() as connection:
            insert = insert_into(connection, shard).values(row)
            await connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["id"], set_={"epoch": epoch}, where=(shard.c.seq == 0) & (shard.c.commands == 0)
                )
            )

    async def record(self, cursor: Cursor, batch: Batch) -> Cursor:
        """Commit a batch that follows `cursor`, and return the cursor after it.

        Raises:
            CursorMoved: somebody else recorded it; read the cursor again.
            BooksMismatch: a rule of the books refuses it, and will again; nothing was written.
            BooksUnavailable: nothing was written, or all of it; read the cursor again.
        """
        assert batch.first == cursor.seq + 1, (batch.first, cursor)
        try:
            return await self._commit(cursor, batch, doubled=frozenset())
        except _REFUSED as refusal:
            doubled = await self._doubled(batch)
            if not doubled:
                raise _mismatch(batch, refusal) from refusal
        # An intent that the books have already: the store forgot it and charged again. Both are recorded as they
        # happened, and the second is given back at once.
        log.error("drain.intent_charged_twice", seqs=sorted(doubled))
        try:
            return await self._commit(cursor, batch, doubled=doubled)
        except _REFUSED as refusal:
            raise _mismatch(batch, refusal) from refusal

    async def _commit(self, cursor: Cursor, batch: Batch, *, doubled: frozenset[int]) -> Cursor:
        gifts = batch.gifts
        if doubled:
            gifts = [
                gift._replace(intent_id=f"{gift.intent_id}~{gift.seq}") if gift.seq in doubled else gift
                for gift in gifts
            ]
        limits = [
            # Of a change that was made twice, the second is what holds: both stay, and a rebuild takes the later one.
            change._replace(change_id=f"{change.change_id[:18]}~{change.seq}") if change.seq in doubled else change
            for change in batch.limits
        ]
        async with self._database.write() as connection:
            after = await _move_cursor(connection, cursor, batch)
            changes = batch.changes()
            # One sum for all: what was granted and what was spent of it in the same batch meet before a rule looks.
            changes.update(await _post_all(connection, batch.transfers))
            await _insert(connection, "gift", GiftRow._fields, gifts)
            await _insert(connection, "limit_change", LimitRow._fields, limits)
            for gift in gifts:
                if gift.seq in doubled:
                    await post_gift_refund(
                        connection, gift, actor="recorder", reason="charged twice", now_ms=gift.at_ms
                    )
            await _add_all_to_balances(connection, changes)
        return after

    async def _doubled(self, batch: Batch) -> frozenset[int]:
        """Return the seqs of gifts and changes of limits whose id is in the books, or earlier in the batch."""
        gift, change = tables.gift.c, tables.limit_change.c
        gifts = [(row.seq, row.fan, row.intent_id) for row in batch.gifts]
        changes = [(row.seq, row.fan, row.change_id) for row in batch.limits]
        doubled: set[int] = set()
        async with self._database.read() as connection:
            for fan, name, rows in ((gift.fan, gift.intent_id, gifts), (change.fan, change.change_id, changes)):
                known: set[tuple[str, str]] = set()
                pairs = [(who, which) for _, who, which in rows]
                for at in range(0, len(pairs), _KEYS_MAX):
                    same = tuple_(fan, name).in_(pairs[at : at + _KEYS_MAX])
                    known |= {(who, which) for who, which in await connection.execute(select(fan, name).where(same))}
                for seq, who, which in rows:
                    if (who, which) in known:
                        doubled.add(seq)
                    known.add((who, which))
        return frozenset(doubled)


async def read_cursor(connection: AsyncConnection) -> Cursor | None:
    """Return how far the books are, in the transaction of `connection`."""
    shard = tables.shard
    row = (await connection.execute(select(shard).where(shard.c.id == SHARD_ID))).mappings().one_or_none()
    return None if row is None else _cursor(row)


def _cursor(row: Mapping[Any, Any]) -> Cursor:
    return Cursor(
        epoch=row["epoch"],
        seq=row["seq"],
        recorded_coins=row["recorded_coins"],
        commands=row["commands"],
        hwm_ms=row["hwm_ms"],
    )


async def _move_cursor(connection: AsyncConnection, cursor: Cursor, batch: Batch) -> Cursor:
    shard = tables.shard
    moved = await connection.execute(
        update(shard)
        .where(shard.c.id == SHARD_ID, shard.c.epoch == cursor.epoch, shard.c.seq == cursor.seq)
        .values(
            seq=batch.last,
            recorded_coins=shard.c.recorded_coins + batch.coins,
            hwm_ms=batch.at_ms,
        )
        .returning(shard)
    )
    row = moved.mappings().one_or_none()
    if row is None:
        raise CursorMoved
    return _cursor(row)


async def _post_all(connection: AsyncConnection, transfers: Sequence[Transfer]) -> Counter[Account]:
    """Insert transfers, and return their changes of balances; as `ledger.post`, in bulk."""
    keys = [transfer.key for transfer in transfers]
    known: set[str] = set()
    for at in range(0, len(keys), _KEYS_MAX):
        query = select(tables.transfer.c.key).where(tables.transfer.c.key.in_(keys[at : at + _KEYS_MAX]))
        known |= set((await connection.execute(query)).scalars())
    changes: Counter[Account] = Counter()
    rows: list[tuple[object, ...]] = []
    postings: list[tuple[object, ...]] = []
    for one in transfers:
        transfer = one
        if transfer.key in known:
            # The store forgot the id and did it again: the wallet has it twice, so the books do.
            log.error("drain.transfer_repeated", key=transfer.key, seq=transfer.seq)
            again = f"~{transfer.seq}"
            transfer = replace(transfer, id=transfer.id + again, key=transfer.key + again)
        known.add(transfer.key)
        rows.append(tuple(getattr(transfer, name) for name in _TRANSFER))
        for line, posting in enumerate(transfer.postings, start=1):
            debit, credit = posting.debit, posting.credit
            postings.append((transfer.id, line, debit.name, credit.name, debit.asset, posting.amount))
            changes[debit] -= posting.amount
            changes[credit] += posting.amount
    await _insert(connection, "transfer", _TRANSFER, rows)
    await _insert(connection, "posting", _POSTING, postings)
    return changes


async def _insert(
    connection: AsyncConnection, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.copy_records_to_table(table, records=rows, columns=columns)
        return
    marks = ", ".join("?" * len(columns))
    names = ", ".join(f'"{name}"' for name in columns)
    await connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(rows))


async def _add_all_to_balances(connection: AsyncConnection, changes: Mapping[Account, int]) -> None:
    """Add the sums of a batch; as `ledger.add_to_balances`, and in a few statements for thousands of accounts."""
    rows = sorted((account.name, account.kind.value, amount) for account, amount in changes.items() if amount)
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        names, kinds, amounts = (list(column) for column in zip(*rows, strict=True))
        await driver.execute(
            "INSERT INTO balance (account, asset, kind, amount) SELECT a, 'units', k, 0 "
            "FROM unnest($1::text[], $2::text[]) AS new (a, k) ON CONFLICT DO NOTHING",
            names,
            kinds,
        )
        await driver.execute(
            "UPDATE balance SET amount = balance.amount + new.x FROM unnest($1::text[], $2::bigint[]) AS new (a, x) "
            "WHERE balance.account = new.a AND balance.asset = 'units'",
            names,
            amounts,
        )
        return
    await connection.exec_driver_sql(
        "INSERT INTO balance (account, asset, kind, amount) VALUES (?, 'units', ?, 0) ON CONFLICT DO NOTHING",
        [(name, kind) for name, kind, _ in rows],
    )
    await connection.exec_driver_sql(
        "UPDATE balance SET amount = amount + ? WHERE account = ? AND asset = 'units'",
        [(amount, name) for name, _, amount in rows],
    )


def _mismatch(batch: Batch, refusal: Exception) -> BooksMismatch:
    reason = str(getattr(refusal, "orig", refusal)).splitlines()[0]
    return BooksMismatch(
        f"The books refuse the records {batch.first:,} to {batch.last:,} of the log ({reason}); nothing more is "
        "copied. Run `giftwave reconcile`."
    )
