"""Wallets: read one, fill one, take from one."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from server.domain.event import Balance
from server.domain.ids import FanId, IntentId, intent_time_ms
from server.domain.limits import (
    DEFAULT_ZONE,
    RAISE_WAITS_MS,
    Limits,
    LimitState,
    Period,
    Spent,
    pack_limits,
    period_at,
    read_limits,
    read_pending,
    roll,
)
from server.domain.money import WALLET_COINS_MAX
from server.domain.order import INTENT_SKEW_MS, INTENT_WINDOW_MS
from server.errors import REFUSAL_BY_CODE, GateClosed, RecorderBehind, Unavailable
from server.store.client import Reply, StoreClient
from server.store.keys import Keys, seen_slot
from server.store.scripts import MOVE_COINS, SET_LIMITS

_NOT_NOW: dict[str, type[Unavailable]] = {error.code: error for error in (GateClosed, RecorderBehind)}
Bucket = Literal["paid", "promo"]

_FIELDS = (
    "paid",
    "promo",
    "rev",
    "day",
    "month",
    "day_spent",
    "week_spent",
    "month_spent",
    "limits",
    "limits_next",
    "locked_until",
    "zone",
)


@dataclass(frozen=True, slots=True)
class WalletState:
    """A wallet with its limits; `balance.spent` is what counts at the moment it was read for."""

    balance: Balance
    limits: LimitState
    has_limits: bool  # whether limits, or at least a zone, were ever set


class WalletStore:
    """The wallets of one shard."""

    def __init__(self, client: StoreClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def balance(self, fan: FanId) -> Balance:
        """Return a fan's wallet; one that was never filled is empty."""
        paid, promo, rev = await self._client.hmget(self._keys.wallet(fan), "paid", "promo", "rev")
        return Balance(int(paid or 0), int(promo or 0), int(rev or 0))

    async def state(self, fan: FanId, *, now_ms: int) -> WalletState:
        """Return a fan's wallet with its limits and what is spent in the periods of `now_ms`."""
        fields = [(raw or b"").decode() for raw in await self._client.hmget(self._keys.wallet(fan), *_FIELDS)]
        paid, promo, rev, day, month, *spent = (int(field or 0) for field in fields[:8])
        limits, waiting, locked_until, zone = fields[8:]
        state = LimitState(
            limits=read_limits(limits),
            zone=zone or DEFAULT_ZONE,
            pending=read_pending(waiting),
            locked_until_ms=int(locked_until or 0),
        ).at(now_ms)
        counted, _ = roll(Spent(*spent), Period(day, month), period_at(now_ms, state.zone))
        return WalletState(Balance(paid, promo, rev, counted), state, has_limits=bool(zone))

    async def grant(self, fan: FanId, *, coins: int, bucket: Bucket, grant_id: IntentId) -> Balance:
        """Give `coins` (1..WALLET_COINS_MAX) once per `grant_id`, and return the wallet.

        Raises:
            LedgerLimit: the wallet would pass WALLET_COINS_MAX.
            IntentConflict: the id was used for something else.
            StaleIntent, FutureIntent: the id was not made within the window.
            GateClosed: the store is not ready; nothing was given, in all five cases.
        """
        return await self._move("grant", fan, coins, bucket, grant_id)

    async def take(self, fan: FanId, *, coins: int, take_id: IntentId) -> Balance:
        """Take paid `coins` once per `take_id`, and return the wallet.

        Raises:
            InsufficientCoins: the fan has spent them; and as in `grant`: nothing was taken.
        """
        return await self._move("take", fan, coins, "paid", take_id)

    async def set_limits(self, fan: FanId, *, limits: Limits, zone: str, change_id: IntentId) -> None:
        """Wish for limits, once per `change_id`: narrower ones hold at once, wider ones and another zone after a day.

        Raises:
            IntentConflict, StaleIntent, FutureIntent, GateClosed: nothing was changed.
        """
        await self._change_limits(fan, "limits", pack_limits(limits), zone, 0, change_id)

    async def lock(self, fan: FanId, *, hours: int, change_id: IntentId) -> None:
        """Lock a fan's spending; a longer lock stays. Raises as `set_limits`."""
        await self._change_limits(fan, "lock", "", "", hours * 3_600_000, change_id)

    async def _move(self, kind: str, fan: FanId, coins: int, bucket: Bucket, move_id: IntentId) -> Balance:
        assert 1 <= coins <= WALLET_COINS_MAX, coins
        slot, expires_at_ms = seen_slot(move_id)
        keys = self._keys
        reply = await self._client.run(
            MOVE_COINS,
            keys=[keys.shard, keys.log, keys.wallet(fan), keys.seen(fan, slot)],
            args=[
                kind,
                fan,
                bucket,
                str(coins),
                move_id,
                move_fingerprint(kind, bucket, coins),
                str(expires_at_ms),
                keys.wallets_channel,
                str(intent_time_ms(move_id)),
                str(INTENT_WINDOW_MS),
                str(INTENT_SKEW_MS),
                str(WALLET_COINS_MAX),
            ],
        )
        paid, promo, rev = _answer(reply)
        return Balance(paid, promo, rev)

    async def _change_limits(
        self, fan: FanId, kind: str, wanted: str, zone: str, lock_ms: int, change_id: IntentId
    ) -> None:
        slot, expires_at_ms = seen_slot(change_id)
        keys = self._keys
        reply = await self._client.run(
            SET_LIMITS,
            keys=[keys.shard, keys.log, keys.wallet(fan), keys.seen(fan, slot)],
            args=[
                kind,
                fan,
                wanted,
                zone,
                str(lock_ms),
                change_id,
                _content(f"{kind}|{wanted}|{zone}|{lock_ms}"),
                str(expires_at_ms),
                str(intent_time_ms(change_id)),
                str(INTENT_WINDOW_MS),
                str(INTENT_SKEW_MS),
                str(RAISE_WAITS_MS),
            ],
        )
        _answer(reply)


def move_fingerprint(kind: str, bucket: str, coins: int) -> str:
    """Return what two tries of one grant or take have in common, and two different ones have not."""
    return _content(f"{kind}|{bucket}|{coins}")


def _content(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _answer(reply: Reply) -> list[int]:
    """Return the numbers after "ok", or raise the refusal."""
    assert isinstance(reply, list), reply
    code, *numbers = (part.decode() for part in reply if isinstance(part, bytes))
    if code in _NOT_NOW:
        raise _NOT_NOW[code](retry_after_ms=1_000)
    if code != "ok":
        raise REFUSAL_BY_CODE[code]
    return [int(number) for number in numbers]
