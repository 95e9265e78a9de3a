"""A fan who gives and gives, and sends the same order again whenever in doubt."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from websockets.exceptions import WebSocketException

from tests.helpers.line import Line, Message, gift_fields, talk
from tests.helpers.server import ServerProcess


class Giver:
    """Sends one gift after the other through a socket of its own, each until it is decided."""

    def __init__(self, server: ServerProcess, fan: str, room: str) -> None:
        self._server = server
        self._room = room
        self.fan = fan
        self.acks: dict[str, Message] = {}
        self.doubts = 0
        self.stop = asyncio.Event()

    async def run(self) -> None:
        """Give until told to stop; the last order is decided before this returns."""
        wish = gift_fields("coffee")
        while True:
            with suppress(WebSocketException, OSError, TimeoutError, AssertionError):
                async with talk(self._server, self.fan) as line:
                    while True:
                        answer = await self._send(line, wish)
                        if answer["type"] == "gift.ack":
                            assert wish["intent_id"] not in self.acks
                            self.acks[wish["intent_id"]] = answer
                            if self.stop.is_set():
                                return
                            wish = gift_fields("coffee")
                        else:
                            self.doubts += 1
                            if not answer["retryable"]:
                                raise RuntimeError(answer)
                            await asyncio.sleep(answer["retry_after_ms"] / 5_000)
            self.doubts += 1
            await asyncio.sleep(0.05)

    async def _send(self, line: Line, wish: Message) -> Message:
        await line.say("gift.send", room=self._room, **wish)
        return await line.answer_to(wish["intent_id"])


@asynccontextmanager
async def giving(server: ServerProcess, room: str, *, fans: list[str]) -> AsyncIterator[list[Giver]]:
    """Let fans give at the same time; on leaving, each has all its orders decided."""
    givers = [Giver(server, fan, room) for fan in fans]
    async with asyncio.TaskGroup() as tasks:
        for giver in givers:
            tasks.create_task(giver.run())
        try:
            yield givers
        finally:
            for giver in givers:
                giver.stop.set()
