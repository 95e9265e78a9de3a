"""Books that this process and real recorder processes share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from server.record.database import Database
from tests.helpers.postgres import PostgresChild, sqlalchemy_url
from tests.helpers.recorder_process import RecorderProcess


@dataclass(slots=True)
class Ledger:
    """Migrated books, and where they are."""

    books: Database
    data: Path
    database_url: str | None

    def recorder(self, store_url: str) -> RecorderProcess:
        """Start a recorder on them."""
        return RecorderProcess(store_url=store_url, data=self.data, database_url=self.database_url).start()

    async def free_lease(self) -> None:
        """Let anybody take the lease, as when its holder has been silent for long enough."""
        async with self.books.write() as connection:
            await connection.execute(text("UPDATE lease SET until_ms = 0"))


@asynccontextmanager
async def open_ledger(folder: Path, postgres: PostgresChild | None) -> AsyncIterator[Ledger]:
    """Make empty books: in a file of `folder`, or in a database of `postgres`."""
    name = None if postgres is None else await postgres.create()
    if postgres is None or name is None:
        ledger = Ledger(Database(f"sqlite+aiosqlite:///{folder / 'books.sqlite'}"), folder, None)
        await ledger.books.migrate()
    else:
        ledger = Ledger(Database(sqlalchemy_url(postgres.url(name))), folder, postgres.url(name))
    try:
        yield ledger
    finally:
        await ledger.books.close()
        if postgres is not None and name is not None:
            await postgres.drop(name)
