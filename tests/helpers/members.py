"""Members whose connection keeps what was written, for tests of the hub without a network."""

from typing import Any

import msgspec

from server.domain.event import ComboState, GiftEvent, LiveBatch, Sender, Totals
from server.hub.member import Member
from server.wire.codec import Encoding

_HEADER_BYTES = 2
_TWO_BYTES = 126


class Notebook:
    """A connection that writes down every frame."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.closed_with: int | None = None

    def write(self, frame: bytes) -> None:
        header = _HEADER_BYTES + (2 if frame[1] == _TWO_BYTES else 0)
        self.messages.append(msgspec.json.decode(frame[header:]))

    def close(self, code: int, reason: str) -> None:
        self.closed_with = code

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    @property
    def offsets(self) -> list[int]:
        return [event["offset"] for batch in self.of_type("batch") for event in batch["events"]]


def member_with(notebook: Notebook, *, owns_room: bool = False) -> Member:
    member = Member(notebook, encoding=Encoding.JSON)
    member.owns_room = owns_room
    return member


def gift_at(offset: int, *, count: int = 1) -> GiftEvent:
    return GiftEvent(
        offset=offset,
        id=f"0-epoch-{offset}",
        ts_ms=offset,
        sender=Sender(name="Ana", id="u_ana"),
        gift="rose",
        count=count,
        coins=count,
        combo=ComboState(id="c", rev=offset, delta=count, total=offset, coins=offset, ends_at_ms=offset),
    )


def batch_of(first: int, last: int, *, epoch: str = "e1") -> LiveBatch:
    return LiveBatch(
        epoch=epoch,
        first=first,
        last=last,
        events=tuple(gift_at(offset) for offset in range(first, last + 1)),
        totals=Totals(coins=last, gifts=last, fans=1),
        earned_units=last * 7_000,
    )
