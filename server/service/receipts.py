"""Ask what became of an intent."""

from server.domain.ids import FanId, IntentId
from server.errors import UnknownIntent
from server.record.batch import GiftRow
from server.record.database import Database
from server.record.gifts import find_gift
from server.service.identity import Identity
from server.store.client import StoreClient
from server.store.gifts import read_outcome
from server.store.keys import Keys
from server.store.log import LogStore
from server.store.outcome import Receipt, Refusal


class Receipts:
    """What was decided: while it is remembered from the store, and afterwards from the books."""

    def __init__(self, client: StoreClient, keys: Keys, logs: LogStore, database: Database) -> None:
        self._client = client
        self._keys = keys
        self._log = logs
        self._database = database

    async def find(self, intent_id: IntentId, by: Identity) -> tuple[Receipt, bool] | GiftRow | Refusal:
        """Return the receipt of one's own intent and whether the books hold it, its row in the books, or its refusal.

        Raises:
            UnknownIntent: nothing was decided for it, or it was refused long ago.
            BooksUnavailable: only the books could know.
        """
        fan = FanId(by.id)
        outcome = await read_outcome(self._client, self._keys, fan=fan, intent_id=intent_id)
        if isinstance(outcome, Receipt):
            seq = int(outcome.event_id.rsplit("-", 1)[1])
            return outcome, seq <= (await self._log.state()).recorded
        if outcome is not None:
            return outcome
        async with self._database.read() as connection:
            gift = await find_gift(connection, fan=fan, intent_id=intent_id)
        if gift is None:
            raise UnknownIntent
        return gift
