"""What happened in a room. An event's fields are what a client receives, so these records are wire-shaped."""

from dataclasses import dataclass

import msgspec

from server.domain.limits import Spent


class Sender(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who sent a gift, as the room may see it; no id when anonymous."""

    name: str
    id: str | None = None
    simulated: bool = False


class ComboState(msgspec.Struct, frozen=True):
    """Where a combo stands: add `delta`s or take the last `total`, both end at the same number."""

    id: str
    rev: int
    delta: int
    total: int
    coins: int
    ends_at_ms: int


class GiftEvent(msgspec.Struct, frozen=True, omit_defaults=True, tag="gift", tag_field="type"):
    """A gift was accepted; `fan_coins` is what the fan has given here in this epoch, this gift included."""

    offset: int
    id: str
    ts_ms: int
    sender: Sender
    gift: str
    count: int
    coins: int
    combo: ComboState | None = None
    message: str | None = None
    fan_coins: int | None = None


class RoomOpenedEvent(msgspec.Struct, frozen=True, tag="room.opened", tag_field="type"):
    """A stream began, and with it an epoch: always the first event."""

    offset: int
    id: str
    ts_ms: int


class RoomClosedEvent(msgspec.Struct, frozen=True, tag="room.closed", tag_field="type"):
    """The stream ended: always the last event of its epoch."""

    offset: int
    id: str
    ts_ms: int


Event = GiftEvent | RoomOpenedEvent | RoomClosedEvent


class Totals(msgspec.Struct, frozen=True):
    """A room's counters in this epoch: coins given, single gifts, distinct fans."""

    coins: int
    gifts: int
    fans: int


@dataclass(frozen=True, slots=True)
class Balance:
    """A wallet: paid and promo coins, the revision that orders its changes, and what is spent where that is known."""

    paid: int
    promo: int
    rev: int
    spent: Spent | None = None

    @property
    def coins(self) -> int:
        """What can be spent."""
        return self.paid + self.promo


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBatch:
    """What one atomic step did to one room: events `first`..`last` of `epoch` and where it left everybody."""

    epoch: str
    first: int
    last: int
    events: tuple[Event, ...]
    totals: Totals
    earned_units: int
