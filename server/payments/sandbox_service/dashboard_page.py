"""The dashboard's HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from server.domain.currency import format_minor
from server.payments.port import CheckoutStatus, TransferStatus
from server.payments.sandbox_service.html import badge, button, moment
from server.payments.sandbox_service.knobs import Knobs, PayoutPlan
from server.payments.sandbox_service.outbox import EventLine
from server.payments.sandbox_service.payments import DisputeState, Payment
from server.payments.sandbox_service.payouts import Payout

_SWITCHES = {
    "reorder": ("Reorder", "newest first"),
    "forged": ("Forge", "wrong signature"),
    "stale": ("Stale", "signed an hour ago"),
    "drop": ("Drop", "not sent at all"),
}
_PLANS = {
    PayoutPlan.AUTO: "are paid by themselves",
    PayoutPlan.MANUAL: "wait for a button",
    PayoutPlan.FAIL: "fail",
    PayoutPlan.RETURN: "are paid, then returned",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What stands on the page."""

    knobs: Knobs
    payments: Sequence[Payment]
    payouts: Sequence[Payout]
    events: Sequence[EventLine]
    refusal: str | None


def draw(shown: Shown) -> str:
    """Return the body of the page."""
    refusal = f'<p class="refusal" role="alert">{escape(shown.refusal)}</p>' if shown.refusal else ""
    return f"""
<main class="board">
  <header class="top">
    <div><h1>Payment provider</h1><p class="hint">What a bank or a card network may do, one button each.</p></div>
    <a class="button" href="/">Refresh</a>
  </header>
  {refusal}
  {_knobs(shown.knobs)}
  {_section("payments", "Payments", "No checkout was opened yet.", [_payment(one) for one in shown.payments])}
  {_section("payouts", "Payouts", "No payout was submitted yet.", [_payout(one) for one in shown.payouts])}
  {_events(shown.events)}
</main>"""


def _section(name: str, title: str, nothing: str, cards: Sequence[str]) -> str:
    content = "".join(cards) or f'<p class="nothing">{nothing}</p>'
    return f'<section id="{name}"><h2>{title} <span class="count">{len(cards)}</span></h2>{content}</section>'


def _knobs(knobs: Knobs) -> str:
    switches = "".join(
        f'<label class="switch"><input type="checkbox" name="{name}"{" checked" if getattr(knobs, name) else ""}>'
        f"<span>{label}<small>{words}</small></span></label>"
        for name, (label, words) in _SWITCHES.items()
    )
    plans = "".join(
        f'<option value="{plan}"{" selected" if plan is knobs.payout else ""}>{words}</option>'
        for plan, words in _PLANS.items()
    )
    settle = "" if knobs.settle_after_ms is None else str(knobs.settle_after_ms)
    return f"""
<section id="knobs"><h2>Knobs</h2>
<form class="card knobs" method="post" action="/knobs">
  <fieldset><legend>Webhooks of the next events</legend>
    <div class="fields">
      <label>Copies<input name="duplicate" type="number" min="1" max="10" value="{knobs.duplicate}" required></label>
      <label>Delay, ms<input name="delay_ms" type="number" min="0" max="86400000" value="{knobs.delay_ms}" required>
      </label>
    </div>
    <div class="switches">{switches}</div>
  </fieldset>
  <fieldset><legend>What happens by itself</legend>
    <div class="fields">
      <label>“Pay later” settles after, ms<input name="settle_after_ms" type="number" min="0" max="86400000"
        value="{settle}" placeholder="waits for a button"></label>
      <label>Payouts<select name="payout">{plans}</select></label>
      <label>Payouts move after, ms<input name="payout_delay_ms" type="number" min="0" max="86400000"
        value="{knobs.payout_delay_ms}" required></label>
    </div>
  </fieldset>
  <button class="button primary" data-testid="save-knobs">Save knobs</button>
</form></section>"""


def _payment(payment: Payment) -> str:
    def money(amount_minor: int) -> str:
        return escape(format_minor(amount_minor, payment.currency))

    amounts = [("captured", payment.captured_minor), ("refunded", payment.refunded_minor)]
    amounts += [("withdrawn", payment.withdrawn_minor), ("reinstated", payment.reinstated_minor)]
    amounts += [("fee", payment.fee_minor or 0)]
    facts = "".join(f"<div><dt>{name}</dt><dd>{money(amount)}</dd></div>" for name, amount in amounts if amount)
    dispute = "" if payment.dispute is DisputeState.NONE else badge(f"dispute {payment.dispute}")
    return f"""
<article class="card" id="{payment.reference}" data-testid="payment" data-topup="{escape(payment.topup_id)}">
  <header><h3>{money(payment.price_minor)} <span>{payment.coins:,} coins for {escape(payment.fan)}</span></h3>
    <p>{badge(payment.status)}{dispute}</p></header>
  <p class="small"><code>{payment.reference}</code> top-up <code>{escape(payment.topup_id)}</code>
    {moment(payment.created_ms)}</p>
  <dl class="facts">{facts}</dl>
  <div class="buttons">{_payment_buttons(payment)}</div>
</article>"""


def _payment_buttons(payment: Payment) -> str:
    base = f"/payments/{payment.reference}"
    if payment.status is CheckoutStatus.OPEN:
        return f'<a class="button" href="/checkout/{payment.reference}">Open checkout</a>'
    if payment.status is CheckoutStatus.PROCESSING:
        settle = button(f"{base}/settle", "Settle", style="primary", test_id="settle")
        return settle + button(f"{base}/fail", "Fail", style="danger", test_id="fail")
    parts = []
    if payment.left_minor:
        left = escape(format_minor(payment.left_minor, payment.currency))
        parts.append(
            f'<form class="refund" method="post" action="{base}/refund"><input name="amount" inputmode="decimal"'
            f' placeholder="all of {left}" aria-label="Amount to refund" autocomplete="off">'
            '<button class="button" data-testid="refund">Refund</button></form>'
        )
        if payment.dispute is not DisputeState.OPEN:
            parts.append(button(f"{base}/dispute", "Open dispute", style="danger", test_id="dispute"))
    if payment.dispute is DisputeState.OPEN:
        parts.append(button(f"{base}/dispute-won", "Dispute won", test_id="dispute-won"))
        parts.append(button(f"{base}/dispute-lost", "Dispute lost", style="danger", test_id="dispute-lost"))
    return "".join(parts)


def _payout(payout: Payout) -> str:
    base = f"/payouts/{payout.payout_id}"
    buttons = ""
    if payout.status is TransferStatus.SUBMITTED:
        buttons = button(f"{base}/paid", "Mark paid", style="primary", test_id="payout-paid")
        buttons += button(f"{base}/fail", "Fail", style="danger", test_id="payout-fail")
    elif payout.status is TransferStatus.PAID:
        buttons = button(f"{base}/return", "Return", style="danger", test_id="payout-return")
    reason = f'<p class="small">{escape(payout.reason)}</p>' if payout.reason else ""
    amount = escape(format_minor(payout.amount_minor, payout.currency))
    return f"""
<article class="card" id="{escape(payout.payout_id)}" data-testid="payout" data-payout="{escape(payout.payout_id)}">
  <header><h3>{amount} <span>{escape(payout.creator)} to {escape(payout.destination)}</span></h3>
    <p>{badge(payout.status)}</p></header>
  <p class="small"><code>{payout.reference}</code> payout <code>{escape(payout.payout_id)}</code>
    {moment(payout.created_ms)}</p>{reason}
  <div class="buttons">{buttons}</div>
</article>"""


def _events(events: Sequence[EventLine]) -> str:
    rows = "".join(
        f"""<li class="event" data-testid="event" data-kind="{event.kind}">
  <div><strong>{event.kind}</strong> <a href="#{escape(event.about)}"><code>{escape(event.about)}</code></a></div>
  <div class="small">{moment(event.created_ms)} <code>{event.id}</code></div>
  <div class="copies">{"".join(badge_of_copy(copy) for copy in event.copies) or badge("not sent")}</div>
  {button(f"/events/{event.id}/send", "Send again", style="small-button", test_id="send-again")}
</li>"""
        for event in events
    )
    content = f'<ol class="card events">{rows}</ol>' if rows else '<p class="nothing">Nothing happened yet.</p>'
    now = button("/send-now", "Send what waits now", test_id="send-now")
    return f'<section id="events"><div class="top"><h2>Webhooks</h2>{now}</div>{content}</section>'


def badge_of_copy(copy: str) -> str:
    """Return what became of one copy, coloured by its state."""
    state = next((word for word in ("delivered", "waiting", "refused", "given up") if word in copy), "")
    return f'<span class="badge {state.replace(" ", "-")}">{escape(copy)}</span>'
