"""Posted rows stay as they are, whoever asks; and rows that do not add up never get in."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from server.record.database import Database
from server.record.tables import POSTED
from server.record.tables import metadata as schema

GIFT: dict[str, Any] = {
    "shard": 0,
    "seq": 1,
    "epoch": "life",
    "at_ms": 1,
    "intent_id": "intent",
    "fan": "ana",
    "creator": "mira",
    "room": "lounge",
    "room_epoch": "evening",
    "room_offset": 2,
    "gift": "rose",
    "count": 1,
    "coins": 10,
    "paid_coins": 4,
    "promo_coins": 6,
    "creator_units": 70_000,
    "platform_units": 30_000,
    "day": 1,
    "month": 1,
    "hidden": False,
}
TRANSFER: dict[str, Any] = {
    "id": "t1",
    "kind": "grant",
    "key": "grant:1",
    "at_ms": 1,
    "subject": "",
    "fan": "ana",
    "creator": "",
    "actor": "operator",
    "reason": "",
    "shard": 0,
    "seq": 2,
}
POSTING: dict[str, Any] = {
    "transfer_id": "t1",
    "line": 1,
    "debit": "house",
    "credit": "fan_paid:ana",
    "asset": "units",
    "amount": 5,
}
COMMAND: dict[str, Any] = {
    "shard": 0,
    "number": 1,
    "transfer_id": "t1",
    "fan": "ana",
    "paid_coins": 1,
    "promo_coins": 0,
    "creator": "",
    "creator_units": 0,
    "room": "",
    "room_epoch": "",
    "room_coins": 0,
    "room_gifts": 0,
    "hidden": False,
}
LIMITS: dict[str, Any] = {
    "shard": 0,
    "seq": 3,
    "at_ms": 1,
    "change_id": "change",
    "fan": "ana",
    "limits": "|||",
    "next": "",
    "locked_until_ms": 0,
    "zone": "UTC",
}
QUOTE: dict[str, Any] = {
    "id": "q1",
    "creator": "mira",
    "currency": "USD",
    "units": 100,
    "minor_per_1000_diamonds": 500,
    "gross_minor": 50,
    "fee_minor": 25,
    "expires_at_ms": 1,
}
PAYOUT: dict[str, Any] = {
    "id": "p1",
    "quote_id": "q1",
    "creator": "mira",
    "state": "requested",
    "units": 100,
    "currency": "USD",
    "gross_minor": 50,
    "fee_minor": 25,
    "destination": "sandbox:mira",
    "provider": "sandbox",
    "needs_approval": True,
    "requested_by": "mira",
    "created_at_ms": 1,
    "updated_at_ms": 1,
    "checked_at_ms": 1,
}
STEP: dict[str, Any] = {
    "payout_id": "p1",
    "number": 1,
    "state": "requested",
    "actor": "mira",
    "reason": "",
    "at_ms": 1,
}
ROWS = {
    "gift": GIFT,
    "transfer": TRANSFER,
    "posting": POSTING,
    "command": COMMAND,
    "limit_change": LIMITS,
    "quote": QUOTE,
    "payout": PAYOUT,
    "payout_step": STEP,
}

# What makes a second row of each, so that only the fault is at fault.
FRESH: dict[str, dict[str, Any]] = {
    "gift": {"seq": 8, "intent_id": "fresh"},
    "posting": {"line": 2},
    "command": {"number": 2},
    "quote": {"id": "q3"},
    "payout": {"id": "p2", "quote_id": "q2"},
}
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("gift", {"creator_units": 70_001}),
    ("gift", {"creator_units": 110_000, "platform_units": -10_000}),
    ("gift", {"creator_units": -1, "platform_units": 100_001}),
    ("gift", {"paid_coins": 5}),
    ("gift", {"paid_coins": 11, "promo_coins": -1}),
    ("gift", {"paid_coins": -1, "promo_coins": 11}),
    ("gift", {"coins": 0, "paid_coins": 0, "promo_coins": 0, "creator_units": 0, "platform_units": 0}),
    ("gift", {"count": 0}),
    ("gift", {"fan": None}),
    ("posting", {"amount": 0}),
    ("posting", {"amount": -5}),
    ("posting", {"debit": "house", "credit": "house"}),
    ("posting", {"transfer_id": "nobody's"}),
    ("command", {"transfer_id": "nobody's"}),
    ("balance", {"account": "fan_promo:ana", "asset": "units", "kind": "fan_promo", "amount": -1}),
    ("balance", {"account": "coin_refunds:x", "asset": "units", "kind": "coin_refunds", "amount": -1}),
    ("balance", {"account": "payout_transit:m", "asset": "units", "kind": "payout_transit", "amount": -1}),
    ("shard", {"id": 9, "epoch": "e", "seq": -1, "commands": 0, "recorded_coins": 0, "hwm_ms": 0}),
    ("quote", {"fee_minor": 50}),
    ("payout", {"units": 0}),
    ("payout", {"approved_by": "mira"}),
]
TWICE: list[tuple[str, dict[str, Any]]] = [
    ("gift", {"seq": 9}),  # the intent
    ("gift", {"intent_id": "another"}),  # the place in the log
    ("transfer", {"id": "t2", "seq": 9}),  # the key
    ("transfer", {"id": "t2", "key": "another"}),  # the place in the log
    ("command", {}),
    ("limit_change", {"seq": 9}),
]


@pytest.fixture
async def filled(books: Database) -> Database:
    """Books with one row in each posted table."""
    for table, row in ROWS.items():
        await _insert(books, table, row)
    await _insert(books, "quote", QUOTE | {"id": "q2"})
    return books


def test_every_posted_table_is_tried() -> None:
    assert set(POSTED) <= set(ROWS)


async def test_a_posted_row_is_never_changed(filled: Database) -> None:
    for table in POSTED:
        for column in ROWS[table]:
            await _is_refused(filled, table, f'UPDATE {table} SET "{column}" = "{column}"')


async def test_a_posted_row_is_never_deleted(filled: Database) -> None:
    for table in POSTED:
        await _is_refused(filled, table, f"DELETE FROM {table}")


async def test_a_posted_table_is_never_emptied(filled: Database) -> None:
    if filled.dialect == "sqlite":
        pytest.skip("SQLite has no TRUNCATE; it writes DELETE")
    for table in POSTED:
        await _is_refused(filled, table, f"TRUNCATE {table} CASCADE")


async def test_a_posted_row_is_never_replaced(filled: Database) -> None:
    for table in POSTED:
        names = ", ".join(f'"{name}"' for name in ROWS[table])
        if filled.dialect == "sqlite":
            statement = f"INSERT OR REPLACE INTO {table} ({names}) SELECT {names} FROM {table}"
        else:
            keys = ", ".join(f'"{column.name}"' for column in schema.tables[table].primary_key)
            name = next(iter(ROWS[table]))
            statement = (
                f"INSERT INTO {table} ({names}) SELECT {names} FROM {table} "
                f'ON CONFLICT ({keys}) DO UPDATE SET "{name}" = excluded."{name}"'
            )
        await _is_refused(filled, table, statement)


async def test_a_row_that_does_not_add_up_is_refused(filled: Database) -> None:
    for table, wrong in WRONG:
        before = await _rows(filled, table)
        fresh = ROWS.get(table, {}) | FRESH.get(table, {}) | wrong
        with pytest.raises(IntegrityError):
            await _insert(filled, table, fresh)
        assert await _rows(filled, table) == before


async def test_a_row_that_adds_up_is_taken(filled: Database) -> None:
    # Or what was refused above might have been refused for another reason.
    for table, fresh in FRESH.items():
        await _insert(filled, table, ROWS[table] | fresh)


async def test_what_happened_once_is_not_written_twice(filled: Database) -> None:
    for table, same in TWICE:
        with pytest.raises(IntegrityError):
            await _insert(filled, table, ROWS[table] | same)


async def _is_refused(books: Database, table: str, statement: str) -> None:
    before = await _rows(books, table)
    assert before

    with pytest.raises(DBAPIError, match="posted rows are never changed"):
        async with books.write() as connection:
            await connection.execute(text(statement))

    assert await _rows(books, table) == before


async def _insert(books: Database, table: str, row: dict[str, Any]) -> None:
    async with books.write() as connection:
        await connection.execute(schema.tables[table].insert().values(row))


async def _rows(books: Database, table: str) -> list[Any]:
    async with books.read() as connection:
        return [tuple(row) for row in await connection.execute(schema.tables[table].select())]
