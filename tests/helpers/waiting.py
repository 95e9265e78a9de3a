"""Wait for something to become true, without guessing how long it takes."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable


async def eventually(claim: Callable[[], object | Awaitable[object]], *, timeout_s: float = 10.0) -> None:
    """Return once `claim` is true; fail with its last answer when it does not become so."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        answer = claim()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return
        assert asyncio.get_running_loop().time() < deadline, f"never became true; last answer {answer!r}"
        await asyncio.sleep(0.01)
