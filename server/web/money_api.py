"""The HTTP API of money: buying coins, earnings, payouts and statements."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Response

from server.domain.gift import Catalogue
from server.domain.ids import INTENT
from server.domain.money import AMOUNT_MAX
from server.service.earnings import Earnings, EarningsView
from server.service.identity import Identity
from server.service.paying_out import PayingOut
from server.service.statements import Statements, creator_csv, fan_csv
from server.service.topups import Topups
from server.web import money_models as money
from server.web.auth import Authenticate, paced
from server.web.flood import UserGates
from server.web.problems import ERRORS

OwnIdPath = Annotated[str, Path(pattern=rf"^{INTENT}$")]
Moment = Annotated[int | None, Query(ge=0, le=AMOUNT_MAX)]
Format = Literal["json", "csv"]
# Nobody keeps a copy of somebody's money.
_PRIVATE = {"Cache-Control": "no-store"}


def topup_router(*, authenticate: Authenticate, catalogue: Catalogue, topups: Topups, gates: UserGates) -> APIRouter:
    """Return the routes for buying coins."""
    router = APIRouter(prefix="/v1", responses=ERRORS, tags=["top-ups"])
    Speaks = Annotated[Identity, Depends(paced(authenticate, gates))]  # noqa: N806 (a type)

    @router.get("/packs", response_model=money.PacksOut)
    async def read_packs() -> Any:
        """Coin packs on sale."""
        return {"packs": [asdict(pack) for pack in catalogue.packs.values()]}

    @router.post("/topups", response_model=money.TopupOut)
    async def open_topup(body: money.OpenTopupBody, by: Speaks) -> Any:
        """Open a checkout; send the same request again when in doubt, it opens once."""
        view = await topups.open(body.topup_id, pack=body.pack, return_url=body.return_url, by=by)
        return msgspec.to_builtins(view)

    @router.get("/topups", response_model=money.TopupsOut)
    async def list_topups(by: Speaks) -> Any:
        """One's newest purchases."""
        return {"topups": [msgspec.to_builtins(view) for view in await topups.newest(by)]}

    @router.get("/topups/{topup_id}", response_model=money.TopupOut)
    async def read_topup(topup_id: OwnIdPath, by: Speaks) -> Any:
        """One's own purchase as it stands."""
        return msgspec.to_builtins(await topups.find(topup_id, by))

    return router


def payout_router(
    *, authenticate: Authenticate, earnings: Earnings, paying_out: PayingOut, gates: UserGates
) -> APIRouter:
    """Return the routes for earnings and cashing out."""
    router = APIRouter(prefix="/v1", responses=ERRORS, tags=["payouts"])
    Speaks = Annotated[Identity, Depends(paced(authenticate, gates))]  # noqa: N806 (a type)

    @router.get("/earnings", response_model=money.EarningsOut)
    async def read_earnings(by: Speaks) -> Any:
        """One's own earnings by bucket."""
        return _earnings_out(await earnings.view(by))

    @router.put("/payouts/destination", response_model=money.DestinationOut)
    async def set_destination(body: money.DestinationBody, by: Speaks) -> Any:
        """Say where one's payouts go."""
        await paying_out.set_destination(body.destination, by)
        return {"destination": body.destination}

    @router.post("/payouts/quote", response_model=money.QuoteOut)
    async def quote_payout(body: money.QuoteBody, by: Speaks) -> Any:
        """Lock what units are worth for ten minutes."""
        quote, remainder_units = await paying_out.quote(currency=body.currency, units=body.units, by=by)
        return {
            "quote_id": quote.id,
            "currency": quote.currency,
            "units": quote.units,
            "gross_minor": quote.gross_minor,
            "fee_minor": quote.fee_minor,
            "amount_minor": quote.gross_minor - quote.fee_minor,
            "remainder_units": remainder_units,
            "minor_per_1000_diamonds": quote.minor_per_1000_diamonds,
            "expires_at_ms": quote.expires_at_ms,
        }

    @router.post("/payouts", response_model=money.PayoutOut)
    async def request_payout(body: money.PayoutBody, by: Speaks) -> Any:
        """Ask for the payout of a quote; send the same request again when in doubt, it is paid once."""
        return msgspec.to_builtins(await paying_out.request(body.payout_id, quote_id=body.quote_id, by=by))

    @router.get("/payouts", response_model=money.PayoutsOut)
    async def list_payouts(by: Speaks) -> Any:
        """One's newest payouts."""
        return {"payouts": [msgspec.to_builtins(view) for view in await paying_out.newest(by)]}

    @router.get("/payouts/{payout_id}", response_model=money.PayoutOut)
    async def read_payout(payout_id: OwnIdPath, by: Speaks) -> Any:
        """One's own payout as it stands."""
        return msgspec.to_builtins(await paying_out.find(payout_id, by))

    return router


def statement_router(*, authenticate: Authenticate, statements: Statements, gates: UserGates) -> APIRouter:
    """Return the routes for statements."""
    router = APIRouter(prefix="/v1", responses=ERRORS, tags=["statements"])
    Speaks = Annotated[Identity, Depends(paced(authenticate, gates))]  # noqa: N806 (a type)

    @router.get("/statement", response_model=money.FanStatementOut)
    async def read_statement(by: Speaks, from_ms: Moment = None, to_ms: Moment = None, format: Format = "json") -> Any:
        """What one's coins did in a period, oldest first; the last 30 days where none is given."""
        found = await statements.of_fan(by, from_ms=from_ms, to_ms=to_ms)
        return _csv(fan_csv(found), "coins.csv") if format == "csv" else _json(found)

    @router.get("/creator/statement", response_model=money.CreatorStatementOut)
    async def read_creator_statement(
        by: Speaks,
        from_ms: Moment = None,
        to_ms: Moment = None,
        format: Format = "json",
    ) -> Any:
        """What one's earnings did in a period, and where the money of each gift went."""
        found = await statements.of_creator(by, from_ms=from_ms, to_ms=to_ms)
        return _csv(creator_csv(found), "earnings.csv") if format == "csv" else _json(found)

    return router


def _earnings_out(view: EarningsView) -> dict[str, Any]:
    buckets = view.buckets
    return {
        "earned_units": buckets.earned,
        "pending_units": buckets.pending,
        "held_units": buckets.held,
        "available_units": buckets.available,
        "in_transit_units": buckets.in_transit,
        "paid_units": buckets.paid,
        "pending_by_day": [asdict(day) for day in buckets.pending_by_day],
        "holds": [
            {"hold_id": hold.id, "units": hold.units, "reason": hold.reason, "release_at_ms": hold.release_at_ms}
            for hold in view.holds
        ],
        "currencies": [asdict(terms) for terms in view.currencies],
        "destination": view.destination,
    }


def _json(statement: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(statement), media_type="application/json", headers=_PRIVATE)


def _csv(text: str, name: str) -> Response:
    said = {"Content-Disposition": f'attachment; filename="{name}"', **_PRIVATE}
    return Response(text, media_type="text/csv; charset=utf-8", headers=said)
