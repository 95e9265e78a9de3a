"""The migrations make exactly the tables that the code declares, once, whoever starts first."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from server.record.database import HEAD, Database, migrations
from server.record.rules import statements
from server.record.tables import POSTED, metadata
from tests.helpers.postgres import PostgresChild, sqlalchemy_url


@pytest.fixture
async def address(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Where no books were ever made."""
    if dialect == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'deep' / 'down' / 'books.sqlite'}"
        return
    postgres: PostgresChild = request.getfixturevalue("postgres")
    name = await postgres.create_empty()
    yield sqlalchemy_url(postgres.url(name))
    await postgres.drop(name)


async def test_migrated_books_are_the_declared_tables(address: str) -> None:
    database = Database(address)
    await database.migrate()

    async with database.read() as connection:
        differences = await connection.run_sync(_differences)
        rules = await connection.run_sync(_rules)
    await database.close()

    assert differences == []
    # What compare_metadata does not look at.
    assert rules == {
        (table.name, str(constraint.name))
        for table in metadata.tables.values()
        for constraint in table.constraints
        if str(constraint.name).startswith("ck_")
    }


async def test_there_is_one_line_of_migrations() -> None:
    assert ScriptDirectory.from_config(migrations()).get_heads() == [HEAD]


async def test_migrating_again_changes_nothing(address: str) -> None:
    database = Database(address)
    await database.migrate()
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO lease (name, holder, until_ms) VALUES ('x', 'y', 1)"))

    await database.migrate()

    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM lease"))).scalar() == 1
        assert (await connection.execute(text("SELECT count(*) FROM alembic_version"))).scalar() == 1
    await database.close()


async def test_two_that_migrate_at_the_same_moment_make_the_books_once(address: str) -> None:
    databases = [Database(address) for _ in range(3)]

    await asyncio.gather(*(database.migrate() for database in databases))

    async with databases[0].read() as connection:
        assert await connection.run_sync(_differences) == []
    for database in databases:
        await database.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_posted_table_has_its_trigger(kind: str) -> None:
    said = "\n".join(statements(kind))

    assert all(f" ON {table} " in said for table in POSTED)


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


def _rules(connection: Connection) -> set[tuple[str, str]]:
    inspector = inspect(connection)
    return {
        (table, str(check["name"])) for table in metadata.tables for check in inspector.get_check_constraints(table)
    }
