"""Cash out: quote, request, approve, and see to it that the provider pays once."""

from collections.abc import Sequence

import structlog

from server.clock import Clock
from server.domain.currency import payable_step_minor
from server.domain.earnings import sort_earnings
from server.domain.gift import Catalogue
from server.domain.ids import new_intent_id
from server.domain.packs import PayoutTerms
from server.domain.payout import QUOTE_LIFE_MS, Payout, PayoutState, Quote, worth
from server.domain.room import Role
from server.errors import (
    AboveAvailable,
    BelowMinimum,
    IntentConflict,
    NoDestination,
    OwnApproval,
    ProviderRefused,
    ProviderUnavailable,
    QuoteExpired,
    UnknownCurrency,
    UnknownPayout,
    WrongState,
)
from server.payments.port import PaymentProvider, TransferOrder, TransferStatus, TransferView
from server.record import payouts as record
from server.record.database import Database
from server.record.earnings import read_facts
from server.service.identity import Identity
from server.service.news import News
from server.service.roles import require
from server.wire.money import PayoutView

log = structlog.get_logger(__name__)

LISTED_MAX = 50
QUEUE_MAX = 200
_DAY_MS = 86_400_000
_WORK_MAX = 20
_POLICY = "policy"
_PROVIDER = "provider"
# A payout that came back had been paid first, even where nobody told us so then.
_TARGETS: dict[TransferStatus, tuple[PayoutState, ...]] = {
    TransferStatus.UNKNOWN: (),
    TransferStatus.SUBMITTED: (),
    TransferStatus.PAID: (PayoutState.PAID,),
    TransferStatus.FAILED: (PayoutState.FAILED,),
    TransferStatus.RETURNED: (PayoutState.PAID, PayoutState.RETURNED),
}


class PayingOut:
    """The use cases of payouts. `approval_units`: a payout above this waits for a second person."""

    def __init__(  # noqa: PLR0913 (what a payout touches)
        self,
        *,
        books: Database,
        provider: PaymentProvider,
        catalogue: Catalogue,
        news: News,
        clock: Clock,
        settle_ms: int,
        approval_units: int,
    ) -> None:
        self._books = books
        self._provider = provider
        self._catalogue = catalogue
        self._news = news
        self._clock = clock
        self._settle_ms = settle_ms
        self._approval_units = approval_units

    async def set_destination(self, destination: str, by: Identity) -> None:
        """Say where one's payouts go; those already requested keep theirs. Raises `Forbidden`."""
        require(by, Role.CREATOR)
        async with self._books.write() as connection:
            await record.set_destination(connection, by.id, destination, now_ms=self._clock.now_ms())

    async def quote(self, *, currency: str, units: int | None, by: Identity) -> tuple[Quote, int]:
        """Offer money for units (None: all that is available); return the offer and the units that stay.

        Raises:
            Forbidden, UnknownCurrency, AboveAvailable, BelowMinimum: nothing was offered.
        """
        require(by, Role.CREATOR)
        terms = self._catalogue.payouts.get(currency)
        if terms is None:
            raise UnknownCurrency
        now_ms = self._clock.now_ms()
        # Not in the transaction that writes: summing up a busy week takes a second, and the recorder would wait for it.
        # An offer promises a rate and no units; the request looks again.
        async with self._books.read() as connection:
            facts = await read_facts(connection, by.id, now_ms=now_ms, settle_ms=self._settle_ms)
        available = sort_earnings(facts).available
        wanted = max(available, 0) if units is None else units
        if wanted > available and units is not None:
            raise AboveAvailable
        quote = _quote(wanted, terms, creator=by.id, now_ms=now_ms)
        async with self._books.write() as connection:
            await record.insert_quote(connection, quote)
        return quote, wanted - quote.units

    async def request(self, payout_id: str, *, quote_id: str, by: Identity) -> PayoutView:
        """Ask for the payout of one's own offer, once per `payout_id`.

        Raises:
            Forbidden, QuoteExpired, AboveAvailable, NoDestination: nothing was moved.
            IntentConflict: the id was used for another payout.
            BooksUnavailable: send the same request again.
        """
        require(by, Role.CREATOR)
        now_ms = self._clock.now_ms()
        async with self._books.write() as connection:
            facts = await read_facts(connection, by.id, now_ms=now_ms, settle_ms=self._settle_ms, lock=True)
            known = await record.payout_of(connection, payout_id)
            if known is not None:
                if (known.creator, known.quote_id) != (by.id, quote_id):
                    raise IntentConflict
                return payout_view(known)
            quote = await record.quote_of(connection, quote_id)
            if quote is None or quote.creator != by.id or quote.expires_at_ms <= now_ms:
                raise QuoteExpired
            if await record.quote_is_used(connection, quote_id):
                raise QuoteExpired
            if quote.units > sort_earnings(facts).available:
                raise AboveAvailable
            destination = await record.destination_of(connection, by.id)
            if destination is None:
                raise NoDestination
            lately = await record.units_requested(connection, by.id, since_ms=now_ms - _DAY_MS)
            payout = self._payout(payout_id, quote, destination=destination, lately=lately, now_ms=now_ms)
            await record.insert_payout(connection, payout, now_ms=now_ms)
            if not payout.needs_approval:
                approved = await record.move_payout(
                    connection, payout, PayoutState.APPROVED, actor=_POLICY, reason=None, now_ms=now_ms
                )
                assert approved is not None
                payout = approved
        return await self._announce(payout)

    async def find(self, payout_id: str, by: Identity) -> PayoutView:
        """Return one's own payout. Raises `UnknownPayout`."""
        async with self._books.read() as connection:
            payout = await record.payout_of(connection, payout_id)
        if payout is None or (payout.creator != by.id and by.role is not Role.OPERATOR):
            raise UnknownPayout
        return payout_view(payout)

    async def newest(self, by: Identity) -> list[PayoutView]:
        """Return one's newest payouts. Raises `Forbidden`."""
        require(by, Role.CREATOR)
        async with self._books.read() as connection:
            return [payout_view(one) for one in await record.payouts_of(connection, creator=by.id, limit=LISTED_MAX)]

    async def queue(self, *, state: str | None, by: Identity) -> list[PayoutView]:
        """Return everybody's newest payouts in a state. Raises `Forbidden`."""
        require(by, Role.OPERATOR)
        async with self._books.read() as connection:
            return [payout_view(one) for one in await record.payouts_of(connection, state=state, limit=QUEUE_MAX)]

    async def approve(self, payout_id: str, by: Identity) -> PayoutView:
        """Let a payout go; approving what one approved before changes nothing.

        Raises:
            Forbidden, UnknownPayout, OwnApproval, WrongState: nothing was moved.
        """
        require(by, Role.OPERATOR)
        async with self._books.write() as connection:
            payout = await record.payout_of(connection, payout_id, lock=True)
            if payout is None:
                raise UnknownPayout
            if payout.requested_by == by.id:
                raise OwnApproval
            if payout.approved_by == by.id and payout.state != PayoutState.REJECTED:
                return payout_view(payout)
            moved = await record.move_payout(
                connection, payout, PayoutState.APPROVED, actor=by.id, reason=None, now_ms=self._clock.now_ms()
            )
            if moved is None:
                raise WrongState
        return await self._announce(moved)

    async def reject(self, payout_id: str, *, reason: str, by: Identity) -> PayoutView:
        """Give a payout that was not submitted back to its creator; rejecting a rejected one changes nothing.

        Raises:
            Forbidden, UnknownPayout, WrongState: nothing was moved.
        """
        require(by, Role.OPERATOR)
        async with self._books.write() as connection:
            payout = await record.payout_of(connection, payout_id, lock=True)
            if payout is None:
                raise UnknownPayout
            if payout.state == PayoutState.REJECTED:
                return payout_view(payout)
            moved = await record.move_payout(
                connection, payout, PayoutState.REJECTED, actor=by.id, reason=reason, now_ms=self._clock.now_ms()
            )
            if moved is None:
                raise WrongState
        return await self._announce(moved)

    async def work(self) -> None:
        """Submit what is approved, and ask after what is under way. Raises `BooksUnavailable`.

        May end at any step: whoever comes next goes on, and the provider pays once.
        """
        async with self._books.read() as connection:
            approved = await record.approved_payouts(connection, provider=self._provider.name, limit=_WORK_MAX)
        for payout_id in approved:
            await self._submit_first(payout_id)
        async with self._books.write() as connection:
            unsettled = await record.claim_unsettled(
                connection, provider=self._provider.name, now_ms=self._clock.now_ms(), limit=_WORK_MAX
            )
        for payout_id in unsettled:
            await self._ask(payout_id)

    async def refresh(self, payout_id: str) -> None:
        """Read a payout at the provider and follow it; payouts of others are left alone.

        Raises:
            ProviderUnavailable, ProviderRefused, BooksUnavailable: nothing was moved.
        """
        async with self._books.read() as connection:
            payout = await record.payout_of(connection, payout_id)
        if payout is None or payout.provider != self._provider.name:
            log.info("payout.unknown", provider=self._provider.name)
            return
        await self._follow(payout_id, await self._provider.read_payout(payout_id))

    async def _submit_first(self, payout_id: str) -> None:
        async with self._books.write() as connection:
            payout = await record.payout_of(connection, payout_id, lock=True)
            assert payout is not None, payout_id
            submitted = await record.move_payout(
                connection, payout, PayoutState.SUBMITTED, actor=_PROVIDER, reason=None, now_ms=self._clock.now_ms()
            )
        if submitted is None:
            return  # somebody else took it, or rejected it
        await self._announce(submitted)
        await self._submit(submitted)

    async def _ask(self, payout_id: str) -> None:
        """Find out what became of a submitted payout. The provider may never have got it, so it may be sent again."""
        try:
            view = await self._provider.read_payout(payout_id)
        except (ProviderUnavailable, ProviderRefused) as error:
            log.info("payout.ask_later", payout=payout_id, reason=error.code)
            return
        if view.status is not TransferStatus.UNKNOWN:
            await self._follow(payout_id, view)
            return
        async with self._books.read() as connection:
            payout = await record.payout_of(connection, payout_id)
        if payout is not None and payout.state == PayoutState.SUBMITTED:
            await self._submit(payout)

    async def _submit(self, payout: Payout) -> None:
        order = TransferOrder(
            payout_id=payout.id,
            creator=payout.creator,
            destination=payout.destination,
            amount_minor=payout.amount_minor,
            currency=payout.currency,
        )
        try:
            view = await self._send(order)
        except (ProviderUnavailable, ProviderRefused) as error:
            # Also where the provider refuses to say what became of it: nobody knows, so nothing is moved.
            log.info("payout.ask_later", payout=payout.id, reason=error.code)
            return
        await self._follow(payout.id, view)

    async def _send(self, order: TransferOrder) -> TransferView:
        try:
            return await self._provider.submit_payout(order)
        except ProviderRefused as error:
            refusal = error
        # A second try may be refused although the first one paid; only what never arrived has failed.
        view = await self._provider.read_payout(order.payout_id)
        if view.status is not TransferStatus.UNKNOWN:
            return view
        return TransferView(
            payout_id=order.payout_id, reference=None, status=TransferStatus.FAILED, reason=refusal.message
        )

    async def _follow(self, payout_id: str, view: TransferView) -> None:
        """Move a payout to where the provider has it; news that is old or cannot be changes nothing."""
        moves: list[Payout] = []
        async with self._books.write() as connection:
            payout = await record.payout_of(connection, payout_id, lock=True)
            assert payout is not None, payout_id
            if view.reference is not None:
                await record.note_reference(connection, payout_id, view.reference)
            for target in _ahead(payout, _TARGETS[view.status]):
                moved = await record.move_payout(
                    connection, payout, target, actor=_PROVIDER, reason=view.reason, now_ms=self._clock.now_ms()
                )
                if moved is None:
                    log.error("payout.impossible", payout=payout_id, state=payout.state, provider_says=view.status)
                    break
                moves.append(moved)
                payout = moved
        for moved in moves:
            await self._announce(moved)

    async def _announce(self, payout: Payout) -> PayoutView:
        log.info("payout.moved", payout=payout.id, state=payout.state)
        view = payout_view(payout)
        await self._news.tell([(payout.creator, view)])
        return view

    def _payout(self, payout_id: str, quote: Quote, *, destination: str, lately: int, now_ms: int) -> Payout:
        return Payout(
            id=payout_id,
            quote_id=quote.id,
            creator=quote.creator,
            state=PayoutState.REQUESTED.value,
            units=quote.units,
            currency=quote.currency,
            gross_minor=quote.gross_minor,
            fee_minor=quote.fee_minor,
            destination=destination,
            provider=self._provider.name,
            reference=None,
            # Of a day, so that nobody avoids the second person by asking in parts.
            needs_approval=lately + quote.units > self._approval_units,
            requested_by=quote.creator,
            approved_by=None,
            reason=None,
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
            checked_at_ms=now_ms,
        )


def _ahead(payout: Payout, targets: Sequence[PayoutState]) -> Sequence[PayoutState]:
    """Return the part of `targets` that lies ahead; a reading from before is no news."""
    past = {
        PayoutState.PAID: (PayoutState.PAID,),
        PayoutState.FAILED: (PayoutState.FAILED,),
        PayoutState.RETURNED: (PayoutState.PAID, PayoutState.RETURNED),
    }.get(PayoutState(payout.state), ())
    return [target for target in targets if target not in past]


def _quote(units: int, terms: PayoutTerms, *, creator: str, now_ms: int) -> Quote:
    found = worth(units, terms, step_minor=payable_step_minor(terms.currency))
    if found is None:
        raise BelowMinimum
    return Quote(
        id=new_intent_id(now_ms),
        creator=creator,
        currency=terms.currency,
        units=found.units,
        minor_per_1000_diamonds=terms.minor_per_1000_diamonds,
        gross_minor=found.gross_minor,
        fee_minor=found.fee_minor,
        expires_at_ms=now_ms + QUOTE_LIFE_MS,
    )


def payout_view(payout: Payout) -> PayoutView:
    """Return a payout as its creator and operators see it."""
    return PayoutView(
        payout_id=payout.id,
        creator=payout.creator,
        state=payout.state,
        units=payout.units,
        currency=payout.currency,
        gross_minor=payout.gross_minor,
        fee_minor=payout.fee_minor,
        amount_minor=payout.amount_minor,
        needs_approval=payout.needs_approval,
        reason=payout.reason,
        created_at_ms=payout.created_at_ms,
        updated_at_ms=payout.updated_at_ms,
    )
