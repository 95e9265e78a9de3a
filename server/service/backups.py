"""Back up the embedded books while they are in use, and restore them while nobody uses them."""

import asyncio
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from server.clock import Clock
from server.domain.drift import Drift
from server.errors import BackupInvalid
from server.record.audit import audit_books
from server.record.backup import check_file, copy_books, exchange, remove, settle, sync
from server.record.database import Database
from server.record.drain import read_cursor
from server.service.offline import books_file
from server.settings import Settings
from server.store.folder import DataFolder

_NOT_EMBEDDED = (
    "These books are in PostgreSQL (GIFTWAVE_DATABASE_URL): use pg_dump, or a base backup with WAL archiving for "
    "point-in-time recovery; docs/guides/back-up-and-restore.md says how."
)


@dataclass(slots=True, kw_only=True)
class Copied:
    """A backup that was made, or restored: what it holds, and what its audit found."""

    file: Path
    bytes: int = 0
    epoch: str = ""
    seq: int = 0
    commands: int = 0
    drifts: list[Drift] = field(default_factory=list)
    aside: Path | None = None  # where a restore kept the books that stood there
    seconds: float = 0.0


async def back_up(settings: Settings, target: Path, *, force: bool, clock: Clock) -> Copied:
    """Write one consistent state of the books to `target`, checked and on the disk.

    Raises:
        BackupInvalid: nothing was written at `target`.
    """
    began_s = clock.monotonic_s()
    source, target = _embedded(settings), _absolute(target)
    if not source.exists():
        raise BackupInvalid(f"There are no books at {source}; set GIFTWAVE_DATA to the folder of your server.")
    if target.exists() and not force:
        raise BackupInvalid(f"{target} exists already; name another file, or pass --force.")
    if target.is_dir() or not target.parent.is_dir() or target.resolve() == source.resolve():
        raise BackupInvalid(f"{target} cannot be a backup; name a file in a folder that exists.")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        await asyncio.to_thread(copy_books, source, draft)
        done = await _examine(draft)
        # Whole or not at all: the name appears when the copy is complete.
        await asyncio.to_thread(_publish, draft, target, force=force)
    finally:
        remove(draft)
    done.file, done.bytes = target, target.stat().st_size
    done.seconds = round(clock.monotonic_s() - began_s, 3)
    return done


async def restore(settings: Settings, file: Path, *, force: bool, clock: Clock) -> Copied:
    """Put a backup in the place of the books, which are kept aside; `force` takes one whose audit finds drift.

    Raises:
        DataFolderBusy: a server uses the data folder.
        BackupInvalid: the backup is not fit; the books stand as they were.
    """
    began_s = clock.monotonic_s()
    books, file = _embedded(settings), _absolute(file)
    if not file.is_file():
        raise BackupInvalid(f"{file} is no file.")
    await asyncio.to_thread(check_file, file)
    with DataFolder(settings.data, port=settings.port):
        draft = books.with_name(f"{books.name}.restoring")
        remove(draft)
        try:
            await asyncio.to_thread(copy_books, file, draft)
            done = await _examine(draft)
            if done.drifts and not force:
                first = done.drifts[0]
                raise BackupInvalid(
                    f"{file} does not add up ({len(done.drifts)} drifts, first {first.check} of {first.account}); use "
                    "another backup, or pass --force to take it as it is."
                )
            stamp = datetime.fromtimestamp(clock.now_ms() / 1_000, UTC).strftime("%Y%m%dT%H%M%SZ")
            aside = books.with_name(f"{books.name}.before-restore-{stamp}-{os.getpid()}")
            done.aside = aside if books.exists() else None
            await asyncio.to_thread(exchange, draft, books, aside=aside)
        finally:
            remove(draft)
    done.file, done.bytes = file, file.stat().st_size
    done.seconds = round(clock.monotonic_s() - began_s, 3)
    return done


def _embedded(settings: Settings) -> Path:
    file = books_file(settings)
    if file is None:
        raise BackupInvalid(_NOT_EMBEDDED)
    return file


def _absolute(path: Path) -> Path:
    return path.absolute()


async def _examine(copy: Path) -> Copied:
    """Check a copy page by page and amount by amount; an older schema is migrated in it first."""
    await asyncio.to_thread(check_file, copy)
    done = Copied(file=copy)
    database = Database(f"sqlite+aiosqlite:///{copy}")
    try:
        await database.migrate()
        async with database.read() as connection:
            cursor = await read_cursor(connection)
            if cursor is not None:
                done.epoch, done.seq, done.commands = cursor.epoch, cursor.seq, cursor.commands
            async for _, drifts in audit_books(connection):
                done.drifts += drifts
    finally:
        await database.close()
    await asyncio.to_thread(settle, copy)
    return done


def _publish(draft: Path, target: Path, *, force: bool) -> None:
    if force:
        draft.replace(target)
    else:
        try:
            os.link(draft, target)
        except FileExistsError as error:
            raise BackupInvalid(f"{target} exists already; name another file, or pass --force.") from error
    sync(target)
