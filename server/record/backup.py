"""Copies of embedded books: made while they are in use, checked before they are trusted. Plain files, no event loop."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from alembic.script import ScriptDirectory

from server.errors import BackupInvalid
from server.record.database import migrations

# Beside the copy itself: SQLite's journal while it is made, and something to breathe.
_SPARE_BYTES = 16_777_216


def copy_books(source: Path, target: Path) -> None:
    """Copy one consistent state of the books at `source` into a new file, and see it onto the disk.

    Gifts go on meanwhile: in WAL mode a reader holds up nobody. All pages go in one step, because a copy in steps
    begins again whenever somebody writes.

    Raises:
        BackupInvalid: no room, no permission, or `source` is no database.
    """
    try:
        _check_room(source, target)
        # Nobody but the owner may read who gave what to whom.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with (
            closing(sqlite3.connect(f"file:{_quoted(source)}?mode=ro", uri=True)) as books,
            closing(sqlite3.connect(target)) as copy,
        ):
            books.backup(copy)
        settle(target)
    except FileExistsError as error:
        raise BackupInvalid(f"{target} exists already; name another file, or pass --force.") from error
    except (sqlite3.Error, OSError) as error:
        raise BackupInvalid(f"{source} could not be copied to {target}: {error}.") from error


def check_file(file: Path) -> None:
    """Check that `file` is whole and holds books of this release or an earlier one.

    Raises:
        BackupInvalid: says what is wrong with it.
    """
    try:
        with closing(sqlite3.connect(f"file:{_quoted(file)}?mode=ro", uri=True)) as books:
            verdict = books.execute("PRAGMA integrity_check(1)").fetchone()[0]
            broken_links = books.execute("PRAGMA foreign_key_check").fetchone()
            versions = [version for (version,) in books.execute("SELECT version_num FROM alembic_version")]
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:  # the verdict quotes what it found
        raise BackupInvalid(f"{file} is no backup of Giftwave's books ({error}).") from error
    if verdict != "ok" or broken_links is not None:
        raise BackupInvalid(f"{file} is damaged ({verdict}); use another backup.")
    known = {revision.revision for revision in ScriptDirectory.from_config(migrations()).walk_revisions()}
    if not set(versions) <= known or not versions:
        raise BackupInvalid(f"{file} was made by a later release of Giftwave; install that one to restore it.")


def settle(copy: Path) -> None:
    """Leave one file that needs no companions, on the disk.

    Raises:
        BackupInvalid: it cannot be written.
    """
    try:
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        sync(copy)
    except (sqlite3.Error, OSError) as error:
        raise BackupInvalid(f"{copy} could not be written ({error}).") from error


def exchange(new: Path, books: Path, *, aside: Path) -> None:
    """Put `new` in the place of `books`, and keep those as `aside`. At every moment one of them stands there.

    Raises:
        BackupInvalid: the files could not be moved.
    """
    try:
        if books.exists():
            _fold_journal(books)
            for suffix in ("-wal", "-shm"):
                # What a damaged database left of its journal must not be read into the new one.
                with suppress(FileNotFoundError):
                    Path(f"{books}{suffix}").rename(f"{aside}{suffix}")
            os.link(books, aside)
        new.replace(books)
        sync(books)
    except OSError as error:
        raise BackupInvalid(f"{books} could not be exchanged ({error}).") from error


def sync(file: Path) -> None:
    """See a file and its name onto the disk."""
    for path in (file, file.parent):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove(file: Path) -> None:
    """Delete a database file with its companions; one that is not there is fine."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            Path(f"{file}{suffix}").unlink()


def _check_room(source: Path, target: Path) -> None:
    needed = sum(path.stat().st_size for path in (source, Path(f"{source}-wal")) if path.exists()) + _SPARE_BYTES
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise BackupInvalid(
            f"{target.parent} has {free // 1_000_000:,} MB free and the copy needs {needed // 1_000_000:,} MB."
        )


def _fold_journal(books: Path) -> None:
    """Let a database take its journal into itself; a damaged one keeps it."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(books)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _quoted(path: Path) -> str:
    return path.resolve().as_uri().removeprefix("file://")
