"""The money routes of a server over a market, without a socket in between."""

from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from server.app import _answer_http_error, _answer_validation_error
from server.domain.gift import build_catalogue
from server.errors import GiftwaveError
from server.service.identity import Identity
from server.web.auth import Authenticate
from server.web.flood import UserGates
from server.web.limits import BodyLimit
from server.web.money_api import payout_router, statement_router, topup_router
from server.web.operator_api import operator_router
from server.web.problems import answer_giftwave_error
from server.web.tokens import Tokens
from server.web.webhooks import webhook_router
from tests.helpers.market import PACKS, TERMS, Market

BODY_BYTES_MAX = 65_536


class MoneyApp:
    """A client of the routes."""

    def __init__(self, market: Market, *, messages_per_s: int = 10_000) -> None:
        self._tokens = Tokens("a secret of at least thirty-two characters", market.clock)
        authenticate, gates = Authenticate(self._tokens), UserGates(messages_per_s, market.clock)
        app = FastAPI(
            exception_handlers={
                GiftwaveError: answer_giftwave_error,
                RequestValidationError: _answer_validation_error,
                HTTPException: _answer_http_error,
            }
        )
        app.add_middleware(BodyLimit, bytes_max=BODY_BYTES_MAX)
        catalogue = build_catalogue((), (), PACKS, TERMS)
        for router in (
            topup_router(authenticate=authenticate, catalogue=catalogue, topups=market.topups, gates=gates),
            payout_router(
                authenticate=authenticate, earnings=market.earnings, paying_out=market.paying_out, gates=gates
            ),
            statement_router(authenticate=authenticate, statements=market.statements, gates=gates),
            operator_router(
                authenticate=authenticate,
                refunds=market.refunds,
                earnings=market.earnings,
                paying_out=market.paying_out,
                gates=gates,
            ),
            webhook_router(webhooks=market.webhooks),
        ):
            app.include_router(router)
        self.app = app
        self._transport = httpx.ASGITransport(app=app)

    async def call(self, method: str, path: str, by: Identity | None = None, **said: Any) -> httpx.Response:
        """Send a request, as somebody where `by` is given."""
        headers = dict(said.pop("headers", {}))
        if by is not None:
            headers["Authorization"] = f"Bearer {self._tokens.mint(by.id, name=by.name, role=by.role, ttl_s=900)}"
        async with httpx.AsyncClient(transport=self._transport, base_url="http://shop.test") as client:
            return await client.request(method, path, headers=headers, **said)

    async def refused(self, method: str, path: str, by: Identity | None = None, **said: Any) -> tuple[int, str]:
        """Return the status and code of a request that is refused."""
        answer = await self.call(method, path, by, **said)
        error = answer.json()["error"]
        assert set(error) >= {"code", "message", "retryable"}, error
        assert "Traceback" not in answer.text
        return answer.status_code, error["code"]
