"""Say where the record stands: how far the books are behind the store, who copies, and what keeps it from going on."""

from dataclasses import dataclass, field

from server.clock import Clock
from server.errors import BooksMismatch, StoreUnavailable
from server.record import health
from server.record.database import Database
from server.settings import Settings
from server.store.audit import StoreAudit
from server.store.client import StoreClient
from server.store.keys import Keys
from server.store.log import LogStore


@dataclass(slots=True)
class RecordStatus:
    """The state of the record; what is None could not be seen."""

    books_epoch: str | None = None
    books_seq: int = 0
    books_commands: int = 0
    books_gifts: int = 0
    books_bytes: int = 0
    recorded_coins: int = 0
    store_epoch: str | None = None
    store_seq: int | None = None
    log_entries: int | None = None
    lag_records: int | None = None
    lag_ms: int | None = None
    undrained_coins: int | None = None
    undrained_coins_max: int = 0
    commands_pending: int | None = None
    lease_holder: str | None = None
    lease_ends_in_ms: int | None = None
    unexplained: list[tuple[str, str, int]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


async def record_status(
    settings: Settings, database: Database, client: StoreClient | None, clock: Clock
) -> RecordStatus:
    """Return where the record stands; a store that cannot be asked is a trouble and no error.

    Raises:
        BooksUnavailable: not now.
    """
    said = RecordStatus(undrained_coins_max=settings.undrained_coins_max)
    async with database.read() as connection:
        books = await health.describe(connection)
        said.books_gifts = await health.count_gifts(connection)
    said.books_bytes, said.unexplained = books.bytes, list(books.clearing)
    if books.cursor is None:
        said.troubles.append("The books follow no store yet; `giftwave serve` opens them.")
    else:
        said.books_epoch, said.books_seq = books.cursor.epoch, books.cursor.seq
        said.books_commands, said.recorded_coins = books.cursor.commands, books.cursor.recorded_coins
    left_ms = books.lease_until_ms - clock.now_ms()
    if left_ms > 0:
        said.lease_holder, said.lease_ends_in_ms = books.holder, left_ms
    else:
        said.troubles.append("Nobody holds the recorder's lease: start `giftwave serve`, or read its log.")
    if client is None:
        said.troubles.append("The store is not running, so only the books are shown.")
        return said
    try:
        await _add_store(said, client, clock)
    except StoreUnavailable:
        said.troubles.append("The store does not answer, so only the books are shown.")
    except BooksMismatch as hole:
        said.troubles.append(hole.message)
    return said


async def _add_store(said: RecordStatus, client: StoreClient, clock: Clock) -> None:
    keys = Keys(shard_id=0)
    audit = StoreAudit(client, keys)
    cut = await audit.cut()
    said.store_epoch, said.store_seq = cut.epoch, cut.seq
    said.undrained_coins, said.log_entries = cut.undrained_coins, await audit.log_entries()
    said.lag_records = max(0, cut.seq - said.books_seq)
    said.commands_pending = max(0, said.books_commands - cut.commands)
    if cut.epoch is None and (said.books_seq or said.books_commands):
        said.troubles.append("The store is empty and refuses gifts: run `giftwave rebuild`.")
    elif cut.epoch is not None and said.books_epoch is not None and cut.epoch != said.books_epoch:
        said.troubles.append(f"The store lives in epoch {cut.epoch}: it belongs to other books.")
    elif cut.commands > said.books_commands:
        said.troubles.append("The store followed commands that the books do not know: run `giftwave reconcile`.")
    if cut.undrained_coins > said.undrained_coins_max:
        said.troubles.append("Gifts are refused with recorder_behind until the books have caught up.")
    said.lag_ms = 0
    if said.lag_records:
        records = await LogStore(client, keys).read(after=said.books_seq, entries_max=1, block_ms=1)
        if records:
            said.lag_ms = max(0, clock.now_ms() - int(records[0][2]))
