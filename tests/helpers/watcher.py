"""A client that keeps the protocol's rules through everything, and remembers what it saw."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from tests.helpers.server import ServerProcess

Message = dict[str, Any]
_PAUSE_S = 0.05
_OPEN_TIMEOUT_S = 3.0


class Watcher:
    """Watches one room; reconnects, resumes, and asks again where events are missing."""

    def __init__(self, server: ServerProcess, user: str, room: str) -> None:
        self._server = server
        self._room = room
        self._token = server.token(user)
        self.epoch = ""
        self.offset = 0
        self.started: dict[str, int] = {}
        self.events: dict[tuple[str, int], Message] = {}
        self.gaps: list[tuple[str, int, int]] = []
        self.twice: list[Message] = []
        self.jumps: list[tuple[str, int, int]] = []
        self.totals: Message = {}
        self.connections = 0
        self.joined = asyncio.Event()
        self._asking = False

    def at(self, room: Message) -> bool:
        """Whether this is where the room is."""
        return (self.epoch, self.offset) == (room["epoch"], room["offset"])

    def missing(self) -> list[tuple[str, int]]:
        """Return the offsets since the first join that neither came nor were announced as a gap."""
        return [
            (epoch, offset)
            for epoch, first in self.started.items()
            for offset in range(first + 1, self.last(epoch) + 1)
            if (epoch, offset) not in self.events and not self._is_in_gap(epoch, offset)
        ]

    def last(self, epoch: str) -> int:
        """Return the last offset of an epoch that was seen."""
        return max((offset for of, offset in self.events if of == epoch), default=0)

    def of(self, epoch: str) -> list[Message]:
        """Return the events of an epoch in their order."""
        return [event for (of, _), event in sorted(self.events.items()) if of == epoch]

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            with suppress(WebSocketException, OSError, TimeoutError):
                async with connect(
                    self._server.ws_url,
                    subprotocols=[Subprotocol("giftwave.v1.json")],
                    compression=None,
                    max_size=None,
                    proxy=None,
                    ping_interval=None,
                    open_timeout=_OPEN_TIMEOUT_S,
                    close_timeout=0.5,
                ) as socket:
                    self.connections += 1
                    await socket.send(json.dumps({"type": "hello", "token": self._token}))
                    await self._join(socket)
                    async for data in socket:
                        await self._hear(socket, json.loads(data))
            self._asking = False
            self.joined.clear()
            await asyncio.sleep(_PAUSE_S)

    async def _join(self, socket: ClientConnection) -> None:
        self._asking = True
        position = {"epoch": self.epoch, "offset": self.offset} if self.epoch else {}
        await socket.send(json.dumps({"type": "join", "room": self._room, **position}))

    async def _hear(self, socket: ClientConnection, message: Message) -> None:
        match message["type"]:
            case "joined":
                self._start(message)
            case "batch" if not self._asking:
                if message["epoch"] != self.epoch or message["from"] > self.offset + 1:
                    await self._join(socket)
                else:
                    self.totals = message["totals"]
                    self._apply(message["events"])
            case "gap":
                self.gaps.append((message["epoch"], message["from"], message["to"]))
                if not self._asking:
                    await self._join(socket)
            case "error" if message["code"] == "already_greeted" or not message["retryable"]:
                raise AssertionError(message)
            case "error":
                await asyncio.sleep(_PAUSE_S)
                # Refused while the store was away: a new connection says hello again.
                await socket.close()

    def _start(self, message: Message) -> None:
        self._asking = False
        if message["recovered"]:
            self._apply(message["events"])
        elif message["epoch"] == self.epoch:
            if message["offset"] != self.offset:
                self.jumps.append((self.epoch, self.offset, message["offset"]))
            self.offset = message["offset"]
        else:
            self.epoch, self.offset = message["epoch"], message["offset"]
            self.started.setdefault(self.epoch, self.offset)
        self.totals = message["snapshot"]["totals"]
        self.joined.set()

    def _apply(self, events: list[Message]) -> None:
        for event in events:
            if event["offset"] <= self.offset:
                continue
            assert event["offset"] == self.offset + 1, (self.offset, event)
            key = (self.epoch, event["offset"])
            if key in self.events:
                self.twice.append(event)
            self.events[key] = event
            self.offset = event["offset"]

    def _is_in_gap(self, epoch: str, offset: int) -> bool:
        return any(of == epoch and first <= offset <= last for of, first, last in self.gaps)


@asynccontextmanager
async def watching(server: ServerProcess, room: str, *, users: list[str]) -> AsyncIterator[list[Watcher]]:
    """Watch a room with a connection for each user."""
    watchers = [Watcher(server, user, room) for user in users]
    tasks = [asyncio.create_task(watcher.run()) for watcher in watchers]
    try:
        for watcher in watchers:
            async with asyncio.timeout(10):
                await watcher.joined.wait()
        yield watchers
    finally:
        for task in tasks:
            task.cancel()
        for task, answer in zip(tasks, await asyncio.gather(*tasks, return_exceptions=True), strict=True):
            assert isinstance(answer, asyncio.CancelledError), (task, answer)
