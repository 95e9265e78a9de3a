"""Books for the tests of this folder that need a PostgreSQL of their own to kill."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.helpers.ledger import Ledger, open_ledger
from tests.helpers.postgres import PostgresChild


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresChild]:
    """A real PostgreSQL 18 that these tests may kill."""
    child = PostgresChild()
    child.start()
    yield child
    child.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """The database of this test, made ready while no event loop runs."""
    chosen: str = request.param
    if chosen == "postgresql":
        request.getfixturevalue("postgres")
    return chosen


@pytest.fixture
async def ledger(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    """Migrated, empty books with the settings of a process that keeps them."""
    postgres = request.getfixturevalue("postgres") if dialect == "postgresql" else None
    async with open_ledger(tmp_path, postgres) as ledger:
        yield ledger
