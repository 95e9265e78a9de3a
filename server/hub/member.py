"""A member: one connection in a room, as the hub sees it."""

from typing import Protocol

from server.telemetry import metrics
from server.wire.codec import Encoding
from server.wire.frames import SharedFrame, frame_of
from server.wire.messages import Gap, ServerMessage


class Connection(Protocol):
    """What the hub needs of a transport; nothing here waits."""

    def write(self, frame: bytes) -> None:
        """Queue bytes; a connection that is closing ignores them."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake."""
        ...


class Member:
    """One connection in one room.

    While its kernel and buffers take frames, they are written at once. Over the mark nothing more is written and
    nothing is kept: when it drains, it is told which offsets it missed, and asks for them.
    """

    __slots__ = ("connection", "encoding", "lagging_since_s", "missed_from", "missed_to", "owns_room", "user_id")

    def __init__(self, connection: Connection, *, user_id: str, encoding: Encoding, owns_room: bool) -> None:
        self.connection = connection
        self.user_id = user_id
        self.encoding = encoding
        self.owns_room = owns_room
        self.lagging_since_s: float | None = None
        self.missed_from = 0
        self.missed_to = 0

    def tell(self, message: ServerMessage) -> None:
        """Write a message of this member's own: personal and money messages are never skipped."""
        self.connection.write(frame_of(message, self.encoding))

    def deliver(self, frame: SharedFrame, *, first: int, last: int) -> None:
        """Write a room's frame, or note what was missed while lagging."""
        if self.lagging_since_s is None:
            self.connection.write(frame.variant(self.encoding))
            return
        if self.missed_from == 0:
            self.missed_from = first
        self.missed_to = last
        metrics.SKIPPED.inc()

    def pause(self, now_s: float) -> None:
        """The transport is full."""
        if self.lagging_since_s is None:
            self.lagging_since_s = now_s

    def resume(self, *, room: str, epoch: str) -> None:
        """The transport drained: announce what was missed; the client asks for it with `join`."""
        self.lagging_since_s = None
        if self.missed_from:
            self.tell(Gap(room=room, epoch=epoch, first=self.missed_from, last=self.missed_to))
            metrics.GAPS.inc()
            self.missed_from = self.missed_to = 0
