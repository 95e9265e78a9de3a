"""Look up recorded gifts."""

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.record import tables
from server.record.batch import GiftRow

_COLUMNS = [tables.gift.c[name] for name in GiftRow._fields]


async def find_gift(connection: AsyncConnection, *, fan: str, intent_id: str) -> GiftRow | None:
    """Return the gift that a fan's intent became."""
    gift = tables.gift
    return await _one(connection, (gift.c.fan == fan) & (gift.c.intent_id == intent_id))


async def find_gift_by_event(connection: AsyncConnection, event_id: str) -> GiftRow | None:
    """Return the gift of an event id, `<shard>-<epoch>-<seq>`; anything else finds nothing."""
    shard, _, rest = event_id.partition("-")
    epoch, _, seq = rest.rpartition("-")
    if not (shard.isdecimal() and seq.isdecimal() and len(seq) <= 16 and len(shard) <= 4):
        return None
    gift = tables.gift
    return await _one(connection, (gift.c.shard == int(shard)) & (gift.c.seq == int(seq)) & (gift.c.epoch == epoch))


async def _one(connection: AsyncConnection, where: ColumnElement[bool]) -> GiftRow | None:
    row = (await connection.execute(select(*_COLUMNS).where(where))).one_or_none()
    return None if row is None else GiftRow(*row)
