"""The sandbox's own SQLite file: what it must not forget when it is killed."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS payment (
  reference        TEXT PRIMARY KEY,
  topup_id         TEXT NOT NULL UNIQUE,
  fan              TEXT NOT NULL,
  coins            INTEGER NOT NULL CHECK (coins > 0),
  price_minor      INTEGER NOT NULL CHECK (price_minor > 0),
  currency         TEXT NOT NULL,
  return_url       TEXT NOT NULL,
  status           TEXT NOT NULL CHECK (status IN ('open', 'processing', 'paid', 'failed', 'expired')),
  dispute          TEXT NOT NULL DEFAULT 'none' CHECK (dispute IN ('none', 'open', 'won', 'lost')),
  captured_minor   INTEGER NOT NULL DEFAULT 0 CHECK (captured_minor IN (0, price_minor)),
  refunded_minor   INTEGER NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
  withdrawn_minor  INTEGER NOT NULL DEFAULT 0,
  reinstated_minor INTEGER NOT NULL DEFAULT 0 CHECK (reinstated_minor BETWEEN 0 AND withdrawn_minor),
  fee_minor        INTEGER,
  created_ms       INTEGER NOT NULL,
  due_ms           INTEGER,  -- when an open one expires, or a processing one settles by itself
  CHECK (refunded_minor + withdrawn_minor - reinstated_minor <= captured_minor)
) STRICT;
CREATE INDEX IF NOT EXISTS payment_due ON payment (due_ms) WHERE due_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS refund (
  key          TEXT PRIMARY KEY,
  reference    TEXT NOT NULL REFERENCES payment,
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0)
) STRICT;
CREATE TABLE IF NOT EXISTS payout (
  payout_id    TEXT PRIMARY KEY,
  reference    TEXT NOT NULL UNIQUE,
  creator      TEXT NOT NULL,
  destination  TEXT NOT NULL,
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  currency     TEXT NOT NULL,
  status       TEXT NOT NULL CHECK (status IN ('submitted', 'paid', 'failed', 'returned')),
  reason       TEXT,
  plan         TEXT NOT NULL CHECK (plan IN ('auto', 'manual', 'fail', 'return')),
  created_ms   INTEGER NOT NULL,
  due_ms       INTEGER  -- when the next step of its plan is taken
) STRICT;
CREATE INDEX IF NOT EXISTS payout_due ON payout (due_ms) WHERE due_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS event (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  id         TEXT NOT NULL UNIQUE,
  type       TEXT NOT NULL,
  about      TEXT NOT NULL,
  body       TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS event_about ON event (about);
CREATE TABLE IF NOT EXISTS delivery (
  number   INTEGER PRIMARY KEY AUTOINCREMENT,
  seq      INTEGER NOT NULL REFERENCES event,
  fault    TEXT NOT NULL CHECK (fault IN ('none', 'forged', 'stale')),
  newest_first INTEGER NOT NULL CHECK (newest_first IN (0, 1)),
  state    TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'refused', 'given_up')),
  attempts INTEGER NOT NULL DEFAULT 0,
  answer   TEXT NOT NULL DEFAULT '',
  due_ms   INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS delivery_waiting ON delivery (due_ms) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS delivery_of ON delivery (seq);
CREATE TABLE IF NOT EXISTS knobs (one INTEGER PRIMARY KEY CHECK (one = 1), json TEXT NOT NULL) STRICT;
"""


def open_database(data: Path) -> sqlite3.Connection:
    """Open `<data>/sandbox.sqlite`, made where it is missing. One connection; statements commit at once."""
    data.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(data / "sandbox.sqlite", isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA journal_mode = WAL")
    # An answer that was given survives a power cut, as a real provider's would.
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    db.executescript(_SCHEMA)
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Commit all that the block writes, or nothing of it. The block must not await."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
