"""The log as the recorder meets it: what was accepted, in order, and the word that the books have it."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgpack

from server.domain.limits import month_of_day
from server.errors import BooksMismatch
from server.store.client import StoreClient
from server.store.keys import Keys
from server.store.personal import pack_personal
from server.store.scripts import ACKNOWLEDGE, OPEN_SHARD
from server.wire.money import MoneyMessage

_DAY_MS = 86_400_000
# A record without its fan's day and month, but with the facts of the event: written by version 0.1.
_FIELDS_0_1 = 17


@dataclass(frozen=True, slots=True)
class ShardState:
    """Where a shard of the store stands; an `epoch` of None is a shard that was never opened."""

    epoch: str | None
    seq: int
    recorded: int
    commands: int
    logged_coins: int
    hwm_ms: int


# One record of the log: its kind and the fields that the script wrote, all text.
Record = Sequence[str]


class LogStore:
    """Reads and shortens the log of one shard."""

    def __init__(self, client: StoreClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def state(self) -> ShardState:
        """Return where the shard stands."""
        fields = await self._client.hmget(self._keys.shard, "epoch", "seq", "recorded", "commands", "logged", "hwm")
        epoch, *numbers = fields
        return ShardState(None if epoch is None else epoch.decode(), *(int(number or 0) for number in numbers))

    async def open(self, epoch: str) -> str:
        """Open a shard that was never used; return the epoch it has now."""
        found = await self._client.run(OPEN_SHARD, keys=[self._keys.shard], args=[epoch])
        assert isinstance(found, bytes), found
        return found.decode()

    async def read(self, *, after: int, entries_max: int, block_ms: int) -> list[Record]:
        """Return the records that follow seq `after`, up to `entries_max` calls of the atomic step.

        Raises:
            BooksMismatch: the next record is missing; copying on would hide the hole.
        """
        entries = await self._client.read_stream(
            self._keys.log, after=f"{after}-1", count=entries_max, block_ms=block_ms
        )
        records: list[Record] = []
        for _, fields in entries:
            records.extend(msgpack.unpackb(fields[b"records"]))
        for expected, record in enumerate(records, start=after + 1):
            if int(record[1]) != expected:
                raise BooksMismatch(
                    f"The log of {self._keys.log} goes on at {record[1]} where the books expect {expected}; "
                    "nothing more is copied. Run `giftwave reconcile`."
                )
        return records

    async def acknowledge(
        self, *, epoch: str, seq: int, coins: int, messages: Sequence[tuple[str, MoneyMessage]]
    ) -> None:
        """Tell the store that the books hold everything up to `seq`, and people that theirs is among it.

        Raises:
            BooksMismatch: the store has another life than the log that was copied, or less of it than the books.
        """
        said = await self._client.run(
            ACKNOWLEDGE,
            keys=[self._keys.shard, self._keys.log],
            args=[epoch, str(seq), str(coins), self._keys.people_channel, pack_personal(messages) if messages else b""],
        )
        if said != b"ok":
            raise BooksMismatch(
                f"The books hold the log up to {seq} of epoch {epoch}, and the store says {said!r}. "
                "Run `giftwave reconcile`, then `giftwave rebuild`."
            )


def gift_fields(record: Record) -> Record:
    """Return a gift record in today's shape."""
    if len(record) != _FIELDS_0_1:
        return record
    day = int(record[2]) // _DAY_MS
    hidden = '"id"' not in record[16].split('"gift"')[0]
    return [*record[:16], str(day), str(month_of_day(day)), "1" if hidden else "0"]
