"""The one door to the SQL books: connections, transactions, and their errors in our words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
from sqlalchemy import Connection, event, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql import Insert
from sqlalchemy.sql.schema import Table

from server.errors import BooksUnavailable, SettingInvalid

if TYPE_CHECKING:
    from alembic.config import Config

# The last migration: books that have it need no look at the others, which takes a moment to load.
HEAD = "0001"
_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_TIMEOUT_S = 10.0
_CONNECT_TIMEOUT_S = 5.0
_COMMAND_TIMEOUT_S = 30.0
# Classes of PostgreSQL's errors that are about the moment and not about the statement, so it may run again: connection
# lost, read-only (a standby, while the roles change), log-in refused, no such database, rolled back, disk or memory
# full, lock not available, being shut down or started, disk failed.
_NOT_NOW = ("08", "25006", "28", "3D", "40", "53", "55", "57", "58")


class Database:
    """The books' connections of one process. `write` is one transaction, `read` one snapshot."""

    def __init__(self, url: str, *, command_timeout_s: float = _COMMAND_TIMEOUT_S) -> None:
        try:
            self.dialect = make_url(url).get_backend_name()
        except (ArgumentError, ValueError) as error:
            raise SettingInvalid(f"GIFTWAVE_DATABASE_URL is not an address: {error}") from error
        if self.dialect not in ("sqlite", "postgresql"):
            raise SettingInvalid("GIFTWAVE_DATABASE_URL starts with postgresql:// (or is unset, for SQLite).")
        self._url = url
        if self.dialect == "sqlite":
            # SQLite has one writer at a time; waiting for it in our own pool keeps its lock out of the way of readers.
            self._writer = _sqlite_engine(url, begin="BEGIN IMMEDIATE", pool_size=1)
            self._reader = _sqlite_engine(url, begin="BEGIN", pool_size=4)
        else:
            self._writer = _postgresql_engine(url, command_timeout_s)
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Run one transaction: all of it is committed at the end, or nothing is.

        Raises:
            BooksUnavailable: the database did not answer, or could not finish; the same transaction may run again.
        """
        async with _in_our_words(), self._writer.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Read one consistent state of the books. Raises `BooksUnavailable`."""
        async with _in_our_words(), self._reader.begin() as connection:
            yield connection

    async def migrate(self) -> None:
        """Bring the schema to this release; a finished one stays as it is. Raises `BooksUnavailable`."""
        if self.dialect == "sqlite" and (file := make_url(self._url).database):
            _make_private(Path(file))
        if await self._is_current():
            return
        async with _in_our_words(), self._writer.begin() as connection:
            if self.dialect == "postgresql":
                # Two nodes that start together migrate one after the other.
                await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7244)")
            await connection.run_sync(_upgrade)

    async def _is_current(self) -> bool:
        async with _in_our_words(), self._reader.begin() as connection:
            if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
                return False
            return (await connection.exec_driver_sql("SELECT version_num FROM alembic_version")).scalar() == HEAD

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        if self.dialect == "sqlite":
            await self._reader.dispose()


def insert_into(connection: AsyncConnection, table: Table) -> Any:
    """Return an INSERT that knows ON CONFLICT, in the dialect of `connection`."""
    made: Insert = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    return made


def migrations() -> "Config":
    """Return Alembic's configuration: the migrations travel with the package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _make_private(file: Path) -> None:
    """Who owns what is nobody else's business; SQLite gives the files beside it the same permissions."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)


def _upgrade(connection: Connection) -> None:
    # Only who migrates waits for Alembic to load.
    from alembic import command as alembic

    config = migrations()
    config.attributes["connection"] = connection
    alembic.upgrade(config, "head")


def _sqlite_engine(url: str, *, begin: str, pool_size: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_BUSY_TIMEOUT_S,
        connect_args={"timeout": _BUSY_TIMEOUT_S},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        # The driver would begin transactions by itself, and only before the first write; ours begin when we say so.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",  # a commit is on the disk before it is answered
            "foreign_keys = ON",
            "recursive_triggers = ON",  # else REPLACE would delete posted rows behind their trigger's back
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgresql_engine(url: str, command_timeout_s: float) -> AsyncEngine:
    address = make_url(url).set(drivername="postgresql+asyncpg")
    if "sslmode" in address.query:  # libpq's word; the driver has another for the same values
        address = address.difference_update_query(["sslmode"]).update_query_dict({"ssl": address.query["sslmode"]})
    return create_async_engine(
        address,
        pool_size=8,
        max_overflow=0,
        pool_timeout=_CONNECT_TIMEOUT_S,
        pool_pre_ping=True,
        connect_args={"timeout": _CONNECT_TIMEOUT_S, "command_timeout": command_timeout_s},
    )


@asynccontextmanager
async def _in_our_words() -> AsyncIterator[None]:
    try:
        yield
    except (TimeoutError, OperationalError, InterfaceError, InternalError, OSError) as error:
        raise BooksUnavailable(retry_after_ms=1_000) from error
    except asyncpg.InterfaceError as error:  # the drain speaks to the driver directly, too
        if isinstance(error, ValueError):
            raise
        raise BooksUnavailable(retry_after_ms=500) from error
    except (DBAPIError, asyncpg.PostgresError) as error:
        state = getattr(getattr(error, "orig", error), "sqlstate", None) or ""
        if state.startswith(_NOT_NOW) or getattr(error, "connection_invalidated", False):
            raise BooksUnavailable(retry_after_ms=500) from error
        raise
    except SQLAlchemyError as error:
        if "QueuePool limit" in str(error):
            raise BooksUnavailable(retry_after_ms=500) from error
        raise
