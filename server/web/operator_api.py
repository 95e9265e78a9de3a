"""The HTTP API of operators: refunds, holds, and the second pair of eyes on payouts."""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query

from server.domain.earnings import Hold
from server.service.earnings import Earnings
from server.service.identity import Identity
from server.service.paying_out import PayingOut
from server.service.refunds import Refunds
from server.web import money_models as money
from server.web.auth import Authenticate, paced
from server.web.flood import UserGates
from server.web.money_api import OwnIdPath
from server.web.problems import ERRORS

EventPath = Annotated[str, Path(min_length=1, max_length=64)]
State = Literal["requested", "approved", "submitted", "paid", "failed", "returned", "rejected"]


def operator_router(
    *, authenticate: Authenticate, refunds: Refunds, earnings: Earnings, paying_out: PayingOut, gates: UserGates
) -> APIRouter:
    """Return the routes under `/v1/operator`."""
    router = APIRouter(prefix="/v1/operator", responses=ERRORS, tags=["operator"])
    Speaks = Annotated[Identity, Depends(paced(authenticate, gates))]  # noqa: N806 (a type)

    @router.post("/gifts/{event_id}/refund", response_model=money.GiftRefundOut)
    async def refund_gift(event_id: EventPath, body: money.ReasonBody, by: Speaks) -> Any:
        """Give a gift back to its fan, in the buckets it was paid from."""
        gift = await refunds.refund_gift(event_id, reason=body.reason, by=by)
        return {"event_id": event_id, **gift._asdict()}

    @router.post("/topups/{topup_id}/refund", response_model=money.CoinRefundOut)
    async def refund_coins(topup_id: OwnIdPath, body: money.CoinRefundBody, by: Speaks) -> Any:
        """Give money back for unspent coins; send the same request again to see how it stands."""
        refund = await refunds.refund_coins(
            body.refund_id, topup_id=topup_id, coins=body.coins, reason=body.reason, by=by
        )
        return {
            "refund_id": refund.id,
            "topup_id": refund.topup_id,
            "fan": refund.fan,
            "coins": refund.coins,
            "amount_minor": refund.amount_minor,
            "state": refund.state,
            "reason": refund.reason,
            "created_at_ms": refund.created_at_ms,
            "updated_at_ms": refund.updated_at_ms,
        }

    @router.post("/holds", response_model=money.OperatorHoldOut)
    async def place_hold(body: money.HoldBody, by: Speaks) -> Any:
        """Hold a creator's earnings back until a moment; the creator sees the reason."""
        hold = await earnings.place_hold(
            body.hold_id,
            creator=body.creator,
            units=body.units,
            reason=body.reason,
            release_at_ms=body.release_at_ms,
            by=by,
        )
        return _hold_out(hold)

    @router.post("/holds/{hold_id}/release", response_model=money.OperatorHoldOut)
    async def release_hold(hold_id: OwnIdPath, body: money.ReasonBody, by: Speaks) -> Any:
        """End a hold now."""
        return _hold_out(await earnings.release_hold(hold_id, reason=body.reason, by=by))

    @router.get("/payouts", response_model=money.PayoutsOut)
    async def list_payouts(by: Speaks, state: Annotated[State | None, Query()] = None) -> Any:
        """Everybody's newest payouts, of one state where it is given."""
        return {"payouts": [msgspec.to_builtins(view) for view in await paying_out.queue(state=state, by=by)]}

    @router.post("/payouts/{payout_id}/approve", response_model=money.PayoutOut)
    async def approve_payout(payout_id: OwnIdPath, by: Speaks) -> Any:
        """Let somebody else's payout go."""
        return msgspec.to_builtins(await paying_out.approve(payout_id, by))

    @router.post("/payouts/{payout_id}/reject", response_model=money.PayoutOut)
    async def reject_payout(payout_id: OwnIdPath, body: money.ReasonBody, by: Speaks) -> Any:
        """Give a payout that was not submitted back to its creator."""
        return msgspec.to_builtins(await paying_out.reject(payout_id, reason=body.reason, by=by))

    return router


def _hold_out(hold: Hold) -> dict[str, Any]:
    return {
        "hold_id": hold.id,
        "creator": hold.creator,
        "units": hold.units,
        "reason": hold.reason,
        "release_at_ms": hold.release_at_ms,
        "placed_by": hold.placed_by,
        "created_at_ms": hold.created_at_ms,
        "released_by": hold.released_by,
    }
