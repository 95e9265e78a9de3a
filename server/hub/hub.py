"""All rooms of one worker: batches come in from the store and go out to the members."""

from collections.abc import Callable, Iterator

from server.domain.event import LiveBatch
from server.domain.ids import RoomId
from server.hub.room import Room


class Hub:
    """The rooms that have members in this worker, or had some a moment ago."""

    def __init__(self, *, on_hole: Callable[[Room], None]) -> None:
        self._rooms: dict[RoomId, Room] = {}
        self._on_hole = on_hole

    def __iter__(self) -> Iterator[Room]:
        return iter(list(self._rooms.values()))

    def find(self, room_id: RoomId) -> Room | None:
        """Return a room that is watched here."""
        return self._rooms.get(room_id)

    def open(self, room_id: RoomId) -> Room:
        """Return a room, new where nobody here watched it."""
        return self._rooms.setdefault(room_id, Room(room_id))

    def drop(self, room: Room) -> None:
        """Forget a room that nobody watches."""
        room.stop()
        self._rooms.pop(room.id, None)

    def receive(self, room_id: RoomId, batch: LiveBatch) -> None:
        """Take a batch from the store; never waits, so all members of a room see one order."""
        room = self._rooms.get(room_id)
        # A room without an epoch is still being read; what arrives now is part of that reading.
        if room is not None and room.epoch and not room.receive(batch):
            self._on_hole(room)
