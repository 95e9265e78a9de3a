"""A stand-in for Stripe's API on a real socket: what the adapter asks of it, in the shapes of Stripe's documentation.

Form-encoded requests, expansion, lists, idempotency keys that replay their answer, error envelopes, `request-id`. It
knows no parameter that Stripe does not, and can be told to fail.
"""

import asyncio
import itertools
import json
import re
import socket
import threading
from collections import deque
from contextlib import suppress
from typing import Any, Self
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from stripe import WebhookSignature

from tests.helpers.ports import own_share
from tests.helpers.server import wait_until

PORTS = own_share(range(9_700, 9_750))
KEY, WEBHOOK_SECRET = "sk_test_standin", "whsec_standin"
NOW_S = 1_767_225_600
_AMOUNT_MAX = 99_999_999
_CURRENCIES = {"eur", "usd", "jpy", "kwd", "isk", "gbp"}
_KNOWN = {
    "/v1/checkout/sessions": "mode client_reference_id line_items metadata payment_intent_data adaptive_pricing "
    "success_url cancel_url expand",
    "/v1/refunds": "charge payment_intent amount metadata reason expand",
    "/v1/transfers": "amount currency destination transfer_group metadata description expand",
}
# A session has some eighty fields; those that say nothing for a one-time payment are null in Stripe's answers too.
_SESSION_NULLS = """after_expiration allow_promotion_codes billing_address_collection client_secret consent customer
collected_information consent_collection currency_conversion customer_creation customer_details customer_email invoice
invoice_creation locale payment_link recovered_from setup_intent shipping_cost submit_type subscription"""
Thing = dict[str, Any]


class ServedApp:
    """An application on a real socket, in a thread of its own."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        sock = _listener(self.port)
        self.port = sock.getsockname()[1]
        config = uvicorn.Config(self._app, ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [sock]}, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        assert not self._thread.is_alive()


def _listener(port: int) -> socket.socket:
    for candidate in (port,) if port else PORTS:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            sock.bind(("127.0.0.1", candidate))
            sock.listen()
            return sock
        sock.close()
    raise AssertionError("no port is free")


class StripeError(Exception):
    """An error envelope."""

    def __init__(self, status: int, message: str, *, kind: str = "invalid_request_error", code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message} | ({"code": code} if code else {})}


class StripeStandIn(ServedApp):
    """Stripe's API, and what people, banks and networks do at Stripe: `pay`, `settle`, `open_dispute`, …"""

    def __init__(self) -> None:
        super().__init__(Starlette(routes=[Route("/{path:path}", self._serve, methods=["GET", "POST"])]))
        self.things: dict[str, Thing] = {}
        self.requests: list[tuple[str, str]] = []
        self._answers: dict[str, tuple[str, int, Thing]] = {}
        self._faults: deque[str] = deque()
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    # Telling it to fail

    def fail_next(self, fault: str, times: int = 1) -> None:
        """Answer the next POST with a fault: 500 or 409 (nothing done), lost (done, answered 500 and remembered so),
        silent (done, never answered), 429, html."""
        self._faults.extend([fault] * times)

    def forget_faults(self) -> None:
        """Work properly again."""
        self._faults.clear()

    def forget_keys(self) -> None:
        """Let a day pass: Stripe keeps idempotency keys for that long."""
        self._answers.clear()

    # What happens at Stripe

    def pay(self, session_id: str, *, fee_known: bool = True) -> None:
        """The fan pays by card."""
        with self._lock:
            intent = self._confirm(session_id, "succeeded")
            charge = self._charge(intent, "succeeded")
            charge["balance_transaction"] = self._balance(charge) if fee_known else None
            self.things[session_id] |= {"status": "complete", "payment_status": "paid", "url": None}

    def pay_later(self, session_id: str) -> None:
        """The fan pays by a method that takes days."""
        with self._lock:
            self._charge(self._confirm(session_id, "processing"), "pending")
            self.things[session_id] |= {"status": "complete", "url": None}

    def settle(self, session_id: str) -> None:
        """The slow money arrives."""
        with self._lock:
            charge = self.charge_of(session_id)
            charge |= {"status": "succeeded", "paid": True, "balance_transaction": self._balance(charge)}
            self.things[charge["payment_intent"]]["status"] = "succeeded"
            self.things[session_id]["payment_status"] = "paid"

    def fail(self, session_id: str) -> None:
        """The slow money never arrives."""
        with self._lock:
            charge = self.charge_of(session_id)
            charge["status"] = "failed"
            self.things[charge["payment_intent"]]["status"] = "requires_payment_method"

    def expire(self, session_id: str) -> None:
        """A day passes."""
        self.things[session_id] |= {"status": "expired", "url": None}

    def open_dispute(self, session_id: str) -> str:
        """The fan's bank takes back what is left."""
        with self._lock:
            charge = self.charge_of(session_id)
            charge["disputed"] = True
            amount = charge["amount"] - charge["amount_refunded"]
            moved = self._transaction(-amount, charge["currency"], fee=1_500, kind="adjustment")
            return self._make(
                "du",
                object="dispute",
                amount=amount,
                currency=charge["currency"],
                charge=charge["id"],
                payment_intent=charge["payment_intent"],
                status="needs_response",
                reason="fraudulent",
                balance_transactions=[moved],
            )

    def win_dispute(self, dispute_id: str) -> None:
        """The bank gives it back."""
        dispute = self.things[dispute_id]
        back = self._transaction(dispute["amount"], dispute["currency"], fee=0, kind="adjustment")
        dispute["balance_transactions"].append(back)
        dispute["status"] = "won"

    def lose_dispute(self, dispute_id: str) -> None:
        """The bank keeps it."""
        self.things[dispute_id]["status"] = "lost"

    def reverse(self, payout_id: str) -> None:
        """Somebody reverses a payout's transfer."""
        for transfer in self.transfers(payout_id):
            transfer |= {"reversed": True, "amount_reversed": transfer["amount"]}

    def charge_of(self, session_id: str) -> Thing:
        """Return the charge of a session."""
        return self.things[self.things[self.things[session_id]["payment_intent"]]["latest_charge"]]

    def transfers(self, payout_id: str) -> list[Thing]:
        """Return the transfers made for a payout."""
        return [one for one in self._all("transfer") if one["metadata"].get("payout_id") == payout_id]

    def event(self, kind: str, thing: Thing, *, event_id: str = "evt_1") -> bytes:
        """Return the body of a webhook."""
        envelope = {"id": event_id, "object": "event", "api_version": "2026-10-28.endive", "created": NOW_S}
        return json.dumps(envelope | {"type": kind, "livemode": False, "data": {"object": thing}}).encode()

    # The API

    async def _serve(self, request: Request) -> Response:
        path, number = request.url.path, next(self._numbers)
        self.requests.append((request.method, path))
        headers = {"request-id": f"req_{number}"}
        fault = self._faults.popleft() if request.method == "POST" and self._faults else ""
        if fault == "html":
            return Response("<html>Bad gateway</html>", 502, headers, "text/html")
        try:
            if fault.isdigit():
                return _told_to_fail(int(fault), headers)
            query = parse_qsl((await request.body()).decode() if request.method == "POST" else request.url.query)
            status, body, replayed = self._answer(request, path, _nested(query), lost=fault == "lost")
        except StripeError as error:
            return JSONResponse(error.body, error.status, headers)
        if fault == "silent":
            await asyncio.sleep(60)
        return JSONResponse(body, status, headers | ({"idempotent-replayed": "true"} if replayed else {}))

    def _answer(self, request: Request, path: str, params: Thing, *, lost: bool) -> tuple[int, Thing, bool]:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            raise StripeError(401, "Invalid API Key provided: sk_test_****")
        expand = list(params.pop("expand", {}).values())
        with self._lock:
            if request.method == "GET":
                return 200, self._expanded(self._get(path, params), expand), False
            key, asked = request.headers["idempotency-key"], f"{path} {json.dumps(params, sort_keys=True)}"
            if key in self._answers:
                before, status, body = self._answers[key]
                if before != asked:
                    sentence = "Keys for idempotent requests can only be used with the same parameters."
                    raise StripeError(400, sentence, kind="idempotency_error")
                return status, body, True
            try:
                status, body = 200, self._expanded(self._post(path, params), expand)
            except StripeError as error:
                status, body = error.status, error.body
            if lost:
                status, body = 500, {"error": {"type": "api_error", "message": "Something went wrong."}}
            # Stripe keeps the first answer, errors included, as it stood then.
            self._answers[key] = (asked, status, json.loads(json.dumps(body)))
            return status, body, False

    def _get(self, path: str, params: Thing) -> Thing:
        what, _, thing_id = path.removeprefix("/v1/").removeprefix("checkout/").partition("/")
        kind = {"sessions": "checkout.session"}.get(what, what.removesuffix("s"))
        if thing_id:
            thing = self.things.get(thing_id)
            if thing is None or thing["object"] != kind:
                raise StripeError(404, f"No such {kind}: '{thing_id}'", code="resource_missing")
            return thing
        limit = int(params.pop("limit", 10))
        found = [one for one in self._all(kind) if all(one.get(name) == value for name, value in params.items())]
        data = found[::-1][:limit]
        return {"object": "list", "url": path, "has_more": len(found) > limit, "data": data}

    def _post(self, path: str, params: Thing) -> Thing:
        if unknown := set(params) - set(_KNOWN.get(path, "").split()):
            raise StripeError(400, f"Received unknown parameter: {unknown.pop()}", code="parameter_unknown")
        makers = {
            "/v1/checkout/sessions": self._new_session,
            "/v1/refunds": self._new_refund,
            "/v1/transfers": self._new_transfer,
        }
        return self.things[makers[path](params)]

    def _new_session(self, params: Thing) -> str:
        (line,) = params["line_items"].values()
        price = line["price_data"]
        amount = _amount(price["unit_amount"], price["currency"], field="line_items[0][price_data][unit_amount]")
        assert params["mode"] == "payment"
        assert params["success_url"].startswith("http")
        assert price["product_data"]["name"]
        facts: Thing = {"mode": "payment", "status": "open", "payment_status": "unpaid", "payment_intent": None}
        facts |= {"amount_subtotal": amount, "amount_total": amount, "currency": price["currency"]}
        facts |= {"expires_at": NOW_S + 86_400, "payment_method_types": ["card", "sepa_debit"], "ui_mode": "hosted"}
        facts |= {name: params[name] for name in ("client_reference_id", "metadata", "success_url", "cancel_url")}
        facts["adaptive_pricing"] = {"enabled": params["adaptive_pricing"]["enabled"] == "true"}
        nulls = dict.fromkeys(_SESSION_NULLS.split())
        session_id = self._make("cs_test", object="checkout.session", **nulls, **facts)
        self.things[session_id]["url"] = f"https://checkout.stripe.com/c/pay/{session_id}"
        return session_id

    def _new_refund(self, params: Thing) -> str:
        charge = self.things[params["charge"]]
        amount = _amount(params["amount"], charge["currency"], field="amount")
        left = charge["amount_captured"] - charge["amount_refunded"]
        if amount > left:
            sentence = f"Refund amount (${amount}) is greater than unrefunded amount on charge (${left})"
            raise StripeError(400, sentence, code="charge_already_refunded" if not left else "")
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        about = {"charge": charge["id"], "payment_intent": charge["payment_intent"]}
        facts = {"amount": amount, "currency": charge["currency"], "status": "succeeded"}
        return self._make("re", object="refund", metadata=params.get("metadata", {}), **facts, **about)

    def _new_transfer(self, params: Thing) -> str:
        if params["destination"] == "acct_gone":
            raise StripeError(400, "No such destination: 'acct_gone'", code="resource_missing")
        return self._make(
            "tr",
            object="transfer",
            amount=_amount(params["amount"], params["currency"], field="amount"),
            amount_reversed=0,
            reversed=False,
            currency=params["currency"],
            destination=params["destination"],
            transfer_group=params["transfer_group"],
            metadata=params["metadata"],
            reversals={"object": "list", "data": [], "has_more": False, "url": "/v1/transfers/reversals"},
        )

    # Parts

    def _make(self, prefix: str, **fields: object) -> str:
        thing_id = f"{prefix}_{next(self._numbers):06d}"
        self.things[thing_id] = {"id": thing_id, "created": NOW_S, "livemode": False, **fields}
        return thing_id

    def _all(self, kind: str) -> list[Thing]:
        return [thing for thing in self.things.values() if thing["object"] == kind]

    def _confirm(self, session_id: str, status: str) -> Thing:
        session = self.things[session_id]
        amounts = {"amount": session["amount_total"], "currency": session["currency"]}
        intent_id = self._make("pi", object="payment_intent", status=status, metadata=session["metadata"], **amounts)
        session["payment_intent"] = intent_id
        return self.things[intent_id]

    def _charge(self, intent: Thing, status: str) -> Thing:
        amounts = {"amount": intent["amount"], "amount_captured": intent["amount"], "amount_refunded": 0}
        facts = {"status": status, "paid": status == "succeeded", "captured": True}
        facts |= {"refunded": False, "disputed": False, "balance_transaction": None, "currency": intent["currency"]}
        charge_id = self._make("ch", object="charge", payment_intent=intent["id"], **amounts, **facts)
        intent["latest_charge"] = charge_id
        return self.things[charge_id]

    def _balance(self, charge: Thing) -> str:
        fee = charge["amount"] * 29 // 1_000 + 30
        moved = self._transaction(charge["amount"], charge["currency"], fee=fee, kind="charge")
        self.things[moved["id"]] = moved
        return str(moved["id"])

    def _transaction(self, amount: int, currency: str, *, fee: int, kind: str) -> Thing:
        facts = {"id": f"txn_{next(self._numbers):06d}", "object": "balance_transaction", "type": kind}
        return facts | {"amount": amount, "currency": currency, "fee": fee, "net": amount - fee, "exchange_rate": None}

    def _expanded(self, thing: Thing, paths: list[str]) -> Thing:
        copy = dict(thing)
        for path in paths:
            head, _, rest = path.partition(".")
            if isinstance(copy.get(head), str):
                copy[head] = self._expanded(self.things[copy[head]], [rest] if rest else [])
        return copy


def sign(body: bytes, *, at_s: int = NOW_S, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    """Return the headers of a webhook as Stripe signs it."""
    header = WebhookSignature.generate_signature_header(body.decode(), secret, at_s)
    return {"stripe-signature": header}


def _told_to_fail(status: int, headers: dict[str, str]) -> Response:
    kind = "invalid_request_error" if status == 409 else "api_error"
    return JSONResponse({"error": {"type": kind, "message": "Told to fail."}}, status, headers)


def _amount(text: str, currency: str, *, field: str) -> int:
    if currency not in _CURRENCIES:
        raise StripeError(400, f"Invalid currency: {currency}.")
    if not re.fullmatch(r"[0-9]+", text):
        raise StripeError(400, f"Invalid integer: {text}", code="parameter_invalid_integer")
    amount = int(text)
    if not 1 <= amount <= _AMOUNT_MAX:
        raise StripeError(400, f"{field} has to be between 1 and {_AMOUNT_MAX}.", code="amount_too_large")
    if amount % {"kwd": 10, "isk": 100}.get(currency, 1):
        raise StripeError(400, f"Invalid amount for {currency}.", code="invalid_charge_amount_no_decimal_compatible")
    return amount


def _nested(pairs: list[tuple[str, str]]) -> Thing:
    """Read `a[b][0]=x` as {"a": {"b": {"0": "x"}}}."""
    found: Thing = {}
    for name, value in pairs:
        *heads, last = re.findall(r"[^\[\]]+", name)
        inner = found
        for head in heads:
            inner = inner.setdefault(head, {})
        inner[last] = value
    return found
