"""Adapter to the sandbox provider: HTTP with a shared secret, webhooks after Standard Webhooks."""

import asyncio
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import quote

import httpx
import msgspec
from standardwebhooks import Webhook

from server.errors import BadSignature, Malformed, ProviderRefused, ProviderUnavailable
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
from server.payments.signing import check_age

_TIMEOUT_S = 5.0
_TIMESTAMP = re.compile(r"[0-9]{1,11}")
_PAYMENT_EVENTS = frozenset(
    {
        "checkout.completed",
        "checkout.expired",
        "payment.processing",
        "payment.captured",
        "payment.failed",
        "payment.refunded",
        "dispute.opened",
        "dispute.won",
        "dispute.lost",
    }
)
_PAYOUT_EVENTS = frozenset({"payout.paid", "payout.failed", "payout.returned"})
_Answer = TypeVar("_Answer")


class _Opened(msgspec.Struct):
    reference: str
    path: str


class _Payment(msgspec.Struct):
    reference: str
    status: CheckoutStatus
    currency: str
    captured_minor: int
    refunded_minor: int
    withdrawn_minor: int
    reinstated_minor: int
    fee_minor: int | None


class _Payout(msgspec.Struct):
    payout_id: str
    reference: str
    status: TransferStatus
    reason: str | None


class _Problem(msgspec.Struct):
    code: str
    message: str


class _Refusal(msgspec.Struct):
    error: _Problem


class _Subject(msgspec.Struct):
    payment: str = ""
    payout: str = ""


class _Event(msgspec.Struct):
    id: str
    type: str
    data: _Subject


class SandboxProvider:
    """Asks the sandbox at `base_url`; fans' browsers reach it at `public_url`.

    `secret` (of `sandbox_secret`) goes out as bearer token. A webhook may be signed with any of `webhook_secrets`, by
    default with `secret`. Owns `http`, and closes it.
    """

    name = "sandbox"

    def __init__(
        self,
        base_url: str,
        secret: str,
        http: httpx.AsyncClient,
        *,
        public_url: str | None = None,
        webhook_secrets: Sequence[str] = (),
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._public_url = (public_url or base_url).rstrip("/")
        self._authorization = {"authorization": f"Bearer {secret}"}
        self._http = http
        self._webhooks = [Webhook(one) for one in webhook_secrets or (secret,)]

    async def open_checkout(self, order: CheckoutOrder) -> Checkout:
        """Open a checkout, once per `topup_id`."""
        opened = await self._ask("POST", "/api/checkouts", _Opened, asdict(order))
        return Checkout(reference=opened.reference, url=self._public_url + opened.path)

    def read_hint(self, body: bytes, headers: Mapping[str, str], *, now_ms: int) -> Hint:
        """Verify a webhook and read it."""
        event_id = self._verify(body, headers, now_ms=now_ms)
        event = _decode_event(body)
        if event.id != event_id:
            raise Malformed("This webhook names two events.")
        subject, reference = _subject(event)
        return Hint(event_id=event.id, subject=subject, reference=reference, kind=event.type)

    async def read_payment(self, reference: str) -> PaymentView | None:
        """Return a payment as it stands, or None where the sandbox knows no such payment."""
        payment = await self._find(f"/api/payments/{quote(reference, safe='')}", _Payment)
        return None if payment is None else PaymentView(**msgspec.structs.asdict(payment))

    async def refund(self, reference: str, *, amount_minor: int, key: str) -> None:
        """Give back a part of a captured payment, once per `key`."""
        content = {"amount_minor": amount_minor, "key": key}
        await self._ask("POST", f"/api/payments/{quote(reference, safe='')}/refunds", _Payment, content)

    async def submit_payout(self, order: TransferOrder) -> TransferView:
        """Pay a creator, once per `payout_id`."""
        payout = await self._ask("POST", "/api/payouts", _Payout, asdict(order))
        return TransferView(**msgspec.structs.asdict(payout))

    async def read_payout(self, payout_id: str) -> TransferView:
        """Return a payout as it stands; `UNKNOWN` where the sandbox never got it."""
        payout = await self._find(f"/api/payouts/{quote(payout_id, safe='')}", _Payout)
        if payout is None:
            return TransferView(payout_id=payout_id, reference=None, status=TransferStatus.UNKNOWN)
        return TransferView(**msgspec.structs.asdict(payout))

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    def _verify(self, body: bytes, headers: Mapping[str, str], *, now_ms: int) -> str:
        """Check signature, then age; return the id that was signed.

        The library would compare with its own clock, so only its signing is used here.
        """
        event_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        given = [part.encode() for part in headers.get("webhook-signature", "").split(" ") if part.isascii()]
        if not event_id or not _TIMESTAMP.fullmatch(stamp):
            raise BadSignature
        try:
            text, signed_at = body.decode(), datetime.fromtimestamp(int(stamp), tz=UTC)
        except (ValueError, OverflowError, OSError) as error:
            # Our signer signs text, at a time that exists.
            raise BadSignature from error
        expected = [webhook.sign(event_id, signed_at, text).encode() for webhook in self._webhooks]
        if not any(hmac.compare_digest(one, other) for one in expected for other in given):
            raise BadSignature
        check_age(int(stamp), now_ms=now_ms)
        return event_id

    async def _find(self, path: str, kind: type[_Answer]) -> _Answer | None:
        answer = await self._send("GET", path)
        return None if answer.status_code == httpx.codes.NOT_FOUND else _read(answer, kind)

    async def _ask(self, method: str, path: str, kind: type[_Answer], content: dict[str, object]) -> _Answer:
        return _read(await self._send(method, path, content), kind)

    async def _send(self, method: str, path: str, content: dict[str, object] | None = None) -> httpx.Response:
        body = None if content is None else msgspec.json.encode(content)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await self._http.request(
                    method, self._base_url + path, content=body, headers=self._authorization, timeout=_TIMEOUT_S
                )
        except (httpx.RequestError, TimeoutError) as error:
            raise ProviderUnavailable from error


def _read(answer: httpx.Response, kind: type[_Answer]) -> _Answer:
    # A wrong secret is no decision about a payment: like an outage, it says nothing of what was done before.
    if answer.is_client_error and answer.status_code != httpx.codes.UNAUTHORIZED:
        try:
            sentence = msgspec.json.decode(answer.content, type=_Refusal).error.message
        except msgspec.DecodeError:
            sentence = None
        raise ProviderRefused(sentence)
    if not answer.is_success:
        raise ProviderUnavailable
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.DecodeError as error:
        raise ProviderUnavailable from error


def _decode_event(body: bytes) -> _Event:
    try:
        return msgspec.json.decode(body, type=_Event)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed("This webhook is not a message of the sandbox.") from error


def _subject(event: _Event) -> tuple[Subject, str]:
    if event.type in _PAYMENT_EVENTS:
        subject, reference = Subject.PAYMENT, event.data.payment
    elif event.type in _PAYOUT_EVENTS:
        subject, reference = Subject.PAYOUT, event.data.payout
    else:
        return Subject.OTHER, ""
    if not reference:
        raise Malformed("This webhook does not say what it is about.")
    return subject, reference
