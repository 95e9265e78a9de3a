"""Open the store for a command: that of the running server, or the embedded one for as long as the command takes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from server.clock import Clock
from server.errors import DataFolderBusy, GiftwaveError, OperatorError, StoreMissing
from server.record.database import Database
from server.record.drain import Drain
from server.service.following import Following
from server.service.recording import Recording
from server.settings import Settings
from server.store.client import StoreClient
from server.store.commands import CommandStore
from server.store.folder import DataFolder
from server.store.keys import Keys
from server.store.log import LogStore
from server.store.process import EmbeddedValkey

_READY_TIMEOUT_S = 120.0
# A command has no fan waiting: a busy store may take its time.
_CALL_TIMEOUT_S = 30.0
# Nor for the books: proving all of them reads every row.
_PATIENCE_S = 3_600.0


@dataclass(frozen=True, slots=True)
class OpenStore:
    """A client, and whether this command is alone: then no recorder copies the log, and none has to be waited for."""

    client: StoreClient
    is_alone: bool


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[OpenStore]:
    """Yield the store of these settings.

    Raises:
        StoreMissing: the embedded store does not start.
    """
    if settings.redis_url is not None:
        async with _client(settings.redis_url, settings) as client:
            yield OpenStore(client, is_alone=False)
        return
    folder = DataFolder(settings.data, port=settings.port)
    try:
        folder.__enter__()
    except DataFolderBusy:
        socket = (settings.data / "valkey" / "valkey.sock").resolve()
        async with _client(f"unix://{socket}", settings) as client:
            yield OpenStore(client, is_alone=False)
        return
    try:
        async with _embedded(folder.path) as url, _client(url, settings) as client:
            yield OpenStore(client, is_alone=True)
    finally:
        folder.__exit__()


@asynccontextmanager
async def open_books(settings: Settings) -> AsyncIterator[Database]:
    """Yield the books of these settings; ones that do not exist are not made.

    Raises:
        OperatorError: there are none.
    """
    file = books_file(settings)
    if file is not None and not file.exists():
        raise OperatorError(
            f"There are no books at {file}; set GIFTWAVE_DATA to the folder of your server, or "
            "GIFTWAVE_DATABASE_URL to its database."
        )
    database = Database(settings.books_url, command_timeout_s=_PATIENCE_S)
    try:
        yield database
    finally:
        await database.close()


def books_file(settings: Settings) -> Path | None:
    """Return the file of embedded books; None where a database server keeps them."""
    url = make_url(settings.books_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


async def copy_all(database: Database, client: StoreClient, keys: Keys, clock: Clock) -> None:
    """Copy what waits in the log, for a command that is alone with store and books. Raises as `Recording`."""
    following = Following(database, CommandStore(client, keys))
    recording = Recording(LogStore(client, keys), Drain(database), following, clock)
    await recording.begin()
    while await recording.step():
        pass


@asynccontextmanager
async def _client(url: str, settings: Settings) -> AsyncIterator[StoreClient]:
    patient = settings.model_copy(update={"store_timeout_s": max(settings.store_timeout_s, _CALL_TIMEOUT_S)})
    client = StoreClient(url, patient)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def _embedded(data: Path) -> AsyncIterator[str]:
    store = EmbeddedValkey(data)
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(store.run())
            ready = tasks.create_task(_wait(store.ready))
            try:
                await asyncio.wait((running, ready), timeout=_READY_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
                if not ready.done():
                    raise StoreMissing(f"The embedded store does not start; read {data / 'valkey' / 'valkey.log'}.")
                yield store.url
            finally:
                ready.cancel()
                await store.stop()
    except* GiftwaveError as group:
        raise group.exceptions[0] from None


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
