"""Bodies and answers of the HTTP API, as OpenAPI shows them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from server.domain.ids import INTENT, SLUG
from server.domain.money import AMOUNT_MAX, WALLET_COINS_MAX
from server.domain.order import COUNT_MAX, MESSAGE_CHARS_MAX, MESSAGE_TEXT, NAME_CHARS_MAX

# Here `$` is the very end: pydantic's expressions are not Python's.
Slug = Annotated[str, Field(pattern=rf"^{SLUG}$", examples=["lounge"])]
Whole = Annotated[int, Field(ge=0, le=AMOUNT_MAX)]


class Body(BaseModel):
    """A request body: unknown fields and near-numbers ("2", 2.0, true) are refused, as on the socket."""

    model_config = ConfigDict(extra="forbid", strict=True)


class OpenRoomBody(Body):
    """Open a room."""

    room: Slug
    title: str = Field(min_length=1, max_length=80, pattern=rf"^{MESSAGE_TEXT}$", examples=["Late night piano"])


class GiftSendBody(Body):
    """Send a gift; the same `intent_id` is charged once, however often it is sent."""

    intent_id: str = Field(pattern=rf"^{INTENT}$", examples=["019b1c3e-5d2a-7cc1-9b3e-0a1b2c3d4e5f"])
    gift: Slug = Field(examples=["rose"])
    count: int = Field(ge=1, le=COUNT_MAX)
    max_coins: int = Field(ge=1, le=AMOUNT_MAX)
    message: str | None = Field(None, min_length=1, max_length=MESSAGE_CHARS_MAX, pattern=rf"^{MESSAGE_TEXT}$")
    anonymous: bool = False


Limit = Annotated[int, Field(ge=1, le=WALLET_COINS_MAX)]
ClientId = Annotated[str, Field(pattern=rf"^{INTENT}$", examples=["019b1c3e-5d2a-7cc1-9b3e-0a1b2c3d4e5f"])]


class LimitsBody(Body):
    """Set spending limits, in whole coins; null is no limit. The same `change_id` is done once."""

    change_id: ClientId
    gift: Limit | None
    day: Limit | None
    week: Limit | None
    month: Limit | None
    zone: str = Field(min_length=1, max_length=64, examples=["Europe/Berlin"])


class LockBody(Body):
    """Lock one's own spending."""

    change_id: ClientId
    hours: Literal[24, 168]


class DemoSessionBody(Body):
    """Get a token in demo mode."""

    role: Literal["viewer", "creator"]
    name: str | None = Field(None, min_length=1, max_length=NAME_CHARS_MAX)
    simulated: bool = False
    previous_token: str | None = Field(None, max_length=2_048)


class TierOut(BaseModel):
    """A shelf of the catalogue."""

    tier: int
    name: str


class GiftOut(BaseModel):
    """A gift on sale."""

    id: str
    name: str
    price_coins: int
    tier: int
    combo: bool
    effect: str
    still: str


class CatalogueOut(BaseModel):
    """What is on sale; `revision` changes with it."""

    revision: str
    tiers: list[TierOut]
    gifts: list[GiftOut]


class PeriodsOut(BaseModel):
    """One number for each running period of the fan's time zone."""

    day: Whole
    week: Whole
    month: Whole


class WalletOut(BaseModel):
    """The token owner's wallet; `paid` is below zero after a payment was taken back."""

    paid: int
    promo: Whole
    coins: int
    rev: Whole
    spent: PeriodsOut | None = None


class LimitValuesOut(BaseModel):
    """Coins; null is no limit."""

    gift: Whole | None
    day: Whole | None
    week: Whole | None
    month: Whole | None


class NextLimitsOut(BaseModel):
    """What takes effect later."""

    at_ms: int
    limits: LimitValuesOut
    zone: str


class LimitsOut(BaseModel):
    """The token owner's spending limits."""

    limits: LimitValuesOut
    next: NextLimitsOut | None
    zone: str
    locked_until_ms: int | None
    spent: PeriodsOut
    ends_at_ms: PeriodsOut


class PersonOut(BaseModel):
    """Somebody, by id and name."""

    id: str
    name: str


class TotalsOut(BaseModel):
    """What a room got in this epoch."""

    coins: Whole
    gifts: Whole
    fans: Whole


class TopFanOut(BaseModel):
    """One line of the top fans."""

    id: str
    name: str
    coins: Whole
    simulated: bool = False


class RoomOut(BaseModel):
    """A room as it stands."""

    room: str
    epoch: str
    offset: Whole
    title: str
    creator: PersonOut
    state: Literal["open", "closed"]
    totals: TotalsOut
    top_fans: list[TopFanOut]


class ComboOut(BaseModel):
    """Where a combo stands after this gift."""

    id: str
    rev: int
    delta: int
    total: int
    coins: int
    ends_at_ms: int


class ReceiptOut(BaseModel):
    """A charged gift."""

    type: Literal["gift.ack"]
    intent_id: str
    event_id: str
    room: str
    epoch: str
    offset: int
    gift: str
    count: int
    coins: int
    balance: WalletOut
    ts_ms: int
    combo: ComboOut | None = None
    replayed: bool = False


class RecordedReceiptOut(ReceiptOut):
    """A charged gift that was looked up; the wallet of one that is long past is not in it."""

    balance: WalletOut | None = None  # type: ignore[assignment]
    recorded: bool


class UserOut(BaseModel):
    """The owner of a token."""

    id: str
    name: str
    role: str


class DemoSessionOut(BaseModel):
    """A token for the demo."""

    token: str
    user: UserOut
    room: str
    expires_at_ms: int


class ErrorDetail(BaseModel):
    """What went wrong: a stable code, a sentence, and whether the same request may be sent again."""

    code: str
    message: str
    retryable: bool
    intent_id: str | None = None
    retry_after_ms: int | None = None


class ErrorOut(BaseModel):
    """The one shape of every error."""

    error: ErrorDetail
