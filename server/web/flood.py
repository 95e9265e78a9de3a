"""How fast one connection, or one user over HTTP, may speak."""

from collections import OrderedDict

from server.clock import Clock
from server.errors import RateLimited

# Two seconds' worth may come at once: a page that reconnects re-sends what was under way.
_BURST_S = 2.0
# A client that is told to slow down this many times in a row does not mean to.
_REFUSED_MAX = 200
# Users whose HTTP requests are remembered at once; the one that was quiet longest is forgotten first.
_USERS_MAX = 10_000


class FloodGate:
    """A token bucket for messages, and a count of how long somebody ignored it."""

    __slots__ = ("_clock", "_full", "_last_s", "_left", "_rate", "refused")

    def __init__(self, messages_per_s: int, clock: Clock) -> None:
        self._rate = messages_per_s
        self._full = messages_per_s * _BURST_S
        self._left = self._full
        self._clock = clock
        self._last_s = clock.monotonic_s()
        self.refused = 0

    def pass_one(self) -> bool:
        """Take one message; False when it comes too soon."""
        now_s = self._clock.monotonic_s()
        self._left = min(self._full, self._left + (now_s - self._last_s) * self._rate)
        self._last_s = now_s
        if self._left < 1:
            self.refused += 1
            return False
        self._left -= 1
        self.refused = 0
        return True

    @property
    def wait_ms(self) -> int:
        """When the next message may come."""
        return max(1, int((1 - self._left) / self._rate * 1_000))

    @property
    def is_flood(self) -> bool:
        """Whether to stop talking to this client."""
        return self.refused > _REFUSED_MAX


class UserGates:
    """A gate for each user who sends over HTTP."""

    def __init__(self, messages_per_s: int, clock: Clock) -> None:
        self._rate = messages_per_s
        self._clock = clock
        self._gates: OrderedDict[str, FloodGate] = OrderedDict()

    def pass_one(self, user: str) -> None:
        """Take one request. Raises `RateLimited` when it comes too soon."""
        gate = self._gates.get(user)
        if gate is None:
            gate = self._gates[user] = FloodGate(self._rate, self._clock)
            if len(self._gates) > _USERS_MAX:
                self._gates.popitem(last=False)
        self._gates.move_to_end(user)
        if not gate.pass_one():
            raise RateLimited(retry_after_ms=gate.wait_ms)
