"""One WebSocket conversation with a real server, as a program would have it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from server.domain.ids import new_intent_id
from server.domain.room import Role
from tests.helpers.server import ServerProcess

Message = dict[str, Any]
PATIENCE_S = 10.0
PRICES = {"rose": 1, "coffee": 2, "star": 5, "donut": 10, "confetti": 100}


class Line:
    """Reads all the time; `expect` takes a message out of what came, whatever came around it."""

    def __init__(self, socket: ClientConnection, *, encoding: str) -> None:
        self.socket = socket
        self.encoding = encoding
        self.seen: list[Message] = []
        self.closed = False
        self._inbox: list[Message] = []
        self._arrived = asyncio.Event()

    @property
    def port(self) -> int:
        """The port it comes from."""
        return int(self.socket.local_address[1])

    @property
    def close_code(self) -> int | None:
        """Why the server ended it, once it did."""
        return self.socket.close_code

    async def say(self, kind: str, **fields: object) -> None:
        """Send a message."""
        await self.say_raw(self.encode({"type": kind, **fields}))

    async def say_raw(self, data: bytes | str) -> None:
        """Send a frame of any content; bytes that are JSON go as text."""
        if isinstance(data, bytes) and self.encoding == "json":
            await self.socket.send(data, text=True)
        else:
            await self.socket.send(data)

    def encode(self, message: object) -> bytes:
        """Return a message as this line's subprotocol writes it."""
        return json.dumps(message).encode() if self.encoding == "json" else bytes(msgpack.packb(message))

    async def expect(self, kind: str, **fields: object) -> Message:
        """Take the first message of this kind, with these fields, out of what came or will come."""
        return await self.expect_that(lambda m: m["type"] == kind and fields.items() <= m.items(), f"{kind} {fields}")

    async def expect_that(self, claim: Callable[[Message], object], what: str = "message") -> Message:
        """Take the first message that `claim` is true for."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            for message in self._inbox:
                if claim(message):
                    self._inbox.remove(message)
                    return message
            left_s = deadline - time.monotonic()
            assert left_s > 0, f"no {what} came; what came: {self._inbox[-5:]}"
            assert not self.closed, f"closed with {self.close_code} before {what}; what came: {self._inbox[-5:]}"
            self._arrived.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._arrived.wait()

    async def expect_close(self) -> int | None:
        """Wait for the end and return its code."""
        async with asyncio.timeout(PATIENCE_S):
            await self.socket.wait_closed()
        return self.close_code

    async def hello(self, token: str) -> Message:
        """Say who speaks."""
        await self.say("hello", token=token)
        return await self.expect("welcome")

    async def join(self, room: str, **resume: object) -> Message:
        """Watch a room."""
        await self.say("join", room=room, **resume)
        return await self.expect("joined", room=room)

    async def gift(self, room: str, gift: str = "rose", **fields: object) -> Message:
        """Send a gift and return its answer: a `gift.ack` or an `error`."""
        wish = gift_fields(gift, **fields)
        await self.say("gift.send", room=room, **wish)
        return await self.answer_to(wish["intent_id"])

    async def answer_to(self, intent_id: str) -> Message:
        """Return what became of an order."""
        return await self.expect_that(
            lambda m: m["type"] in ("gift.ack", "error") and m.get("intent_id") == intent_id, f"answer to {intent_id}"
        )

    def events(self, *, epoch: str | None = None) -> list[Message]:
        """Return the events that came in batches, in the order they came."""
        return [
            event
            for batch in self.seen
            if batch["type"] == "batch" and epoch in (None, batch["epoch"])
            for event in batch["events"]
        ]

    def forget(self) -> None:
        """Drop what came and was not expected."""
        self._inbox.clear()

    async def read_for_ever(self) -> None:
        """Collect messages until the connection ends."""
        try:
            while True:
                data = await self.socket.recv(decode=False)
                message = json.loads(data) if self.encoding == "json" else msgpack.unpackb(data)
                self.seen.append(message)
                self._inbox.append(message)
                self._arrived.set()
        except ConnectionClosed:
            self.closed = True
            self._arrived.set()


@asynccontextmanager
async def call(server: ServerProcess, *, encoding: str = "json", **options: Any) -> AsyncIterator[Line]:
    """Open a connection that has not said anything yet."""
    async with connect(
        server.ws_url,
        subprotocols=[Subprotocol(f"giftwave.v1.{encoding}")],
        compression=None,
        max_size=None,
        max_queue=None,
        proxy=None,
        ping_interval=None,
        close_timeout=2,
        **options,
    ) as socket:
        line = Line(socket, encoding=encoding)
        reader = asyncio.create_task(line.read_for_ever())
        try:
            yield line
        finally:
            await socket.close()
            await reader


@asynccontextmanager
async def talk(
    server: ServerProcess,
    user: str,
    *,
    name: str = "",
    role: Role = Role.VIEWER,
    room: str | None = None,
    encoding: str = "json",
) -> AsyncIterator[Line]:
    """Open a connection that has said hello, and joined `room` where one is given."""
    async with call(server, encoding=encoding) as line:
        await line.hello(server.token(user, name=name, role=role))
        if room is not None:
            await line.join(room)
        yield line


def fresh_intent(*, age_ms: int = 0) -> str:
    """Make an intent id."""
    return new_intent_id(time.time_ns() // 1_000_000 - age_ms)


def gift_fields(gift: str = "rose", **fields: object) -> Message:
    """Return what a `gift.send` says beside its room; anything may be overridden, None leaves a field out."""
    count = fields.get("count", 1)
    price = PRICES.get(gift, 1) * (count if isinstance(count, int) else 1)
    wish: Message = {"intent_id": fresh_intent(), "gift": gift, "count": 1, "max_coins": price} | fields
    return {name: value for name, value in wish.items() if value is not None}
