"""The one door to Valkey: typed calls with a deadline, and its errors in our words."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

from redis import exceptions as redis_errors
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from server.errors import StoreUnavailable
from server.settings import Settings
from server.store.scripts import Script

StreamFields = dict[bytes, bytes]
Reply = str | bytes | int | None | list["Reply"]

_AWAY = (redis_errors.ConnectionError, redis_errors.BusyLoadingError, redis_errors.TimeoutError, OSError)

# What a store answers that is full, a replica, failing over or unable to write: it refused before the first write.
_NOT_NOW = ("OOM", "READONLY", "MISCONF", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS", "LOADING", "BUSY")


class StoreClient:
    """Owns the connections of one process to the store."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._timeout_s = settings.store_timeout_s
        # One retry on a fresh connection hides a restart of the store from callers that were idle during it. It is
        # harmless: every script of ours remembers or is repeatable.
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=settings.store_connections_max,
            timeout=settings.store_timeout_s,
            # Deadlines are ours (`_deadline`). Those of redis-py are built on wait_for, which before Python 3.12 loses
            # the cancellation of a task whose write has just ended: the task would go on as if nobody had stopped it.
            socket_timeout=None,
            socket_connect_timeout=settings.store_timeout_s,
            retry=Retry(NoBackoff(), 1, supported_errors=(redis_errors.ConnectionError,)),
        )
        self._redis: Redis = Redis.from_pool(pool)
        self._push_url = url

    async def run(self, script: Script, *, keys: Sequence[str], args: Sequence[str | bytes]) -> Reply:
        """Run `script`; a store that lost it is taught again.

        Raises:
            StoreUnavailable: no answer in time; whether it ran is unknown.
        """
        async with self._deadline(script.name):
            try:
                reply = await self._redis.evalsha(script.sha, len(keys), *keys, *args)
            except redis_errors.NoScriptError:
                reply = await self._redis.eval(script.text, len(keys), *keys, *args)
        return cast(Reply, reply)

    async def hmget(self, key: str, *fields: str) -> list[bytes | None]:
        """Return the values of a hash's `fields`."""
        async with self._deadline("hmget"):
            return cast(list[bytes | None], await self._redis.hmget(key, list(fields)))

    async def hget(self, key: str, field: str) -> bytes | None:
        """Return one value of a hash."""
        async with self._deadline("hget"):
            return cast(bytes | None, await self._redis.hget(key, field))

    async def publish(self, channel: str, message: bytes) -> None:
        """Send a message to whoever listens on a sharded channel."""
        async with self._deadline("publish"):
            await self._redis.spublish(channel, message)

    async def read_stream(self, key: str, *, after: str, count: int, block_ms: int) -> list[tuple[bytes, StreamFields]]:
        """Return up to `count` entries of a stream after an id; wait up to `block_ms` where there are none yet."""
        async with self._deadline("xread", more_s=block_ms / 1_000):
            reply = await self._redis.xread({key: after}, count=count, block=block_ms)
        streams = cast(list[tuple[bytes, list[tuple[bytes, StreamFields]]]], reply or [])
        return [entry for _, entries in streams for entry in entries]

    async def command(self, *words: str | int) -> object:
        """Run one plain command, for the checks of operators; redis-py shapes its answer."""
        async with self._deadline(str(words[0])):
            return await self._redis.execute_command(*words)  # type: ignore[no-untyped-call]

    async def ping(self) -> None:
        """Return once the store answers."""
        async with self._deadline("ping"):
            await self._redis.ping()

    def push_connection(self) -> PubSub:
        """Open a connection of its own for pushed messages; the caller closes it."""
        return Redis.from_url(
            self._push_url, socket_connect_timeout=self._timeout_s, retry=Retry(NoBackoff(), 0)
        ).pubsub()

    async def close(self) -> None:
        """Close every connection."""
        await self._redis.aclose()

    @asynccontextmanager
    async def _deadline(self, what: str, *, more_s: float = 0.0) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout_s + more_s):
                yield
        except TimeoutError as error:
            raise StoreUnavailable(
                f"The store did not answer {what} in {self._timeout_s} s; send the same order again.",
                retry_after_ms=500,
            ) from error
        except _AWAY as error:
            raise StoreUnavailable(retry_after_ms=500) from error
        except redis_errors.ResponseError as error:
            if str(error).startswith(_NOT_NOW):
                raise StoreUnavailable(retry_after_ms=1_000) from error
            raise
