"""Events that happened and deliveries that wait: written in the transaction of what they tell."""

import asyncio
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec

from server.clock import Clock
from server.payments.sandbox_service.knobs import KnobBoard
from server.payments.sandbox_service.refusal import Refusal

_BATCH_MAX = 100


class Fault(StrEnum):
    """What is wrong with a delivery, on purpose."""

    NONE = "none"
    FORGED = "forged"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One copy of an event on its way."""

    number: int
    event_id: str
    body: str
    fault: Fault
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """An event and what became of its copies, for the dashboard."""

    id: str
    kind: str
    about: str
    created_ms: int
    body: str
    copies: Sequence[str]  # "delivered", "waiting (3 tries, 503)", …


class Outbox:
    """Keeps events and their deliveries. `changed` is set whenever something new may be due."""

    def __init__(self, db: sqlite3.Connection, knobs: KnobBoard, clock: Clock) -> None:
        self._db = db
        self._knobs = knobs
        self._clock = clock
        self.changed = asyncio.Event()

    def add(self, kind: str, subject: Literal["payment", "payout"], about: str) -> None:
        """Record an event about the payment or payout `about`, and what the knobs make of its delivery."""
        now_ms = self._clock.now_ms()
        event_id = f"evt_{secrets.token_hex(12)}"
        data = {subject: about}
        body = msgspec.json.encode({"id": event_id, "type": kind, "created_ms": now_ms, "data": data}).decode()
        cursor = self._db.execute(
            "INSERT INTO event (id, type, about, body, created_ms) VALUES (?, ?, ?, ?, ?)",
            [event_id, kind, about, body, now_ms],
        )
        knobs = self._knobs.read()
        fault = Fault.FORGED if knobs.forged else Fault.STALE if knobs.stale else Fault.NONE
        copies = 0 if knobs.drop else knobs.duplicate
        for _ in range(copies):
            self._db.execute(
                "INSERT INTO delivery (seq, fault, newest_first, due_ms) VALUES (?, ?, ?, ?)",
                [cursor.lastrowid, fault, knobs.reorder, now_ms + knobs.delay_ms],
            )
        self.changed.set()

    def send_again(self, event_id: str) -> None:
        """Deliver an event once more, properly, whatever the knobs say."""
        row = self._db.execute("SELECT seq FROM event WHERE id = ?", [event_id]).fetchone()
        if row is None:
            raise Refusal(404, "unknown_event", "There is no event with this id.")
        self._db.execute(
            "INSERT INTO delivery (seq, fault, newest_first, due_ms) VALUES (?, 'none', 0, ?)",
            [row["seq"], self._clock.now_ms()],
        )
        self.changed.set()

    def send_now(self) -> None:
        """Let nothing wait any longer: what is delayed or between two tries is due at once."""
        self._db.execute("UPDATE delivery SET due_ms = 0 WHERE state = 'waiting'")
        self.changed.set()

    def due(self) -> list[Delivery]:
        """Return deliveries to make now, in the order to make them.

        Once one is due that goes newest first, all of its kind go along: those which still wait are what it overtakes.
        """
        rows = self._db.execute(
            """
            WITH due AS (SELECT * FROM delivery WHERE state = 'waiting' AND due_ms <= ?1)
            SELECT number, event.id AS event_id, body, fault, attempts
            FROM (SELECT * FROM due UNION
                  SELECT * FROM delivery WHERE state = 'waiting' AND newest_first AND attempts = 0
                  AND EXISTS (SELECT 1 FROM due WHERE newest_first AND attempts = 0)) AS chosen
            JOIN event USING (seq)
            ORDER BY CASE WHEN newest_first THEN -seq ELSE seq END, number LIMIT ?2
            """,
            [self._clock.now_ms(), _BATCH_MAX],
        ).fetchall()
        return [
            Delivery(
                number=row["number"],
                event_id=row["event_id"],
                body=row["body"],
                fault=Fault(row["fault"]),
                attempts=row["attempts"],
            )
            for row in rows
        ]

    def next_due_ms(self) -> int | None:
        """Return when the next delivery is due."""
        row = self._db.execute("SELECT min(due_ms) AS due_ms FROM delivery WHERE state = 'waiting'").fetchone()
        due_ms: int | None = row["due_ms"]
        return due_ms

    def finish(self, number: int, *, state: str, answer: str) -> None:
        """Note that a delivery is over."""
        self._db.execute(
            "UPDATE delivery SET state = ?, answer = ?, attempts = attempts + 1 WHERE number = ?",
            [state, answer, number],
        )

    def postpone(self, number: int, *, until_ms: int, answer: str) -> None:
        """Note that a delivery has to be tried again."""
        self._db.execute(
            "UPDATE delivery SET due_ms = ?, answer = ?, attempts = attempts + 1 WHERE number = ?",
            [until_ms, answer, number],
        )

    def newest(self, *, limit: int, about: str | None = None) -> list[EventLine]:
        """Return the newest events, all or those about one payment or payout."""
        rows = self._db.execute(
            "SELECT * FROM event WHERE ?1 IS NULL OR about = ?1 ORDER BY seq DESC LIMIT ?2", [about, limit]
        ).fetchall()
        return [
            EventLine(
                id=row["id"],
                kind=row["type"],
                about=row["about"],
                created_ms=row["created_ms"],
                body=row["body"],
                copies=self._copies(row["seq"]),
            )
            for row in rows
        ]

    def _copies(self, seq: int) -> list[str]:
        rows = self._db.execute("SELECT * FROM delivery WHERE seq = ? ORDER BY number", [seq]).fetchall()
        return [_copy_in_words(row) for row in rows]


def _copy_in_words(row: sqlite3.Row) -> str:
    fault = "" if row["fault"] == Fault.NONE else f"{row['fault']}, "
    answer = f" ({row['answer']})" if row["answer"] else ""
    tries = f" after {row['attempts']} tries" if row["attempts"] > 1 else ""
    return f"{fault}{row['state'].replace('_', ' ')}{tries}{answer}"
