"""The HTTP API under `/v1`: the same use cases as the socket."""

from dataclasses import asdict
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse

from server.domain.gift import Catalogue
from server.domain.ids import INTENT, SLUG, IntentId, RoomId
from server.domain.room import RoomView
from server.errors import GiftwaveError
from server.record.batch import GiftRow
from server.record.gift_refunds import event_id
from server.service.gifting import Gifting
from server.service.identity import Identity
from server.service.receipts import Receipts
from server.service.rooms import Rooms
from server.service.watching import top_fan_views
from server.web import models
from server.web.auth import Authenticate, paced
from server.web.flood import UserGates
from server.web.problems import ERRORS, problem
from server.web.session import gift_ack, order_of
from server.wire.messages import GiftAck, GiftBody

RoomPath = Annotated[str, Path(pattern=rf"^{SLUG}$")]
IntentPath = Annotated[str, Path(pattern=rf"^{INTENT}$")]


def api_router(
    *,
    authenticate: Authenticate,
    catalogue: Catalogue,
    rooms: Rooms,
    gifting: Gifting,
    receipts: Receipts,
    gates: UserGates,
) -> APIRouter:
    """Return the routes under `/v1`."""
    router = APIRouter(prefix="/v1", responses=ERRORS)
    Speaks = Annotated[Identity, Depends(authenticate)]  # noqa: N806 (a type)
    SpeaksSlowly = Annotated[Identity, Depends(paced(authenticate, gates))]  # noqa: N806 (a type)

    @router.get("/catalogue", response_model=models.CatalogueOut, tags=["catalogue"])
    async def read_catalogue(request: Request, response: Response) -> Any:
        """What is on sale, and the revision that names it."""
        etag = f'"{catalogue.revision}"'
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = "no-cache"
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if known & {etag, "*"}:
            return Response(status_code=304, headers={"ETag": etag})
        return {
            "revision": catalogue.revision,
            "tiers": [{"tier": tier.tier, "name": tier.name} for tier in catalogue.tiers],
            "gifts": [asdict(gift) for gift in catalogue.gifts.values()],
        }

    @router.post("/rooms", response_model=models.RoomOut, tags=["rooms"])
    async def open_room(body: models.OpenRoomBody, by: Speaks) -> Any:
        """Open the creator's room; opening an open one changes nothing."""
        return room_out(await rooms.open(RoomId(body.room), title=body.title, by=by))

    @router.get("/rooms/{room}", response_model=models.RoomOut, tags=["rooms"])
    async def read_room(room: RoomPath) -> Any:
        """A room as it stands."""
        return room_out(await rooms.view(RoomId(room)))

    @router.post("/rooms/{room}/close", response_model=models.RoomOut, tags=["rooms"])
    async def close_room(room: RoomPath, by: Speaks) -> Any:
        """Close a room; no gift is taken from then on."""
        return room_out(await rooms.close(RoomId(room), by=by))

    @router.post("/rooms/{room}/gifts", response_model=models.ReceiptOut, tags=["gifts"])
    async def send_gift(room: RoomPath, body: models.GiftSendBody, by: Speaks) -> Any:
        """Send a gift; send the same request again when in doubt, it is charged once."""
        order = order_of(GiftBody(**body.model_dump()), RoomId(room), by)
        try:
            gates.pass_one(by.id)
            return receipt_out(gift_ack(await gifting.send_anywhere(order, by)))
        except GiftwaveError as error:
            return problem(error, intent_id=order.intent_id)

    @router.get("/gifts/{intent_id}", response_model=models.RecordedReceiptOut, tags=["gifts"])
    async def read_gift(intent_id: IntentPath, by: SpeaksSlowly) -> Any:
        """What became of one's own intent, and whether the books hold it already."""
        found = await receipts.find(IntentId(intent_id), by)
        if isinstance(found, GiftwaveError):
            return problem(found, intent_id=intent_id)
        if isinstance(found, GiftRow):
            return JSONResponse(recorded_gift_out(found))
        receipt, recorded = found
        return JSONResponse(msgspec.to_builtins(gift_ack(receipt)) | {"recorded": recorded})

    return router


def room_out(view: RoomView) -> dict[str, Any]:
    """Return a room as JSON shows it."""
    return {
        "room": view.id,
        "epoch": view.epoch,
        "offset": view.offset,
        "title": view.title,
        "creator": {"id": view.creator, "name": view.creator_name},
        "state": view.state.value,
        "totals": {"coins": view.totals.coins, "gifts": view.totals.gifts, "fans": view.totals.fans},
        "top_fans": [
            {"id": fan.id, "name": fan.name, "coins": fan.coins, "simulated": fan.simulated}
            for fan in top_fan_views(view)
        ],
    }


def recorded_gift_out(gift: GiftRow) -> dict[str, Any]:
    """Return a gift that only the books remember, as its receipt was; the wallet has moved on since."""
    return {
        "type": "gift.ack",
        "intent_id": gift.intent_id,
        "event_id": event_id(gift),
        "room": gift.room,
        "epoch": gift.room_epoch,
        "offset": gift.room_offset,
        "gift": gift.gift,
        "count": gift.count,
        "coins": gift.coins,
        "ts_ms": gift.at_ms,
        "replayed": True,
        "recorded": True,
    }


def receipt_out(ack: GiftAck) -> JSONResponse:
    """Return a receipt as JSON: byte for byte the fields that the socket's `gift.ack` has."""
    return JSONResponse(msgspec.to_builtins(ack))
