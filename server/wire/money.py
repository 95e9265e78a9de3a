"""What the server tells people about their money, apart from gifts: pushed to every connection of that person."""

import msgspec
from msgspec import Struct

_TYPE = "type"


class RecordedGifts(Struct, frozen=True, omit_defaults=True, tag="recorded", tag_field=_TYPE):
    """The books hold these gifts: `intent_ids` for who sent them, `room`..`offset` for the creator."""

    intent_ids: list[str] | None = None
    room: str | None = None
    epoch: str | None = None
    offset: int | None = None


class TopupView(Struct, frozen=True, tag="topup", tag_field=_TYPE):
    """A purchase of coins as it stands."""

    topup_id: str
    pack: str
    coins: int
    price_minor: int
    currency: str
    provider: str
    state: str
    checkout_url: str | None
    created_at_ms: int
    updated_at_ms: int


class LimitValues(Struct, frozen=True):
    """Coins a fan allows themselves; None is no limit."""

    gift: int | None
    day: int | None
    week: int | None
    month: int | None


class NextLimits(Struct, frozen=True):
    """What takes effect later."""

    at_ms: int
    limits: LimitValues
    zone: str


class Periods(Struct, frozen=True):
    """One number for each running period of the fan's time zone."""

    day: int
    week: int
    month: int


class LimitsView(Struct, frozen=True, tag="limits", tag_field=_TYPE):
    """A fan's spending limits, what is coming, and what is spent."""

    limits: LimitValues
    next: NextLimits | None
    zone: str
    locked_until_ms: int | None
    spent: Periods
    ends_at_ms: Periods


class PayoutView(Struct, frozen=True, tag="payout", tag_field=_TYPE):
    """A payout as it stands."""

    payout_id: str
    creator: str
    state: str
    units: int
    currency: str
    gross_minor: int
    fee_minor: int
    amount_minor: int
    needs_approval: bool
    reason: str | None
    created_at_ms: int
    updated_at_ms: int


MoneyMessage = RecordedGifts | TopupView | LimitsView | PayoutView

money_decoder: msgspec.json.Decoder[MoneyMessage] = msgspec.json.Decoder(MoneyMessage)
