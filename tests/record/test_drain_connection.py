"""PostgreSQL goes away in the middle of a transaction of the drain: told as such, and nothing half done."""

from typing import Any

import pytest
from sqlalchemy import text

from server.errors import BooksUnavailable
from server.record import drain as drain_module
from server.record.database import Database
from server.settings import Settings
from server.store.client import StoreClient
from tests.helpers.postgres import PostgresChild, sqlalchemy_url
from tests.helpers.recording import Rig


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)  # SQLite has no connection to cut
@pytest.mark.parametrize("step", ["_move_cursor", "_post_all", "_insert", "_add_all_to_balances"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_connection_that_is_cut_at_any_step_leaves_rows_equal_to_events(
    client: StoreClient,
    settings: Settings,
    books: Database,
    step: str,
    when: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = Rig(client, settings, books)
    recording = await rig.open()
    await rig.drain_all(recording)
    await rig.give(100)
    work = getattr(drain_module, step)

    async def be_cut(*args: Any, **rest: Any) -> Any:
        if when == "before":
            await _cut_all(books)
        done = await work(*args, **rest)
        if when == "after":
            await _cut_all(books)
        return done

    with monkeypatch.context() as patch:
        patch.setattr(drain_module, step, be_cut)
        with pytest.raises(BooksUnavailable):
            await recording.step()

    await rig.give(20)
    await rig.drain_all()
    await rig.check()


async def test_books_that_refuse_connections_are_away_and_not_wrong(
    client: StoreClient, settings: Settings, postgres: PostgresChild
) -> None:
    nowhere = Database(sqlalchemy_url(postgres.url("books_that_never_were")))
    rig = Rig(client, settings, nowhere)

    with pytest.raises(BooksUnavailable):
        await rig.recorder().begin()

    await nowhere.close()


async def _cut_all(books: Database) -> None:
    """Let PostgreSQL end every other connection to these books, as a restart of it does."""
    async with books.read() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        )
