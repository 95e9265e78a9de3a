"""The contract of the books, the same on SQLite and PostgreSQL: what is posted balances, happens once and stays."""

import asyncio
from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from server.domain.accounts import Account, AccountKind, posting
from server.domain.command import Command
from server.errors import BooksUnavailable
from server.record import tables
from server.record.commands import commands_after
from server.record.database import Database
from server.record.ledger import Transfer, balance_of, give_command, post
from tests.helpers.market import START_MS, Market

ISSUED, ANA = Account(AccountKind.ISSUED), Account(AccountKind.FAN_PAID, "u_ana")
PROMO = Account(AccountKind.FAN_PROMO, "u_ana")


def transfer(key: str, amount: int = 10_000, *, debit: Account = ISSUED, credit: Account = ANA) -> Transfer:
    return Transfer(
        id=f"id-{key}", kind="topup", key=key, at_ms=START_MS, postings=posting(debit, credit, amount), actor="test"
    )


async def post_all(market: Market, *transfers: Transfer) -> None:
    async with market.books.write() as connection:
        for one in transfers:
            await post(connection, one)


async def test_the_migrations_make_exactly_the_tables(books: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), tables.metadata))

    async with books.write() as connection:
        found = await connection.run_sync(differences)

    assert found == []


async def test_a_transfer_happens_once_per_key(market: Market) -> None:
    async with market.books.write() as connection:
        first = await post(connection, transfer("a"))
        again = await post(connection, replace(transfer("a"), id="other"))

    assert (first, again) == (True, False)
    assert await market.balance("fan_paid:u_ana") == 10_000


async def test_a_transfer_that_fails_leaves_nothing(market: Market) -> None:
    with pytest.raises(IntegrityError):
        await post_all(market, transfer("a"), transfer("b", debit=PROMO, credit=ISSUED))

    assert await market.balances() == {}
    assert await market.count("transfer") == 0


@pytest.mark.parametrize("kind", [kind for kind in AccountKind if kind in ("fan_promo", "coin_refunds", "paid_out")])
async def test_an_account_that_may_not_owe_never_does(market: Market, kind: AccountKind) -> None:
    with pytest.raises(IntegrityError):
        async with market.books.write() as connection:
            await post(connection, transfer("a", debit=Account(kind, "x"), credit=ISSUED))

    assert await market.balances() == {}


async def test_a_posting_never_moves_nothing_or_backwards(market: Market) -> None:
    row: dict[str, object] = {"line": 2, "debit": "issued", "credit": "x", "asset": "units"}
    for wrong in ({"amount": 0}, {"amount": -5}, {"amount": 5, "credit": "issued"}):
        async with market.books.write() as connection:
            await post(connection, transfer(f"a{wrong['amount']}"))
        row["transfer_id"] = f"id-a{wrong['amount']}"
        with pytest.raises(IntegrityError):
            async with market.books.write() as connection:
                await connection.execute(tables.posting.insert().values(**{**row, **wrong}))


@pytest.mark.parametrize("table", tables.POSTED)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
async def test_posted_rows_are_never_changed(market: Market, table: str, statement: str) -> None:
    await market.earn(1_000)
    await market.request_payout()
    await market.buy()
    market.store.write("limits", market.new_id(), "u_ana", "|||", "", "0", "UTC")
    await market.record()
    column = next(iter(tables.metadata.tables[table].primary_key.columns)).name
    before = await market.count(table)
    assert before > 0

    with pytest.raises(DBAPIError, match="posted rows are never changed"):
        async with market.books.write() as connection:
            await connection.execute(text(statement.format(table, column, column)))

    assert await market.count(table) == before


@pytest.mark.parametrize(
    "wrong",
    [
        "coins = 51",
        "creator_units = 350001",
        "paid_coins = -1, promo_coins = 51",
        "count = 0",
        "platform_units = -150000",
    ],
)
async def test_a_gift_row_that_does_not_balance_cannot_be_written(market: Market, wrong: str) -> None:
    market.store.grant("u_ana", 50)
    market.store.send("u_ana", "c_mira", 50)
    await market.record()
    changes = dict(part.split(" = ") for part in wrong.split(", "))
    names = [column.name for column in tables.gift.columns if column.name not in ("seq", "intent_id")]
    chosen = ", ".join(changes.get(name, f'"{name}"') for name in names)
    listed = ", ".join(f'"{name}"' for name in names)

    with pytest.raises(IntegrityError):
        async with market.books.write() as connection:
            await connection.execute(
                text(f"INSERT INTO gift (seq, intent_id, {listed}) SELECT 99, 'other', {chosen} FROM gift")
            )

    assert await market.count("gift") == 1


async def test_commands_are_numbered_without_a_gap_also_by_many_at_once(market: Market) -> None:
    async def give(number: int) -> None:
        async with market.books.write() as connection:
            one = transfer(f"k{number}")
            await post(connection, one)
            await give_command(connection, Command(transfer_id=one.id, fan="u_ana", paid_coins=1))

    await asyncio.gather(*(give(number) for number in range(12)))

    async with market.books.read() as connection:
        commands = await commands_after(connection, 0, 100)
        some = await commands_after(connection, 5, 3)
    assert [number for number, _ in commands] == list(range(1, 13))
    assert [number for number, _ in some] == [6, 7, 8]


async def test_an_unknown_account_holds_nothing(books: Database) -> None:
    async with books.write() as connection:
        assert await balance_of(connection, ANA, lock=True) == 0


async def test_books_that_no_recorder_opened_take_no_payments(books: Database) -> None:
    market = Market(books)

    with pytest.raises(BooksUnavailable):
        await market.buy()

    assert await market.balances() == {}


async def test_a_read_sees_one_state_of_the_books(market: Market) -> None:
    async with market.books.read() as connection:
        before = await balance_of(connection, ANA)
        async with market.books.write() as other:
            await post(other, transfer("a"))
        after = await balance_of(connection, ANA)

    assert (before, after) == (0, 0)
    assert await market.balance("fan_paid:u_ana") == 10_000
