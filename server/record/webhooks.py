"""Webhooks that arrived: each event once, whatever how often it is delivered, and whether it was followed."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.record import tables
from server.record.database import insert_into

EVENT_ID_CHARS_MAX = 128
KIND_CHARS_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A verified event."""

    event_id: str
    kind: str
    subject: str
    reference: str


async def note_arrival(connection: AsyncConnection, provider: str, arrival: Arrival, *, now_ms: int) -> bool:
    """Write an event down where it is new; False when it was followed before."""
    row = {
        "provider": provider,
        "event_id": arrival.event_id,
        "kind": arrival.kind,
        "subject": arrival.subject,
        "reference": arrival.reference,
        "received_at_ms": now_ms,
    }
    webhook = tables.webhook
    await connection.execute(insert_into(connection, webhook).values(row).on_conflict_do_nothing())
    query = select(webhook.c.done_at_ms).where(webhook.c.provider == provider, webhook.c.event_id == arrival.event_id)
    return (await connection.execute(query)).scalar_one() is None


async def mark_done(connection: AsyncConnection, provider: str, event_id: str, *, now_ms: int) -> None:
    """Write down that an event was followed."""
    webhook = tables.webhook
    await connection.execute(
        update(webhook)
        .where(webhook.c.provider == provider, webhook.c.event_id == event_id, webhook.c.done_at_ms.is_(None))
        .values(done_at_ms=now_ms)
    )


async def left_over(connection: AsyncConnection, provider: str, *, before_ms: int, limit: int) -> list[Arrival]:
    """Return events that arrived before a moment and were not followed, oldest first."""
    webhook = tables.webhook
    rows = await connection.execute(
        select(webhook)
        .where(webhook.c.provider == provider, webhook.c.done_at_ms.is_(None), webhook.c.received_at_ms < before_ms)
        .order_by(webhook.c.received_at_ms)
        .limit(limit)
    )
    return [Arrival(event_id=row.event_id, kind=row.kind, subject=row.subject, reference=row.reference) for row in rows]
