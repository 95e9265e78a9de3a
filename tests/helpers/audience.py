"""Members in both workers of a server, and gifts for them to see."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tests.helpers.line import Line, talk
from tests.helpers.names import fresh
from tests.helpers.server import ServerProcess

LINES = 20
LONG = "x" * 120


@asynccontextmanager
async def audience(server: ServerProcess, room: str, *, count: int = LINES) -> AsyncIterator[list[Line]]:
    """Open connections of different fans, some of them in each worker."""
    async with AsyncExitStack() as stack:
        lines: list[Line] = []
        while len(lines) < count or len({server.worker_of(line.port) for line in lines}) < 2:
            assert len(lines) < 100, "one worker takes all connections"
            lines.append(await stack.enter_async_context(talk(server, fresh("u"), room=room)))
        yield lines


async def send_many(line: Line, room: str, *, count: int, message: str = LONG) -> None:
    """Send gifts one after the other, so that each is a batch of its own."""
    for _ in range(count):
        answer = await line.gift(room, message=message)
        assert answer["type"] == "gift.ack", answer
