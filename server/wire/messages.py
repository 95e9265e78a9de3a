"""Every message of protocol version 1. What is declared here is what is decoded, checked, encoded and documented.

Client messages refuse unknown fields; server messages leave out what is not set.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from server.domain.event import Balance, ComboState, Event, Totals
from server.domain.ids import INTENT, SLUG
from server.domain.money import AMOUNT_MAX
from server.domain.order import COUNT_MAX, MESSAGE_CHARS_MAX, MESSAGE_TEXT
from server.wire.money import MoneyMessage, Periods

# `\\Z`, not `$`: Python's `$` would let a line feed follow.
Slug = Annotated[str, Meta(pattern=rf"^{SLUG}\Z")]
Intent = Annotated[str, Meta(pattern=rf"^{INTENT}\Z")]
MessageText = Annotated[str, Meta(min_length=1, max_length=MESSAGE_CHARS_MAX, pattern=rf"^{MESSAGE_TEXT}\Z")]

_TYPE = "type"


class Hello(Struct, frozen=True, forbid_unknown_fields=True, tag="hello", tag_field=_TYPE):
    """Who speaks."""

    token: Annotated[str, Meta(min_length=1, max_length=2_048)]
    client: Annotated[str, Meta(max_length=64)] | None = None


class Join(Struct, frozen=True, forbid_unknown_fields=True, tag="join", tag_field=_TYPE):
    """Watch a room, or resume watching after `offset` of `epoch`."""

    room: Slug
    epoch: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    offset: Annotated[int, Meta(ge=0, le=AMOUNT_MAX)] | None = None

    def __post_init__(self) -> None:
        if (self.epoch is None) != (self.offset is None):
            raise ValueError("`epoch` and `offset` go together: both or none")


class Leave(Struct, frozen=True, forbid_unknown_fields=True, tag="leave", tag_field=_TYPE):
    """Stop watching a room."""

    room: Slug


class GiftBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What a gift order says beside its room: the body of `POST /v1/rooms/{room}/gifts`."""

    intent_id: Intent
    gift: Slug
    count: Annotated[int, Meta(ge=1, le=COUNT_MAX)]
    max_coins: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
    message: MessageText | None = None
    anonymous: bool = False


class GiftSend(Struct, frozen=True, forbid_unknown_fields=True, tag="gift.send", tag_field=_TYPE):
    """Send a gift; the same `intent_id` is charged once."""

    intent_id: Intent
    room: Slug
    gift: Slug
    count: Annotated[int, Meta(ge=1, le=COUNT_MAX)]
    max_coins: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
    message: MessageText | None = None
    anonymous: bool = False


ClientMessage = Hello | Join | Leave | GiftSend


class User(Struct, frozen=True):
    """The owner of a token."""

    id: str
    name: str
    role: str


class WalletView(Struct, frozen=True, omit_defaults=True):
    """A wallet: keep the one with the highest `rev`; `spent` is left out where only coins changed."""

    paid: int
    promo: int
    coins: int
    rev: int
    spent: Periods | None = None


class Limits(Struct, frozen=True):
    """What a client must keep to."""

    frame_bytes_max: int
    count_max: int
    message_chars_max: int
    messages_per_s: int
    intent_window_ms: int
    combo_gap_ms: int


class Welcome(Struct, frozen=True, tag="welcome", tag_field=_TYPE):
    """The answer to `hello`."""

    user: User
    server_time_ms: int
    wallet: WalletView
    catalogue_revision: str
    limits: Limits


class CreatorView(Struct, frozen=True):
    """Whose room it is."""

    id: str
    name: str


class TopFanView(Struct, frozen=True, omit_defaults=True):
    """One line of the top fans."""

    id: str
    name: str
    coins: int
    simulated: bool = False


class Snapshot(Struct, frozen=True):
    """A room as it stands; `recent` is for a list on screen and is not to be animated or added up."""

    title: str
    creator: CreatorView
    state: str
    totals: Totals
    top_fans: list[TopFanView]
    recent: list[Event]


class Joined(Struct, frozen=True, tag="joined", tag_field=_TYPE):
    """The answer to `join`."""

    room: str
    epoch: str
    offset: int
    recovered: bool
    snapshot: Snapshot
    events: list[Event]


class Left(Struct, frozen=True, tag="left", tag_field=_TYPE):
    """The answer to `leave`."""

    room: str


class GiftAck(Struct, frozen=True, omit_defaults=True, tag="gift.ack", tag_field=_TYPE):
    """A gift was charged; `replayed` marks the stored answer to a retry."""

    intent_id: str
    event_id: str
    room: str
    epoch: str
    offset: int
    gift: str
    count: int
    coins: int
    balance: WalletView
    ts_ms: int
    combo: ComboState | None = None
    replayed: bool = False


class ErrorMessage(Struct, frozen=True, omit_defaults=True, tag="error", tag_field=_TYPE):
    """Something was refused or failed."""

    code: str
    message: str
    retryable: bool
    intent_id: str | None = None
    room: str | None = None
    retry_after_ms: int | None = None


class Batch(Struct, frozen=True, tag="batch", tag_field=_TYPE):
    """Events `from`..`to` of a room."""

    room: str
    epoch: str
    first: int = msgspec.field(name="from")
    last: int = msgspec.field(name="to")
    events: list[Event] = msgspec.field()
    totals: Totals = msgspec.field()


class Gap(Struct, frozen=True, tag="gap", tag_field=_TYPE):
    """Events `from`..`to` were not delivered to this connection."""

    room: str
    epoch: str
    first: int = msgspec.field(name="from")
    last: int = msgspec.field(name="to")


class Wallet(Struct, frozen=True, omit_defaults=True, tag="wallet", tag_field=_TYPE):
    """The owner's wallet changed."""

    paid: int
    promo: int
    coins: int
    rev: int
    spent: Periods | None = None


class Earnings(Struct, frozen=True, tag="earnings", tag_field=_TYPE):
    """The creator's live balance, to the creator's own connections only."""

    room: str
    units: int
    diamonds: int


class Bye(Struct, frozen=True, tag="bye", tag_field=_TYPE):
    """The connection ends soon; come back after `retry_after_ms`."""

    reason: str
    retry_after_ms: int


ServerMessage = Welcome | Joined | Left | GiftAck | ErrorMessage | Batch | Gap | Wallet | Earnings | Bye | MoneyMessage


def wallet_view(balance: Balance) -> WalletView:
    """Return a balance as it is shown."""
    return WalletView(balance.paid, balance.promo, balance.coins, balance.rev, _spent(balance))


def wallet_message(balance: Balance) -> Wallet:
    """Return a balance as it is pushed."""
    return Wallet(balance.paid, balance.promo, balance.coins, balance.rev, _spent(balance))


def _spent(balance: Balance) -> Periods | None:
    return None if balance.spent is None else Periods(*balance.spent)
