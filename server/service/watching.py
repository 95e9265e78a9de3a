"""Watch a room: join, resume after an offset, leave, and stay whole when the push connection was away."""

import asyncio

import structlog

from server.domain.event import Event
from server.domain.ids import RoomId
from server.domain.room import History, RoomView
from server.errors import GiftwaveError, StoreUnavailable
from server.hub.hub import Hub
from server.hub.member import Member
from server.hub.room import Room, earnings_message
from server.service.identity import Identity
from server.store.bus import Bus
from server.store.rooms import RECENT_EVENTS_MAX, RoomStore
from server.tasks import TaskOwner
from server.telemetry import metrics
from server.wire.messages import CreatorView, Gap, Join, Joined, Snapshot, TopFanView

log = structlog.get_logger(__name__)

# A room that lost its last member stays subscribed this long: pages that reload do not flap the subscription.
_LINGER_S = 5.0
_CATCH_UP_PAUSE_S = 0.5
_READ_TRIES = 5


class Watching:
    """The use cases of watching; owns which rooms this worker is subscribed to."""

    def __init__(self, hub: Hub, store: RoomStore, tasks: TaskOwner) -> None:
        self._hub = hub
        self._store = store
        self._tasks = tasks
        self._bus: Bus | None = None
        self._catching_up: set[Room] = set()
        self._missing: set[Room] = set()
        self._opening: dict[RoomId, asyncio.Future[Room]] = {}

    def attach(self, bus: Bus) -> None:
        """Introduce the push connection; it and the hub need each other."""
        self._bus = bus

    async def join(self, wish: Join, member: Member, by: Identity) -> None:
        """Answer `joined` and let the member receive all that follows, without a hole in between.

        Raises:
            UnknownRoom: there is none; nothing changed.
            StoreUnavailable: nothing changed; ask again.
        """
        room_id = RoomId(wish.room)
        room = await self._watched(room_id)
        room.joining += 1
        try:
            history = await self._read_history(wish, room)
        finally:
            room.joining -= 1
            self._linger_if_empty(room)
        if member.has_left:
            return
        # From here to `admit` nothing awaits: what the room received meanwhile is in its ring, or still to come.
        view = history.view
        resumed = _is_whole(history, wish)
        member.owns_room = by.owns(view.creator)
        if not resumed and wish.offset is not None and wish.epoch == view.epoch and view.offset > wish.offset:
            member.tell(Gap(room=room_id, epoch=view.epoch, first=wish.offset + 1, last=view.offset))
            metrics.GAPS.inc()
        member.tell(_joined(history, wish, recovered=resumed))
        if view.epoch == room.epoch:
            room.replay(member, after=view.offset)
        if member.owns_room:
            member.tell(earnings_message(room_id, view.earned_units))
        room.admit(member)

    def leave(self, room_id: RoomId, member: Member) -> None:
        """Let a member go; the last one's room is dropped after a while."""
        room = self._hub.find(room_id)
        if room is None:
            return
        room.dismiss(member)
        self._linger_if_empty(room)

    def is_member(self, room_id: RoomId, member: Member) -> bool:
        """Whether a member receives a room's events."""
        room = self._hub.find(room_id)
        return room is not None and member in room

    def on_hole(self, room: Room) -> None:
        """A batch came whose predecessors are missing: read them from the feed."""
        self._missing.add(room)
        if room not in self._catching_up:
            self._tasks.spawn(self._catch_up(room), name=f"catch_up.{room.id}")

    async def on_reconnected(self) -> None:
        """The push connection was away: read for every room what it missed."""
        for room in self._hub:
            self.on_hole(room)

    async def _watched(self, room_id: RoomId) -> Room:
        """Return a subscribed room whose position is known; many that join at once share one subscription."""
        room = self._hub.find(room_id)
        if room is not None and room.epoch:
            return room
        opening = self._opening.get(room_id)
        if opening is None:
            opening = self._opening[room_id] = asyncio.get_running_loop().create_future()
            opening.add_done_callback(
                lambda opened: self._opening.pop(room_id) and (opened.cancelled() or opened.exception())
            )
            self._tasks.spawn(self._open_for_all(room_id, opening), name=f"open.{room_id}")
        return await asyncio.shield(opening)

    async def _open_for_all(self, room_id: RoomId, opening: asyncio.Future[Room]) -> None:
        try:
            opening.set_result(await self._open(room_id))
        except Exception as error:  # noqa: BLE001
            opening.set_exception(error)  # whoever waits decides what to make of it
        finally:
            opening.cancel()  # where the worker stops in between; without effect on a future that is done

    async def _open(self, room_id: RoomId) -> Room:
        assert self._bus is not None, "attach the bus first"
        await self._store.view(room_id)  # an unknown room must not leave a subscription behind
        room = self._hub.open(room_id)
        try:
            await self._bus.subscribe(room_id)
            view = await self._store.view(room_id)
        except Exception:
            self._hub.drop(room)
            self._tasks.spawn(self._bus.unsubscribe(room_id), name=f"unsubscribe.{room_id}")
            raise
        room.start_at(epoch=view.epoch, offset=view.offset)
        return room

    async def _read_history(self, wish: Join, room: Room) -> History:
        """Read what the member needs, at a moment from which the room's ring reaches on."""
        history = await self._store.read(room.id, epoch=wish.epoch, offset=wish.offset)
        for _ in range(_READ_TRIES):
            same_life = history.view.epoch == room.epoch
            if same_life and room.events_after(history.view.offset) is not None:
                return history
            history = await self._store.read(room.id, epoch=wish.epoch, offset=wish.offset)
        if history.view.epoch != room.epoch:
            return history  # the room has begun a life that the push connection will tell of
        raise StoreUnavailable("This room is too busy to join right now; try again.", retry_after_ms=500)

    async def _catch_up(self, room: Room) -> None:
        """Read what a room missed, and again when more was found missing meanwhile."""
        self._catching_up.add(room)
        try:
            while room in self._missing and self._hub.find(room.id) is room:
                self._missing.discard(room)
                await self._read_missed(room)
        finally:
            self._catching_up.discard(room)
            self._missing.discard(room)

    async def _read_missed(self, room: Room) -> None:
        """Read from the feed until the store answers: silence would look like a quiet stream."""
        while True:
            try:
                history = await self._store.read(room.id, epoch=room.epoch, offset=room.offset)
            except StoreUnavailable:
                await asyncio.sleep(_CATCH_UP_PAUSE_S)
            except GiftwaveError as error:
                log.error("watching.room_lost", room=room.id, reason=error.message)
                return
            else:
                _bring_up_to_date(room, history)
                return

    def _linger_if_empty(self, room: Room) -> None:
        if not len(room) and not room.joining:
            self._tasks.spawn(self._drop_when_idle(room), name=f"linger.{room.id}")

    async def _drop_when_idle(self, room: Room) -> None:
        await asyncio.sleep(_LINGER_S)
        if not len(room) and not room.joining and self._hub.find(room.id) is room:
            assert self._bus is not None
            self._hub.drop(room)
            await self._bus.unsubscribe(room.id)


def _bring_up_to_date(room: Room, history: History) -> None:
    view, events = history.view, history.events
    first = events[0].offset if events else view.offset + 1
    if view.epoch != room.epoch:
        # Opened again meanwhile: events of the new life tell the members that what they hold is of another one.
        room.start_at(epoch=view.epoch, offset=first - 1)
    elif first > room.offset + 1:
        room.announce_gap(to=first - 1)
    room.catch_up(list(events), totals=view.totals, earned_units=view.earned_units)


def _is_whole(history: History, wish: Join) -> bool:
    """Whether the history continues exactly where the member stopped, up to the room's last event."""
    view, offset = history.view, wish.offset
    if offset is None or view.epoch != wish.epoch or offset > view.offset:
        return False
    first = history.events[0].offset if history.events else view.offset + 1
    return first <= offset + 1


def _joined(history: History, wish: Join, *, recovered: bool) -> Joined:
    view = history.view
    events = [event for event in history.events if event.offset > (wish.offset or 0)]
    return Joined(
        room=view.id,
        epoch=view.epoch,
        offset=view.offset,
        recovered=recovered,
        snapshot=_snapshot(view, [] if recovered else list(history.events[-RECENT_EVENTS_MAX:])),
        events=events if recovered else [],
    )


def _snapshot(view: RoomView, recent: list[Event]) -> Snapshot:
    return Snapshot(
        title=view.title,
        creator=CreatorView(view.creator, view.creator_name),
        state=view.state.value,
        totals=view.totals,
        top_fans=top_fan_views(view),
        recent=recent,
    )


def top_fan_views(view: RoomView) -> list[TopFanView]:
    """Return the board as it is shown."""
    return [TopFanView(fan.id, fan.name, fan.coins, fan.simulated) for fan in view.top_fans]
