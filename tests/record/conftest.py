"""The books of each test, on SQLite and on PostgreSQL."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.record.database import Database
from tests.helpers.market import Market
from tests.helpers.postgres import PostgresChild, sqlalchemy_url


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresChild]:
    """A real PostgreSQL 18 of this test session."""
    child = PostgresChild()
    child.start()
    yield child
    child.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated, empty books in a file."""
    file = tmp_path_factory.mktemp("books") / "template.sqlite"

    async def make() -> None:
        books = Database(f"sqlite+aiosqlite:///{file}")
        await books.migrate()
        await books.close()

    asyncio.run(make())
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """The database of this test, made ready while no event loop runs."""
    chosen: str = request.param
    request.getfixturevalue("sqlite_template" if chosen == "sqlite" else "postgres")
    return chosen


@pytest.fixture
def memory_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: these tests never cut the power, so a disk would only slow them."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="gwbooks", dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.fixture
async def books(dialect: str, request: pytest.FixtureRequest, memory_path: Path) -> AsyncIterator[Database]:
    """Migrated, empty books."""
    if dialect == "sqlite":
        file = memory_path / "books.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        found = Database(f"sqlite+aiosqlite:///{file}")
        yield found
        await found.close()
        return
    postgres: PostgresChild = request.getfixturevalue("postgres")
    name = await postgres.create()
    found = Database(sqlalchemy_url(postgres.url(name)))
    yield found
    await found.close()
    await postgres.drop(name)


@pytest.fixture
async def market(books: Database) -> Market:
    """All of commerce on these books, opened and empty."""
    market = Market(books)
    await market.open_books()
    return market
