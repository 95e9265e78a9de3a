"""Read the commands that the store has to follow."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.command import Command
from server.record import tables
from server.record.ledger import SHARD_ID


async def commands_after(connection: AsyncConnection, number: int, limit: int) -> list[tuple[int, Command]]:
    """Return up to `limit` commands after `number`, in their order."""
    command = tables.command
    rows = await connection.execute(
        select(command)
        .where(command.c.shard == SHARD_ID, command.c.number > number)
        .order_by(command.c.number)
        .limit(limit)
    )
    return [(row["number"], Command(**{name: row[name] for name in Command.__slots__})) for row in rows.mappings()]
