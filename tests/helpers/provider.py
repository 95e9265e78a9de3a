"""A payment provider behind the port, in memory: it does what it is asked, fails when told to, and counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from server.errors import BadSignature, ProviderRefused, ProviderUnavailable
from server.payments.port import (
    Checkout,
    CheckoutOrder,
    CheckoutStatus,
    Hint,
    PaymentView,
    Subject,
    TransferOrder,
    TransferStatus,
    TransferView,
)


@dataclass(slots=True)
class ScriptedProvider:
    """`fail` may raise before (`open`, `refund`, `submit`, `read`) and after (`opened`, …) each call."""

    name: str = "scripted"
    payments: dict[str, PaymentView] = field(default_factory=dict)
    orders: dict[str, CheckoutOrder] = field(default_factory=dict)
    refunds: dict[str, tuple[str, int]] = field(default_factory=dict)
    transfers: dict[str, TransferView] = field(default_factory=dict)
    paid_out: dict[str, TransferOrder] = field(default_factory=dict)
    submissions: list[str] = field(default_factory=list)
    # Transfers that the next reading does not show yet.
    reads_late: dict[str, TransferView] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    fail: Callable[[str], None] = lambda _: None
    # What a reading returns instead of the payment as it is, for readings that are behind.
    reading: Callable[[PaymentView], PaymentView] = lambda view: view
    shows_refunds: bool = True

    async def open_checkout(self, order: CheckoutOrder) -> Checkout:
        self.fail("open")
        if "open" in self.refuses:
            raise ProviderRefused
        reference = f"ref-{order.topup_id}"
        self.orders.setdefault(reference, order)
        assert self.orders[reference] == order, "one id, two orders"
        empty = PaymentView(
            reference=reference,
            status=CheckoutStatus.OPEN,
            currency=order.currency,
            captured_minor=0,
            refunded_minor=0,
            withdrawn_minor=0,
            reinstated_minor=0,
            fee_minor=None,
        )
        self.payments.setdefault(reference, empty)
        self.fail("opened")
        return Checkout(reference=reference, url=f"https://pay.test/{reference}")

    def read_hint(self, body: bytes, headers: Mapping[str, str], *, now_ms: int) -> Hint:
        if headers.get("signature") != "good":
            raise BadSignature
        event = msgspec.json.decode(body)
        return Hint(
            event_id=event["id"],
            subject=Subject(event["subject"]),
            reference=event["reference"],
            kind=event.get("kind", "changed"),
        )

    async def read_payment(self, reference: str) -> PaymentView | None:
        self.fail("read")
        view = self.payments.get(reference)
        return None if view is None else self.reading(view)

    async def refund(self, reference: str, *, amount_minor: int, key: str) -> None:
        self.fail("refund")
        if "refund" in self.refuses:
            raise ProviderRefused
        known = self.refunds.get(key)
        if known is None:
            view = self.payments[reference]
            if amount_minor > view.captured_minor - view.refunded_minor:
                raise ProviderRefused
            self.refunds[key] = (reference, amount_minor)
            if self.shows_refunds:
                self.change(reference, refunded_minor=view.refunded_minor + amount_minor)
        else:
            assert known == (reference, amount_minor), "one key, two refunds"
        self.fail("refunded")

    async def submit_payout(self, order: TransferOrder) -> TransferView:
        self.fail("submit")
        self.submissions.append(order.payout_id)
        if "submit" in self.refuses:
            raise ProviderRefused("No such account.")
        known = self.paid_out.setdefault(order.payout_id, order)
        assert known == order, "one key, two payouts"
        view = TransferView(
            payout_id=order.payout_id, reference=f"tr-{order.payout_id}", status=TransferStatus.SUBMITTED
        )
        self.transfers.setdefault(order.payout_id, view)
        self.fail("submitted")
        return self.transfers[order.payout_id]

    async def read_payout(self, payout_id: str) -> TransferView:
        self.fail("read_payout")
        unknown = TransferView(payout_id=payout_id, reference=None, status=TransferStatus.UNKNOWN)
        if payout_id in self.reads_late:
            self.transfers[payout_id] = self.reads_late.pop(payout_id)
            return unknown
        return self.transfers.get(payout_id, unknown)

    async def close(self) -> None:
        pass

    # What happens at the provider

    def change(self, reference: str, **fields: object) -> None:
        """Change a payment."""
        self.payments[reference] = replace(self.payments[reference], **fields)  # type: ignore[arg-type]

    def pay(self, reference: str, *, fee_minor: int | None = 29) -> None:
        """The fan pays."""
        price = self.orders[reference].price_minor
        self.change(reference, status=CheckoutStatus.PAID, captured_minor=price, fee_minor=fee_minor)

    def settle(self, payout_id: str, status: TransferStatus, *, reason: str | None = None) -> None:
        """The bank has decided."""
        self.transfers[payout_id] = replace(self.transfers[payout_id], status=status, reason=reason)


def down(*_: object) -> None:
    """Fail as a provider that cannot be reached."""
    raise ProviderUnavailable


def event(event_id: str, reference: str, *, subject: str = "payment") -> bytes:
    """Return the body of a webhook."""
    return msgspec.json.encode({"id": event_id, "subject": subject, "reference": reference})


SIGNED = {"signature": "good"}
