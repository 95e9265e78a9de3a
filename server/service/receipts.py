"""Ask what became of an intent."""

from server.domain.ids import FanId, IntentId
from server.errors import UnknownIntent
from server.service.identity import Identity
from server.store.client import StoreClient
from server.store.gifts import read_outcome
from server.store.keys import Keys
from server.store.outcome import Outcome


class Receipts:
    """What was decided, for as long as it is remembered."""

    def __init__(self, client: StoreClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def find(self, intent_id: IntentId, by: Identity) -> Outcome:
        """Return the receipt or the refusal of one's own intent.

        Raises:
            UnknownIntent: nothing was decided for it, or it is long forgotten.
        """
        outcome = await read_outcome(self._client, self._keys, fan=FanId(by.id), intent_id=intent_id)
        if outcome is None:
            raise UnknownIntent
        return outcome
