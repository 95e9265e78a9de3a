"""Keep the books: copy the log, say so, follow commands. Several may run; the lease keeps all but one idle."""

import asyncio
from collections.abc import Sequence

import structlog

from server.clock import Clock
from server.domain.ids import new_epoch
from server.errors import BooksMismatch, GiftwaveError
from server.record.batch import Batch, read_batch
from server.record.drain import Cursor, CursorMoved, Drain
from server.service.following import Following
from server.store.log import LogStore, Record, ShardState, gift_fields
from server.telemetry import metrics
from server.wire.money import MoneyMessage, RecordedGifts

log = structlog.get_logger(__name__)

# Thousands of rows pay for a commit, and yet a backlog of any length passes through a few megabytes. A call of the
# atomic step is an entry of up to 128 records, so a transaction is at most ENOUGH + 64 × 128 rows.
_ENTRIES_MAX = 64
_ENOUGH_RECORDS = 4_096
_BLOCK_MS = 200
_HARDLY_BLOCK_MS = 1  # 0 would be for ever
# A commit of few rows costs as much as one of many; waiting a moment lets them gather.
_GATHER_S = 0.05
_FEW_RECORDS = 256


class Recording:
    """Copies one shard's log into the books."""

    def __init__(self, logs: LogStore, drain: Drain, following: Following, clock: Clock) -> None:
        self._log = logs
        self._drain = drain
        self._following = following
        self._clock = clock
        self._cursor: Cursor | None = None

    async def begin(self) -> None:
        """Bring books and store together, or say why that cannot be.

        Raises:
            BooksMismatch: they do not belong together; gifts stay refused where the store is empty.
            BooksUnavailable, StoreUnavailable: not now.
        """
        # Commands begin in the books and gifts in the store: what follows is read before what it follows, so that
        # nothing that happens meanwhile looks like a loss.
        followed = (await self._log.state()).commands
        cursor = await self._drain.cursor()
        state = await self._log.state()
        if cursor is None or (cursor.seq, cursor.commands) == (0, 0):
            # The books are new: they follow the life this store has. A store without one gets one that no other store
            # was ever given, so that two stores on the same books cannot look like one.
            await self._drain.open(state.epoch or new_epoch())
            cursor = await self._drain.cursor()
            assert cursor is not None
            if state.epoch is None and (cursor.seq, cursor.commands) == (0, 0):
                await self._log.open(cursor.epoch)
                state = await self._log.state()
        _check_same_life(cursor, state, followed=followed)
        if state.seq > cursor.seq and not await self._log.read(
            after=cursor.seq, entries_max=1, block_ms=_HARDLY_BLOCK_MS
        ):
            raise BooksMismatch(
                f"The store counts {state.seq:,} records, the books have {cursor.seq:,}, and the log is empty: what "
                "lies between is lost. Run `giftwave reconcile`, then `giftwave rebuild --replace`."
            )
        self._cursor = cursor
        await self._acknowledge(cursor, await self._untold(cursor, state))
        try:
            await self._following.catch_up()
        except GiftwaveError:
            raise
        except Exception:
            # One command that the store cannot follow holds back those after it, and not the copying of everybody's
            # gifts; the chores come back for it.
            log.exception("recorder.commands_wait")

    async def step(self) -> int:
        """Copy what is there, up to one transaction of it; return how many records that were.

        Raises:
            BooksMismatch: the log has a hole, or another life than the books, or they refuse what it says.
            BooksUnavailable, StoreUnavailable: not now; `begin` again.
        """
        assert self._cursor is not None, "begin comes first"
        cursor = self._cursor
        try:
            records = await self._read(cursor)
        except BooksMismatch:
            if await self._drain.cursor() == cursor:
                raise
            # No hole: another recorder copied those records, and the store has forgotten them.
            await self.begin()
            return 0
        if not records:
            if (await self._log.state()).epoch != cursor.epoch:
                await self.begin()
            return 0
        batch = read_batch([gift_fields(record) for record in records], epoch=cursor.epoch)
        try:
            self._cursor = await self._drain.record(cursor, batch)
        except CursorMoved:
            log.info("recorder.cursor_moved", seq=cursor.seq)
            await self.begin()
            return 0
        metrics.RECORDED.inc(len(batch.gifts))
        metrics.DRAIN_LAG.observe(max(0, self._clock.now_ms() - batch.first_at_ms) / 1_000)
        await self._acknowledge(self._cursor, _messages(batch))
        return len(records)

    async def _read(self, cursor: Cursor) -> list[Record]:
        records = await self._log.read(after=cursor.seq, entries_max=_ENTRIES_MAX, block_ms=_BLOCK_MS)
        if 0 < len(records) < _FEW_RECORDS:
            await asyncio.sleep(_GATHER_S)
        while 0 < len(records) < _ENOUGH_RECORDS:
            more = await self._read_on(int(records[-1][1]))
            records += more
            # An entry has a record at least: fewer records than entries asked for were the last there are.
            if len(more) < _ENTRIES_MAX:
                break
        return records

    async def _read_on(self, seq: int, *, entries_max: int = _ENTRIES_MAX) -> list[Record]:
        return await self._log.read(after=seq, entries_max=entries_max, block_ms=_HARDLY_BLOCK_MS)

    async def _untold(self, cursor: Cursor, state: ShardState) -> list[tuple[str, MoneyMessage]]:
        """Return the messages of a transaction that was committed and, its recorder having died, not told."""
        records: list[Record] = []
        at = state.recorded
        try:
            while at < cursor.seq:
                more = await self._read_on(at)
                if not more:
                    break
                records += more
                at = int(more[-1][1])
        except BooksMismatch:
            return []  # a store that was made again from the books has nothing to tell of before that
        told = [gift_fields(record) for record in records if int(record[1]) <= cursor.seq]
        return _messages(read_batch(told, epoch=cursor.epoch)) if told else []

    async def _acknowledge(self, cursor: Cursor, messages: Sequence[tuple[str, MoneyMessage]]) -> None:
        await self._log.acknowledge(epoch=cursor.epoch, seq=cursor.seq, coins=cursor.recorded_coins, messages=messages)


def _check_same_life(cursor: Cursor, state: ShardState, *, followed: int) -> None:
    if state.epoch is None:
        raise BooksMismatch(
            f"The store is empty and the books hold {cursor.seq:,} records: gifts stay refused. "
            "Run `giftwave rebuild` to make the store again from the books."
        )
    if state.epoch != cursor.epoch:
        raise BooksMismatch(
            f"The store lives in epoch {state.epoch} and the books follow {cursor.epoch}: they belong to different "
            "servers. Point GIFTWAVE_REDIS_URL and GIFTWAVE_DATABASE_URL at parts that belong together."
        )
    if state.seq < cursor.seq or followed > cursor.commands:
        raise BooksMismatch(
            f"The store stands at {state.seq:,} with {followed:,} commands and the books at {cursor.seq:,} with "
            f"{cursor.commands:,}: one of them lost its end. Run `giftwave reconcile`, then "
            "`giftwave rebuild --replace`."
        )


def _messages(batch: Batch) -> list[tuple[str, MoneyMessage]]:
    """Return who has to hear that theirs is recorded."""
    messages: list[tuple[str, MoneyMessage]] = [
        (fan, RecordedGifts(intent_ids=intents)) for fan, intents in batch.recorded_intents().items()
    ]
    messages += [
        (creator, RecordedGifts(room=room, epoch=epoch, offset=offset))
        for (creator, room, epoch), offset in batch.recorded_rooms().items()
    ]
    return messages
