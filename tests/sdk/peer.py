"""The other end of the wire, scripted: a real WebSocket server that says only what a test tells it to."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from client_demo.python.giftwave_client import Codec, GiftwaveClient, Message, make_codec

PATIENCE_S = 3.0
SUBPROTOCOLS = [Subprotocol("giftwave.v1.json"), Subprotocol("giftwave.v1.msgpack")]
WALLET = {"paid": 0, "promo": 500, "coins": 500, "rev": 1}
TOTALS = {"coins": 0, "gifts": 0, "fans": 0}


@dataclass(slots=True)
class Call:
    """One client connection, seen from the server."""

    socket: ServerConnection
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def expect(self, kind: str) -> Message:
        """The client's next message, which must be a `kind`."""
        async with asyncio.timeout(PATIENCE_S):
            message = self._codec().decode(await self.socket.recv(decode=False))
        assert message["type"] == kind, message
        return message

    async def say(self, kind: str, **rest: Any) -> None:
        codec = self._codec()
        await self.socket.send(codec.encode({"type": kind, **rest}), text=codec.is_text)

    async def welcome(self, **rest: Any) -> Message:
        """Take `hello`, answer `welcome`; returns the hello."""
        hello = await self.expect("hello")
        user = {"id": "u_ana", "name": "Ana", "role": "viewer"}
        now_ms = time.time_ns() // 1_000_000
        welcome = {"user": user, "wallet": WALLET, "limits": {}, "server_time_ms": now_ms, "catalogue_revision": "5c1d"}
        await self.say("welcome", **{**welcome, **rest})
        return hello

    async def let_in(self, *, offset: int, epoch: str = "e1", events: Sequence[Message] | None = None) -> Message:
        """Take `join`, answer `joined` (recovered where events are given); returns the join."""
        join = await self.expect("join")
        snapshot = {
            "title": "Late night piano",
            "creator": {"id": "c_mira", "name": "Mira"},
            "state": "open",
            "totals": TOTALS,
            "top_fans": [{"id": "u_ana", "name": "Ana", "coins": 512}],
            "recent": [],
        }
        where = {"room": join["room"], "epoch": epoch, "offset": offset}
        await self.say("joined", **where, recovered=events is not None, snapshot=snapshot, events=events or [])
        return join

    async def batch(self, *offsets: int, epoch: str = "e1", room: str = "lounge") -> None:
        """Say one batch of gifts, in the order given."""
        events = [gift(offset) for offset in offsets]
        span = {"from": min(offsets), "to": max(offsets)}
        await self.say("batch", room=room, epoch=epoch, events=events, totals=TOTALS, **span)

    async def ack(self, order: Message, **rest: Any) -> None:
        """Answer `order` with its receipt."""
        await self.say("gift.ack", **receipt(order["intent_id"], **rest))

    async def hang_up(self, code: int = 1012, reason: str = "") -> None:
        await self.socket.close(code, reason)
        self.hung_up.set()

    def _codec(self) -> Codec:
        return make_codec(str(self.socket.subprotocol).rpartition(".")[2])


@dataclass(slots=True)
class Peer:
    """The server: tests take its calls one by one. `stored` is what HTTP knows of intents: status and body."""

    url: str = ""
    stored: dict[str, tuple[int, Message]] = field(default_factory=dict)
    calls: asyncio.Queue[Call] = field(default_factory=asyncio.Queue)
    statuses: list[int] = field(default_factory=list)  # refuse the next handshakes with these

    async def take(self) -> Call:
        """The next connection, still to be greeted."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.calls.get()

    async def take_live(self, *, offset: int | None = None, **welcome: Any) -> Call:
        """The next connection, welcomed, and let into one room where `offset` is given."""
        call = await self.take()
        await call.welcome(**welcome)
        if offset is not None:
            await call.let_in(offset=offset)
        return call

    async def _on_connection(self, socket: ServerConnection) -> None:
        call = Call(socket)
        self.calls.put_nowait(call)
        await socket.wait_closed()

    def _on_request(self, connection: ServerConnection, request: Request) -> Response | None:
        if self.statuses:
            return connection.respond(self.statuses.pop(0), "")
        if request.path == "/v1/ws":
            return None
        unknown = (404, {"error": {"code": "unknown_intent", "message": "It was never decided.", "retryable": False}})
        status, body = self.stored.get(request.path.rpartition("/")[2], unknown)
        return Response(status, "", Headers({"Content-Type": "application/json"}), json.dumps(body).encode())


@asynccontextmanager
async def open_peer() -> AsyncIterator[Peer]:
    """A peer on a free port."""
    peer = Peer()
    server = await serve(
        peer._on_connection, "127.0.0.1", 0, subprotocols=SUBPROTOCOLS, process_request=peer._on_request
    )
    async with server:
        port = next(iter(server.sockets)).getsockname()[1]
        peer.url = f"http://127.0.0.1:{port}"
        yield peer


def gift(offset: int, **rest: Any) -> Message:
    """The gift event at `offset`."""
    what = {"gift": "rose", "count": 1, "coins": 1, "sender": {"id": "u_bo", "name": "Bo"}, "fan_coins": offset}
    return {"offset": offset, "id": f"0-{offset}", "type": "gift", "ts_ms": 1_780_000_000_000 + offset, **what, **rest}


def receipt(intent_id: str, **rest: Any) -> Message:
    """The fields of a `gift.ack` without its type."""
    place = {"room": "lounge", "epoch": "e1", "offset": 42, "event_id": "0-42", "ts_ms": 1_780_000_000_000}
    balance = {"paid": 0, "promo": 498, "coins": 498, "rev": 2}
    what = {"gift": "rose", "count": 2, "coins": 2, "balance": balance}
    return {"intent_id": intent_id, **place, **what, **rest}


async def connect(peer: Peer, client: GiftwaveClient, *, offset: int | None = None) -> Call:
    """Connect `client`, and let it into the lounge at `offset` where one is given."""
    async with asyncio.TaskGroup() as client_side:
        client_side.create_task(client.connect())
        call = await peer.take_live()
        if offset is not None:
            client_side.create_task(client.join("lounge"))
            await call.let_in(offset=offset)
    return call
