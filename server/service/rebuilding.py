"""Make an empty store again from the books.

The gate is closed first and opened last, so a rebuild that is interrupted anywhere leaves a store that refuses gifts;
running it again with `--replace` begins anew. The new epoch stands in the books before anything is written: from then
on no recorder can record what a former life of the store left behind.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from server.clock import Clock
from server.domain.ids import IntentId, new_epoch
from server.domain.money import UNITS_PER_COIN
from server.domain.order import INTENT_SKEW_MS, INTENT_WINDOW_MS
from server.errors import BooksMismatch, OperatorError
from server.record import snapshot
from server.record.batch import read_batch
from server.record.database import Database
from server.record.drain import Cursor, CursorMoved, Drain, read_cursor
from server.store.client import StoreClient
from server.store.keys import Keys, seen_slot
from server.store.log import LogStore, ShardState, gift_fields
from server.store.rebuild import Memory, OpenAt, StoreRebuild, gift_memory, limits_memory, move_memory

_ENTRIES_MAX = 64

OnProgress = Callable[[str, int], None]  # the step, how many rows of it are written


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild did."""

    epoch: str = ""
    seq: int = 0
    commands: int = 0
    drained: int = 0  # records that were still copied from the store before it was emptied
    lost: int = 0  # records that the old store counted and nobody can read any more
    deleted_keys: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


class Rebuilding:
    """Writes one shard of the store from the books."""

    def __init__(self, database: Database, client: StoreClient, keys: Keys, clock: Clock) -> None:
        self._database = database
        self._drain = Drain(database)
        self._log = LogStore(client, keys)
        # The epoch to come is also what tells this rebuild from another that began later.
        self._epoch = new_epoch()
        self._store = StoreRebuild(client, keys, token=self._epoch)
        self._clock = clock
        self._on_progress: OnProgress = lambda *_: None

    async def run(self, *, replace: bool, on_progress: OnProgress | None = None) -> Rebuilt:
        """Rebuild an empty store; with `replace`, any store, after what it still knows went into the books.

        Raises:
            OperatorError: the store is not empty, or the books are; nothing was changed.
            BooksMismatch: the books contradict themselves.
            StoreUnavailable, BooksUnavailable: not now; the gate stays closed.
        """
        self._on_progress = on_progress or self._on_progress
        done, began_s = Rebuilt(epoch=self._epoch), self._clock.monotonic_s()
        cursor, state = await self._drain.cursor(), await self._log.state()
        if cursor is None:
            raise OperatorError("The books hold nothing yet, so there is nothing to rebuild; start `giftwave serve`.")
        if not replace:
            await self._check_is_empty(state)
        self._step("close the gate")
        was = await self._store.close_gate()
        state = await self._log.state()  # again: now it stands still
        if was == cursor.epoch:
            cursor = await self._drain_rest(cursor, state, done)
        hwm_ms = max(self._clock.now_ms(), cursor.hwm_ms, state.hwm_ms)
        self._step("begin a new life in the books")
        await self._begin_new_life(cursor, hwm_ms)
        self._step("delete what is left")
        done.deleted_keys = await self._store.clear()
        async with self._database.read() as connection:
            books = await read_cursor(connection)
            assert books is not None
            await self._write_all(connection, done, hwm_ms)
        self._step("open the gate")
        done.seq, done.commands = books.seq, books.commands
        await self._store.open(
            OpenAt(
                epoch=self._epoch,
                seq=books.seq,
                commands=books.commands,
                recorded_coins=books.recorded_coins,
                hwm_ms=hwm_ms,
            )
        )
        done.seconds = round(self._clock.monotonic_s() - began_s, 3)
        return done

    def _step(self, name: str) -> None:
        self._on_progress(name, 0)

    async def _check_is_empty(self, state: ShardState) -> None:
        if state.epoch is not None:
            raise OperatorError(
                f"This store is alive (epoch {state.epoch}, {state.seq:,} records), and a rebuild makes an empty one. "
                "Run `giftwave reconcile` to see whether it needs one; `giftwave rebuild --replace` deletes it first."
            )
        accounts = await self._store.count_accounts()
        if accounts:
            raise OperatorError(
                f"This store has no epoch but {accounts:,} keys of ours: a rebuild was interrupted, or its shard was "
                "damaged. `giftwave rebuild --replace` deletes them and begins anew."
            )

    async def _drain_rest(self, cursor: Cursor, state: ShardState, done: Rebuilt) -> Cursor:
        """Copy what the store still has and the books have not: it was accepted, and nothing else remembers it."""
        self._step("copy the rest of the log")
        entries_max = _ENTRIES_MAX
        while True:
            try:
                records = await self._log.read(after=cursor.seq, entries_max=entries_max, block_ms=1)
            except BooksMismatch:
                if entries_max > 1:
                    entries_max = 1  # there is a hole: go up to it in small steps
                    continue
                records = []  # what lies behind it cannot be told in order
            if not records:
                done.lost = max(0, state.seq - cursor.seq)
                return cursor
            batch = read_batch([gift_fields(record) for record in records], epoch=cursor.epoch)
            try:
                cursor = await self._drain.record(cursor, batch)
                done.drained += len(records)
            except CursorMoved:
                # A recorder was faster with the same records.
                cursor = await self._drain.cursor() or cursor
            self._on_progress("copy the rest of the log", done.drained)

    async def _begin_new_life(self, cursor: Cursor, hwm_ms: int) -> None:
        async with self._database.write() as connection:
            if not await snapshot.begin_new_life(connection, cursor, epoch=self._epoch, hwm_ms=hwm_ms):
                raise OperatorError(
                    "Another rebuild or recorder moved the books meanwhile; the gate stays closed. "
                    "Run `giftwave rebuild --replace` again."
                )

    async def _write_all(self, connection: AsyncConnection, done: Rebuilt, hwm_ms: int) -> None:
        # A wallet's rev has to be above every one that a client ever saw, and no book knows those. It grows by one a
        # change, and no wallet changes a million times a second: microseconds of a time that only grows are above all.
        rev = {"rev": str(hwm_ms * 1_000)}
        put, earned = self._store.put_wallets, self._store.put_earned
        await self._write(done, "wallets", _with_fields(snapshot.wallets(connection), rev), put)
        await self._write(done, "limits", _with_fields(snapshot.limits(connection), rev), put)
        await self._write(done, "spending", snapshot.spent(connection), put)
        await self._write(done, "earnings", snapshot.earned(connection), earned)
        # An intent can have been decided a little before the time in its id, and up to a window after it.
        oldest_ms = (hwm_ms // INTENT_WINDOW_MS - 2) * INTENT_WINDOW_MS - INTENT_SKEW_MS
        for name, memories in (
            ("gift intents", _gift_memories(snapshot.gifts_since(connection, oldest_ms))),
            ("grants and takes", _move_memories(snapshot.moves_since(connection, oldest_ms))),
            ("changes of limits", _limit_memories(snapshot.limit_changes_since(connection, oldest_ms))),
        ):
            await self._write(done, name, _not_expired(memories, hwm_ms), self._store.put_memories)

    async def _write(
        self,
        done: Rebuilt,
        name: str,
        pages: AsyncIterator[Sequence[Any]],
        write: Callable[[Sequence[Any]], Awaitable[None]],
    ) -> None:
        done.rows[name] = 0
        self._on_progress(name, 0)
        async for page in pages:
            if page:
                await write(page)
                done.rows[name] += len(page)
                self._on_progress(name, done.rows[name])


async def _with_fields(
    pages: AsyncIterator[list[tuple[str, dict[str, str]]]], more: dict[str, str]
) -> AsyncIterator[list[tuple[str, dict[str, str]]]]:
    async for page in pages:
        yield [(fan, fields | more) for fan, fields in page]


async def _not_expired(pages: AsyncIterator[list[Memory]], now_ms: int) -> AsyncIterator[list[Memory]]:
    async for page in pages:
        yield [memory for memory in page if seen_slot(IntentId(memory.intent_id))[1] > now_ms]


async def _gift_memories(pages: AsyncIterator[Sequence[Any]]) -> AsyncIterator[list[Memory]]:
    async for page in pages:
        yield [
            gift_memory(
                row.fan,
                row.intent_id,
                head=(row.at_ms, row.coins),
                tail=(
                    f"{row.shard}-{row.epoch}-{row.seq}",
                    row.room,
                    row.room_epoch,
                    row.room_offset,
                    row.gift,
                    row._mapping["count"],
                    row.paid_coins,
                    row.promo_coins,
                ),
            )
            for row in page
            if "~" not in row.intent_id  # charged twice and given back; the first one is the receipt (record/drain.py)
        ]


async def _move_memories(pages: AsyncIterator[Sequence[Any]]) -> AsyncIterator[list[Memory]]:
    async for page in pages:
        yield [
            move_memory(
                row.fan,
                row.key.rpartition(":")[2].partition("~")[0],
                kind=row.kind,
                bucket="promo" if row.credit.startswith("fan_promo:") else "paid",
                coins=row.amount // UNITS_PER_COIN,
            )
            for row in page
        ]


async def _limit_memories(pages: AsyncIterator[list[tuple[str, str]]]) -> AsyncIterator[list[Memory]]:
    async for page in pages:
        yield [limits_memory(fan, change_id) for fan, change_id in page]
