"""Tell people, wherever they are connected: one channel that every worker hears."""

from collections.abc import Sequence

import msgpack
import msgspec

from server.store.client import StoreClient
from server.store.keys import Keys
from server.wire.money import MoneyMessage, money_decoder


class Personal:
    """Publishes messages for single people."""

    def __init__(self, client: StoreClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def tell(self, messages: Sequence[tuple[str, MoneyMessage]]) -> None:
        """Send each message to every connection of its person; who is away reads the state when they come back."""
        if messages:
            await self._client.publish(self._keys.people_channel, pack_personal(messages))


def pack_personal(messages: Sequence[tuple[str, MoneyMessage]]) -> bytes:
    """Return messages as the channel carries them."""
    packed: bytes = msgpack.packb([(user, msgspec.json.encode(message)) for user, message in messages])
    return packed


def read_personal(raw: bytes) -> list[tuple[str, MoneyMessage]]:
    """Read what `pack_personal` packed."""
    return [(user, money_decoder.decode(text)) for user, text in msgpack.unpackb(raw)]
