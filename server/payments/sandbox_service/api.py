"""The sandbox's API: JSON in and out, the shared secret as bearer token."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.domain.currency import is_currency
from server.domain.money import AMOUNT_MAX
from server.payments.port import CheckoutOrder, TransferOrder
from server.payments.return_url import origin_of
from server.payments.sandbox_service.http import check_bearer, json_answer, read_json
from server.payments.sandbox_service.knobs import KnobBoard
from server.payments.sandbox_service.outbox import Outbox
from server.payments.sandbox_service.payments import Payment, Payments
from server.payments.sandbox_service.payouts import Payouts
from server.payments.sandbox_service.refusal import Refusal

_EVENTS_MAX = 1_000

_Name = Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{1,64}\Z")]
_Amount = Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MAX)]


class _Checkout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    topup_id: _Name
    fan: _Name
    coins: _Amount
    price_minor: _Amount
    currency: str
    return_url: str


class _Refund(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    amount_minor: _Amount
    key: _Name


class _Payout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    payout_id: _Name
    creator: _Name
    destination: Annotated[str, msgspec.Meta(pattern=r"\A[ -~]{1,64}\Z")]
    amount_minor: _Amount
    currency: str


class Api:
    """The routes under /api."""

    def __init__(self, *, payments: Payments, payouts: Payouts, outbox: Outbox, knobs: KnobBoard, secret: str) -> None:
        self._payments = payments
        self._payouts = payouts
        self._outbox = outbox
        self._knobs = knobs
        self._secret = secret

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            self._route("POST", "/api/checkouts", self._open_checkout),
            self._route("GET", "/api/payments/{reference}", self._read_payment),
            self._route("POST", "/api/payments/{reference}/refunds", self._refund),
            self._route("POST", "/api/payouts", self._submit_payout),
            self._route("GET", "/api/payouts/{payout_id}", self._read_payout),
            self._route("GET", "/api/knobs", self._read_knobs),
            self._route("POST", "/api/knobs", self._turn_knobs),
            self._route("GET", "/api/events", self._list_events),
        ]

    def _route(self, method: str, path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
        async def checked(request: Request) -> Response:
            check_bearer(request, self._secret)
            return await endpoint(request)

        return Route(path, checked, methods=[method])

    async def _open_checkout(self, request: Request) -> Response:
        body = await read_json(request, _Checkout)
        _check_currency(body.currency)
        if origin_of(body.return_url) is None:
            raise Refusal(400, "bad_field", "return_url needs to be an absolute http or https address.")
        payment = self._payments.open(CheckoutOrder(**msgspec.structs.asdict(body)))
        return json_answer({"reference": payment.reference, "path": f"/checkout/{payment.reference}"})

    async def _read_payment(self, request: Request) -> Response:
        return json_answer(_told(self._payments.read(request.path_params["reference"])))

    async def _refund(self, request: Request) -> Response:
        reference = request.path_params["reference"]
        body = await read_json(request, _Refund)
        self._payments.refund(reference, amount_minor=body.amount_minor, key=body.key)
        return json_answer(_told(self._payments.read(reference)))

    async def _submit_payout(self, request: Request) -> Response:
        body = await read_json(request, _Payout)
        _check_currency(body.currency)
        return json_answer(asdict(self._payouts.submit(TransferOrder(**msgspec.structs.asdict(body)))))

    async def _read_payout(self, request: Request) -> Response:
        return json_answer(asdict(self._payouts.read(request.path_params["payout_id"])))

    async def _read_knobs(self, request: Request) -> Response:
        return json_answer(self._knobs.read())

    async def _turn_knobs(self, request: Request) -> Response:
        return json_answer(self._knobs.turn(await read_json(request, dict[str, object])))

    async def _list_events(self, request: Request) -> Response:
        events = self._outbox.newest(limit=_EVENTS_MAX, about=request.query_params.get("about"))
        return json_answer({"events": [asdict(event) for event in events]})


def _told(payment: Payment) -> dict[str, object]:
    return asdict(payment) | {"left_minor": payment.left_minor}


def _check_currency(code: str) -> None:
    if not is_currency(code):
        raise Refusal(400, "unknown_currency", "currency needs to be the upper-case ISO 4217 code of one in use.")
