"""The hosted checkout: what the fan's browser sees at the sandbox."""

from html import escape
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.domain.currency import format_minor
from server.payments.port import CheckoutStatus
from server.payments.return_url import origin_of, with_result
from server.payments.sandbox_service.html import badge, button, page
from server.payments.sandbox_service.http import read_form
from server.payments.sandbox_service.payments import Payment, Payments

# What the fan's page is told; a hint for its words only, since anybody can type an address.
RESULTS = {
    CheckoutStatus.OPEN: "open",
    CheckoutStatus.PROCESSING: "processing",
    CheckoutStatus.PAID: "paid",
    CheckoutStatus.FAILED: "declined",
    CheckoutStatus.EXPIRED: "cancelled",
}
_SENTENCES = {
    CheckoutStatus.PROCESSING: "Your payment is on its way. The coins arrive when it does.",
    CheckoutStatus.PAID: "This is paid. Your coins are on their way.",
    CheckoutStatus.FAILED: "This payment was declined. Nothing was charged.",
    CheckoutStatus.EXPIRED: "This checkout was cancelled or has expired. Nothing was charged.",
}


class CheckoutPage:
    """The routes under /checkout."""

    def __init__(self, payments: Payments) -> None:
        self._payments = payments
        self._actions = {
            "pay": payments.pay,
            "pay-later": payments.pay_later,
            "decline": payments.decline,
            "cancel": payments.cancel,
        }

    def routes(self) -> list[Route]:
        """Return the routes."""
        acts = [
            Route(f"/checkout/{{reference}}/{name}", self._act, methods=["POST"], name=name) for name in self._actions
        ]
        return [Route("/checkout/{reference}", self._show, methods=["GET"]), *acts]

    async def _show(self, request: Request) -> Response:
        payment = self._payments.read(request.path_params["reference"])
        origin = origin_of(payment.return_url)
        # Browsers hold the redirect after a form to the same rule as the form, and it leads to the shop.
        return page("Checkout · Sandbox", _body(payment), kind="checkout", form_targets=f"'self' {origin}")

    async def _act(self, request: Request) -> Response:
        await read_form(request)
        payment = self._payments.read(request.path_params["reference"])
        # A second click, or a second tab, on a finished checkout only finds the way back.
        if payment.status is CheckoutStatus.OPEN:
            self._actions[request.url.path.rsplit("/", 1)[1]](payment.reference)
            payment = self._payments.read(payment.reference)
        return RedirectResponse(way_back(payment), status_code=303)


def way_back(payment: Payment) -> str:
    """Return where the fan's browser goes when it is done here."""
    return with_result(payment.return_url, topup_id=payment.topup_id, result=RESULTS[payment.status])


def _body(payment: Payment) -> str:
    price = format_minor(payment.price_minor, payment.currency)
    seller = urlsplit(payment.return_url).hostname or ""
    coins = f"{payment.coins:,} {'coin' if payment.coins == 1 else 'coins'}"
    end = _buttons(payment, price) if payment.status is CheckoutStatus.OPEN else _finished(payment)
    return f"""
<main class="sheet">
  <header>
    <p class="seller">Giftwave <span>at {escape(seller)}</span></p>
    <h1 data-testid="price">{escape(price)}</h1>
  </header>
  <dl class="order">
    <div><dt>You buy</dt><dd data-testid="coins"><i class="coin" aria-hidden="true"></i>{coins}</dd></div>
    <div><dt>For</dt><dd>{escape(payment.fan)}</dd></div>
    <div class="total"><dt>Total</dt><dd>{escape(price)}</dd></div>
  </dl>
  {end}
  <p class="small">Order {escape(payment.topup_id)}</p>
</main>"""


def _buttons(payment: Payment, price: str) -> str:
    base = f"/checkout/{payment.reference}"
    return f"""
  <section class="choices" aria-label="How to pay">
    {button(f"{base}/pay", f"Pay {price} now", style="primary", test_id="pay")}
    {button(f"{base}/pay-later", "Pay later", test_id="pay-later")}
    <p class="hint">A slow method: the money arrives when somebody settles it on the dashboard.</p>
    <div class="pair">
      {button(f"{base}/decline", "Decline", style="quiet", test_id="decline")}
      {button(f"{base}/cancel", "Cancel", style="quiet", test_id="cancel")}
    </div>
  </section>"""


def _finished(payment: Payment) -> str:
    return f"""
  <section class="choices">
    <p class="ending" data-testid="finished">{badge(payment.status)} {_SENTENCES[payment.status]}</p>
    <a class="button primary" href="{escape(way_back(payment))}" data-testid="back">Back to the stream</a>
  </section>"""
