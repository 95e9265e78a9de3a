"""A creator's earnings by bucket, and the holds that operators place."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from server.clock import Clock
from server.domain.earnings import Buckets, Hold, sort_earnings
from server.domain.gift import Catalogue
from server.domain.packs import PayoutTerms
from server.domain.room import Role
from server.errors import BadField, IntentConflict, UnknownHold
from server.record import earnings as record
from server.record.database import Database
from server.record.payouts import destination_of
from server.service.identity import Identity
from server.service.roles import require

log = structlog.get_logger(__name__)

HOLD_MS_MAX = 5 * 365 * 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EarningsView:
    """What a creator sees of their earnings."""

    buckets: Buckets
    holds: Sequence[Hold]
    currencies: Sequence[PayoutTerms]
    destination: str | None


class Earnings:
    """The use cases of earnings. `settle_ms` is the age at which a gift's earnings can be cashed out."""

    def __init__(self, *, books: Database, catalogue: Catalogue, clock: Clock, settle_ms: int) -> None:
        self._books = books
        self._catalogue = catalogue
        self._clock = clock
        self._settle_ms = settle_ms

    async def view(self, by: Identity) -> EarningsView:
        """Return one's own earnings. Raises `Forbidden`."""
        require(by, Role.CREATOR)
        async with self._books.read() as connection:
            facts = await record.read_facts(connection, by.id, now_ms=self._clock.now_ms(), settle_ms=self._settle_ms)
            destination = await destination_of(connection, by.id)
        return EarningsView(
            buckets=sort_earnings(facts),
            holds=facts.holds,
            currencies=list(self._catalogue.payouts.values()),
            destination=destination,
        )

    async def place_hold(
        self, hold_id: str, *, creator: str, units: int | None, reason: str, release_at_ms: int, by: Identity
    ) -> Hold:
        """Hold back a creator's earnings (None: all of them) until a moment, once per `hold_id`.

        Raises:
            Forbidden, BadField: nothing was held.
            IntentConflict: the id was used for another hold.
        """
        require(by, Role.OPERATOR)
        now_ms = self._clock.now_ms()
        hold = Hold(
            id=hold_id,
            creator=creator,
            units=units,
            reason=reason,
            placed_by=by.id,
            created_at_ms=now_ms,
            release_at_ms=release_at_ms,
        )
        async with self._books.write() as connection:
            known = await record.hold_of(connection, hold_id)
            if known is None:
                if not now_ms < release_at_ms <= now_ms + HOLD_MS_MAX:
                    raise BadField("release_at_ms: a moment of the next five years.")
                if await record.insert_hold(connection, hold):
                    log.info("hold.placed", hold=hold_id, by=by.id)
                    return hold
                known = await record.hold_of(connection, hold_id)
        assert known is not None
        if (known.creator, known.units, known.reason) != (creator, units, reason):
            raise IntentConflict
        return known

    async def release_hold(self, hold_id: str, *, reason: str, by: Identity) -> Hold:
        """End a hold now; one that has ended stays as it is.

        Raises:
            Forbidden, UnknownHold: nothing was changed.
        """
        require(by, Role.OPERATOR)
        async with self._books.write() as connection:
            await record.release_hold(connection, hold_id, actor=by.id, reason=reason, now_ms=self._clock.now_ms())
            hold = await record.hold_of(connection, hold_id)
        if hold is None:
            raise UnknownHold
        log.info("hold.released", hold=hold_id, by=by.id)
        return hold
