"""A backup is one consistent, checked file, made while gifts flow; a restore never leaves a server without books."""

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from server.clock import SystemClock
from server.errors import BackupInvalid, DataFolderBusy
from server.record import backup as files
from server.record.database import Database
from server.service.backups import back_up, restore
from server.settings import Settings
from server.store.client import StoreClient
from server.store.folder import DataFolder
from tests.helpers.operating import busy_shop, drifts, dump, lose_everything, rebuild
from tests.helpers.recording import Rig

CLOCK = SystemClock()


@pytest.fixture
async def rig(client: StoreClient, settings: Settings) -> AsyncIterator[Rig]:
    """A shop whose books are the embedded ones of its data folder."""
    books = Database(settings.books_url)
    await books.migrate()
    yield Rig(client, settings, books)
    await books.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "copy.sqlite"


def companions(file: Path) -> list[str]:
    """Return what stands beside a file under a name that begins like its own."""
    return sorted(path.name for path in file.parent.iterdir() if file.name in path.name and path.name != file.name)


def mode_and_size(file: Path) -> tuple[int, int]:
    return stat.S_IMODE(file.stat().st_mode), file.stat().st_size


def read(file: Path) -> bytes:
    return file.read_bytes()


def write(file: Path, content: bytes) -> None:
    file.write_bytes(content)


async def test_a_backup_while_gifts_flow_is_restored_and_rebuilt_without_drift(
    rig: Rig, settings: Settings, file: Path
) -> None:
    recording = await rig.open()
    stop = asyncio.Event()

    async def give_and_record() -> None:
        while not stop.is_set():
            await rig.give(4)
            await recording.step()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(give_and_record())
        copies = []
        for number in range(5):
            await asyncio.sleep(0.05)
            copies.append(await back_up(settings, file.with_suffix(f".{number}"), force=False, clock=CLOCK))
        stop.set()
    await rig.drain_all()
    await rig.books.close()

    assert [copy.drifts for copy in copies] == [[]] * 5
    assert [copy.seq for copy in copies] == sorted({copy.seq for copy in copies})
    await restore(settings, copies[2].file, force=False, clock=CLOCK)
    again = Rig(rig.client, settings, Database(settings.books_url))
    await rebuild(again, replace=True)
    assert (await again.cursor()).seq == copies[2].seq
    assert await drifts(again) == []
    await again.books.close()


async def test_a_restored_server_is_what_it_was(rig: Rig, settings: Settings, file: Path) -> None:
    await busy_shop(rig)
    before = await dump(rig)
    await back_up(settings, file, force=False, clock=CLOCK)
    await rig.give(5)
    await rig.drain_all()
    await rig.books.close()

    done = await restore(settings, file, force=False, clock=CLOCK)

    await lose_everything(rig)
    again = Rig(rig.client, settings, Database(settings.books_url))
    await rebuild(again)
    assert await dump(again) == before
    assert await drifts(again) == []
    await again.books.close()
    assert done.aside is not None
    with closing(sqlite3.connect(done.aside)) as old:
        assert old.execute("SELECT count(*) FROM gift").fetchone() == (55,)


async def test_a_backup_is_one_private_file(rig: Rig, settings: Settings, file: Path) -> None:
    await busy_shop(rig)

    done = await back_up(settings, file, force=False, clock=CLOCK)

    assert companions(file) == []
    assert mode_and_size(file) == (0o600, done.bytes)
    assert done.seq == (await rig.cursor()).seq


async def test_a_backup_of_a_stopped_server_works_too(rig: Rig, settings: Settings, file: Path) -> None:
    await busy_shop(rig)
    seq = (await rig.cursor()).seq
    await rig.books.close()

    assert (await back_up(settings, file, force=False, clock=CLOCK)).seq == seq


async def test_a_file_that_is_there_is_kept(rig: Rig, settings: Settings, file: Path) -> None:
    await busy_shop(rig)
    write(file, b"mine")

    with pytest.raises(BackupInvalid, match="--force"):
        await back_up(settings, file, force=False, clock=CLOCK)
    assert read(file) == b"mine"

    await back_up(settings, file, force=True, clock=CLOCK)
    assert len(read(file)) > 10_000
    assert companions(file) == []


async def test_the_books_themselves_are_no_target(rig: Rig, settings: Settings) -> None:
    await busy_shop(rig)

    with pytest.raises(BackupInvalid):
        await back_up(settings, settings.data / "books.sqlite", force=True, clock=CLOCK)

    assert await drifts(rig) == []


async def test_a_full_disk_leaves_no_half_backup(rig: Rig, settings: Settings, file: Path) -> None:
    await busy_shop(rig)

    with (
        patch("server.record.backup.shutil.disk_usage", return_value=SimpleNamespace(free=5_000_000)),
        pytest.raises(BackupInvalid, match="MB free"),
    ):
        await back_up(settings, file, force=False, clock=CLOCK)

    assert companions(file.with_suffix("")) == []


async def test_a_backup_of_books_that_do_not_add_up_says_so(rig: Rig, settings: Settings, file: Path) -> None:
    await busy_shop(rig)
    await rig.books.close()
    with closing(sqlite3.connect(settings.data / "books.sqlite")) as books, books:
        books.execute("UPDATE balance SET amount = amount + 1 WHERE account = 'platform'")

    done = await back_up(settings, file, force=False, clock=CLOCK)

    assert "platform" in [drift.account for drift in done.drifts]
    with pytest.raises(BackupInvalid, match="does not add up"):
        await restore(settings, file, force=False, clock=CLOCK)
    await restore(settings, file, force=True, clock=CLOCK)


@pytest.mark.parametrize("damage", ["text", "cut", "flipped", "other", "empty", "later"])
async def test_a_damaged_backup_is_not_restored(rig: Rig, settings: Settings, file: Path, damage: str) -> None:
    await busy_shop(rig)
    await back_up(settings, file, force=False, clock=CLOCK)
    await rig.books.close()
    before = read(settings.data / "books.sqlite")
    _damage(file, damage)

    with pytest.raises(BackupInvalid):
        await restore(settings, file, force=True, clock=CLOCK)

    assert read(settings.data / "books.sqlite") == before
    assert companions(settings.data / "books.sqlite") == []


async def test_nothing_is_restored_under_a_running_server(rig: Rig, settings: Settings, file: Path) -> None:
    await busy_shop(rig)
    await back_up(settings, file, force=False, clock=CLOCK)
    await rig.give(1)
    await rig.drain_all()
    seq = (await rig.cursor()).seq

    with DataFolder(settings.data, port=1), pytest.raises(DataFolderBusy):
        await restore(settings, file, force=True, clock=CLOCK)

    assert (await rig.cursor()).seq == seq


async def test_a_restore_that_dies_leaves_whole_books(rig: Rig, settings: Settings, file: Path) -> None:
    await busy_shop(rig)
    await back_up(settings, file, force=False, clock=CLOCK)
    await rig.give(3)
    await rig.drain_all()
    seq = (await rig.cursor()).seq
    await rig.books.close()
    for step in ("copy_books", "check_file", "exchange"):
        with patch(f"server.service.backups.{step}", side_effect=RuntimeError), pytest.raises(RuntimeError):
            await restore(settings, file, force=False, clock=CLOCK)
    with patch.object(Path, "replace", side_effect=OSError(28, "no space")), pytest.raises(BackupInvalid):
        await restore(settings, file, force=False, clock=CLOCK)

    again = Rig(rig.client, settings, Database(settings.books_url))
    assert (await again.cursor()).seq == seq
    assert await drifts(again) == []
    await again.books.close()


async def test_what_a_damaged_database_left_of_its_journal_is_not_read_into_the_new_one(
    rig: Rig, settings: Settings, file: Path
) -> None:
    await busy_shop(rig)
    done = await back_up(settings, file, force=False, clock=CLOCK)
    await rig.give(3)
    await rig.drain_all()
    books = settings.data / "books.sqlite"
    journal = read(Path(f"{books}-wal"))
    await rig.books.close()
    write(books, b"damaged" * 1_000)
    write(Path(f"{books}-wal"), journal)

    await restore(settings, file, force=False, clock=CLOCK)

    again = Rig(rig.client, settings, Database(settings.books_url))
    assert (await again.cursor()).seq == done.seq
    await again.books.close()


async def test_postgresql_is_backed_up_by_its_own_tools(settings: Settings, file: Path) -> None:
    elsewhere = Settings(data=settings.data, database_url="postgresql://nobody@127.0.0.1:9/none")

    for call in (
        back_up(elsewhere, file, force=False, clock=CLOCK),
        restore(elsewhere, file, force=False, clock=CLOCK),
    ):
        with pytest.raises(BackupInvalid, match="pg_dump"):
            await call


def _damage(file: Path, damage: str) -> None:
    content = bytearray(file.read_bytes())
    match damage:
        case "text":
            file.write_text("these are not the books")
        case "cut":
            file.write_bytes(content[: len(content) // 2])
        case "flipped":
            for at in range(4_096 * 3, len(content), 997):
                content[at] ^= 0xFF
            file.write_bytes(content)
        case "other":
            file.unlink()
            with closing(sqlite3.connect(file)) as other:
                other.execute("CREATE TABLE t (x)")
        case "empty":
            file.write_bytes(b"")
        case _:
            with closing(sqlite3.connect(file)) as later, later:
                later.execute("UPDATE alembic_version SET version_num = '9999'")


def test_a_checked_file_is_a_file_of_ours(tmp_path: Path) -> None:
    with pytest.raises(BackupInvalid):
        files.check_file(tmp_path / "absent.sqlite")
