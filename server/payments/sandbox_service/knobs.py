"""How the sandbox misbehaves: settings of the next events and payouts, kept over restarts."""

import sqlite3
from enum import StrEnum
from typing import Annotated

import msgspec

from server.payments.sandbox_service.refusal import Refusal

_DAY_MS = 86_400_000


class PayoutPlan(StrEnum):
    """What becomes of a payout without anybody's doing."""

    AUTO = "auto"  # paid after a moment
    MANUAL = "manual"  # waits for a button
    FAIL = "fail"  # fails after a moment
    RETURN = "return"  # paid after a moment, and after another one the bank sends it back


class Knobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All knobs. Those of webhooks act on events made from now on."""

    duplicate: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1  # copies of each event
    reorder: bool = False  # of what waits, the newest goes first
    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=_DAY_MS)] = 0
    forged: bool = False  # signed with a wrong secret
    stale: bool = False  # signed an hour ago
    drop: bool = False  # not sent until somebody presses "send again"
    # A "pay later" payment settles by itself after this; None waits for a button.
    settle_after_ms: Annotated[int, msgspec.Meta(ge=0, le=_DAY_MS)] | None = None
    payout: PayoutPlan = PayoutPlan.AUTO
    payout_delay_ms: Annotated[int, msgspec.Meta(ge=0, le=_DAY_MS)] = 1_000


class KnobBoard:
    """Reads and writes the knobs."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def read(self) -> Knobs:
        """Return the knobs as they stand."""
        row = self._db.execute("SELECT json FROM knobs").fetchone()
        return msgspec.json.decode(row["json"], type=Knobs) if row else Knobs()

    def turn(self, changes: dict[str, object]) -> Knobs:
        """Set some knobs and leave the others; refuses the whole change when one value does not fit."""
        try:
            knobs = msgspec.convert(msgspec.to_builtins(self.read()) | changes, Knobs)
        except msgspec.ValidationError as error:
            raise Refusal(400, "bad_field", f"{error}.") from error
        text = msgspec.json.encode(knobs).decode()
        self._db.execute("INSERT INTO knobs VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET json = excluded.json", [text])
        return knobs
