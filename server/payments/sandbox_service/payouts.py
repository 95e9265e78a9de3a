"""Payouts of the sandbox: paid by themselves, or as a button or a knob says."""

import secrets
import sqlite3
from dataclasses import asdict, dataclass

from server.clock import Clock
from server.payments.port import TransferOrder, TransferStatus
from server.payments.sandbox_service.database import transaction
from server.payments.sandbox_service.knobs import KnobBoard, PayoutPlan
from server.payments.sandbox_service.outbox import Outbox
from server.payments.sandbox_service.refusal import idempotency_conflict, unknown_payout, wrong_state

_REASONS = {
    TransferStatus.PAID: None,
    TransferStatus.FAILED: "The sandbox was told to fail this payout.",
    TransferStatus.RETURNED: "The sandbox's bank sent this payout back.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """One payout as the sandbox holds it."""

    payout_id: str
    reference: str
    creator: str
    destination: str
    amount_minor: int
    currency: str
    status: TransferStatus
    reason: str | None
    plan: PayoutPlan
    created_ms: int


class Payouts:
    """All payouts. Every method is one transaction."""

    def __init__(self, db: sqlite3.Connection, outbox: Outbox, knobs: KnobBoard, clock: Clock) -> None:
        self._db = db
        self._outbox = outbox
        self._knobs = knobs
        self._clock = clock

    def read(self, payout_id: str) -> Payout:
        """Return a payout."""
        row = self._db.execute("SELECT * FROM payout WHERE payout_id = ?", [payout_id]).fetchone()
        if row is None:
            raise unknown_payout()
        return _payout(row)

    def newest(self, *, limit: int) -> list[Payout]:
        """Return the newest payouts."""
        rows = self._db.execute("SELECT * FROM payout ORDER BY created_ms DESC, rowid DESC LIMIT ?", [limit])
        return [_payout(row) for row in rows]

    def submit(self, order: TransferOrder) -> Payout:
        """Take a payout; the same order again finds the same one."""
        with transaction(self._db):
            row = self._db.execute("SELECT * FROM payout WHERE payout_id = ?", [order.payout_id]).fetchone()
            if row is not None:
                if any(getattr(order, name) != row[name] for name in TransferOrder.__slots__):
                    raise idempotency_conflict("payout_id")
                return _payout(row)
            knobs, now_ms = self._knobs.read(), self._clock.now_ms()
            due_ms = None if knobs.payout is PayoutPlan.MANUAL else now_ms + knobs.payout_delay_ms
            plan = {"plan": knobs.payout, "created_ms": now_ms, "due_ms": due_ms}
            self._db.execute(
                "INSERT INTO payout (payout_id, reference, creator, destination, amount_minor, currency, status, plan,"
                " created_ms, due_ms) VALUES (:payout_id, :reference, :creator, :destination, :amount_minor,"
                " :currency, 'submitted', :plan, :created_ms, :due_ms)",
                asdict(order) | plan | {"reference": f"so_{secrets.token_hex(12)}"},
            )
        # The courier has to learn when it is paid.
        self._outbox.changed.set()
        return self.read(order.payout_id)

    def move(self, payout_id: str, status: TransferStatus) -> None:
        """Let a button pay, fail or return a payout."""
        with transaction(self._db):
            self._move(self.read(payout_id), status)

    def pass_time(self) -> None:
        """Take the next step of every payout whose plan is due."""
        with transaction(self._db):
            rows = self._db.execute("SELECT * FROM payout WHERE due_ms <= ?", [self._clock.now_ms()]).fetchall()
            for row in rows:
                payout = _payout(row)
                if payout.status is TransferStatus.PAID:
                    self._move(payout, TransferStatus.RETURNED)
                elif payout.plan is PayoutPlan.FAIL:
                    self._move(payout, TransferStatus.FAILED)
                else:
                    self._move(payout, TransferStatus.PAID)

    def next_due_ms(self) -> int | None:
        """Return when `pass_time` has something to do."""
        due_ms: int | None = self._db.execute("SELECT min(due_ms) FROM payout").fetchone()[0]
        return due_ms

    def _move(self, payout: Payout, status: TransferStatus) -> None:
        before = TransferStatus.PAID if status is TransferStatus.RETURNED else TransferStatus.SUBMITTED
        if payout.status is not before:
            raise wrong_state(f"This payout is {payout.status}, not {before}; nothing was done.")
        comes_back = status is TransferStatus.PAID and payout.plan is PayoutPlan.RETURN
        due_ms = self._clock.now_ms() + self._knobs.read().payout_delay_ms if comes_back else None
        self._db.execute(
            "UPDATE payout SET status = ?, reason = ?, due_ms = ? WHERE payout_id = ?",
            [status, _REASONS[status], due_ms, payout.payout_id],
        )
        self._outbox.add(f"payout.{status}", "payout", payout.payout_id)


def _payout(row: sqlite3.Row) -> Payout:
    fields = {name: row[name] for name in Payout.__slots__}
    return Payout(**fields | {"status": TransferStatus(fields["status"]), "plan": PayoutPlan(fields["plan"])})
