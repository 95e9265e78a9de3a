"""Look at a store the way an auditor does: many accounts and the shard's numbers at one instant."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from redis.exceptions import ResponseError

from server.domain.ids import CreatorId, FanId
from server.store.client import Reply, StoreClient
from server.store.keys import Keys
from server.store.scripts import READ_WALLETS

WALLET_NUMBERS = ("paid", "promo", "day", "month", "day_spent", "week_spent", "month_spent")
# In the order of `read_wallets.lua`.
_FIELDS = (*WALLET_NUMBERS, "limits", "limits_next", "locked_until", "zone")
# What a wallet that lacks a field holds.
WALLET_DEFAULTS = {name: "" if name in ("limits", "limits_next", "zone") else "0" for name in _FIELDS}
_SCAN_COUNT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A shard at one instant. A key of a wrong type stands as `{"type": …}`."""

    epoch: str | None
    seq: int
    recorded: int
    commands: int
    undrained_coins: int
    wallets: dict[str, dict[str, str]]
    creators: dict[str, dict[str, str]]


class StoreAudit:
    """Reads one shard; changes nothing."""

    def __init__(self, client: StoreClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def cut(self, *, fans: Sequence[str] = (), creators: Sequence[str] = ()) -> Cut:
        """Read the shard and up to 1,000 accounts in one step. Raises `StoreUnavailable`."""
        keys = [self._keys.wallet(FanId(fan)) for fan in fans]
        keys += [self._keys.creator(CreatorId(creator)) for creator in creators]
        reply = await self._client.run(READ_WALLETS, keys=[self._keys.shard, *keys], args=[str(len(fans))])
        assert isinstance(reply, list), reply
        shard, *accounts = reply
        assert isinstance(shard, list), shard
        epoch, *numbers = (_text(part) for part in shard)
        seq, recorded, commands, logged, drained = (int(number or 0) for number in numbers)
        wallets = [_fields(_FIELDS, found) for found in accounts[: len(fans)]]
        earned = [_fields(("earned",), found) for found in accounts[len(fans) :]]
        return Cut(
            epoch=epoch or None,
            seq=seq,
            recorded=recorded,
            commands=commands,
            undrained_coins=logged - drained,
            wallets=dict(zip(fans, wallets, strict=True)),
            creators=dict(zip(creators, earned, strict=True)),
        )

    async def accounts(self) -> AsyncIterator[tuple[list[str], list[str]]]:
        """Yield the fans and creators that have a key, page by page; one may come twice."""
        wallet, creator = self._keys.wallet(FanId("")), self._keys.creator(CreatorId(""))
        async for page in scan(self._client, self._keys):
            yield (
                [key.removeprefix(wallet) for key in page if key.startswith(wallet)],
                [key.removeprefix(creator) for key in page if key.startswith(creator)],
            )

    async def version(self) -> tuple[str, str]:
        """Return the name of the store's program and its version."""
        info = cast(Mapping[str, object], await self._client.command("INFO", "server"))
        name = "Valkey" if "valkey_version" in info else "Redis"
        return name, str(info.get("valkey_version") or info.get("redis_version") or "0")

    async def configured(self, name: str) -> str | None:
        """Return one setting of the store; None where it does not let us see."""
        try:
            found = cast(Mapping[object, object], await self._client.command("CONFIG", "GET", name))
        except ResponseError:
            # Services that rent out stores forbid CONFIG, each in words of its own.
            return None
        values = [value.decode() if isinstance(value, bytes) else str(value) for value in found.values()]
        return values[0] if values else None

    async def refuses_scripts(self) -> str | None:
        """Return why the store runs no script of ours; None where it does."""
        try:
            await self.cut()
        except ResponseError as error:
            return str(error)
        return None

    async def clock_ms(self) -> int:
        """Return the store's time."""
        seconds, microseconds = cast(tuple[int, int], await self._client.command("TIME"))
        return seconds * 1_000 + microseconds // 1_000

    async def log_entries(self) -> int:
        """Return how many entries the log holds."""
        return int(cast(int, await self._client.command("XLEN", self._keys.log)))


async def scan(client: StoreClient, keys: Keys) -> AsyncIterator[list[str]]:
    """Yield every key of a shard, page by page; one may come twice, and one that comes meanwhile may be missed."""
    cursor = 0
    while True:
        answer = await client.command("SCAN", cursor, "MATCH", f"{keys.prefix}*", "COUNT", _SCAN_COUNT)
        cursor, found = cast(tuple[int, list[bytes]], answer)
        yield [key.decode(errors="backslashreplace") for key in found]
        if cursor == 0:
            return


def _text(raw: Reply) -> str:
    return raw.decode(errors="backslashreplace") if isinstance(raw, bytes) else ""


def _fields(names: Sequence[str], found: Reply) -> dict[str, str]:
    if not isinstance(found, list):
        return {"type": _text(found)}
    return {name: _text(raw) for name, raw in zip(names, found, strict=True) if raw is not None}
