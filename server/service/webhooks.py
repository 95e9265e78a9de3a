"""What providers tell us: verified, written down once, and then the object itself is read."""

from collections.abc import Mapping

import structlog

from server.clock import Clock
from server.errors import Malformed, ProviderRefused, ProviderUnavailable, UnknownProvider
from server.payments.port import PaymentProvider, Subject
from server.record import webhooks as record
from server.record.database import Database
from server.record.webhooks import EVENT_ID_CHARS_MAX, KIND_CHARS_MAX, Arrival
from server.service.paying_out import PayingOut
from server.service.topups import Topups

log = structlog.get_logger(__name__)

_SWEEP_MAX = 20
# A delivery that is still under way after this long was left by a worker that is gone.
_LEFT_AFTER_MS = 30_000


class Webhooks:
    """The use case of a webhook."""

    def __init__(
        self, *, books: Database, provider: PaymentProvider, topups: Topups, paying_out: PayingOut, clock: Clock
    ) -> None:
        self._books = books
        self._provider = provider
        self._topups = topups
        self._paying_out = paying_out
        self._clock = clock

    async def receive(self, provider: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Follow a webhook; the same one again does nothing. Header names are lower case.

        Raises:
            UnknownProvider, BadSignature, StaleSignature, Malformed: nothing was written.
            ProviderUnavailable, ProviderRefused, BooksUnavailable: it has to be sent again.
        """
        if provider != self._provider.name:
            raise UnknownProvider
        hint = self._provider.read_hint(body, headers, now_ms=self._clock.now_ms())
        if not hint.event_id or max(len(hint.event_id), len(hint.reference)) > EVENT_ID_CHARS_MAX:
            raise Malformed("The event's id or its object's is missing or too long.")
        arrival = Arrival(
            event_id=hint.event_id,
            kind=hint.kind[:KIND_CHARS_MAX],
            subject=hint.subject.value,
            reference=hint.reference,
        )
        async with self._books.write() as connection:
            fresh = await record.note_arrival(connection, provider, arrival, now_ms=self._clock.now_ms())
        if fresh:
            await self._follow(arrival)

    async def sweep(self) -> None:
        """Follow events that a worker wrote down and never finished. Raises `BooksUnavailable`."""
        before_ms = self._clock.now_ms() - _LEFT_AFTER_MS
        async with self._books.read() as connection:
            arrivals = await record.left_over(connection, self._provider.name, before_ms=before_ms, limit=_SWEEP_MAX)
        for arrival in arrivals:
            try:
                await self._follow(arrival)
            except ProviderUnavailable:
                log.info("webhook.sweep_later")
                return
            except ProviderRefused as error:
                # It will say so again: asking for ever would keep the newer ones from their turn.
                log.warning("webhook.read_refused", webhook=arrival.event_id, reason=error.message)
                await self._finish(arrival)

    async def _follow(self, arrival: Arrival) -> None:
        if arrival.subject == Subject.PAYMENT:
            await self._topups.refresh(arrival.reference)
        elif arrival.subject == Subject.PAYOUT:
            await self._paying_out.refresh(arrival.reference)
        await self._finish(arrival)

    async def _finish(self, arrival: Arrival) -> None:
        async with self._books.write() as connection:
            await record.mark_done(connection, self._provider.name, arrival.event_id, now_ms=self._clock.now_ms())
