"""Wallets: read one, fill one."""

import hashlib
from typing import Literal

from server.domain.event import Balance
from server.domain.ids import FanId, IntentId, intent_time_ms, new_epoch
from server.domain.money import AMOUNT_MAX
from server.domain.order import INTENT_SKEW_MS, INTENT_WINDOW_MS
from server.errors import REFUSAL_BY_CODE
from server.store.client import StoreClient
from server.store.keys import Keys, seen_slot
from server.store.scripts import GRANT_COINS

Bucket = Literal["paid", "promo"]


class WalletStore:
    """The wallets of one shard."""

    def __init__(self, client: StoreClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def balance(self, fan: FanId) -> Balance:
        """Return a fan's wallet; one that was never filled is empty."""
        paid, promo, rev = await self._client.hmget(self._keys.wallet(fan), "paid", "promo", "rev")
        return Balance(int(paid or 0), int(promo or 0), int(rev or 0))

    async def grant(self, fan: FanId, *, coins: int, bucket: Bucket, grant_id: IntentId) -> Balance:
        """Give `coins` (1..2^53−1) once per `grant_id`, and return the wallet.

        Raises:
            LedgerLimit: the wallet would pass 2^53−1.
            IntentConflict: the id was used for another grant.
            StaleIntent, FutureIntent: the id was not made within the window; nothing was given, in all four cases.
        """
        assert 1 <= coins <= AMOUNT_MAX, coins
        slot, expires_at_ms = seen_slot(grant_id)
        content = hashlib.blake2b(f"grant|{bucket}|{coins}".encode(), digest_size=8).hexdigest()
        keys = self._keys
        reply = await self._client.run(
            GRANT_COINS,
            keys=[keys.shard, keys.log, keys.wallet(fan), keys.seen(fan, slot)],
            args=[
                new_epoch(),
                fan,
                bucket,
                str(coins),
                grant_id,
                content,
                str(expires_at_ms),
                keys.wallets_channel,
                str(intent_time_ms(grant_id)),
                str(INTENT_WINDOW_MS),
                str(INTENT_SKEW_MS),
            ],
        )
        assert isinstance(reply, list), reply
        match reply:
            case [b"ok", bytes(paid), bytes(promo), bytes(rev)]:
                return Balance(int(paid), int(promo), int(rev))
            case [bytes(code)]:
                raise REFUSAL_BY_CODE[code.decode()]
            case _:
                raise AssertionError(reply)
