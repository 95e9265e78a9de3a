"""Where payment providers call."""

from typing import Any

from fastapi import APIRouter, Request

from server.service.webhooks import Webhooks
from server.web import money_models as money
from server.web.problems import ERRORS


def webhook_router(*, webhooks: Webhooks) -> APIRouter:
    """Return the route under `/v1/webhooks`."""
    router = APIRouter(prefix="/v1/webhooks", responses=ERRORS, tags=["webhooks"])

    @router.post("/{provider}", response_model=money.WebhookOut)
    async def receive(provider: str, request: Request) -> Any:
        """Take an event; the provider's signature is its token. Any answer but 200 asks for it again."""
        # The signature is over these very bytes; Starlette's header names are lower case.
        await webhooks.receive(provider, await request.body(), request.headers)
        return {"status": "ok"}

    return router
