"""The wallet and its spending limits over HTTP."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from server.domain.ids import FanId, IntentId
from server.domain.limits import Limits
from server.service.identity import Identity
from server.service.limits import SpendingLimits
from server.web import models
from server.web.auth import Authenticate, paced
from server.web.flood import UserGates
from server.web.problems import ERRORS
from server.wire.messages import wallet_view


def wallet_router(*, authenticate: Authenticate, limits: SpendingLimits, gates: UserGates) -> APIRouter:
    """Return the routes under `/v1/wallet` and `/v1/limits`."""
    router = APIRouter(prefix="/v1", responses=ERRORS)
    Speaks = Annotated[Identity, Depends(paced(authenticate, gates))]  # noqa: N806 (a type)

    @router.get("/wallet", response_model=models.WalletOut, tags=["wallet"])
    async def read_wallet(by: Speaks) -> Any:
        """The token owner's coins, and what is spent in the running day, week and month."""
        return _answer(wallet_view((await limits.wallet(FanId(by.id))).balance))

    @router.get("/limits", response_model=models.LimitsOut, tags=["limits"])
    async def read_limits(by: Speaks) -> Any:
        """The speaker's spending limits, what is coming, and what is spent."""
        return _answer(await limits.view(by))

    @router.put("/limits", response_model=models.LimitsOut, tags=["limits"])
    async def change_limits(body: models.LimitsBody, by: Speaks) -> Any:
        """Set all four limits: narrower ones hold at once, wider ones and another time zone after 24 hours."""
        wanted = Limits(body.gift, body.day, body.week, body.month)
        return _answer(await limits.change(by, wanted=wanted, zone=body.zone, change_id=IntentId(body.change_id)))

    @router.post("/limits/lock", response_model=models.LimitsOut, tags=["limits"])
    async def lock_spending(body: models.LockBody, by: Speaks) -> Any:
        """Lock one's own spending for a day or a week; it cannot be shortened."""
        return _answer(await limits.lock(by, hours=body.hours, change_id=IntentId(body.change_id)))

    return router


def _answer(view: msgspec.Struct) -> JSONResponse:
    """Answer with the fields that the socket has: pydantic would add the ones that are left out."""
    return JSONResponse(msgspec.to_builtins(view))
