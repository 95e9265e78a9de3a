"""No room for the books: gifts go on up to the cap, nothing acknowledged is lost, and the rest follows later."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.errors import BooksUnavailable, RecorderBehind
from server.record.database import Database
from server.settings import Settings
from server.store.client import StoreClient
from tests.helpers.recording import Rig
from tests.helpers.shop import Shop, order_for, priced

_FULL_BYTES = 1_500_000


@pytest.fixture
def small_disk(tmp_path: Path, sqlite_template: Path) -> Iterator[Path]:
    """Books on a disk of their own that has little room; where mounting is not allowed the test is left out."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={_FULL_BYTES}", "none", str(folder)]
    if (
        shutil.which("mount") is None
        or subprocess.run(["mount", *options], check=False, capture_output=True).returncode
    ):
        pytest.skip("mounting a small disk takes root")
    try:
        shutil.copy(sqlite_template, folder / "books.sqlite")
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_full_disk_loses_nothing_and_the_drain_goes_on_when_there_is_room(
    client: StoreClient, settings: Settings, small_disk: Path
) -> None:
    books = Database(f"sqlite+aiosqlite:///{small_disk / 'books.sqlite'}")
    rig = Rig(client, settings, books)
    recording = await rig.open()
    await rig.drain_all(recording)
    filler = small_disk / "filler"
    _fill(filler)

    for _ in range(3):
        await rig.give(400)
        with pytest.raises(BooksUnavailable):
            await rig.drain_all()
    filler.unlink()

    await rig.drain_all()
    await rig.check()
    await books.close()


async def test_a_file_that_may_not_grow_stops_the_drain_and_then_the_gifts_with_words(
    client: StoreClient, settings: Settings, tmp_path: Path, sqlite_template: Path
) -> None:
    shutil.copy(sqlite_template, tmp_path / "books.sqlite")
    books = Database(f"sqlite+aiosqlite:///{tmp_path / 'books.sqlite'}")
    rig = Rig(client, settings, books)
    rig.shop = Shop(client, settings.model_copy(update={"undrained_coins_max": 2_000}))
    recording = await rig.open()
    await rig.drain_all(recording)
    await _let_grow(books, pages=4)

    await rig.give(600)  # of 3 coins each
    with pytest.raises(BooksUnavailable):
        await rig.drain_all()
    order = priced(order_for(count=300))
    with pytest.raises(RecorderBehind, match="nothing was charged"):
        await rig.shop.engine.submit(order)
    await _let_grow(books, pages=100_000)
    await rig.drain_all()

    rig.receipts.append(await rig.shop.engine.submit(order))
    await rig.drain_all()
    await rig.check()
    await books.close()


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4_096)
        except OSError:
            return


async def _let_grow(books: Database, *, pages: int) -> None:
    # The one connection that writes keeps this setting.
    async with books.write() as connection:
        now = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await connection.exec_driver_sql(f"PRAGMA max_page_count = {now + pages}")
