"""When a room's events go out: the first after silence a millisecond later, the next ones once a tick.

One frame a member and tick, however many gifts: the kernel's `send` is nearly all of what a delivery costs, so fewer
sends is the only saving that counts (docs/internals/architecture.md).
"""

import asyncio
from collections.abc import Callable

# A tick by audience, in seconds. Video runs seconds behind, so nobody sees these. A small room's grows with it: where
# sends are few, waiting to save some of them only costs time.
_SMALL_ROOM_MAX, _SMALL_TICK_S = 1_000, 0.02
_BIG_ROOM_MAX, _BIG_TICK_S = 20_000, 0.1
_HUGE_TICK_S = 0.25
# The fan's acknowledgement and the room's batch leave the store in the same instant; the first must not wait behind
# hundreds of writes of the second. One millisecond lets it pass (`make bench`, tap → ack).
_ACK_FIRST_S = 0.001


def tick_s(members: int) -> float:
    """Return how long events of a room with `members` gather."""
    if members < _SMALL_ROOM_MAX:
        return _SMALL_TICK_S * members / _SMALL_ROOM_MAX
    return _BIG_TICK_S if members < _BIG_ROOM_MAX else _HUGE_TICK_S


class Pacer:
    """Calls `flush` for a room: right after the acknowledgement, or when the running tick is over."""

    __slots__ = ("_flush", "_last_s", "_timer")

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._last_s = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def wake(self, members: int) -> None:
        """Something waits to go out."""
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        due_s = max(self._last_s + tick_s(members), loop.time() + _ACK_FIRST_S)
        self._timer = loop.call_at(due_s, self._run)

    def stop(self) -> None:
        """Forget what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        self._timer = None
        self._last_s = asyncio.get_running_loop().time()
        self._flush()
