"""A room as it stands, and what a client that joins it needs."""

from dataclasses import dataclass
from enum import StrEnum

from server.domain.event import Event, Totals
from server.domain.ids import CreatorId, RoomId


class RoomState(StrEnum):
    """Whether gifts are taken."""

    OPEN = "open"
    CLOSED = "closed"


class Role(StrEnum):
    """What a token lets its owner do."""

    VIEWER = "viewer"
    CREATOR = "creator"
    MODERATOR = "moderator"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopFan:
    """One line of the top-fans board."""

    id: str
    name: str
    coins: int
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomView:
    """A room at one instant: everything was read in one step."""

    id: RoomId
    epoch: str
    offset: int
    title: str
    creator: CreatorId
    creator_name: str
    state: RoomState
    totals: Totals
    top_fans: tuple[TopFan, ...]
    earned_units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A room and some events of its feed, oldest first and without a hole up to the room's offset."""

    view: RoomView
    events: tuple[Event, ...]
