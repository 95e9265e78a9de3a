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

    __slots__ = (
        "connection",
        "encoding",
        "has_left",
        "is_joining",
        "is_lagging",
        "missed_epoch",
        "missed_from",
        "missed_to",
        "owns_room",
    )

    def __init__(self, connection: Connection, *, encoding: Encoding) -> None:
        self.connection = connection
        self.encoding = encoding
        self.owns_room = False
        self.has_left = False
        self.is_joining = False
        self.is_lagging = False
        self.missed_epoch = ""
        self.missed_from = 0
        self.missed_to = 0

    def tell(self, message: ServerMessage) -> None:
        """Write a message of this member's own: personal and money messages are never skipped."""
        self.connection.write(frame_of(message, self.encoding))

    def deliver(self, frame: SharedFrame, *, epoch: str, first: int, last: int) -> bool:
        """Write a room's frame and return True, or note what was missed while lagging."""
        if not self.is_lagging:
            self.connection.write(frame.variant(self.encoding))
            return True
        if self.missed_epoch != epoch:
            self.missed_epoch, self.missed_from = epoch, first
        self.missed_to = last
        return False

    def pause(self) -> None:
        """The transport is full."""
        self.is_lagging = True

    def resume(self, *, room: str) -> None:
        """The transport drained: announce what was missed; the client asks for it with `join`."""
        self.is_lagging = False
        if self.missed_epoch:
            self.tell(Gap(room=room, epoch=self.missed_epoch, first=self.missed_from, last=self.missed_to))
            metrics.GAPS.inc()
            self.missed_epoch = ""
