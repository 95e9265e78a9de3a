"""Carries webhooks to the server until it takes them, and lets time pass for payments and payouts."""

import asyncio
import secrets
from datetime import UTC, datetime

import httpx
import structlog
from standardwebhooks import Webhook

from server.clock import Clock
from server.payments.sandbox_service.outbox import Delivery, Fault, Outbox
from server.payments.sandbox_service.payments import Payments
from server.payments.sandbox_service.payouts import Payouts

log = structlog.get_logger(__name__)

_TIMEOUT_S = 5.0
_RETRY_FIRST_MS = 250
# A server that was restarted should not wait long for what it missed; real providers go up to hours.
_RETRY_MAX_MS = 10_000
# 10 s apart, this is about three days, after which Stripe gives up too.
_ATTEMPTS_MAX = 26_000
_STALE_BY_MS = 3_600_000
_SLEEP_MAX_S = 3_600.0


class Courier:
    """One task that does what is due: deliveries one after another, so that their order is the knobs' order."""

    def __init__(self, outbox: Outbox, payments: Payments, payouts: Payouts, clock: Clock) -> None:
        self._outbox = outbox
        self._payments = payments
        self._payouts = payouts
        self._clock = clock

    async def run(self, *, secret: str, webhook_url: str) -> None:
        """Work until cancelled."""
        genuine, forger = Webhook(secret), Webhook(secrets.token_bytes(32))
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as http:
            while True:
                self._outbox.changed.clear()
                self._payments.pass_time()
                self._payouts.pass_time()
                for delivery in self._outbox.due():
                    signer = forger if delivery.fault is Fault.FORGED else genuine
                    request = _signed(delivery, signer, url=webhook_url, now_ms=self._clock.now_ms())
                    await self._deliver(delivery, request, http)
                await self._sleep()

    async def _deliver(self, delivery: Delivery, request: httpx.Request, http: httpx.AsyncClient) -> None:
        try:
            answer = await http.send(request)
        except httpx.TransportError as error:
            self._postpone(delivery, type(error).__name__)
            return
        said = f"answer {answer.status_code}"
        if answer.is_success:
            self._outbox.finish(delivery.number, state="delivered", answer=said)
        elif answer.is_client_error and delivery.fault is not Fault.NONE:
            # What was wrong on purpose and was refused for it has done its work.
            self._outbox.finish(delivery.number, state="refused", answer=said)
        else:
            self._postpone(delivery, said)

    def _postpone(self, delivery: Delivery, answer: str) -> None:
        if delivery.attempts + 1 >= _ATTEMPTS_MAX:
            log.warning("webhook.given_up", event_id=delivery.event_id, answer=answer)
            self._outbox.finish(delivery.number, state="given_up", answer=answer)
            return
        pause_ms = min(_RETRY_MAX_MS, _RETRY_FIRST_MS << min(delivery.attempts, 10))
        self._outbox.postpone(delivery.number, until_ms=self._clock.now_ms() + pause_ms, answer=answer)

    async def _sleep(self) -> None:
        due = [self._outbox.next_due_ms(), self._payments.next_due_ms(), self._payouts.next_due_ms()]
        next_ms = min((due_ms for due_ms in due if due_ms is not None), default=None)
        pause_s = _SLEEP_MAX_S if next_ms is None else max(0, next_ms - self._clock.now_ms()) / 1_000
        try:
            async with asyncio.timeout(min(pause_s, _SLEEP_MAX_S)):
                await self._outbox.changed.wait()
        except TimeoutError:
            return


def _signed(delivery: Delivery, signer: Webhook, *, url: str, now_ms: int) -> httpx.Request:
    """Return the request after Standard Webhooks; each try is signed anew, at its own time."""
    signed_s = (now_ms - (_STALE_BY_MS if delivery.fault is Fault.STALE else 0)) // 1_000
    signed_at = datetime.fromtimestamp(signed_s, tz=UTC)
    headers = {
        "content-type": "application/json",
        "webhook-id": delivery.event_id,
        "webhook-timestamp": str(signed_s),
        "webhook-signature": signer.sign(delivery.event_id, signed_at, delivery.body),
    }
    return httpx.Request("POST", url, content=delivery.body.encode(), headers=headers)
