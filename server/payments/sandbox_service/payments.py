"""Payments of the sandbox: what each button does to one, and which events tell of it."""

import secrets
import sqlite3
from dataclasses import asdict, dataclass
from enum import StrEnum

from server.clock import Clock
from server.domain.currency import format_minor
from server.payments.port import CheckoutOrder, CheckoutStatus
from server.payments.sandbox_service.database import transaction
from server.payments.sandbox_service.knobs import KnobBoard
from server.payments.sandbox_service.outbox import Outbox
from server.payments.sandbox_service.refusal import Refusal, idempotency_conflict, unknown_payment, wrong_state

CHECKOUT_TTL_MS = 86_400_000
# What card providers ask of a small merchant: 2.9 % and a fixed part. The part is 25 of whatever the minor unit is.
_FEE_PER_MILLE = 29
_FEE_FIXED_MINOR = 25


class DisputeState(StrEnum):
    """Where the newest dispute of a payment stands."""

    NONE = "none"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment as the sandbox holds it."""

    reference: str
    topup_id: str
    fan: str
    coins: int
    price_minor: int
    currency: str
    return_url: str
    status: CheckoutStatus
    dispute: DisputeState
    captured_minor: int
    refunded_minor: int
    withdrawn_minor: int
    reinstated_minor: int
    fee_minor: int | None
    created_ms: int

    @property
    def left_minor(self) -> int:
        """What a refund or a dispute can still take."""
        return self.captured_minor - self.refunded_minor - self.withdrawn_minor + self.reinstated_minor


def fee_minor(price_minor: int) -> int:
    """Return the sandbox's fee: 2.9 %, rounded up, and 25 minor units; never more than the price."""
    return min(price_minor, -(-price_minor * _FEE_PER_MILLE // 1_000) + _FEE_FIXED_MINOR)


class Payments:
    """All payments. Every method is one transaction."""

    def __init__(self, db: sqlite3.Connection, outbox: Outbox, knobs: KnobBoard, clock: Clock) -> None:
        self._db = db
        self._outbox = outbox
        self._knobs = knobs
        self._clock = clock

    # Reading

    def read(self, reference: str) -> Payment:
        """Return a payment."""
        row = self._db.execute("SELECT * FROM payment WHERE reference = ?", [reference]).fetchone()
        if row is None:
            raise unknown_payment()
        return _payment(row)

    def newest(self, *, limit: int) -> list[Payment]:
        """Return the newest payments."""
        rows = self._db.execute("SELECT * FROM payment ORDER BY created_ms DESC, rowid DESC LIMIT ?", [limit])
        return [_payment(row) for row in rows]

    # The checkout

    def open(self, order: CheckoutOrder) -> Payment:
        """Open a checkout; the same order again finds the same one."""
        with transaction(self._db):
            row = self._db.execute("SELECT * FROM payment WHERE topup_id = ?", [order.topup_id]).fetchone()
            if row is not None:
                if any(getattr(order, name) != row[name] for name in CheckoutOrder.__slots__):
                    raise idempotency_conflict("topup_id")
                return _payment(row)
            reference = f"sp_{secrets.token_hex(12)}"
            now_ms = self._clock.now_ms()
            times = {"created_ms": now_ms, "due_ms": now_ms + CHECKOUT_TTL_MS}
            self._db.execute(
                "INSERT INTO payment (reference, topup_id, fan, coins, price_minor, currency, return_url, status,"
                " created_ms, due_ms) VALUES (:reference, :topup_id, :fan, :coins, :price_minor, :currency,"
                " :return_url, 'open', :created_ms, :due_ms)",
                asdict(order) | times | {"reference": reference},
            )
        # The courier has to learn when it expires.
        self._outbox.changed.set()
        return self.read(reference)

    def pay(self, reference: str) -> None:
        """The fan pays at once."""
        with transaction(self._db):
            self._require(reference, CheckoutStatus.OPEN)
            self._tell("checkout.completed", reference)
            self._capture(reference)

    def pay_later(self, reference: str) -> None:
        """The fan pays by a slow method: done with the checkout, and the money is on its way."""
        settle_after_ms = self._knobs.read().settle_after_ms
        due_ms = None if settle_after_ms is None else self._clock.now_ms() + settle_after_ms
        with transaction(self._db):
            self._require(reference, CheckoutStatus.OPEN)
            self._db.execute(
                "UPDATE payment SET status = 'processing', due_ms = ? WHERE reference = ?", [due_ms, reference]
            )
            self._tell("checkout.completed", reference)
            self._tell("payment.processing", reference)

    def decline(self, reference: str) -> None:
        """The fan's bank says no."""
        with transaction(self._db):
            self._require(reference, CheckoutStatus.OPEN)
            self._end(reference, CheckoutStatus.FAILED)
            self._tell("payment.failed", reference)

    def cancel(self, reference: str) -> None:
        """The fan goes back without paying: nobody can pay this checkout any more."""
        with transaction(self._db):
            self._require(reference, CheckoutStatus.OPEN)
            self._end(reference, CheckoutStatus.EXPIRED)
            self._tell("checkout.expired", reference)

    # Afterwards

    def settle(self, reference: str) -> None:
        """The money of a slow payment arrives."""
        with transaction(self._db):
            self._require(reference, CheckoutStatus.PROCESSING)
            self._capture(reference)

    def fail(self, reference: str) -> None:
        """The money of a slow payment never arrives."""
        with transaction(self._db):
            self._require(reference, CheckoutStatus.PROCESSING)
            self._end(reference, CheckoutStatus.FAILED)
            self._tell("payment.failed", reference)

    def refund(self, reference: str, *, amount_minor: int, key: str) -> None:
        """Give back a part, once per `key`."""
        with transaction(self._db):
            payment = self.read(reference)
            row = self._db.execute("SELECT * FROM refund WHERE key = ?", [key]).fetchone()
            if row is not None:
                if (row["reference"], row["amount_minor"]) != (reference, amount_minor):
                    raise idempotency_conflict("key")
                return
            if amount_minor > payment.left_minor:
                left = format_minor(payment.left_minor, payment.currency)
                raise Refusal(400, "above_refundable", f"No more than {left} of this payment can be refunded.")
            self._db.execute("INSERT INTO refund VALUES (?, ?, ?)", [key, reference, amount_minor])
            self._db.execute(
                "UPDATE payment SET refunded_minor = refunded_minor + ? WHERE reference = ?", [amount_minor, reference]
            )
            self._tell("payment.refunded", reference)

    def open_dispute(self, reference: str) -> None:
        """The fan's bank takes back all that is left, until the dispute is decided."""
        with transaction(self._db):
            payment = self.read(reference)
            if payment.dispute is DisputeState.OPEN or payment.left_minor == 0:
                raise wrong_state("A dispute needs money that was captured and is still there.")
            self._db.execute(
                "UPDATE payment SET dispute = 'open', withdrawn_minor = withdrawn_minor + ? WHERE reference = ?",
                [payment.left_minor, reference],
            )
            self._tell("dispute.opened", reference)

    def win_dispute(self, reference: str) -> None:
        """The bank gives back what the open dispute took."""
        with transaction(self._db):
            self._require_open_dispute(reference)
            # All of it: a dispute takes all that is left, so none can follow one that was lost.
            self._db.execute(
                "UPDATE payment SET dispute = 'won', reinstated_minor = withdrawn_minor WHERE reference = ?",
                [reference],
            )
            self._tell("dispute.won", reference)

    def lose_dispute(self, reference: str) -> None:
        """The bank keeps what the open dispute took."""
        with transaction(self._db):
            self._require_open_dispute(reference)
            self._db.execute("UPDATE payment SET dispute = 'lost' WHERE reference = ?", [reference])
            self._tell("dispute.lost", reference)

    # Time

    def pass_time(self) -> None:
        """Settle and expire what is due."""
        with transaction(self._db):
            rows = self._db.execute(
                "SELECT reference, status FROM payment WHERE due_ms <= ?", [self._clock.now_ms()]
            ).fetchall()
            for row in rows:
                if row["status"] == CheckoutStatus.PROCESSING:
                    self._capture(row["reference"])
                else:
                    self._end(row["reference"], CheckoutStatus.EXPIRED)
                    self._tell("checkout.expired", row["reference"])

    def next_due_ms(self) -> int | None:
        """Return when `pass_time` has something to do."""
        due_ms: int | None = self._db.execute("SELECT min(due_ms) FROM payment").fetchone()[0]
        return due_ms

    # Parts of a transaction

    def _require(self, reference: str, status: CheckoutStatus) -> None:
        payment = self.read(reference)
        if payment.status is not status:
            raise wrong_state(f"This payment is {payment.status}, not {status}; nothing was done.")

    def _require_open_dispute(self, reference: str) -> None:
        if self.read(reference).dispute is not DisputeState.OPEN:
            raise wrong_state("This payment has no open dispute; nothing was done.")

    def _capture(self, reference: str) -> None:
        price_minor = self.read(reference).price_minor
        self._db.execute(
            "UPDATE payment SET status = 'paid', due_ms = NULL, captured_minor = price_minor, fee_minor = ?"
            " WHERE reference = ?",
            [fee_minor(price_minor), reference],
        )
        self._tell("payment.captured", reference)

    def _end(self, reference: str, status: CheckoutStatus) -> None:
        self._db.execute("UPDATE payment SET status = ?, due_ms = NULL WHERE reference = ?", [status, reference])

    def _tell(self, kind: str, reference: str) -> None:
        self._outbox.add(kind, "payment", reference)


def _payment(row: sqlite3.Row) -> Payment:
    fields = {name: row[name] for name in Payment.__slots__}
    return Payment(**fields | {"status": CheckoutStatus(fields["status"]), "dispute": DisputeState(fields["dispute"])})
