"""Make a shard again: closed while it is written, and opened by the last step."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgpack

from server.domain.ids import CreatorId, FanId, IntentId
from server.errors import OperatorError
from server.store.audit import scan
from server.store.client import StoreClient
from server.store.keys import Keys, seen_slot
from server.store.scripts import CLOSE_GATE, OPEN_REBUILT, PUT_HASHES, PUT_MEMORIES, Script
from server.store.wallets import move_fingerprint

Fields = dict[str, str]
# Stands where a memory has the fingerprint of its order: it fits every order (send_gifts.lua, set_limits.lua).
_ANY_CONTENT = "*" * 16
_NO_COMBO = ("",) * 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is remembered of an intent; with a `tail`, the fan's balance stands between the two."""

    fan: str
    intent_id: str
    head: str
    tail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAt:
    """Where a shard that was made again goes on."""

    epoch: str
    seq: int
    commands: int
    recorded_coins: int
    hwm_ms: int


class StoreRebuild:
    """Writes one shard from its beginning. Nothing is written once another rebuild has begun, or the gate is open."""

    def __init__(self, client: StoreClient, keys: Keys, *, token: str) -> None:
        self._client = client
        self._keys = keys
        self._token = token

    async def count_accounts(self) -> int:
        """Count the keys that hold money or memories; rooms are none of them."""
        kept = tuple(f"{self._keys.prefix}{kind}:" for kind in ("wallet", "creator", "seen"))
        count = 0
        async for page in scan(self._client, self._keys):
            count += sum(1 for key in page if key.startswith(kept) or key == self._keys.log)
        return count

    async def close_gate(self) -> str:
        """Let nothing be decided any more; return the epoch the shard had, or ""."""
        was = await self._client.run(CLOSE_GATE, keys=[self._keys.shard], args=[self._token])
        assert isinstance(was, bytes), was
        return was.decode()

    async def clear(self) -> int:
        """Delete everything but the closed gate; return how many keys that were."""
        deleted = 0
        async for page in scan(self._client, self._keys):
            doomed = [key for key in page if key != self._keys.shard]
            if doomed:
                await self._client.command("UNLINK", *doomed)
            deleted += len(doomed)
        return deleted

    async def put_wallets(self, wallets: Sequence[tuple[str, Fields]]) -> None:
        """Write fields of wallets."""
        await self._put([(self._keys.wallet(FanId(fan)), fields) for fan, fields in wallets])

    async def put_earned(self, creators: Sequence[tuple[str, str]]) -> None:
        """Write what creators earned."""
        await self._put([(self._keys.creator(CreatorId(creator)), {"earned": units}) for creator, units in creators])

    async def put_memories(self, memories: Sequence[Memory]) -> None:
        """Write what is remembered; wallets come first."""
        keys: dict[str, int] = {}

        def index(key: str) -> int:
            # Lua counts from 1, and the shard comes first.
            return 2 + keys.setdefault(key, len(keys))

        packed = []
        for memory in memories:
            fan, intent_id = FanId(memory.fan), IntentId(memory.intent_id)
            slot, expires_at_ms = seen_slot(intent_id)
            wallet = index(self._keys.wallet(fan)) if memory.tail else 0
            seen = index(self._keys.seen(fan, slot))
            packed.append((wallet, seen, intent_id, memory.head, memory.tail, str(expires_at_ms)))
        await self._run(PUT_MEMORIES, list(keys), [self._token, msgpack.packb(packed)])

    async def open(self, at: OpenAt) -> None:
        """Open the shard: from now on it decides."""
        numbers = (at.seq, at.commands, at.recorded_coins, at.hwm_ms)
        await self._run(OPEN_REBUILT, [], [self._token, at.epoch, *map(str, numbers)])

    async def _put(self, hashes: Sequence[tuple[str, Fields]]) -> None:
        # One packed argument: as thousands of separate ones, the client would spend longer on them than the store.
        packed = msgpack.packb([[text for field in fields.items() for text in field] for _, fields in hashes])
        await self._run(PUT_HASHES, [key for key, _ in hashes], [self._token, packed])

    async def _run(self, script: Script, keys: Sequence[str], args: Sequence[str | bytes]) -> None:
        if await self._client.run(script, keys=[self._keys.shard, *keys], args=args) != b"ok":
            raise OperatorError(
                "Another rebuild of this store began, or a recorder opened it; this one stopped and wrote nothing "
                "more. Run `giftwave record status` to see where it stands."
            )


def gift_memory(fan: str, intent_id: str, *, head: Sequence[object], tail: Sequence[object]) -> Memory:
    """Return the receipt of a recorded gift. `head`: time, coins; `tail`: event … count, then paid and promo coins."""
    *event, paid, promo = tail
    return Memory(
        fan=fan,
        intent_id=intent_id,
        head="|".join(map(str, (_ANY_CONTENT, "ok", *head))),
        tail="|".join(map(str, (*event, *_NO_COMBO, paid, promo))),
    )


def move_memory(fan: str, move_id: str, *, kind: str, bucket: str, coins: int) -> Memory:
    """Return the memory of a recorded grant or take."""
    done = "granted" if kind == "grant" else "taken"
    return Memory(fan=fan, intent_id=move_id, head=f"{move_fingerprint(kind, bucket, coins)}|{done}")


def limits_memory(fan: str, change_id: str) -> Memory:
    """Return the memory of a recorded change of limits."""
    return Memory(fan=fan, intent_id=change_id, head=f"{_ANY_CONTENT}|set")
