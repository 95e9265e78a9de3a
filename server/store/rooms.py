"""Rooms in the store: open, close, read with history."""

import msgspec

from server.domain.event import Event, Sender, Totals
from server.domain.ids import CreatorId, RoomId, new_epoch
from server.domain.room import History, RoomState, RoomView, TopFan
from server.errors import RoomTaken, UnknownRoom
from server.settings import Settings
from server.store.client import Reply, StoreClient
from server.store.feed import read_batch
from server.store.keys import Keys
from server.store.scripts import CLOSE_ROOM, OPEN_ROOM, READ_ROOM

TOP_FANS_MAX = 10
RECENT_EVENTS_MAX = 20


class RoomStore:
    """The rooms of one shard."""

    def __init__(self, client: StoreClient, keys: Keys, settings: Settings) -> None:
        self._client = client
        self._keys = keys
        self._settings = settings

    async def open(self, room: RoomId, *, creator: CreatorId, creator_name: str, title: str) -> bool:
        """Open a room; return whether a new epoch began. Raises `RoomTaken` where another creator owns it."""
        keys = self._keys
        outcome = await self._client.run(
            OPEN_ROOM,
            keys=[keys.room(room), keys.feed(room), keys.board(room), keys.names(room), keys.creator(creator)],
            args=[creator, creator_name, title, new_epoch(), keys.live_channel(room)],
        )
        if outcome == b"room_taken":
            raise RoomTaken
        return outcome == b"opened"

    async def close(self, room: RoomId, *, creator: CreatorId) -> bool:
        """Close a room; return whether it was open until now. Raises `UnknownRoom`."""
        keys = self._keys
        outcome = await self._client.run(
            CLOSE_ROOM,
            keys=[keys.room(room), keys.feed(room), keys.creator(creator)],
            args=[keys.live_channel(room), str(self._settings.feed_batches_max)],
        )
        if outcome == b"unknown_room":
            raise UnknownRoom
        return outcome == b"closed"

    async def creator_of(self, room: RoomId) -> CreatorId | None:
        """Return who owns a room; it never changes."""
        creator = await self._client.hget(self._keys.room(room), "creator")
        return None if creator is None else CreatorId(creator.decode())

    async def view(self, room: RoomId) -> RoomView:
        """Read a room without its events. Raises `UnknownRoom`."""
        return (await self._read(room, epoch="", offset=None, recent_max=0)).view

    async def read(self, room: RoomId, *, epoch: str | None = None, offset: int | None = None) -> History:
        """Read a room and its events after `offset` of `epoch`, as far as the feed still has them.

        Without a position, in another epoch, or further behind than `resume_events_max`, the events are the room's
        last few. Raises `UnknownRoom`.
        """
        return await self._read(room, epoch=epoch or "", offset=offset, recent_max=RECENT_EVENTS_MAX)

    async def _read(self, room: RoomId, *, epoch: str, offset: int | None, recent_max: int) -> History:
        creator = await self.creator_of(room)
        if creator is None:
            raise UnknownRoom
        keys = self._keys
        reply = await self._client.run(
            READ_ROOM,
            keys=[keys.room(room), keys.feed(room), keys.board(room), keys.names(room), keys.creator(creator)],
            args=[
                epoch,
                "" if offset is None else str(offset),
                str(self._settings.resume_events_max),
                str(recent_max),
                str(TOP_FANS_MAX),
            ],
        )
        if reply is None:
            raise UnknownRoom
        return _history(room, reply)


def _history(room: RoomId, reply: Reply) -> History:
    assert isinstance(reply, list), reply
    fields, earned, batches, lines = reply
    assert isinstance(fields, list), fields
    assert isinstance(batches, list), batches
    epoch, offset, title, creator, creator_name, state, coins, gifts, fans = map(_text, fields)
    view = RoomView(
        id=room,
        epoch=epoch,
        offset=int(offset),
        title=title,
        creator=CreatorId(creator),
        creator_name=creator_name,
        state=RoomState(state),
        totals=Totals(int(coins), int(gifts), int(fans)),
        top_fans=_top_fans(lines),
        earned_units=int(_text(earned)),
    )
    events: list[Event] = []
    for raw in batches:
        assert isinstance(raw, bytes), raw
        events.extend(read_batch(raw).events)
    return History(view=view, events=tuple(events))


def _top_fans(lines: Reply) -> tuple[TopFan, ...]:
    assert isinstance(lines, list), lines
    found = []
    for at in range(0, len(lines), 3):
        fan, coins, sender_json = map(_text, lines[at : at + 3])
        sender = msgspec.json.decode(sender_json, type=Sender)
        found.append(TopFan(id=fan, name=sender.name, coins=int(float(coins)), simulated=sender.simulated))
    # Ties in the board's order of names would flip with every gift; by id they are stable.
    return tuple(sorted(found, key=lambda line: (-line.coins, line.id)))


def _text(value: Reply) -> str:
    assert isinstance(value, bytes), value
    return value.decode()
