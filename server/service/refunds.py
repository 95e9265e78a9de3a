"""Refunds by an operator: a gift goes back to its fan, unspent coins go back to money."""

from dataclasses import replace

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server.clock import Clock
from server.domain.command import Command
from server.domain.ids import FanId, IntentId, intent_time_ms
from server.domain.order import INTENT_SKEW_MS, INTENT_WINDOW_MS
from server.domain.room import Role
from server.domain.topup import Topup, coins_due, refund_minor
from server.errors import (
    AboveRefundable,
    BelowMinimum,
    FutureIntent,
    InsufficientCoins,
    IntentConflict,
    ProviderRefused,
    StaleIntent,
    Unavailable,
    UnknownTopup,
    WrongState,
)
from server.payments.port import PaymentProvider
from server.record import refunds as record
from server.record.batch import GiftRow
from server.record.database import Database
from server.record.ledger import give_command
from server.record.refunds import DONE, FAILED, REQUESTED, SENT, TAKEN, CoinRefund
from server.record.topups import lock_commands, topup_of
from server.service.identity import Identity
from server.service.news import News
from server.service.roles import require
from server.service.topups import Topups
from server.store.wallets import WalletStore

log = structlog.get_logger(__name__)

_SWEEP_MAX = 20
# The provider said yes and does not show it yet: ask again after this long.
_ASK_AGAIN_MS = 30_000


class Refunds:
    """The use cases of refunds."""

    def __init__(
        self,
        *,
        books: Database,
        provider: PaymentProvider,
        topups: Topups,
        wallets: WalletStore,
        news: News,
        clock: Clock,
    ) -> None:
        self._books = books
        self._provider = provider
        self._topups = topups
        self._wallets = wallets
        self._news = news
        self._clock = clock

    async def refund_gift(self, event_id: str, *, reason: str, by: Identity) -> GiftRow:
        """Give a recorded gift back, in the buckets it was paid from; creator and platform lose their shares.

        Raises:
            Forbidden: the speaker is not an operator.
            UnknownTransfer: the books have no such gift.
            AlreadyRefunded: it was given back before; nothing was moved, in all three cases.
        """
        require(by, Role.OPERATOR)
        async with self._books.write() as connection:
            await lock_commands(connection)
            gift = await record.refund_gift(
                connection, event_id, actor=by.id, reason=reason, now_ms=self._clock.now_ms()
            )
        log.info("gift.refunded", gift=event_id, by=by.id)
        await self._news.spread([])
        return gift

    async def refund_coins(
        self, refund_id: str, *, topup_id: str, coins: int | None, reason: str, by: Identity
    ) -> CoinRefund:
        """Give money back for unspent coins of a purchase (None: as many as there are), once per `refund_id`.

        The answer may still be on its way (`requested`, `taken`, `sent`): the sweep ends it, and the same request shows
        how it stands. `failed` moved nothing in the end.

        Raises:
            Forbidden, UnknownTopup, WrongState, AboveRefundable, BelowMinimum, StaleIntent, FutureIntent: nothing was
                moved.
            IntentConflict: the id was used for another refund.
            BooksUnavailable, StoreUnavailable, ProviderUnavailable: send the same request again.
        """
        require(by, Role.OPERATOR)
        async with self._books.read() as connection:
            refund = await record.coin_refund(connection, refund_id)
        if refund is None:
            refund = await self._request(refund_id, topup_id=topup_id, coins=coins, reason=reason, by=by)
        if refund.topup_id != topup_id or (coins is not None and refund.coins > coins):
            raise IntentConflict
        return await self._advance(refund)

    async def sweep(self) -> None:
        """Go on with refunds that were left half way. Raises `BooksUnavailable`."""
        async with self._books.read() as connection:
            refunds = await record.open_coin_refunds(connection, limit=_SWEEP_MAX)
        now_ms = self._clock.now_ms()
        for refund in refunds:
            if refund.state == SENT and now_ms - refund.updated_at_ms < _ASK_AGAIN_MS:
                continue
            try:
                await self._advance(refund)
            except (Unavailable, ProviderRefused, AboveRefundable) as error:
                log.info("refund.sweep", refund=refund.id, reason=error.code)

    async def _request(
        self, refund_id: str, *, topup_id: str, coins: int | None, reason: str, by: Identity
    ) -> CoinRefund:
        now_ms = self._clock.now_ms()
        age_ms = now_ms - intent_time_ms(IntentId(refund_id))
        if age_ms > INTENT_WINDOW_MS:
            raise StaleIntent
        if -age_ms > INTENT_SKEW_MS:
            raise FutureIntent
        async with self._books.read() as connection:
            topup = await topup_of(connection, topup_id)
        if topup is None:
            raise UnknownTopup("There is no top-up with this id.")
        wallet = await self._wallets.balance(FanId(topup.fan))
        async with self._books.write() as connection:
            topup = await topup_of(connection, topup_id, lock=True)
            assert topup is not None
            earlier = await record.coin_refunds_of(connection, topup_id)
            amount_minor, taken = self._worth(topup, earlier, coins=coins, unspent=wallet.paid)
            refund = CoinRefund(
                id=refund_id,
                topup_id=topup_id,
                fan=topup.fan,
                coins=taken,
                amount_minor=amount_minor,
                state=REQUESTED,
                actor=by.id,
                reason=reason,
                created_at_ms=now_ms,
                updated_at_ms=now_ms,
            )
            # Another request with this id may have been faster.
            return await record.claim_refund_id(connection, refund) or refund

    def _worth(self, topup: Topup, earlier: list[CoinRefund], *, coins: int | None, unspent: int) -> tuple[int, int]:
        """Return the money of a refund and the coins it takes, beside the refunds that are already under way."""
        if topup.provider != self._provider.name or topup.payment.captured == 0:
            raise WrongState("This purchase is not paid, or was paid through another provider; nothing was moved.")
        agreed = sum(refund.amount_minor for refund in earlier if refund.state in (SENT, DONE))
        asked = sum(refund.amount_minor for refund in earlier if refund.state in (REQUESTED, TAKEN))
        payment = replace(topup.payment, refunded=max(topup.payment.refunded, agreed) + asked)
        worth = coins_due(topup.coins, payment, price_minor=topup.price_minor)
        wanted = min(worth, unspent) if coins is None else coins
        if not 1 <= wanted <= min(worth, unspent):
            raise AboveRefundable
        amount_minor, taken = refund_minor(topup.coins, payment, price_minor=topup.price_minor, back=wanted, of=worth)
        if amount_minor == 0:
            raise BelowMinimum("These coins are worth less than the smallest unit of the currency; nothing was moved.")
        return amount_minor, taken

    async def _advance(self, refund: CoinRefund) -> CoinRefund:
        """Take a refund as far as it gets now; every step may be repeated, by anybody."""
        if refund.state == REQUESTED:
            refund = await self._take(refund)
        if refund.state == TAKEN:
            refund = await self._send(refund)
        if refund.state == SENT:
            refund = await self._finish(refund)
        return refund

    async def _take(self, refund: CoinRefund) -> CoinRefund:
        refused: Exception | None = None
        try:
            await self._wallets.take(FanId(refund.fan), coins=refund.coins, take_id=IntentId(refund.id))
        except (StaleIntent, FutureIntent) as error:
            # Nobody came for the whole window, or a clock jumped: whether it was taken before, the books can say.
            log.warning("refund.take_unknown", refund=refund.id, reason=error.code)
        except (InsufficientCoins, IntentConflict) as error:
            refused = error
        async with self._books.write() as connection:
            if await record.take_is_posted(connection, refund.id):
                await record.set_refund_state(connection, refund, TAKEN, now_ms=self._clock.now_ms())
            elif refused is not None or await self._never_taken(connection, refund):
                await record.set_refund_state(connection, refund, FAILED, now_ms=self._clock.now_ms())
        if refused is not None:
            raise AboveRefundable from refused
        return await self._again(refund)

    async def _never_taken(self, connection: AsyncConnection, refund: CoinRefund) -> bool:
        """Whether the books are past the last moment at which the store could have taken the coins."""
        last_ms = intent_time_ms(IntentId(refund.id)) + INTENT_WINDOW_MS
        return await record.recorded_until_ms(connection) > last_ms

    async def _send(self, refund: CoinRefund) -> CoinRefund:
        async with self._books.read() as connection:
            topup = await topup_of(connection, refund.topup_id)
        assert topup is not None
        assert topup.reference is not None, topup
        try:
            await self._provider.refund(topup.reference, amount_minor=refund.amount_minor, key=refund.id)
        except ProviderRefused as error:
            log.warning("refund.refused", refund=refund.id, reason=error.message)
            return await self._give_back(refund)
        async with self._books.write() as connection:
            await record.set_refund_state(connection, refund, SENT, now_ms=self._clock.now_ms())
        return await self._again(refund)

    async def _give_back(self, refund: CoinRefund) -> CoinRefund:
        async with self._books.write() as connection:
            await lock_commands(connection)
            commands: list[Command] = await record.give_back_held(
                connection, refund, state=FAILED, now_ms=self._clock.now_ms()
            )
            for command in commands:
                await give_command(connection, command)
        await self._news.spread([])
        return await self._again(refund)

    async def _finish(self, refund: CoinRefund) -> CoinRefund:
        async with self._books.read() as connection:
            topup = await topup_of(connection, refund.topup_id)
        assert topup is not None
        assert topup.reference is not None, topup
        await self._topups.refresh(topup.reference)
        refund = await self._again(refund)
        if refund.state == SENT:
            async with self._books.write() as connection:
                await record.set_refund_state(connection, refund, SENT, now_ms=self._clock.now_ms())
        return refund

    async def _again(self, refund: CoinRefund) -> CoinRefund:
        async with self._books.read() as connection:
            found = await record.coin_refund(connection, refund.id)
        assert found is not None, refund
        return found
