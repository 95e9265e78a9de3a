"""Send a gift: may they, is it on sale, what does it cost; then the atomic step decides."""

import asyncio

from server.clock import Clock
from server.domain.gift import Catalogue, Gift
from server.domain.ids import CreatorId
from server.domain.order import GiftOrder
from server.domain.room import Role
from server.errors import (
    CountNotAllowed,
    Forbidden,
    OwnRoom,
    PriceChanged,
    Refused,
    TokenExpired,
    UnknownGift,
    UnknownRoom,
)
from server.service.identity import Identity
from server.service.limits import SpendingLimits
from server.service.rooms import Rooms
from server.store.gifts import GiftEngine, PricedOrder
from server.store.outcome import Receipt


class Gifting:
    """The use cases of gifts; socket and HTTP call the same ones."""

    def __init__(
        self, engine: GiftEngine, rooms: Rooms, limits: SpendingLimits, catalogue: Catalogue, clock: Clock
    ) -> None:
        self._engine = engine
        self._rooms = rooms
        self._limits = limits
        self._catalogue = catalogue
        self._clock = clock

    def knows(self, order: GiftOrder) -> bool:
        """Whether `send` can take this order without asking the store about its room or its fan."""
        return self._rooms.known_creator_of(order.room) is not None and self._limits.knows(order.fan.id)

    def send(self, order: GiftOrder, by: Identity) -> asyncio.Future[Receipt]:
        """Send a gift from a fan and to a room this worker knows; the future ends with the receipt or a named error.

        Raises:
            TokenExpired, Forbidden: nothing was tried.
        """
        self._check_speaker(by)
        return self._engine.submit(self._price(order, self._rooms.known_creator_of(order.room)))

    async def send_anywhere(self, order: GiftOrder, by: Identity) -> Receipt:
        """Send a gift to any room, looking it up where this worker has not met it.

        Raises:
            TokenExpired, Forbidden: nothing was tried.
            Refused: nothing was charged.
            StoreUnavailable: outcome unknown; send the same order again.
        """
        self._check_speaker(by)
        await self._rooms.creator_of(order.room)
        if not self._limits.knows(order.fan.id):
            await self._limits.wallet(order.fan.id)
        return await self.send(order, by)

    def _check_speaker(self, by: Identity) -> None:
        if by.expires_at_ms <= self._clock.now_ms():
            raise TokenExpired
        if by.role not in (Role.VIEWER, Role.CREATOR):
            raise Forbidden("Only viewers and creators can send gifts.")

    def _price(self, order: GiftOrder, creator: CreatorId | None) -> PricedOrder:
        gift = self._catalogue.gifts.get(order.gift)
        coins = 0 if gift is None else gift.price_coins * order.count
        return PricedOrder(
            order=order,
            creator=creator,
            gift=gift,
            coins=coins,
            refusal=_objection(order, gift, coins, creator),
            period=self._limits.period_of(order.fan.id),
        )


def _objection(order: GiftOrder, gift: Gift | None, coins: int, creator: CreatorId | None) -> type[Refused] | None:
    """Return why this order cannot be, as far as that can be told without the store."""
    if creator is None:
        return UnknownRoom
    if str(order.fan.id) == str(creator):
        return OwnRoom
    if gift is None:
        return UnknownGift
    if order.count > 1 and not gift.combo:
        return CountNotAllowed
    if coins > order.max_coins:
        return PriceChanged
    return None
