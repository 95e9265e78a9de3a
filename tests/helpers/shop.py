"""Orders, rooms and wallets for tests of the store."""

import time

from server.domain.gift import Gift
from server.domain.ids import CreatorId, FanId, GiftId, IntentId, RoomId, new_intent_id
from server.domain.limits import Period, period_at
from server.domain.order import GiftOrder, Speaker
from server.settings import Settings
from server.store.client import StoreClient
from server.store.gifts import GiftEngine, PricedOrder
from server.store.keys import Keys
from server.store.rooms import RoomStore
from server.store.wallets import WalletStore

ANA = Speaker(id=FanId("u_ana"), name="Ana")
BEN = Speaker(id=FanId("u_ben"), name="Ben")
MIRA = CreatorId("c_mira")
LOUNGE = RoomId("lounge")
ROSE = Gift(id=GiftId("rose"), name="Rose", price_coins=1, tier=1, combo=True, effect="rose", still="rose")
WHALE = Gift(id=GiftId("whale"), name="Whale", price_coins=2_999, tier=4, combo=False, effect="whale", still="whale")
KEYS = Keys(shard_id=0)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def fresh_intent(*, age_ms: int = 0) -> IntentId:
    return new_intent_id(now_ms() - age_ms)


def order_for(gift: Gift = ROSE, *, count: int = 1, fan: Speaker = ANA, intent_id: IntentId | None = None) -> GiftOrder:
    return GiftOrder(
        intent_id=intent_id or fresh_intent(),
        fan=fan,
        room=LOUNGE,
        gift=gift.id,
        count=count,
        max_coins=gift.price_coins * count,
    )


def priced(order: GiftOrder, gift: Gift = ROSE, *, period: Period | None = None) -> PricedOrder:
    return PricedOrder(
        order=order,
        creator=MIRA,
        gift=gift,
        coins=gift.price_coins * order.count,
        refusal=None,
        period=period or period_at(now_ms(), "UTC"),
    )


class Shop:
    """A room, wallets and the engine on a real store."""

    def __init__(self, client: StoreClient, settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self.engine = GiftEngine(client, KEYS, settings)
        self.wallets = WalletStore(client, KEYS)
        self.rooms = RoomStore(client, KEYS, settings)

    async def open(self, *, coins: int = 100, fan: Speaker = ANA) -> None:
        """Open the lounge and give a fan promo coins."""
        await self.rooms.open(LOUNGE, creator=MIRA, creator_name="Mira", title="Late night piano")
        if coins:
            await self.wallets.grant(fan.id, coins=coins, bucket="promo", grant_id=fresh_intent())

    async def coins_of(self, fan: Speaker = ANA) -> int:
        return (await self.wallets.balance(fan.id)).coins
