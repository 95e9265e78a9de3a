"""Buy coins: open a checkout, and follow what becomes of its payment."""

import structlog

from server.clock import Clock
from server.domain.gift import Catalogue
from server.domain.room import Role
from server.domain.topup import CHECKOUT_FAILED, CHECKOUT_OPEN, Payment, Topup
from server.errors import (
    BadField,
    Forbidden,
    IntentConflict,
    ProviderRefused,
    ProviderUnavailable,
    RateLimited,
    UnknownPack,
    UnknownTopup,
)
from server.payments.port import CheckoutOrder, PaymentProvider
from server.payments.return_url import origin_of
from server.record import topups as record
from server.record.database import Database
from server.service.identity import Identity
from server.service.news import News
from server.wire.money import TopupView

log = structlog.get_logger(__name__)

LISTED_MAX = 50
# Unfinished checkouts of one fan within an hour: more than any shopper leaves behind, and a bound for the provider.
OPEN_CHECKOUTS_MAX = 20
_HOUR_MS = 3_600_000
_SWEEP_MAX = 20


class Topups:
    """The use cases of top-ups."""

    def __init__(
        self,
        *,
        books: Database,
        provider: PaymentProvider,
        catalogue: Catalogue,
        news: News,
        clock: Clock,
        origins: frozenset[str],
    ) -> None:
        self._books = books
        self._provider = provider
        self._catalogue = catalogue
        self._news = news
        self._clock = clock
        self._origins = origins

    async def open(self, topup_id: str, *, pack: str, return_url: str, by: Identity) -> TopupView:
        """Open a checkout, once per `topup_id`.

        Raises:
            Forbidden, BadField, UnknownPack, RateLimited: nothing was opened.
            IntentConflict: the id was used for another purchase.
            ProviderUnavailable, BooksUnavailable: send the same request again.
            ProviderRefused: the purchase is failed.
        """
        if by.role is not Role.VIEWER:
            raise Forbidden("Only viewers buy coins.")
        if origin_of(return_url) not in self._origins:
            raise BadField("return_url: an absolute address whose origin this server allows (GIFTWAVE_ORIGINS).")
        topup = await self._write_down(topup_id, pack=pack, return_url=return_url, by=by)
        if topup.fan != by.id or topup.pack != pack:
            raise IntentConflict
        if topup.reference is None and topup.status == CHECKOUT_OPEN:
            topup = await self._open_checkout(topup)
        return topup_view(topup)

    async def find(self, topup_id: str, by: Identity) -> TopupView:
        """Return one's own purchase. Raises `UnknownTopup`."""
        async with self._books.read() as connection:
            topup = await record.topup_of(connection, topup_id)
        if topup is None or topup.fan != by.id:
            raise UnknownTopup
        return topup_view(topup)

    async def newest(self, by: Identity) -> list[TopupView]:
        """Return one's newest purchases."""
        async with self._books.read() as connection:
            return [topup_view(topup) for topup in await record.topups_of(connection, by.id, limit=LISTED_MAX)]

    async def refresh(self, reference: str) -> None:
        """Read a payment again and post what is new; payments of others are left alone.

        Raises:
            ProviderUnavailable, ProviderRefused, BooksUnavailable: nothing was posted.
        """
        # Read first: a provider may name a part of the payment (a charge, a refund) and only it knows which one it is.
        view = await self._provider.read_payment(reference)
        if view is None:
            log.warning("topup.payment_unknown_to_provider", provider=self._provider.name)
            return
        async with self._books.read() as connection:
            topup_id = await record.topup_id_of(connection, provider=self._provider.name, reference=view.reference)
        if topup_id is None:
            log.info("topup.payment_of_others", provider=self._provider.name)
            return
        seen = Payment(
            captured=view.captured_minor,
            refunded=view.refunded_minor,
            withdrawn=view.withdrawn_minor,
            reinstated=view.reinstated_minor,
            fee=view.fee_minor,
        )
        async with self._books.write() as connection:
            known = await record.topup_of(connection, topup_id)
            assert known is not None
            if view.currency != known.currency or view.captured_minor > known.price_minor:
                log.error("topup.not_as_ordered", topup=topup_id, currency=view.currency, captured=view.captured_minor)
            if view.currency != known.currency:
                return
            before, after = await record.follow_payment(
                connection, topup_id, seen, status=view.status.value, now_ms=self._clock.now_ms()
            )
        if before.state != after.state:
            log.info("topup.moved", topup=topup_id, state=after.state)
        # Even where nothing is new: a worker that was killed right after posting this has told nobody.
        await self._news.spread([(after.fan, topup_view(after))] if before != after else [])

    async def sweep(self) -> None:
        """Ask after checkouts that nobody told us about. Raises `BooksUnavailable`."""
        now_ms = self._clock.now_ms()
        async with self._books.write() as connection:
            await record.expire_unopened(connection, now_ms=now_ms)
            due = await record.claim_due(connection, provider=self._provider.name, now_ms=now_ms, limit=_SWEEP_MAX)
        for reference in due:
            try:
                await self.refresh(reference)
            except ProviderUnavailable:
                log.info("topup.sweep_later")
                return
            except ProviderRefused as error:
                log.warning("topup.read_refused", reason=error.message)

    async def _write_down(self, topup_id: str, *, pack: str, return_url: str, by: Identity) -> Topup:
        now_ms = self._clock.now_ms()
        async with self._books.write() as connection:
            known = await record.topup_of(connection, topup_id)
            if known is not None:
                return known
            offer = self._catalogue.packs.get(pack)
            if offer is None:
                raise UnknownPack
            if await record.open_checkouts(connection, by.id, since_ms=now_ms - _HOUR_MS) >= OPEN_CHECKOUTS_MAX:
                raise RateLimited("Many of your purchases are still open; finish one, or come back in an hour.")
            topup = Topup(
                id=topup_id,
                fan=by.id,
                pack=offer.id,
                coins=offer.coins,
                price_minor=offer.price_minor,
                currency=offer.currency,
                provider=self._provider.name,
                reference=None,
                checkout_url=None,
                return_url=return_url,
                status=CHECKOUT_OPEN,
                payment=Payment(),
                coins_posted=0,
                created_at_ms=now_ms,
                updated_at_ms=now_ms,
            )
            if await record.insert_topup(connection, topup):
                return topup
            # Another request with this id was faster.
            known = await record.topup_of(connection, topup_id)
            assert known is not None
            return known

    async def _open_checkout(self, topup: Topup) -> Topup:
        if topup.provider != self._provider.name:
            raise ProviderRefused("This purchase was begun with another payment provider; begin a new one.")
        order = CheckoutOrder(
            topup_id=topup.id,
            fan=topup.fan,
            coins=topup.coins,
            price_minor=topup.price_minor,
            currency=topup.currency,
            return_url=topup.return_url,
        )
        now_ms = self._clock.now_ms()
        try:
            checkout = await self._provider.open_checkout(order)
        except ProviderRefused:
            async with self._books.write() as connection:
                await record.set_status(connection, topup.id, CHECKOUT_FAILED, now_ms=now_ms)
            raise
        async with self._books.write() as connection:
            await record.set_checkout(
                connection, topup.id, reference=checkout.reference, url=checkout.url, now_ms=now_ms
            )
            opened = await record.topup_of(connection, topup.id)
        assert opened is not None
        return opened


def topup_view(topup: Topup) -> TopupView:
    """Return a purchase as its fan sees it."""
    return TopupView(
        topup_id=topup.id,
        pack=topup.pack,
        coins=topup.coins,
        price_minor=topup.price_minor,
        currency=topup.currency,
        provider=topup.provider,
        state=topup.state,
        checkout_url=topup.checkout_url if topup.state == "pending" else None,
        created_at_ms=topup.created_at_ms,
        updated_at_ms=topup.updated_at_ms,
    )
