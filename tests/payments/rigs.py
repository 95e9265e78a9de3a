"""Two providers behind one set of handles: the same claims are tested on both."""

import itertools
import time
from dataclasses import replace
from typing import Protocol

import httpx

from server.domain.ids import new_intent_id
from server.payments.port import CheckoutOrder, PaymentProvider, PaymentView, TransferOrder
from server.payments.sandbox import SandboxProvider
from server.payments.stripe import StripeProvider
from tests.helpers.stripe_stand_in import KEY, WEBHOOK_SECRET, StripeStandIn
from tests.payments.sandbox_process import SECRET, SandboxProcess

RETURN_URL = "http://localhost:8080/watch/lounge"
_numbers = itertools.count(1)


def fresh_id() -> str:
    """Return a UUIDv7 that nothing else has."""
    return new_intent_id(time.time_ns() // 1_000_000)


def order(**changes: object) -> CheckoutOrder:
    """Return an order of 500 coins for €6.29, with a topup_id of its own."""
    usual = CheckoutOrder(
        topup_id=fresh_id(), fan="u_ana", coins=500, price_minor=629, currency="EUR", return_url=RETURN_URL
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


class Rig(Protocol):
    """A provider, and what fans, banks and people at the provider do."""

    provider: PaymentProvider
    destination: str
    secret: str

    def second(self) -> PaymentProvider:
        """Return another adapter on the same provider, as another process has it."""
        ...

    def pay(self, reference: str) -> None: ...
    def pay_later(self, reference: str) -> None: ...
    def settle(self, reference: str) -> None: ...
    def fail(self, reference: str) -> None: ...
    def expire(self, reference: str) -> None: ...
    def open_dispute(self, reference: str) -> None: ...
    def win_dispute(self, reference: str) -> None: ...
    def lose_dispute(self, reference: str) -> None: ...
    def return_payout(self, payout_id: str) -> None: ...
    def payouts_made(self, payout_id: str) -> int: ...


class SandboxRig:
    """The sandbox service, driven by its buttons."""

    destination = "sandbox:mira"
    secret = SECRET

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox
        self.provider: PaymentProvider = self.second()

    def second(self) -> PaymentProvider:
        return SandboxProvider(self.sandbox.url, SECRET, httpx.AsyncClient(trust_env=False))

    def pay(self, reference: str) -> None:
        self._press(f"/checkout/{reference}/pay")

    def pay_later(self, reference: str) -> None:
        self._press(f"/checkout/{reference}/pay-later")

    def settle(self, reference: str) -> None:
        self._press(f"/payments/{reference}/settle")

    def fail(self, reference: str) -> None:
        self._press(f"/payments/{reference}/fail")

    def expire(self, reference: str) -> None:
        self._press(f"/checkout/{reference}/cancel")

    def open_dispute(self, reference: str) -> None:
        self._press(f"/payments/{reference}/dispute")

    def win_dispute(self, reference: str) -> None:
        self._press(f"/payments/{reference}/dispute-won")

    def lose_dispute(self, reference: str) -> None:
        self._press(f"/payments/{reference}/dispute-lost")

    def return_payout(self, payout_id: str) -> None:
        self._press(f"/payouts/{payout_id}/return")

    def payouts_made(self, payout_id: str) -> int:
        events = self.sandbox.http.get("/api/events", params={"about": payout_id}).json()["events"]
        return sum(event["kind"] == "payout.paid" for event in events)

    def _press(self, path: str) -> None:
        assert self.sandbox.press(path).status_code == 303


class StripeRig:
    """Stripe's stand-in, driven as Stripe's own people and banks would."""

    destination = "acct_1Mira"
    secret = WEBHOOK_SECRET

    def __init__(self, stripe: StripeStandIn) -> None:
        self.stripe = stripe
        self._disputes: dict[str, str] = {}
        self.provider: PaymentProvider = self.second()

    def second(self) -> PaymentProvider:
        return StripeProvider(KEY, [WEBHOOK_SECRET], self.stripe.url)

    def pay(self, reference: str) -> None:
        self.stripe.pay(reference)

    def pay_later(self, reference: str) -> None:
        self.stripe.pay_later(reference)

    def settle(self, reference: str) -> None:
        self.stripe.settle(reference)

    def fail(self, reference: str) -> None:
        self.stripe.fail(reference)

    def expire(self, reference: str) -> None:
        self.stripe.expire(reference)

    def open_dispute(self, reference: str) -> None:
        self._disputes[reference] = self.stripe.open_dispute(reference)

    def win_dispute(self, reference: str) -> None:
        self.stripe.win_dispute(self._disputes[reference])

    def lose_dispute(self, reference: str) -> None:
        self.stripe.lose_dispute(self._disputes[reference])

    def return_payout(self, payout_id: str) -> None:
        self.stripe.reverse(payout_id)

    def payouts_made(self, payout_id: str) -> int:
        return len(self.stripe.transfers(payout_id))


def transfer_order(rig: Rig, **changes: object) -> TransferOrder:
    """Return a payout of $10.00 with an id of its own."""
    usual = TransferOrder(
        payout_id=fresh_id(), creator="c_mira", destination=rig.destination, amount_minor=1_000, currency="USD"
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


async def view(rig: Rig, reference: str) -> PaymentView:
    """Return a payment that must exist."""
    found = await rig.provider.read_payment(reference)
    assert found is not None
    return found


def money(payment: PaymentView) -> dict[str, int]:
    """Return the cumulative amounts of a payment by name."""
    return {
        "captured": payment.captured_minor,
        "refunded": payment.refunded_minor,
        "withdrawn": payment.withdrawn_minor,
        "reinstated": payment.reinstated_minor,
    }
