"""A room in one worker: who is in it here, what waits to go out, and what went out lately."""

from collections import deque
from itertools import islice

from server.domain.event import Event, LiveBatch, Totals
from server.domain.ids import RoomId
from server.domain.money import diamonds
from server.hub.member import Member
from server.hub.pacing import Pacer
from server.telemetry import metrics
from server.wire.frames import SharedFrame
from server.wire.messages import Batch, Earnings, Gap

RING_EVENTS_MAX = 1_024


class Room:
    """The members of one room here, and the events that reach them in offset order.

    `offset` is the last event received from the store; the ring holds the newest ones, those still waiting for the
    tick included.
    """

    def __init__(self, room_id: RoomId) -> None:
        self.id = room_id
        self.epoch = ""
        self.offset = 0
        self.joining = 0  # members that read the room's history right now: it must not be dropped under them
        self._left_epoch = ""
        self._members: dict[Member, None] = {}
        self._owners: set[Member] = set()
        self._ring: deque[Event] = deque(maxlen=RING_EVENTS_MAX)
        self._waiting: list[Event] = []
        self._totals = Totals(0, 0, 0)
        self._earned_units = 0
        self._pacer = Pacer(self._flush)

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, member: object) -> bool:
        return member in self._members

    def start_at(self, *, epoch: str, offset: int) -> None:
        """Take the position that was read from the store; earlier events count as known."""
        self._flush()
        if epoch != self.epoch:
            self._left_epoch = self.epoch
        self.epoch, self.offset = epoch, offset
        self._ring.clear()

    def admit(self, member: Member) -> None:
        """Let a member receive everything from now on."""
        if member in self._members:
            return
        self._members[member] = None
        if member.owns_room:
            self._owners.add(member)
        metrics.MEMBERS.inc()

    def dismiss(self, member: Member) -> None:
        """Let a member go; one that is not here is ignored."""
        if member not in self._members:
            return
        del self._members[member]
        self._owners.discard(member)
        metrics.MEMBERS.dec()

    def events_after(self, offset: int) -> list[Event] | None:
        """Return the received events after `offset`, or None when the ring no longer reaches back to it."""
        missing = self.offset - offset
        if missing <= 0:
            return []
        if missing > len(self._ring):
            return None
        return list(islice(self._ring, len(self._ring) - missing, None))

    def replay(self, member: Member, *, after: int) -> None:
        """Write what was received after an offset to one member that is not in the room yet."""
        self._flush()  # or what waits for the tick would reach this member twice
        events = self.events_after(after)
        if events:
            member.tell(self._batch(events))

    def receive(self, batch: LiveBatch) -> bool:
        """Take a batch in; return False when events before it are missing, so that the hub reads them first."""
        if batch.epoch == self._left_epoch:
            return True  # it was still on its way when the room was read in its new life
        if batch.epoch != self.epoch:
            # The room was opened again: its members see an epoch they do not know and join anew.
            self.start_at(epoch=batch.epoch, offset=batch.first - 1)
        if batch.first > self.offset + 1:
            return False
        self.take([event for event in batch.events if event.offset > self.offset])
        self._totals, self._earned_units = batch.totals, batch.earned_units
        self._pacer.wake(len(self._members))
        return True

    def take(self, events: list[Event]) -> None:
        """Append events that follow `offset` without a hole."""
        for event in events:
            assert event.offset == self.offset + 1, (self.id, self.offset, event.offset)
            self.offset = event.offset
        self._ring.extend(events)
        self._waiting.extend(events)

    def catch_up(self, events: list[Event], *, totals: Totals, earned_units: int) -> None:
        """Take events read from the feed after the push connection was away."""
        self.take([event for event in events if event.offset > self.offset])
        self._totals, self._earned_units = totals, earned_units
        self._pacer.wake(len(self._members))

    def announce_gap(self, *, to: int) -> None:
        """Tell everybody that the events up to `to` cannot be had any more."""
        self._flush()
        if to > self.offset:
            frame = SharedFrame(Gap(room=self.id, epoch=self.epoch, first=self.offset + 1, last=to))
            for member in self._members:
                member.deliver(frame, epoch=self.epoch, first=self.offset + 1, last=to)
            metrics.GAPS.inc(len(self._members))
            self.offset = to
            self._ring.clear()

    def stop(self) -> None:
        """Send nothing more."""
        self._pacer.stop()

    def _flush(self) -> None:
        """Write what waits: one shared frame to each member, then what is personal."""
        if not self._waiting:
            return
        events, self._waiting = self._waiting, []
        first, last = events[0].offset, events[-1].offset
        frame = SharedFrame(self._batch(events))
        written = sum(member.deliver(frame, epoch=self.epoch, first=first, last=last) for member in self._members)
        metrics.DELIVERIES.inc(written)
        metrics.SKIPPED.inc(len(self._members) - written)
        for owner in self._owners:
            owner.tell(earnings_message(self.id, self._earned_units))

    def _batch(self, events: list[Event]) -> Batch:
        return Batch(
            room=self.id,
            epoch=self.epoch,
            first=events[0].offset,
            last=events[-1].offset,
            events=events,
            totals=self._totals,
        )


def earnings_message(room: RoomId, units: int) -> Earnings:
    """Return a creator's balance as it is pushed."""
    return Earnings(room=room, units=units, diamonds=diamonds(units))
