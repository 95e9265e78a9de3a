"""Post transfers: the only code that writes entries, balances and commands, beside the drain."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.accounts import Account, Posting
from server.domain.command import Command
from server.record import tables
from server.record.database import insert_into

SHARD_ID = 0  # one shard so far (docs/internals/architecture.md)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """What moved, once per `key`; an empty list of postings is a note that nothing had to move."""

    id: str
    kind: str
    key: str
    at_ms: int
    postings: Sequence[Posting]
    actor: str
    subject: str = ""
    fan: str = ""
    creator: str = ""
    reason: str = ""
    shard: int | None = None
    seq: int | None = None


async def post(connection: AsyncConnection, transfer: Transfer) -> bool:
    """Post a transfer with its postings and their balances; False when its key was posted before.

    Raises:
        IntegrityError: an account that may not go below zero would.
    """
    row = {
        name: getattr(transfer, name)
        for name in ("id", "kind", "key", "at_ms", "subject", "fan", "creator", "actor", "reason", "shard", "seq")
    }
    insert = insert_into(connection, tables.transfer).values(row).on_conflict_do_nothing(index_elements=["key"])
    if (await connection.execute(insert)).rowcount == 0:
        return False
    if transfer.postings:
        await connection.execute(
            tables.posting.insert(),
            [
                {
                    "transfer_id": transfer.id,
                    "line": line,
                    "debit": posting.debit.name,
                    "credit": posting.credit.name,
                    "asset": posting.debit.asset,
                    "amount": posting.amount,
                }
                for line, posting in enumerate(transfer.postings, start=1)
            ],
        )
    await add_to_balances(connection, _changes(transfer.postings))
    return True


async def give_command(connection: AsyncConnection, command: Command) -> int:
    """Give the store the next command of its shard, in the transaction that decided it; return its number."""
    shard = tables.shard
    number = (
        await connection.execute(
            update(shard)
            .where(shard.c.id == SHARD_ID)
            .values(commands=shard.c.commands + 1)
            .returning(shard.c.commands)
        )
    ).scalar_one()
    row = {name: getattr(command, name) for name in Command.__slots__}
    await connection.execute(tables.command.insert().values(shard=SHARD_ID, number=number, **row))
    return int(number)


async def add_to_balances(connection: AsyncConnection, changes: Mapping[Account, int]) -> None:
    """Add `changes` to balances. Always in the order of names, so that two transactions cannot wait for each other."""
    rows = [
        {"account": account.name, "asset": account.asset, "kind": account.kind.value, "amount": amount}
        for account, amount in sorted(changes.items(), key=lambda change: change[0].name)
        if amount
    ]
    # One statement for all, and an update first: an insert of the change alone could break a rule its sum keeps.
    known = await _known(connection, rows)
    balance = tables.balance
    missing = [row for row in rows if (row["account"], row["asset"]) not in known]
    if missing:
        insert = insert_into(connection, balance).on_conflict_do_nothing()
        await connection.execute(insert, [{**row, "amount": 0} for row in missing])
    for row in rows:
        await connection.execute(
            update(balance)
            .where(balance.c.account == row["account"], balance.c.asset == row["asset"])
            .values(amount=balance.c.amount + row["amount"])
        )


async def balance_of(connection: AsyncConnection, account: Account, *, lock: bool = False) -> int:
    """Return a balance (0 where nothing was ever posted); `lock` keeps it until the transaction ends."""
    found = tables.balance
    query = select(found.c.amount).where(found.c.account == account.name, found.c.asset == account.asset)
    if lock:
        # SQLite has one writer anyway, and leaves FOR UPDATE out.
        query = query.with_for_update()
    return int((await connection.execute(query)).scalar() or 0)


async def _known(connection: AsyncConnection, rows: Iterable[Mapping[str, object]]) -> set[tuple[str, str]]:
    balance = tables.balance
    names = [row["account"] for row in rows]
    found = await connection.execute(select(balance.c.account, balance.c.asset).where(balance.c.account.in_(names)))
    return {(account, asset) for account, asset in found}


def _changes(postings: Iterable[Posting]) -> dict[Account, int]:
    changes: Counter[Account] = Counter()
    for posting in postings:
        changes[posting.debit] -= posting.amount
        changes[posting.credit] += posting.amount
    return dict(changes)
