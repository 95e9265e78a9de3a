"""The dashboard: every payment, payout and event of the sandbox, and buttons for what may happen to them."""

import re
import secrets
from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.domain.currency import format_minor, minor_digits
from server.payments.port import TransferStatus
from server.payments.sandbox_service.dashboard_page import Shown, draw
from server.payments.sandbox_service.html import page
from server.payments.sandbox_service.http import read_form
from server.payments.sandbox_service.knobs import KnobBoard
from server.payments.sandbox_service.outbox import Outbox
from server.payments.sandbox_service.payments import Payment, Payments
from server.payments.sandbox_service.payouts import Payouts
from server.payments.sandbox_service.refusal import Refusal

_SHOWN_MAX = 50
_SWITCHES = ("reorder", "forged", "stale", "drop")
_NUMBERS = ("duplicate", "delay_ms", "settle_after_ms", "payout_delay_ms")


class Dashboard:
    """The routes of the dashboard's page and of its buttons."""

    def __init__(self, *, payments: Payments, payouts: Payouts, outbox: Outbox, knobs: KnobBoard) -> None:
        self._payments = payments
        self._payouts = payouts
        self._outbox = outbox
        self._knobs = knobs
        self._payment_actions: dict[str, Callable[[str], None]] = {
            "settle": payments.settle,
            "fail": payments.fail,
            "dispute": payments.open_dispute,
            "dispute-won": payments.win_dispute,
            "dispute-lost": payments.lose_dispute,
        }
        self._payout_actions = {
            "paid": TransferStatus.PAID,
            "fail": TransferStatus.FAILED,
            "return": TransferStatus.RETURNED,
        }

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self._show, methods=["GET"]),
            Route("/knobs", self._turn_knobs, methods=["POST"]),
            Route("/send-now", self._send_now, methods=["POST"]),
            Route("/events/{event_id}/send", self._send_again, methods=["POST"]),
            Route("/payments/{reference}/refund", self._refund, methods=["POST"]),
            Route("/payments/{reference}/{action}", self._act_on_payment, methods=["POST"]),
            Route("/payouts/{payout_id}/{action}", self._act_on_payout, methods=["POST"]),
        ]

    def draw(self, *, refusal: Refusal | None = None) -> Response:
        """Return the page, with what was refused on top."""
        shown = Shown(
            knobs=self._knobs.read(),
            payments=self._payments.newest(limit=_SHOWN_MAX),
            payouts=self._payouts.newest(limit=_SHOWN_MAX),
            events=self._outbox.newest(limit=_SHOWN_MAX),
            refusal=refusal.message if refusal else None,
        )
        return page("Sandbox dashboard", draw(shown), kind="dashboard", status=refusal.status if refusal else 200)

    async def _show(self, _: Request) -> Response:
        return self.draw()

    async def _turn_knobs(self, request: Request) -> Response:
        form = await read_form(request)
        # A box that is not ticked is not sent at all.
        changes: dict[str, object] = {name: name in form for name in _SWITCHES}
        for name in _NUMBERS:
            changes[name] = _number(form.get(name, ""))
        changes["payout"] = form.get("payout", "auto")
        self._knobs.turn(changes)
        return _back("knobs")

    async def _send_now(self, request: Request) -> Response:
        await read_form(request)
        self._outbox.send_now()
        return _back("events")

    async def _send_again(self, request: Request) -> Response:
        await read_form(request)
        self._outbox.send_again(request.path_params["event_id"])
        return _back("events")

    async def _refund(self, request: Request) -> Response:
        form = await read_form(request)
        payment = self._payments.read(request.path_params["reference"])
        amount_minor = _amount(form.get("amount", ""), payment)
        self._payments.refund(payment.reference, amount_minor=amount_minor, key=f"dashboard-{secrets.token_hex(8)}")
        return _back(payment.reference)

    async def _act_on_payment(self, request: Request) -> Response:
        await read_form(request)
        action = self._payment_actions.get(request.path_params["action"])
        if action is None:
            raise Refusal(404, "not_found", "There is no such button.")
        action(request.path_params["reference"])
        return _back(request.path_params["reference"])

    async def _act_on_payout(self, request: Request) -> Response:
        await read_form(request)
        status = self._payout_actions.get(request.path_params["action"])
        if status is None:
            raise Refusal(404, "not_found", "There is no such button.")
        self._payouts.move(request.path_params["payout_id"], status)
        return _back(request.path_params["payout_id"])


def _back(anchor: str) -> Response:
    return RedirectResponse(f"/#{quote(anchor)}", status_code=303)


def _number(text: str) -> object:
    # What is no number goes to the knob's own check, which words the refusal.
    if not text.strip():
        return None
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text.strip()) else text


def _amount(text: str, payment: Payment) -> int:
    """Read an amount as a person types it, `1.29`; nothing typed means all that is left."""
    if not text.strip():
        if payment.left_minor == 0:
            raise Refusal(400, "above_refundable", "Nothing of this payment is left to refund.")
        return payment.left_minor
    digits = minor_digits(payment.currency)
    found = re.fullmatch(r"([0-9]{1,13})(?:\.([0-9]+))?", text.strip())
    rest = (found[2] or "") if found else ""
    if found is None or len(rest) > digits:
        left = format_minor(payment.left_minor, payment.currency)
        raise Refusal(400, "bad_field", f"Type an amount of {payment.currency}, at most {left}.")
    amount_minor = int(found[1] + rest.ljust(digits, "0"))
    if amount_minor == 0:
        raise Refusal(400, "bad_field", "A refund of nothing is none.")
    return amount_minor
