"""Open, close and look at rooms."""

from server.domain.ids import CreatorId, RoomId
from server.domain.room import Role, RoomView
from server.errors import Forbidden, UnknownRoom
from server.service.identity import Identity
from server.store.rooms import RoomStore


class Rooms:
    """The use cases of rooms, and a memory of who owns which: an owner never changes."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store
        self._creators: dict[RoomId, CreatorId] = {}

    async def open(self, room: RoomId, *, title: str, by: Identity) -> RoomView:
        """Open the speaker's room, or leave it open as it is.

        Raises:
            Forbidden: the speaker is not a creator.
            RoomTaken: another creator owns this id.
        """
        if by.role is not Role.CREATOR:
            raise Forbidden("Only a creator can open a room.")
        await self._store.open(room, creator=CreatorId(by.id), creator_name=by.name, title=title)
        return await self._store.view(room)

    async def close(self, room: RoomId, *, by: Identity) -> RoomView:
        """Close a room; closing a closed one changes nothing.

        Raises:
            UnknownRoom: there is none.
            Forbidden: the speaker is neither its creator nor an operator.
        """
        creator = await self.creator_of(room)
        if creator is None:
            raise UnknownRoom
        if by.role is not Role.OPERATOR and not by.owns(creator):
            raise Forbidden("Only its creator or an operator can close a room.")
        await self._store.close(room, creator=creator)
        return await self._store.view(room)

    async def view(self, room: RoomId) -> RoomView:
        """Return a room as it stands. Raises `UnknownRoom`."""
        return await self._store.view(room)

    def known_creator_of(self, room: RoomId) -> CreatorId | None:
        """Return a room's owner where this worker has met the room."""
        return self._creators.get(room)

    async def creator_of(self, room: RoomId) -> CreatorId | None:
        """Return a room's owner, or None where there is no such room."""
        creator = self._creators.get(room)
        if creator is None:
            creator = await self._store.creator_of(room)
            if creator is not None:
                self._creators[room] = creator
        return creator
