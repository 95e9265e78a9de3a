"""The push connection: one a process, subscribed to a room only while somebody here is in it.

Pub/sub forgets: what is published while the connection is down never arrives. So each reconnection is reported, and
the hub reads the rooms' feeds from where it stood.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from server.domain.event import Balance, LiveBatch
from server.domain.ids import FanId, RoomId
from server.errors import StoreUnavailable
from server.store.client import StoreClient
from server.store.feed import read_balances, read_batch
from server.store.keys import Keys
from server.store.personal import read_personal
from server.tasks import TaskOwner
from server.wire.money import MoneyMessage

log = structlog.get_logger(__name__)

_RECONNECT_S = 0.2
_SUBSCRIBE_TIMEOUT_S = 2.0


class Bus:
    """Receives the live batches of subscribed rooms and hands them on."""

    def __init__(
        self,
        client: StoreClient,
        keys: Keys,
        *,
        on_batch: Callable[[RoomId, LiveBatch], None],
        on_balances: Callable[[list[tuple[FanId, Balance]]], None],
        on_personal: Callable[[list[tuple[str, MoneyMessage]]], None],
        on_reconnected: Callable[[], Awaitable[None]],
    ) -> None:
        self._client = client
        self._keys = keys
        self._on_batch = on_batch
        self._on_balances = on_balances
        self._on_personal = on_personal
        self._on_reconnected = on_reconnected
        self._rooms: dict[bytes, RoomId] = {}
        self._confirmations: dict[bytes, asyncio.Future[None]] = {}
        self._connection: PubSub | None = None
        self._has_missed = False
        self._tasks = TaskOwner("bus", vital=True)

    def start(self) -> None:
        """Begin to listen, and go on until `close`."""
        self._tasks.spawn(self._listen_for_ever(), name="listen")

    async def close(self) -> None:
        """Stop listening."""
        await self._tasks.close()

    async def subscribe(self, room: RoomId) -> None:
        """Return once the store has confirmed that batches of `room` will arrive.

        Raises:
            StoreUnavailable: it did not confirm in time.
        """
        channel = self._keys.live_channel(room)
        self._rooms[channel.encode()] = room
        confirmed = self._confirmations.setdefault(channel.encode(), asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(_SUBSCRIBE_TIMEOUT_S):
                if self._connection is not None:
                    await self._connection.ssubscribe(channel)
                await asyncio.shield(confirmed)
        except (TimeoutError, RedisError, OSError) as error:
            raise StoreUnavailable(
                f"The store did not confirm the subscription of {room}.", retry_after_ms=500
            ) from error

    async def unsubscribe(self, room: RoomId) -> None:
        """Stop receiving batches of `room`."""
        channel = self._keys.live_channel(room)
        self._rooms.pop(channel.encode(), None)
        self._confirmations.pop(channel.encode(), None)
        if self._connection is not None:
            try:
                await self._connection.sunsubscribe(channel)
            except (RedisError, OSError) as error:
                # The connection is going; the next one only subscribes what is still wanted.
                log.debug("bus.unsubscribe_failed", reason=str(error))

    async def _listen_for_ever(self) -> None:
        is_away = False
        while True:
            connection = self._client.push_connection()
            try:
                await self._listen(connection)
            except (RedisError, OSError) as error:
                if not is_away:
                    log.warning("bus.disconnected", reason=str(error))
                is_away = self._has_missed = True
            finally:
                self._connection = None
                await connection.aclose()  # type: ignore[no-untyped-call]
            await asyncio.sleep(_RECONNECT_S)

    async def _listen(self, connection: PubSub) -> None:
        wanted = {self._keys.wallets_channel.encode(), self._keys.people_channel.encode(), *self._rooms}
        await connection.ssubscribe(*(channel.decode() for channel in wanted))
        self._connection = connection
        while True:
            message = await connection.parse_response(block=True)
            if message is None:
                continue
            kind, channel, data = message
            if kind == b"smessage":
                self._deliver(channel, data)
                continue
            # redis-py keeps its own list of channels; it forgets an ended one only when it sees this.
            await connection.handle_message(message)  # type: ignore[no-untyped-call]
            if kind == b"ssubscribe":
                self._confirm(channel)
                wanted.discard(channel)
                if not wanted and self._has_missed:
                    # Only now nothing more can be missed, so only now reading the feeds closes the hole.
                    self._has_missed = False
                    log.info("bus.reconnected", rooms=len(self._rooms))
                    self._tasks.spawn(self._report_reconnection(), name="reconnected")

    async def _report_reconnection(self) -> None:
        await self._on_reconnected()

    def _confirm(self, channel: bytes) -> None:
        confirmation = self._confirmations.setdefault(channel, asyncio.get_running_loop().create_future())
        if not confirmation.done():
            confirmation.set_result(None)

    def _deliver(self, channel: bytes, data: bytes) -> None:
        room = self._rooms.get(channel)
        if room is not None:
            self._on_batch(room, read_batch(data))
        elif channel == self._keys.wallets_channel.encode():
            self._on_balances(read_balances(data))
        elif channel == self._keys.people_channel.encode():
            self._on_personal(read_personal(data))
